#include "providers/provider_catalog.h"

#include <algorithm>
#include <array>

namespace jackdaw::providers {
namespace {

constexpr std::array<std::string_view, 2> kGroqPaths = {"/openai/v1", "/openai"};
constexpr std::array<std::string_view, 1> kV1 = {"/v1"};
constexpr std::array<std::string_view, 1> kV1Beta = {"/v1beta"};

constexpr std::array kCatalog = {
    ProviderEntry{"groq", "Groq", DialectKind::kOpenAiChat, "llama-3.3-70b-versatile", "https://api.groq.com",
                  "GROQ_BASE_URL", "GROQ_API_KEY", kGroqPaths, "/openai/v1"},
    // OPENAI_BASE_URL is complete as it stands: some hosts have no /v1.
    ProviderEntry{"openai",
                  "OpenAI",
                  DialectKind::kOpenAiChat,
                  "gpt-4.1-mini",
                  "https://api.openai.com/v1",
                  "OPENAI_BASE_URL",
                  "OPENAI_API_KEY",
                  {},
                  ""},
    ProviderEntry{"anthropic", "Anthropic", DialectKind::kAnthropicMessages, "claude-sonnet-4-5",
                  "https://api.anthropic.com", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", kV1, ""},
    ProviderEntry{"gemini", "Gemini", DialectKind::kGeminiGenerate, "gemini-2.5-flash",
                  "https://generativelanguage.googleapis.com", "GEMINI_BASE_URL", "GEMINI_API_KEY", kV1Beta, ""},
    ProviderEntry{"ollama", "Ollama", DialectKind::kOpenAiChat, "llama3.2", "127.0.0.1", "OLLAMA_HOST", "", kV1, "/v1"},
};

}  // namespace

std::span<const ProviderEntry> provider_catalog() noexcept {
  return kCatalog;
}

const ProviderEntry* find_provider(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(kCatalog.begin(), kCatalog.end(), [name](const ProviderEntry& entry) { return entry.name == name; });
  return found == kCatalog.end() ? nullptr : found;
}

Endpoint endpoint_of(const ProviderEntry& entry, std::string_view base_url) {
  const std::string_view value = base_url.empty() ? entry.default_url : base_url;
  Endpoint endpoint =
      entry.name == "ollama" ? parse_ollama_host(entry.url_variable, value) : parse_base_url(entry.url_variable, value);
  for (const std::string_view own : entry.own_paths) {
    if (!endpoint.path.ends_with(own)) continue;
    endpoint.path.resize(endpoint.path.size() - own.size());
    break;
  }
  endpoint.path += entry.path;
  return endpoint;
}

}  // namespace jackdaw::providers
