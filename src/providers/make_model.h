#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/compute.h"
#include "core/language_model.h"
#include "core/reranker.h"

namespace jackdaw::http {
class AsyncClient;
}

namespace jackdaw::providers {

// How one provider is reached. Fields are what its variables say, empty where they are not set.
struct ProviderSettings {
  std::string api_key;   // GROQ_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY
  std::string base_url;  // GROQ_BASE_URL, OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GEMINI_BASE_URL, OLLAMA_HOST
};

// Who writes, as the configuration says.
struct ModelConfig {
  std::string provider = "extractive";  // LLM_PROVIDER
  std::string model;                    // LLM_MODEL; empty: the provider's default
  std::filesystem::path script;         // JACKDAW_SCRIPT, for scripted

  std::vector<std::string> fallback;        // LLM_FALLBACK: providers, tried in this order, with their default models
  std::vector<std::string> allowed_models;  // LLM_ALLOWED_MODELS: a request may name them; the configured one always
  std::map<std::string, ProviderSettings> settings;  // by provider: "groq", "openai", "anthropic", "gemini", "ollama"

  bool stream = true;  // LLM_STREAM; false: the whole answer is asked for at once
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds first_byte_timeout{0};  // 0: 60 s, 300 s for a loopback host
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds total_timeout{600'000};
};

// One line of the start-up log for each provider in use that talks to another program: {"openai", "gpt-x",
// "https://api.openai.com"}; `warning` is a sentence or empty (plain http to another machine).
struct ProviderHost {
  std::string provider;
  std::string model;
  std::string origin;
  std::string warning;
};

// Checks everything that can be checked without a network, before anything slow begins. Throws Error kInvalidArgument
// that names the variable, its value (never a key) and what is allowed: an unknown provider, a missing key, a bad URL.
std::vector<ProviderHost> check_models(const ModelConfig& config);

// The configured writer, with its fallbacks behind it, and the others that a request may name. Throws what check_models
// throws. Keeps references to client, reranker and pool.
std::unique_ptr<LanguageModels> make_models(const ModelConfig& config, http::AsyncClient& client, Reranker& reranker,
                                            Compute& compute);

}  // namespace jackdaw::providers
