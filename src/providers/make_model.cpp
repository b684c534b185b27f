#include "providers/make_model.h"

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "providers/extractive_model.h"
#include "providers/scripted_model.h"

namespace jackdaw::providers {
namespace {

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

std::unique_ptr<LanguageModel> make_local(const ModelConfig& config, Reranker& reranker, Compute& compute) {
  if (config.provider == "extractive") return std::make_unique<ExtractiveModel>(reranker, compute);
  if (config.provider == "scripted") return make_scripted(config.script);
  throw Error(ErrorCode::kInvalidArgument, "LLM_PROVIDER is \"" + config.provider +
                                               "\", which is not known. Use LLM_PROVIDER=extractive (quotes from your "
                                               "documents, needs nothing else).")
      .with_field("LLM_PROVIDER");
}

[[noreturn]] void refuse_choice(const std::string& field, const std::string& wanted, const std::string& in_use) {
  throw Error(ErrorCode::kInvalidArgument,
              "The " + field + " \"" + wanted + "\" is not in use here; \"" + in_use + "\" is.")
      .with_field(field);
}

class OneModel : public LanguageModels {
 public:
  explicit OneModel(std::unique_ptr<LanguageModel> model) : model_(std::move(model)) {}

  LanguageModel& find(const WriterChoice& choice) override {
    if (!choice.provider.empty() && choice.provider != model_->provider()) {
      refuse_choice("provider", choice.provider, model_->provider());
    }
    if (!choice.model.empty() && choice.model != model_->model()) {
      refuse_choice("model", choice.model, model_->model());
    }
    return *model_;
  }

 private:
  std::unique_ptr<LanguageModel> model_;
};

}  // namespace

std::vector<ProviderHost> check_models(const ModelConfig&) {
  return {};
}

std::unique_ptr<LanguageModels> make_models(const ModelConfig& config, Reranker& reranker, Compute& compute) {
  return std::make_unique<OneModel>(make_local(config, reranker, compute));
}

}  // namespace jackdaw::providers
