#include "providers/make_model.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "core/error.h"
#include "http/async_client.h"
#include "providers/provider_catalog.h"
#include "tests/support/reranker_by_words.h"

namespace jackdaw::providers {
namespace {

class MakeModels : public ::testing::Test {
 protected:
  std::unique_ptr<LanguageModels> make(const ModelConfig& config) {
    return make_models(config, client_, reranker_, compute_);
  }
  // The message of the refusal; its field must be `variable`.
  std::string refusal(const std::string& variable, const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(error.field(), variable) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }
  static ModelConfig groq() {
    ModelConfig config;
    config.provider = "groq";
    config.settings["groq"].api_key = "gsk_canary";
    return config;
  }
  std::string url(const std::string& provider, const std::string& value) {
    return endpoint_of(*find_provider(provider), value).url();
  }

  boost::asio::io_context io_{1};
  http::AsyncClient client_{io_.get_executor()};
  testing::RerankerByWords reranker_;
  Compute compute_{{.name = "compute", .threads = 1}};
};

TEST_F(MakeModels, WithoutAWordTheExtractiveWriterIsUsed) {
  EXPECT_EQ(make({})->find({}).provider(), "extractive");
  EXPECT_TRUE(check_models({}).empty());
}

TEST_F(MakeModels, EachProviderHasADefaultModel) {
  for (const ProviderEntry& entry : provider_catalog()) {
    ModelConfig config;
    config.provider = entry.name;
    config.settings[config.provider].api_key = entry.key_variable.empty() ? "" : "k";
    const auto models = make(config);
    EXPECT_EQ(models->find({}).provider(), entry.name);
    EXPECT_EQ(models->find({}).model(), entry.default_model);
    const auto hosts = check_models(config);
    ASSERT_EQ(hosts.size(), 1U);
    EXPECT_EQ(hosts[0].model, entry.default_model);
    EXPECT_EQ(hosts[0].warning, "");
  }
  ModelConfig config = groq();
  config.model = "other";
  EXPECT_EQ(make(config)->find({}).model(), "other");
}

TEST_F(MakeModels, RefusesWhatItDoesNotKnow) {
  for (const char* name : {"nonsense", "", "Groq"}) {
    const std::string message = refusal("LLM_PROVIDER", [&] { make({.provider = name}); });
    EXPECT_NE(message.find("\"" + std::string(name) + "\""), std::string::npos) << message;
    EXPECT_NE(message.find("anthropic, gemini"), std::string::npos) << message;
  }
  ModelConfig config;
  config.fallback = {"nope"};
  refusal("LLM_FALLBACK", [&] { make(config); });
  config.fallback = {"extractive"};
  refusal("LLM_FALLBACK", [&] { make(config); });
  refusal("JACKDAW_SCRIPT", [&] { make({.provider = "scripted"}); });
  refusal("JACKDAW_SCRIPT", [&] { make({.provider = "scripted", .model = "", .script = "/no/such"}); });
  config = groq();
  config.model = "bad\nmodel";
  refusal("LLM_MODEL", [&] { make(config); });
}

TEST_F(MakeModels, AMissingOrSpoiledKeyIsNamedAndNeverShown) {
  for (const char* provider : {"groq", "openai", "anthropic", "gemini"}) {
    ModelConfig config;
    config.provider = provider;
    const std::string variable(find_provider(provider)->key_variable);
    EXPECT_NE(refusal(variable, [&] { check_models(config); }).find(variable), std::string::npos);
    config.settings[provider].api_key = "canary key";
    EXPECT_EQ(refusal(variable, [&] { check_models(config); }).find("canary"), std::string::npos);
    config.settings[provider].api_key = "canary\r\nX: y";
    EXPECT_EQ(refusal(variable, [&] { make(config); }).find("canary"), std::string::npos);
  }
  ModelConfig fallback;
  fallback.fallback = {"anthropic"};
  refusal("ANTHROPIC_API_KEY", [&] { make(fallback); });
  ModelConfig local;
  local.provider = "openai";
  local.settings["openai"].base_url = "http://127.0.0.1:8000/v1";
  EXPECT_EQ(check_models(local)[0].origin, "http://127.0.0.1:8000");
}

TEST_F(MakeModels, BaseUrlsMeanWhatTheOfficialClientsMean) {
  for (const char* form : {"https://api.groq.com", "https://api.groq.com/", "https://api.groq.com/openai",
                           "https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/", ""}) {
    EXPECT_EQ(url("groq", form), "https://api.groq.com/openai/v1") << form;
  }
  EXPECT_EQ(url("groq", "http://127.0.0.1:9/proxy"), "http://127.0.0.1:9/proxy/openai/v1");
  EXPECT_EQ(url("openai", ""), "https://api.openai.com/v1");
  EXPECT_EQ(url("openai", "https://api.deepseek.com"), "https://api.deepseek.com");
  EXPECT_EQ(url("openai", "HTTPS://OpenRouter.AI/api/v1//"), "https://openrouter.ai/api/v1");
  EXPECT_EQ(url("anthropic", "https://gate.example/anthropic"), "https://gate.example/anthropic");
  EXPECT_EQ(url("anthropic", "https://api.anthropic.com/v1"), "https://api.anthropic.com");
  EXPECT_EQ(url("gemini", "https://g.example/v1beta/"), "https://g.example");
  EXPECT_EQ(url("openai", "http://[::1]:8080/v1"), "http://[::1]:8080/v1");
}

TEST_F(MakeModels, OllamasHostTakesOllamasForms) {
  EXPECT_EQ(url("ollama", ""), "http://127.0.0.1:11434/v1");
  EXPECT_EQ(url("ollama", "box"), "http://box:11434/v1");
  EXPECT_EQ(url("ollama", "box:1234"), "http://box:1234/v1");
  EXPECT_EQ(url("ollama", ":1234"), "http://127.0.0.1:1234/v1");
  EXPECT_EQ(url("ollama", "0.0.0.0"), "http://127.0.0.1:11434/v1");
  EXPECT_EQ(url("ollama", "http://0.0.0.0:11434/"), "http://127.0.0.1:11434/v1");
  EXPECT_EQ(url("ollama", "https://ollama.example/v1"), "https://ollama.example/v1");
  EXPECT_EQ(url("ollama", "[::]:99"), "http://[::1]:99/v1");
}

TEST_F(MakeModels, ABadUrlIsRefusedByNameAndValue) {
  for (const char* bad : {"api.groq.com", "ftp://api.groq.com", "https://", "https://:80", "https://h:0",
                          "https://h:70000", "https://[::1", "https://[zz]", "https://ho_st!"}) {
    const std::string message = refusal("GROQ_BASE_URL", [&] { url("groq", bad); });
    EXPECT_NE(message.find("\"" + std::string(bad) + "\""), std::string::npos) << message;
  }
  for (const char* bad : {"https://user:canary@h", "https://h/a canary", "https://h/\ncanary"}) {
    EXPECT_EQ(refusal("GROQ_BASE_URL", [&] { url("groq", bad); }).find("canary"), std::string::npos);
  }
  refusal("OLLAMA_HOST", [&] { url("ollama", "ftp://x"); });
}

TEST_F(MakeModels, ABadUrlIsShownOnlyUpToWhereAKeyMayStand) {
  for (const char* bad : {"https://h?key=canary-1", "https://h#canary", "https://h\\canary", "https://user:canary",
                          "https://h:/v1?canary", "https://h;k=canary", "https://h/v1/AIzacanary-canary?x",
                          "gsk_canary0123456789", "canary@h", "key=canary"}) {
    for (const std::string variable : {"GROQ_BASE_URL", "OLLAMA_HOST"}) {
      const std::string provider = variable == "OLLAMA_HOST" ? "ollama" : "groq";
      if (provider == "ollama" && std::string_view(bad).starts_with("gsk_")) continue;  // a name that a host may have
      EXPECT_EQ(refusal(variable, [&] { url(provider, bad); }).find("canary"), std::string::npos) << bad;
    }
  }
  const std::string message = refusal("GROQ_BASE_URL", [&] { url("groq", "https://h/v1?key=x"); });
  EXPECT_NE(message.find("\"https://h/v1\u2026\""), std::string::npos) << message;
  EXPECT_LT(refusal("GROQ_BASE_URL", [&] { url("groq", std::string(10'000, 'a')); }).size(), 1000U);
}

TEST_F(MakeModels, PlainHttpToAnotherMachineIsWarnedOf) {
  ModelConfig config = groq();
  for (const char* loopback : {"http://127.0.0.1:1", "http://localhost", "http://[::1]:2", "https://far.example"}) {
    config.settings["groq"].base_url = loopback;
    EXPECT_EQ(check_models(config)[0].warning, "") << loopback;
  }
  for (const char* far : {"http://far.example", "http://127.0.0.1.far.example", "http://10.0.0.1"}) {
    config.settings["groq"].base_url = far;
    EXPECT_NE(check_models(config)[0].warning.find("GROQ_BASE_URL"), std::string::npos) << far;
  }
}

TEST_F(MakeModels, ARequestMayChooseOnlyWhatIsInUse) {
  ModelConfig config = groq();
  config.allowed_models = {"model-b", "llama-3.3-70b-versatile"};
  config.fallback = {"ollama", "extractive"};
  const auto models = make(config);
  EXPECT_EQ(models->find({}).provider(), "groq");
  EXPECT_EQ(models->find({.provider = "", .model = "model-b"}).model(), "model-b");
  EXPECT_EQ(models->find({.provider = "groq", .model = "model-b"}).model(), "model-b");
  EXPECT_EQ(models->find({.provider = "ollama", .model = ""}).model(), "llama3.2");
  EXPECT_EQ(models->find({.provider = "ollama", .model = "llama3.2"}).provider(), "ollama");
  EXPECT_EQ(models->find({.provider = "extractive", .model = ""}).provider(), "extractive");
  EXPECT_NE(&models->find({}), &models->find({.provider = "groq", .model = ""}))
      << "one that is named has none behind it";
  EXPECT_NE(
      refusal("provider", [&] { models->find({.provider = "openai", .model = ""}); }).find("\"groq\", \"ollama\""),
      std::string::npos);
  EXPECT_NE(refusal("model", [&] { models->find({.provider = "", .model = "llama3.2"}); }).find("\"model-b\""),
            std::string::npos);
  refusal("model", [&] { models->find({.provider = "ollama", .model = "model-b"}); });
  const std::string long_name(100'000, 'x');
  for (const WriterChoice& choice : {WriterChoice{long_name, ""}, WriterChoice{"", long_name}}) {
    const std::string message = refusal(choice.model.empty() ? "provider" : "model", [&] { models->find(choice); });
    EXPECT_NE(message.find("\"" + std::string(64, 'x') + "\u2026\""), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace jackdaw::providers
