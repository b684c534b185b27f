#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "answer/retriever.h"
#include "core/text.h"
#include "server/config.h"

namespace jackdaw::server {
namespace {

using providers::ModelConfig;
using providers::ProviderSettings;

constexpr std::int64_t kHourMs = 3'600'000;

template <class Number>
Number number_between(const std::string& name, const std::string& value, Number low, Number high) {
  Number number{};
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failure != std::errc{} || end != value.data() + value.size() || !(number >= low && number <= high)) {
    std::ostringstream range;
    range << "give a number from " << low << " to " << high;
    refuse_setting(name, value, range.str());
  }
  return number;
}

bool yes_or_no(const std::string& name, const std::string& value) {
  const std::string folded = text::fold_case(value);
  if (folded == "true" || folded == "1" || folded == "yes" || folded == "on") return true;
  if (folded == "false" || folded == "0" || folded == "no" || folded == "off") return false;
  refuse_setting(name, value, "give true or false");
}

std::vector<std::string> comma_list(const std::string& value) {
  std::vector<std::string> items;
  std::istringstream in(value);
  for (std::string item; std::getline(in, item, ',');) {
    if (const std::string_view trimmed = text::trim(item); !trimmed.empty()) items.emplace_back(trimmed);
  }
  return items;
}

log::Level level_of(const std::string& name, const std::string& value) {
  static constexpr std::array<std::pair<std::string_view, log::Level>, 5> kLevels{{{"debug", log::Level::kDebug},
                                                                                   {"info", log::Level::kInfo},
                                                                                   {"warning", log::Level::kWarning},
                                                                                   {"error", log::Level::kError},
                                                                                   {"off", log::Level::kOff}}};
  for (const auto& [word, level] : kLevels) {
    if (value == word) return level;
  }
  refuse_setting(name, value, "give one of debug, info, warning, error, off");
}

bool is_of_language_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
}

using Apply = std::function<void(Config&, const std::string&, const std::string&)>;

template <class Number>
Apply number(Number Config::* field, Number low, Number high) {
  return [=](Config& config, const std::string& name, const std::string& value) {
    config.*field = number_between<Number>(name, value, low, high);
  };
}

Apply milliseconds(std::chrono::milliseconds Config::* field, std::int64_t low, std::int64_t high) {
  return [=](Config& config, const std::string& name, const std::string& value) {
    config.*field = std::chrono::milliseconds(number_between<std::int64_t>(name, value, low, high));
  };
}

Apply flag(bool Config::* field) {
  return [=](Config& config, const std::string& name, const std::string& value) {
    config.*field = yes_or_no(name, value);
  };
}

Apply text_value(std::string Config::* field) {
  return [=](Config& config, const std::string&, const std::string& value) { config.*field = value; };
}

Apply path_value(std::filesystem::path Config::* field) {
  return [=](Config& config, const std::string& name, const std::string& value) {
    if (value.empty()) refuse_setting(name, value, "give a folder");
    config.*field = value;
  };
}

// The same for what is kept one level deeper.
Apply model_text(std::string providers::ModelConfig::* field) {
  return [=](Config& config, const std::string&, const std::string& value) { config.models.*field = value; };
}

Apply model_list(std::vector<std::string> providers::ModelConfig::* field) {
  return
      [=](Config& config, const std::string&, const std::string& value) { config.models.*field = comma_list(value); };
}

Apply model_milliseconds(std::chrono::milliseconds providers::ModelConfig::* field, std::int64_t low) {
  return [=](Config& config, const std::string& name, const std::string& value) {
    config.models.*field = std::chrono::milliseconds(number_between<std::int64_t>(name, value, low, kHourMs));
  };
}

Apply provider_value(std::string provider, std::string providers::ProviderSettings::* field) {
  return [=](Config& config, const std::string&, const std::string& value) {
    config.models.settings[provider].*field = value;
  };
}

Apply list_value(std::vector<std::string> Config::* field) {
  return [=](Config& config, const std::string&, const std::string& value) { config.*field = comma_list(value); };
}

Apply word(std::string Config::* field, std::initializer_list<std::string_view> words) {
  return [field, allowed = std::vector<std::string_view>(words)](Config& config, const std::string& name,
                                                                 const std::string& value) {
    std::string list;
    for (const std::string_view candidate : allowed) {
      if (value == candidate) {
        config.*field = value;
        return;
      }
      list += (list.empty() ? "" : ", ") + std::string(candidate);
    }
    refuse_setting(name, value, "give one of " + list);
  };
}

constexpr std::array<std::string_view, 4> kEmbedders{"minilm", "minilm-int8", "minilm-fp32", "hash"};

}  // namespace

std::span<const std::string_view> embedder_words() noexcept {
  return kEmbedders;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> rows = {
      {"JACKDAW_HOST", "--host", "127.0.0.1",
       "The address to listen on. Anything but loopback needs JACKDAW_API_KEY or --allow-unauthenticated.",
       text_value(&Config::host)},
      {"JACKDAW_PORT", "--port", "8000", "The port to listen on; 0 takes a free one.",
       number<std::uint16_t>(&Config::port, 0, 65535)},
      {"JACKDAW_DATA", "--data", "", "The data folder. Default: the XDG data folder, `~/.local/share/jackdaw`.",
       path_value(&Config::data_dir)},
      {"JACKDAW_MODELS", "--models", "",
       "The folder of the model files. Default: `third_party/models` of the checkout, else `models` in the XDG data "
       "folder.",
       path_value(&Config::models_dir)},
      {"JACKDAW_LOG", "--log", "info", "How much is logged to standard error: debug, info, warning, error or off.",
       [](Config& config, const std::string& name, const std::string& value) {
         config.log_level = level_of(name, value);
       }},
      {"JACKDAW_API_KEY", "", "", "When set, every request needs `Authorization: Bearer KEY`. Never logged.",
       text_value(&Config::api_key)},
      {"JACKDAW_ALLOW_UNAUTHENTICATED", "--allow-unauthenticated", "false",
       "Serve an address that is not loopback without a key.", flag(&Config::allow_unauthenticated)},
      {"JACKDAW_ALLOWED_HOSTS", "", "", "More `Host` names to accept, separated by commas.",
       list_value(&Config::allowed_hosts)},
      {"JACKDAW_CORS_ORIGINS", "", "", "Origins of other sites whose pages may call the API, separated by commas.",
       list_value(&Config::cors_origins)},
      {"JACKDAW_TOP_K", "", "3", "Passages an answer is based on when the request does not say, 1 to 50.",
       number<int>(&Config::top_k, 1, 50)},
      {"JACKDAW_CANDIDATES", "", "50", "Candidates taken from each of the keyword and the vector index.",
       number<std::size_t>(&Config::candidates, 1, 1000)},
      {"JACKDAW_FUSION", "", "ranks",
       "How the two searches become one order: by `ranks` (reciprocal rank fusion, k = 60) or by `scores`, each "
       "brought "
       "to 0..1.",
       word(&Config::fusion, {"ranks", "scores"})},
      {"JACKDAW_RERANK", "", "true", "Whether passages are reranked when the request does not say.",
       flag(&Config::rerank)},
      {"JACKDAW_DROP_DUPLICATES", "", "true",
       "Whether a passage that says what a better one says gives its place in an answer to the next.",
       flag(&Config::drop_duplicates)},
      {"JACKDAW_MERGE_NEIGHBOURS", "", "true",
       "Whether passages that touch in their document are one passage for the writer. Sources and citations stay "
       "apart.",
       flag(&Config::merge_neighbours)},
      {"JACKDAW_RERANK_BUDGET_MS", "", "150",
       "What reranking a question may take of the idle machine: in fused order as many candidates are reranked as fit, "
       "at least those returned and at most JACKDAW_CANDIDATES; 0: so many.",
       milliseconds(&Config::rerank_budget, 0, kHourMs)},
      {"JACKDAW_RERANK_DEADLINE_MS", "", "3000",
       "After this time the fused order is used and the answer says `rerank_skipped`; 0: no deadline.",
       milliseconds(&Config::rerank_deadline, 0, kHourMs)},
      {"LLM_PROVIDER", "", "extractive",
       "Who writes the answer: `groq`, `openai` (and every server that speaks its dialect, by OPENAI_BASE_URL), "
       "`anthropic`, `gemini`, `ollama`; `extractive` quotes from the documents, without a key or a network; "
       "`scripted` plays the file JACKDAW_SCRIPT, for tests.",
       model_text(&ModelConfig::provider)},
      {"LLM_MODEL", "", "", "The model of the provider. Default: one for each provider, see below.",
       model_text(&ModelConfig::model)},
      {"LLM_ALLOWED_MODELS", "", "", "More models of LLM_PROVIDER that a request may name, separated by commas.",
       model_list(&ModelConfig::allowed_models)},
      {"LLM_FALLBACK", "", "",
       "Providers that take over, in this order, when the one before fails before its first word: "
       "`anthropic,extractive`"
       ". Empty: none, so that passages go to no other company than the one you chose.",
       model_list(&ModelConfig::fallback)},
      {"GROQ_API_KEY", "", "", "The key for `groq`. Never logged, as all keys.",
       provider_value("groq", &ProviderSettings::api_key)},
      {"OPENAI_API_KEY", "", "", "The key for `openai`. Needed for api.openai.com alone.",
       provider_value("openai", &ProviderSettings::api_key)},
      {"ANTHROPIC_API_KEY", "", "", "The key for `anthropic`.",
       provider_value("anthropic", &ProviderSettings::api_key)},
      {"GEMINI_API_KEY", "", "", "The key for `gemini`.", provider_value("gemini", &ProviderSettings::api_key)},
      {"GROQ_BASE_URL", "", "https://api.groq.com", "Where `groq` is; `/openai/v1` is added.",
       provider_value("groq", &ProviderSettings::base_url)},
      {"OPENAI_BASE_URL", "", "https://api.openai.com/v1",
       "Where `openai` is, `/v1` included: also vLLM, llama.cpp, LM Studio, Mistral, DeepSeek, OpenRouter.",
       provider_value("openai", &ProviderSettings::base_url)},
      {"ANTHROPIC_BASE_URL", "", "https://api.anthropic.com", "Where `anthropic` is; `/v1/messages` is added.",
       provider_value("anthropic", &ProviderSettings::base_url)},
      {"GEMINI_BASE_URL", "", "https://generativelanguage.googleapis.com", "Where `gemini` is; `/v1beta` is added.",
       provider_value("gemini", &ProviderSettings::base_url)},
      {"OLLAMA_HOST", "", "127.0.0.1:11434", "Where `ollama` is: host, host:port or a URL; its `/v1` is used.",
       provider_value("ollama", &ProviderSettings::base_url)},
      {"LLM_STREAM", "", "true",
       "Whether the provider is asked to stream. `false` waits for the whole answer, for servers that cannot.",
       [](Config& config, const std::string& name, const std::string& value) {
         config.models.stream = yes_or_no(name, value);
       }},
      {"LLM_CONNECT_TIMEOUT_MS", "", "5000", "Time in which the provider must be reached, TLS included.",
       model_milliseconds(&ModelConfig::connect_timeout, 1)},
      {"LLM_FIRST_BYTE_TIMEOUT_MS", "", "0",
       "Time from the request to the first byte of the answer; 0: a minute, five minutes for a loopback host, which "
       "may "
       "have to load its model first.",
       model_milliseconds(&ModelConfig::first_byte_timeout, 0)},
      {"LLM_IDLE_TIMEOUT_MS", "", "120000", "Longest silence of the provider inside an answer.",
       model_milliseconds(&ModelConfig::idle_timeout, 1)},
      {"LLM_TOTAL_TIMEOUT_MS", "", "600000", "Longest time that writing one answer may take, retries included.",
       model_milliseconds(&ModelConfig::total_timeout, 1)},
      {"LLM_CA_FILE", "", "", "Certificates (PEM) to trust instead of the system's, for a provider behind your own CA.",
       [](Config& config, const std::string& name, const std::string& value) {
         std::ifstream file(value);
         const std::string pem((std::istreambuf_iterator<char>(file)), {});
         if (pem.find("-----BEGIN ") == std::string::npos)
           refuse_setting(name, value, "give a file of PEM certificates");
         config.client.ca_file = value;
       }},
      {"LLM_HTTP2", "", "false",
       "HTTP/2 to the provider. At your own risk: in this version of libcurl a paused stream can stall others.",
       [](Config& config, const std::string& name, const std::string& value) {
         config.client.http2 = yes_or_no(name, value);
       }},
      {"LLM_TEMPERATURE", "", "0.2", "Sampling temperature, 0 to 2.",
       [](Config& config, const std::string& name, const std::string& value) {
         config.temperature = number_between<double>(name, value, 0.0, 2.0);
       }},
      {"LLM_MAX_TOKENS", "", "800", "Longest answer, in tokens.", number<int>(&Config::max_tokens, 1, 8192)},
      {"LLM_PROMPT_TOKENS", "", "6000",
       "Longest prompt, in estimated tokens; the last passages are left out beyond it.",
       number<std::size_t>(&Config::prompt_tokens, 500, 2'000'000)},
      {"JACKDAW_HISTORY_TOKENS", "", "1500",
       "Most of a prompt that earlier turns of its conversation may take, in estimated tokens, and at most half of it; "
       "the oldest turns are dropped beyond it. 0: none.",
       number<std::size_t>(&Config::history_tokens, 0, 1'000'000)},
      {"JACKDAW_FOLLOW_UP", "", "model",
       "Who turns a follow-up into a question that can be searched for: `model`, the language model, with the rules "
       "behind it; or `rules` alone, which ask no provider.",
       word(&Config::follow_up, {"model", "rules"})},
      {"JACKDAW_FOLLOW_UP_DEADLINE_MS", "", "2500", "Time that the model gets for it; then the rules decide.",
       milliseconds(&Config::follow_up_deadline, 1, kHourMs)},
      {"JACKDAW_SCRIPT", "", "", "The script of LLM_PROVIDER=scripted.",
       [](Config& config, const std::string&, const std::string& value) { config.models.script = value; }},
      {"JACKDAW_CHUNK_CHARACTERS", "", "500", "Longest chunk, in Unicode characters.",
       number<std::size_t>(&Config::chunk_characters, 50, 8'000)},
      {"JACKDAW_CHUNK_OVERLAP", "", "50", "Characters that a chunk repeats of the one before it.",
       number<std::size_t>(&Config::chunk_overlap, 0, 5'000)},
      {"JACKDAW_CHUNK_STRICT", "", "false",
       "Cut chunks by characters, at exactly the longest length, not at a sentence's end.",
       flag(&Config::chunk_strict)},
      {"JACKDAW_CHUNKS", "", "sections",
       "How documents are cut: `characters`, as long as allowed; `sections`, at headings, and long sections into even "
       "parts at paragraphs and sentences. For documents that are read from then on.",
       word(&Config::chunks, {"characters", "sections"})},
      {"JACKDAW_EMBEDDED_CONTEXT", "", "title",
       "What is embedded with a chunk: `none`, its `heading`, or the document's `title` and the heading. For documents "
       "that are read from then on.",
       word(&Config::embedded_context, {"none", "heading", "title"})},
      {"JACKDAW_ANALYZER", "", "english",
       "How keyword search reads text: `english`, or `unicode` for any language (no stemming, no stop words).",
       word(&Config::analyzer, {"english", "unicode"})},
      {"JACKDAW_STEM", "", "true", "Whether keyword search matches English words by their stem.", flag(&Config::stem)},
      {"JACKDAW_STOP_WORDS", "", "true", "Whether keyword search leaves out English stop words.",
       flag(&Config::stop_words)},
      {"JACKDAW_TITLE_WEIGHT", "", "1",
       "How often a word of a document's title counts in keyword search, beside a word of the text; 0: not at all.",
       number<std::uint32_t>(&Config::title_weight, 0, 16)},
      {"JACKDAW_HEADING_WEIGHT", "", "1",
       "How often a word of the headings above a passage counts in keyword search; 0: not at all.",
       number<std::uint32_t>(&Config::heading_weight, 0, 16)},
      {"JACKDAW_VECTOR_ENGINE", "", "int8",
       "Vector search. `int8`: a scan of bytes, exact by what it proves of them. `int8-approximate`: the same, and "
       "large "
       "collections are searched by one bit for each number first. `flat`: our own scan of the numbers, exact. "
       "`faiss`: "
       "FAISS's, exact. Another engine's saved index is built anew.",
       word(&Config::vector_engine, {"int8", "int8-approximate", "flat", "faiss"})},
      {"JACKDAW_APPROXIMATE_FROM", "", "200000",
       "From how many passages on `int8-approximate` may miss some of the nearest; below it is exact.",
       number<std::size_t>(&Config::approximate_from, 0, 1'000'000'000)},
      {"JACKDAW_EMBEDDER", "", "minilm",
       "Embeddings: `minilm` (in the precision of the collection's vectors, 8 bits for a new one), `minilm-int8`, "
       "`minilm-fp32`, or `hash`, a wordwise stand-in without a model, for tests.",
       word(&Config::embedder, {kEmbedders[0], kEmbedders[1], kEmbedders[2], kEmbedders[3]})},
      {"JACKDAW_RERANKER", "", "l6",
       "Cross-encoder of `l6` or `l12` layers, in 8 bits; with `-fp32` behind it in 32-bit floats.",
       word(&Config::reranker, {"l6", "l12", "l6-fp32", "l12-fp32"})},
      {"JACKDAW_THREADS", "", "0", "Threads that compute; 0: one for each core.",
       number<std::size_t>(&Config::threads, 0, 256)},
      {"JACKDAW_SANDBOX", "", "required",
       "`required`: documents are read only where the kernel can confine the reader. `off`: without that, for "
       "containers "
       "that forbid it; then a hostile file can do what this user can.",
       word(&Config::sandbox, {"required", "off"})},
      {"JACKDAW_OCR", "", "auto",
       "`auto`: pages that are pictures of text are read with Tesseract where it is installed. `off`: never.",
       word(&Config::ocr, {"auto", "off"})},
      {"JACKDAW_OCR_LANGUAGES", "", "eng",
       "The languages of such pages, as Tesseract names them, joined by `+`: `eng+deu`.",
       [](Config& config, const std::string& name, const std::string& value) {
         const auto allowed = [](char c) { return is_of_language_name(c) || c == '+'; };
         if (!std::all_of(value.begin(), value.end(), allowed)) {
           refuse_setting(name, value, "give names such as eng or eng+deu");
         }
         config.ocr_languages = value;
       }},
      {"JACKDAW_MAX_PAGES", "", "5000", "Most pages of a document.",
       number<std::size_t>(&Config::max_pages, 1, 1'000'000)},
      {"JACKDAW_MAX_CHARACTERS", "", "20000000", "Most characters of a document's text.",
       number<std::size_t>(&Config::max_characters, 1000, 1'000'000'000)},
      {"JACKDAW_PAGE_TIMEOUT_MS", "", "10000",
       "Longest time in which a page of a document must come; one that is a picture of text gets six times as much.",
       milliseconds(&Config::page_timeout, 100, kHourMs)},
      {"JACKDAW_DOCUMENT_TIMEOUT_MS", "", "600000",
       "Longest time that reading one document may take; with pages that are pictures of text twelve times as much.",
       milliseconds(&Config::document_timeout, 1000, 24 * kHourMs)},
      {"JACKDAW_MAX_JSON_BYTES", "", "1048576", "Longest JSON body.",
       number<std::size_t>(&Config::max_json_bytes, 1024, std::size_t{1} << 30)},
      {"JACKDAW_MAX_QUESTION", "", "8000", "Longest question, in Unicode characters.",
       number<std::size_t>(&Config::max_question_characters, 1, answer::kMaxQuestionCharacters)},
      {"JACKDAW_MAX_UPLOAD_BYTES", "", "104857600", "Largest file.",
       number<std::uint64_t>(&Config::max_upload_bytes, 1, std::uint64_t{1} << 40)},
      {"JACKDAW_MAX_UPLOAD_FILES", "", "20", "Most files in one upload.",
       number<std::size_t>(&Config::max_upload_files, 1, 10'000)},
      {"JACKDAW_MAX_QUEUED_DOCUMENTS", "", "10000", "Most documents that wait to be read; more are refused.",
       number<std::size_t>(&Config::max_queued_documents, 1, 1'000'000)},
      {"JACKDAW_MAX_HEADER_BYTES", "", "16384", "Longest request header.",
       number<std::size_t>(&Config::max_header_bytes, 1024, std::size_t{1} << 20)},
      {"JACKDAW_MAX_CONNECTIONS", "", "10000", "Most open connections.",
       number<std::size_t>(&Config::max_connections, 1, 1'000'000)},
      {"JACKDAW_MAX_ANSWERS", "", "1024", "Most answers being made at once.",
       number<std::size_t>(&Config::max_running_answers, 1, 100'000)},
      {"JACKDAW_MAX_QUEUED_ANSWERS", "", "256", "Most questions that wait for one of those places.",
       number<std::size_t>(&Config::max_queued_answers, 0, 100'000)},
      {"JACKDAW_MAX_MAX_TOKENS", "", "8192", "Largest `max_tokens` that a request may ask for.",
       number<int>(&Config::max_max_tokens, 1, 8192)},
      {"JACKDAW_MAX_EVENT_LOG_BYTES", "", "262144", "Longest answer that is kept for replay, with its events.",
       number<std::size_t>(&Config::max_event_log_bytes, 4096, std::size_t{1} << 30)},
      {"JACKDAW_MAX_UNREAD_BYTES", "", "65536",
       "Events of an answer that no reader has taken yet; beyond it the writer is paused.",
       number<std::size_t>(&Config::max_unread_bytes, 1024, std::size_t{1} << 30)},
      {"JACKDAW_ANSWER_TIMEOUT_MS", "", "600000", "Longest time that one answer may take.",
       milliseconds(&Config::answer_timeout, 10, kHourMs)},
      {"JACKDAW_ABANDONED_AFTER_MS", "", "120000",
       "An answer with `on_disconnect` `continue` that nobody reads for so long is stopped.",
       milliseconds(&Config::abandoned_after, 0, kHourMs)},
      {"JACKDAW_ANSWER_RETENTION", "", "30",
       "Days for which answers of `/v1/answers` are kept; 0: they are not stored.",
       number<int>(&Config::answer_retention_days, 0, 36'500)},
      {"JACKDAW_HEADER_TIMEOUT_MS", "", "10000", "Time in which a request's header must be complete.",
       milliseconds(&Config::header_timeout, 10, kHourMs)},
      {"JACKDAW_BODY_TIMEOUT_MS", "", "30000", "Longest silence inside a request's body.",
       milliseconds(&Config::body_timeout, 10, kHourMs)},
      {"JACKDAW_KEEP_ALIVE_TIMEOUT_MS", "", "75000", "Longest silence between two requests of a connection.",
       milliseconds(&Config::keep_alive_timeout, 10, kHourMs)},
      {"JACKDAW_WRITE_TIMEOUT_MS", "", "30000", "A reader that takes nothing for so long is let go.",
       milliseconds(&Config::write_timeout, 10, kHourMs)},
      {"JACKDAW_SHUTDOWN_GRACE_MS", "", "10000", "Time that running requests get to end after SIGTERM.",
       milliseconds(&Config::shutdown_grace, 0, kHourMs)},
  };
  return rows;
}

}  // namespace jackdaw::server
