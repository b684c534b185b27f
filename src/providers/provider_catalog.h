#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "providers/endpoint.h"

namespace jackdaw::providers {

// How the providers that are reached over HTTP are spoken to.
enum class DialectKind { kOpenAiChat, kAnthropicMessages, kGeminiGenerate };

// One provider as people configure it.
struct ProviderEntry {
  std::string_view name;   // of LLM_PROVIDER
  std::string_view title;  // in sentences
  DialectKind dialect;
  std::string_view default_model;  // one that its maker is likely to keep, and that takes a temperature
  std::string_view default_url;
  std::string_view url_variable;
  std::string_view key_variable;  // empty: no key
  // What a user may have written at the end of the base URL although it is added; the longest first.
  std::span<const std::string_view> own_paths;
  std::string_view path;  // what the dialect needs at the end of the base URL
};

// Groq, OpenAI, Anthropic, Gemini, Ollama.
std::span<const ProviderEntry> provider_catalog() noexcept;
const ProviderEntry* find_provider(std::string_view name) noexcept;

// The base URL of `entry`, from its variable's value or by default, with the path that its dialect needs, once. Throws
// Error kInvalidArgument as parse_base_url does.
Endpoint endpoint_of(const ProviderEntry& entry, std::string_view base_url);

}  // namespace jackdaw::providers
