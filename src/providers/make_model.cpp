#include "providers/make_model.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/error.h"
#include "providers/extractive_model.h"
#include "providers/scripted_model.h"

namespace jackdaw::providers {
namespace {

constexpr std::string_view kAllowed = "Use LLM_PROVIDER=extractive (quotes from your documents, needs nothing else).";
constexpr std::array<std::string_view, 5> kRemote = {"groq", "openai", "anthropic", "gemini", "ollama"};

std::unique_ptr<LanguageModel> make_scripted(const std::filesystem::path& path) {
  if (path.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "LLM_PROVIDER=scripted needs a script. Set JACKDAW_SCRIPT to the path of one.")
        .with_field("JACKDAW_SCRIPT");
  }
  std::ifstream in(path, std::ios::binary);
  const std::string script((std::istreambuf_iterator<char>(in)), {});
  if (!in) {
    throw Error(ErrorCode::kInvalidArgument,
                "JACKDAW_SCRIPT is \"" + path.string() + "\", which cannot be read. Name a file that can.")
        .with_field("JACKDAW_SCRIPT");
  }
  return std::make_unique<ScriptedModel>(parse_script(script));
}

}  // namespace

std::unique_ptr<LanguageModel> make_model(const ModelConfig& config, Reranker& reranker, Compute& compute) {
  if (config.provider == "extractive") return std::make_unique<ExtractiveModel>(reranker, compute);
  if (config.provider == "scripted") return make_scripted(config.script);
  const bool is_remote = std::find(kRemote.begin(), kRemote.end(), config.provider) != kRemote.end();
  throw Error(ErrorCode::kInvalidArgument,
              "LLM_PROVIDER is \"" + config.provider + "\"" +
                  (is_remote ? ", which this build does not have yet. " : ", which is not known. ") +
                  std::string(kAllowed))
      .with_field("LLM_PROVIDER");
}

}  // namespace jackdaw::providers
