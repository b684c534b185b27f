#include "providers/make_model.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "providers/anthropic_messages.h"
#include "providers/extractive_model.h"
#include "providers/failover.h"
#include "providers/gemini_generate.h"
#include "providers/openai_chat.h"
#include "providers/provider_catalog.h"
#include "providers/remote_model.h"
#include "providers/scripted_model.h"

namespace jackdaw::providers {
namespace {

constexpr std::string_view kAllowed =
    "groq, openai, anthropic, gemini, ollama, extractive (quotes, needs nothing else)";
constexpr std::size_t kMaxQuotedCharacters = 64;
constexpr std::string_view kOpenAiHost = "api.openai.com";
constexpr std::chrono::milliseconds kFirstByte{60'000};
constexpr std::chrono::milliseconds kFirstByteOnLoopback{300'000};  // a local server may have to load its model

[[noreturn]] void refuse(std::string_view variable, const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, std::string(variable) + " " + sentence).with_field(std::string(variable));
}

// --- what runs here -------------------------------------------------------------------------------------------------

bool is_local(std::string_view provider) {
  return provider == "extractive" || provider == "scripted";
}

std::vector<script::Step> read_script(const std::filesystem::path& path) {
  if (path.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "LLM_PROVIDER=scripted needs a script. Set JACKDAW_SCRIPT to the path of one.")
        .with_field("JACKDAW_SCRIPT");
  }
  std::ifstream in(path, std::ios::binary);
  const std::string script((std::istreambuf_iterator<char>(in)), {});
  if (!in) refuse("JACKDAW_SCRIPT", "is \"" + path.string() + "\", which cannot be read. Name a file that can.");
  return parse_script(script);
}

std::unique_ptr<LanguageModel> make_local(const ModelConfig& config, std::string_view provider, Reranker& reranker,
                                          Compute& compute) {
  if (provider == "scripted") return std::make_unique<ScriptedModel>(read_script(config.script));
  return std::make_unique<ExtractiveModel>(reranker, compute, limits_of(reranker.name()));
}

// --- what is reached over HTTP --------------------------------------------------------------------------------------

struct Remote {
  const ProviderEntry* entry = nullptr;
  Endpoint endpoint;
  std::string key;
};

void check_key(const ProviderEntry& entry, const std::string& key) {
  const bool is_clean = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_clean) {
    refuse(entry.key_variable, "holds a blank, a line end or another character that no key has. Copy the key again.");
  }
}

Remote remote_of(const ModelConfig& config, const ProviderEntry& entry) {
  const auto found = config.settings.find(std::string(entry.name));
  const ProviderSettings settings = found == config.settings.end() ? ProviderSettings() : found->second;
  Remote remote{&entry, endpoint_of(entry, settings.base_url), settings.api_key};
  if (entry.key_variable.empty()) return remote;
  check_key(entry, remote.key);
  const bool may_lack_key = entry.name == "openai" && remote.endpoint.host != kOpenAiHost;
  if (remote.key.empty() && !may_lack_key) {
    refuse(entry.key_variable, "is not set. The provider \"" + std::string(entry.name) +
                                   "\" needs it: set it to your key, or choose another LLM_PROVIDER.");
  }
  return remote;
}

void check_model_name(std::string_view variable, const std::string& model) {
  const bool is_clean = std::all_of(model.begin(), model.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_clean) refuse(variable, "is \"" + text::sanitize(model) + "\", which no model is called. Check the name.");
}

// Of the proxies that the environment names: what they answer may hold them.
std::vector<std::string> proxy_passwords() {
  constexpr std::size_t kShortest = 4;  // a shorter one is part of too many words
  std::vector<std::string> passwords;
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    const std::string_view proxy = value;
    const std::size_t at = proxy.rfind('@');
    if (at == std::string_view::npos) continue;
    std::string_view user = proxy.substr(0, at);
    if (const std::size_t scheme = user.find("://"); scheme != std::string_view::npos) user.remove_prefix(scheme + 3);
    const std::size_t colon = user.find(':');
    if (colon != std::string_view::npos && user.size() - colon > kShortest)
      passwords.emplace_back(user.substr(colon + 1));
  }
  return passwords;
}

ProviderIdentity identity_of(const ModelConfig& config, const Remote& remote, std::string model) {
  ProviderIdentity who;
  who.provider = remote.entry->name;
  who.origin = remote.endpoint.origin();
  const bool is_other = remote.entry->name == "openai" && remote.endpoint.host != kOpenAiHost;
  who.title = is_other ? "The server at " + who.origin : std::string(remote.entry->title);
  who.model = std::move(model);
  who.key_variable = remote.entry->key_variable;
  who.url_variable = remote.entry->url_variable;
  who.has_key = !remote.key.empty();
  who.secrets = proxy_passwords();
  for (const auto& [name, settings] : config.settings) {
    if (!settings.api_key.empty()) who.secrets.push_back(settings.api_key);
  }
  return who;
}

std::unique_ptr<Dialect> make_dialect(const Remote& remote, const std::string& model) {
  const std::string url = remote.endpoint.url();
  switch (remote.entry->dialect) {
    case DialectKind::kAnthropicMessages: return make_anthropic_messages({url, model, remote.key});
    case DialectKind::kGeminiGenerate: return make_gemini_generate({url, model, remote.key});
    case DialectKind::kOpenAiChat: break;
  }
  return make_openai_chat({.base_url = url,
                           .model = model,
                           .api_key = remote.key,
                           .host = remote.endpoint.host,
                           .is_groq = remote.entry->name == "groq",
                           .is_ollama = remote.entry->name == "ollama"});
}

std::unique_ptr<LanguageModel> make_remote(const ModelConfig& config, const Remote& remote, const std::string& model,
                                           http::AsyncClient& client) {
  RemoteModelOptions options;
  options.stream = config.stream;
  options.connect_timeout = config.connect_timeout;
  options.first_byte_timeout = config.first_byte_timeout;
  if (options.first_byte_timeout.count() == 0) {
    options.first_byte_timeout = remote.endpoint.is_loopback() ? kFirstByteOnLoopback : kFirstByte;
  }
  options.idle_timeout = config.idle_timeout;
  options.total_timeout = config.total_timeout;
  return std::make_unique<RemoteModel>(identity_of(config, remote, model), make_dialect(remote, model), client,
                                       options);
}

// --- which are in use -----------------------------------------------------------------------------------------------

std::string model_of(const ModelConfig& config, const ProviderEntry& entry) {
  const bool is_configured = entry.name == config.provider && !config.model.empty();
  return is_configured ? config.model : std::string(entry.default_model);
}

// LLM_PROVIDER, then LLM_FALLBACK.
std::vector<std::string> providers_in_use(const ModelConfig& config) {
  std::vector<std::string> names;
  const auto add = [&names](std::string_view variable, const std::string& name) {
    if (!is_local(name) && !find_provider(name)) {
      refuse(variable, (variable == "LLM_PROVIDER" ? "is \"" : "names \"") + text::sanitize(name) +
                           "\", which is not known. Use one of " + std::string(kAllowed) + ".");
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      refuse(variable, "names \"" + name + "\", which is in use already. Name each provider once.");
    }
    names.push_back(name);
  };
  add("LLM_PROVIDER", config.provider);
  for (const std::string& name : config.fallback) add("LLM_FALLBACK", name);
  return names;
}

// A request may ask for a name of any length.
std::string quoted(const std::string& name) {
  const std::string clean = text::sanitize(name);
  const std::string_view part = text::truncate(clean, kMaxQuotedCharacters);
  return "\"" + std::string(part) + (part.size() < clean.size() ? "\u2026\"" : "\"");
}

[[noreturn]] void refuse_choice(const std::string& field, const std::string& wanted, const std::string& in_use) {
  throw Error(ErrorCode::kInvalidArgument,
              "The " + field + " " + quoted(wanted) + " is not in use here; " + in_use + " is.")
      .with_field(field);
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  return list;
}

// All writers that a request may ask for. The first is the configured one.
class ModelsInUse : public LanguageModels {
 public:
  void add(std::unique_ptr<LanguageModel> writer) { writers_.push_back(std::move(writer)); }

  // Puts the writers of other providers behind each one of the configured provider.
  void chain() {
    std::vector<LanguageModel*> others;
    for (const auto& writer : writers_) {
      if (writer->provider() != writers_.front()->provider()) others.push_back(writer.get());
    }
    if (others.empty()) return;
    for (const auto& writer : writers_) {
      if (writer->provider() != writers_.front()->provider()) continue;
      std::vector<LanguageModel*> chain = {writer.get()};
      chain.insert(chain.end(), others.begin(), others.end());
      chains_.push_back(std::make_unique<Failover>(std::move(chain)));
    }
  }

  // A provider that is named writes alone; without one, its fallbacks stand behind the configured one.
  LanguageModel& find(const WriterChoice& choice) override {
    const std::string& provider = choice.provider.empty() ? writers_.front()->provider() : choice.provider;
    std::vector<std::string> models;
    for (const auto& writer : writers_) {
      if (writer->provider() != provider) continue;
      models.push_back(writer->model());
      if (choice.model.empty() || choice.model == writer->model()) return with_chain(*writer, choice);
    }
    if (models.empty()) refuse_choice("provider", choice.provider, listed(providers()));
    refuse_choice("model", choice.model, listed(models));
  }

  std::vector<WriterChoice> in_use() const override {
    std::vector<WriterChoice> all;
    for (const auto& writer : writers_) all.push_back({writer->provider(), writer->model()});
    return all;
  }

 private:
  LanguageModel& with_chain(LanguageModel& writer, const WriterChoice& choice) {
    if (!choice.provider.empty()) return writer;
    for (const auto& chain : chains_) {
      if (chain->model() == writer.model()) return *chain;
    }
    return writer;
  }

  std::vector<std::string> providers() const {
    std::vector<std::string> names;
    for (const auto& writer : writers_) {
      if (std::find(names.begin(), names.end(), writer->provider()) == names.end()) names.push_back(writer->provider());
    }
    return names;
  }

  std::vector<std::unique_ptr<LanguageModel>> writers_;
  std::vector<std::unique_ptr<Failover>> chains_;  // one for each writer of the configured provider
};

}  // namespace

std::vector<ProviderHost> check_models(const ModelConfig& config) {
  std::vector<ProviderHost> hosts;
  check_model_name("LLM_MODEL", config.model);
  for (const std::string& model : config.allowed_models) check_model_name("LLM_ALLOWED_MODELS", model);
  for (const std::string& name : providers_in_use(config)) {
    if (name == "scripted") read_script(config.script);
    const ProviderEntry* entry = find_provider(name);
    if (!entry) continue;
    const Remote remote = remote_of(config, *entry);
    ProviderHost host{name, model_of(config, *entry), remote.endpoint.origin(), {}};
    if (remote.endpoint.scheme == "http" && !remote.endpoint.is_loopback()) {
      host.warning = std::string(entry->url_variable) + " is " + host.origin +
                     ", plain http to another machine: questions, passages and the key can be read on the way. Use "
                     "https.";
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

std::unique_ptr<LanguageModels> make_models(const ModelConfig& config, http::AsyncClient& client, Reranker& reranker,
                                            Compute& compute) {
  check_models(config);
  auto models = std::make_unique<ModelsInUse>();
  for (const std::string& name : providers_in_use(config)) {
    const ProviderEntry* entry = find_provider(name);
    if (!entry) {
      models->add(make_local(config, name, reranker, compute));
      continue;
    }
    const Remote remote = remote_of(config, *entry);
    const std::string first = model_of(config, *entry);
    models->add(make_remote(config, remote, first, client));
    if (name != config.provider) continue;
    for (const std::string& model : config.allowed_models) {
      if (model != first) models->add(make_remote(config, remote, model, client));
    }
  }
  models->chain();
  return models;
}

}  // namespace jackdaw::providers
