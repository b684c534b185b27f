#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/compute.h"
#include "core/language_model.h"
#include "core/reranker.h"

namespace jackdaw::providers {

// Which writer to use, as the configuration says.
struct ModelConfig {
  std::string provider = "extractive";  // LLM_PROVIDER: extractive or scripted
  std::string model;                    // LLM_MODEL; empty: the provider's default
  std::filesystem::path script;         // JACKDAW_SCRIPT, for scripted
};

// Throws Error kInvalidArgument that names the variable, its value and what is allowed. The model keeps references to
// the reranker and the pool.
std::unique_ptr<LanguageModel> make_model(const ModelConfig& config, Reranker& reranker, Compute& compute);

}  // namespace jackdaw::providers
