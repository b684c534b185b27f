#include "server/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "answer/retriever.h"
#include "core/error.h"
#include "core/text.h"

namespace jackdaw::server {

void refuse_setting(const std::string& name, const std::string& value, const std::string& allowed) {
  throw Error(ErrorCode::kInvalidArgument, name + "=" + value + " is not allowed: " + allowed + ".").with_field(name);
}

namespace {

void check_combination(const Config& config) {
  if (config.chunk_overlap * 2 > config.chunk_characters) {
    refuse_setting(
        "JACKDAW_CHUNK_OVERLAP", std::to_string(config.chunk_overlap),
        "it may be at most half of JACKDAW_CHUNK_CHARACTERS (" + std::to_string(config.chunk_characters) + ")");
  }
  // The sources alone must fit into the log of an answer.
  constexpr std::size_t kMostBytesOfCharacter = 4;
  constexpr std::size_t kAroundText = 1024;  // names, boxes, reasons
  const std::size_t most_sources = answer::kMaxTopK * (config.chunk_characters * kMostBytesOfCharacter + kAroundText);
  if (config.max_event_log_bytes < most_sources) {
    refuse_setting("JACKDAW_MAX_EVENT_LOG_BYTES", std::to_string(config.max_event_log_bytes),
                   "with this JACKDAW_CHUNK_CHARACTERS it must be at least " + std::to_string(most_sources));
  }
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(config.api_key.begin(), config.api_key.end(), visible)) {
    throw Error(ErrorCode::kInvalidArgument,
                "JACKDAW_API_KEY holds a blank or a character that a header cannot carry. Use visible ASCII alone.")
        .with_field("JACKDAW_API_KEY");
  }
  for (const std::string& origin : config.cors_origins) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string::npos || origin.find('/', scheme + 3) != std::string::npos) {
      refuse_setting("JACKDAW_CORS_ORIGINS", origin, "give scheme://host or scheme://host:port, without a path");
    }
  }
  if (config.max_tokens > config.max_max_tokens) {
    refuse_setting("LLM_MAX_TOKENS", std::to_string(config.max_tokens),
                   "it may be at most JACKDAW_MAX_MAX_TOKENS (" + std::to_string(config.max_max_tokens) + ")");
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::kInvalidArgument, "The settings file " + path.string() + " cannot be read.")
        .with_field("--env-file");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string unquote(std::string_view value, const std::string& where) {
  if (value.empty() || (value.front() != '"' && value.front() != '\'')) {
    const std::size_t comment = value.find(" #");
    return std::string(text::trim(value.substr(0, comment)));
  }
  const std::size_t end = value.find(value.front(), 1);
  const std::string_view rest = end == std::string_view::npos ? "?" : text::trim(value.substr(end + 1));
  if (!rest.empty() && rest.front() != '#') {
    throw Error(ErrorCode::kInvalidArgument, where + ": the quoted value does not end as it began.");
  }
  return std::string(value.substr(1, end - 1));
}

}  // namespace

Values parse_env_file(std::string_view text, const std::string& file) {
  Values values;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = text::trim(line.substr(7));
    const std::string where = file + ", line " + std::to_string(number);
    const std::size_t equals = line.find('=');
    const std::string_view name = text::trim(line.substr(0, equals));
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (equals == std::string_view::npos || !is_name) {
      throw Error(ErrorCode::kInvalidArgument,
                  where + " is not NAME=value. Write a setting, or put # before a comment.");
    }
    values[std::string(name)] = unquote(text::trim(line.substr(equals + 1)), where);
  }
  return values;
}

Config load_config(const Values& flags, const std::optional<std::filesystem::path>& env_file) {
  Config config;
  Values from_file;
  const std::filesystem::path path = env_file.value_or(".env");
  std::error_code ignored;
  if (env_file || std::filesystem::exists(path, ignored)) {
    from_file = parse_env_file(read_file(path), path.string());
    config.env_file = path;
  }
  for (const Setting& setting : settings()) {
    const std::string variable(setting.variable);
    if (const auto given = flags.find(variable); given != flags.end()) {
      setting.apply(config, setting.flag.empty() ? variable : std::string(setting.flag), given->second);
    } else if (const char* environment = std::getenv(variable.c_str());
               environment != nullptr && *environment != '\0') {
      setting.apply(config, variable, environment);
    } else if (const auto written = from_file.find(variable); written != from_file.end() && !written->second.empty()) {
      setting.apply(config, variable, written->second);
    }
  }
  if (config.data_dir.empty()) config.data_dir = default_data_dir();
  if (config.models_dir.empty()) config.models_dir = default_models_dir();
  if (config.threads == 0) config.threads = std::max(1U, std::thread::hardware_concurrency());
  check_combination(config);
  return config;
}

std::filesystem::path default_data_dir() {
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg == '/') {
    return std::filesystem::path(xdg) / "jackdaw";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw Error(ErrorCode::kInvalidArgument,
                "HOME is not set, so there is no default data folder. Give one with --data.");
  }
  return std::filesystem::path(home) / ".local/share/jackdaw";
}

std::filesystem::path program_dir() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::filesystem::path default_models_dir() {
  std::error_code ignored;
  const std::filesystem::path checkout = program_dir() / "../../third_party/models";
  if (std::filesystem::is_directory(checkout, ignored)) return std::filesystem::canonical(checkout);
  return default_data_dir() / "models";
}

bool is_loopback(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string address(host);
  if (text::fold_case(host) == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six) != 0;
}

}  // namespace jackdaw::server
