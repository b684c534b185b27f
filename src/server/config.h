#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "http/async_client.h"
#include "providers/make_model.h"

namespace jackdaw::server {

// What JACKDAW_EMBEDDER may be.
std::span<const std::string_view> embedder_words() noexcept;

// Everything a person can choose, with its default. Values come from, weakest first: the default, the `.env` file, the
// environment, the command line (docs/configuration.md). Times carry their unit; sizes are bytes.
struct Config {
  // Where.
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  std::filesystem::path data_dir;    // XDG data folder + "/jackdaw"
  std::filesystem::path models_dir;  // see default_models_dir()
  log::Level log_level = log::Level::kInfo;

  // Who may ask.
  std::string api_key;
  bool allow_unauthenticated = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;

  // How questions are answered.
  int top_k = 3;
  std::size_t candidates = 50;
  std::string fusion = "ranks";  // or "scores"
  std::chrono::milliseconds rerank_budget{150};
  std::chrono::milliseconds rerank_deadline{3000};
  bool rerank = true;
  providers::ModelConfig models;
  http::AsyncClientOptions client;  // how hosted writers are reached
  double temperature = 0.2;
  int max_tokens = 800;
  std::size_t prompt_tokens = 6000;
  std::size_t history_tokens = 1500;
  std::string follow_up = "model";  // or "rules"
  std::chrono::milliseconds follow_up_deadline{2500};

  // How documents are read.
  std::size_t chunk_characters = 500;
  std::size_t chunk_overlap = 50;
  bool chunk_strict = false;
  std::string chunks = "sections";         // or "characters"
  std::string embedded_context = "title";  // or "none", "heading"
  std::string analyzer = "english";        // or "unicode"
  bool stem = true;
  bool stop_words = true;
  std::uint32_t title_weight = 1;
  std::uint32_t heading_weight = 1;
  std::string vector_engine = "int8";
  std::size_t approximate_from = 200'000;  // chunks; of vector_engine "int8-approximate"
  bool drop_duplicates = true;
  bool merge_neighbours = true;
  std::string embedder = "minilm";
  std::string reranker = "l6";
  std::size_t threads = 0;           // 0: one for each core
  std::string sandbox = "required";  // or "off"
  std::string ocr = "auto";          // or "off"
  std::string ocr_languages = "eng";
  std::size_t max_pages = 5'000;
  std::size_t max_characters = 20'000'000;
  std::chrono::milliseconds page_timeout{10'000};
  std::chrono::milliseconds document_timeout{600'000};

  // Limits.
  std::size_t max_json_bytes = std::size_t{1} << 20;
  std::size_t max_question_characters = 8000;
  std::uint64_t max_upload_bytes = std::uint64_t{100} << 20;
  std::size_t max_upload_files = 20;
  std::size_t max_queued_documents = 10'000;
  std::size_t max_header_bytes = std::size_t{16} << 10;
  std::size_t max_connections = 10'000;
  std::size_t max_running_answers = 1024;
  std::size_t max_queued_answers = 256;
  int max_max_tokens = 8192;
  std::size_t max_event_log_bytes = std::size_t{256} << 10;
  std::size_t max_unread_bytes = std::size_t{64} << 10;
  std::chrono::milliseconds answer_timeout{600'000};
  std::chrono::milliseconds abandoned_after{120'000};
  int answer_retention_days = 30;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds keep_alive_timeout{75'000};
  std::chrono::milliseconds write_timeout{30'000};
  std::chrono::milliseconds shutdown_grace{10'000};

  // Which file was read for it; empty: none.
  std::filesystem::path env_file;
};

// One thing that can be set: a row of docs/configuration.md, which a test compares with this table (settings.cpp).
struct Setting {
  std::string_view variable;  // "JACKDAW_PORT"
  std::string_view flag;      // "--port"; empty: none
  std::string_view fallback;  // the default as text, "" for none
  std::string_view meaning;   // one sentence
  std::function<void(Config&, const std::string& name, const std::string& value)> apply;
};

std::span<const Setting> settings();

// Throws Error kInvalidArgument that names the setting, its value and what is allowed.
[[noreturn]] void refuse_setting(const std::string& name, const std::string& value, const std::string& allowed);

// Values by variable name.
using Values = std::map<std::string, std::string>;

// The lines of a `.env` file: NAME=value, `export ` before it, quotes around the value, `#` comments. Throws Error
// kInvalidArgument naming file and line for anything else.
Values parse_env_file(std::string_view text, const std::string& file);

// Merges the sources, checks every value and their combination. `env_file`: the file given by --env-file, which must
// exist; nothing: `.env` in the current folder, if there is one. Throws Error kInvalidArgument, naming the variable or
// flag, the value and what is allowed.
Config load_config(const Values& flags, const std::optional<std::filesystem::path>& env_file);

// $XDG_DATA_HOME/jackdaw, else ~/.local/share/jackdaw.
std::filesystem::path default_data_dir();

// third_party/models of the checkout that the running program was built in, when it is there; else the folder `models`
// in default_data_dir().
std::filesystem::path default_models_dir();

// The folder that holds the running program.
std::filesystem::path program_dir();

// True for 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view host);

}  // namespace jackdaw::server
