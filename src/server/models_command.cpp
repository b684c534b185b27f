#include "server/models_command.h"

#include <boost/json.hpp>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

#include "core/error.h"
#include "inference/local_embedder.h"
#include "inference/model_files.h"
#include "inference/prepared_encoder.h"
#include "server/assembly.h"
#include "server/commands.h"
#include "server/json.h"

extern char** environ;  // NOLINT: POSIX names it so

namespace jackdaw::server {
namespace {

namespace json = boost::json;

std::string_view to_string(inference::ModelFileState state) {
  switch (state) {
    case inference::ModelFileState::kGood: return "good";
    case inference::ModelFileState::kMissing: return "missing";
    case inference::ModelFileState::kDamaged: return "damaged";
  }
  return "damaged";
}

// `list` compares sizes, which is quick; `verify` reads every byte.
std::vector<inference::VerifiedModelFile> look(const Config& config, bool whole) {
  if (whole) return inference::verify_models(config.models_dir);
  std::vector<inference::VerifiedModelFile> files;
  for (const inference::ModelFile& file : inference::model_files()) {
    const auto path = inference::path_of(file, config.models_dir);
    std::error_code failure;
    const auto bytes = std::filesystem::file_size(path, failure);
    auto state = inference::ModelFileState::kGood;
    if (failure)
      state = inference::ModelFileState::kMissing;
    else if (bytes != file.bytes)
      state = inference::ModelFileState::kDamaged;
    files.push_back({file, path, state});
  }
  return files;
}

int report(const Config& config, bool whole, bool as_json, Terminal& terminal) {
  json::array list;
  bool all_good = true;
  for (const auto& found : look(config, whole)) {
    const bool needed = found.file.model == inference::kEmbedderModel || found.file.model == reranker_model(config);
    if (!needed && found.state == inference::ModelFileState::kMissing) continue;
    all_good = all_good && found.state == inference::ModelFileState::kGood;
    list.push_back(json::object{{"model", found.file.model},
                                {"file", found.path.string()},
                                {"bytes", found.file.bytes},
                                {"sha256", found.file.sha256},
                                {"state", to_string(found.state)}});
    if (!as_json) {
      terminal.line(std::string(to_string(found.state)) + "  " + std::string(found.file.model) + "  " +
                    found.path.string());
    }
  }
  if (as_json) terminal.line(dump(json::object{{"models", std::move(list)}}));
  if (!all_good && !as_json) terminal.complain("Some model files are not good. 'jackdaw models pull' fetches them.");
  return all_good ? kExitOk : kExitFailed;
}

std::filesystem::path fetch_script() {
  for (const char* place : {"../../tools/fetch_packages.py", "../share/jackdaw/fetch_packages.py"}) {
    std::error_code ignored;
    if (const auto path = program_dir() / place; std::filesystem::exists(path, ignored)) {
      return std::filesystem::canonical(path);
    }
  }
  throw Error(ErrorCode::kUnavailable,
              "The script that fetches the models, fetch_packages.py, is not beside this "
              "program. Install Jackdaw again, or run 'make setup' in its source folder.");
}

int fetch(const Config& config) {
  std::vector<std::string> words{"python3", fetch_script().string(), "--models-into", config.models_dir.string(),
                                 "models"};
  if (config.reranker.starts_with("l12")) words.emplace_back("l12");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int failure = posix_spawnp(&child, "python3", nullptr, nullptr, arguments.data(), environ); failure != 0) {
    throw Error(ErrorCode::kUnavailable, "python3 could not be started. Install it, then run this command again.");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? kExitOk : kExitFailed;
}

int pull(const Config& config) {
  const int fetched = fetch(config);
  if (fetched == kExitOk) inference::prepare_encoders(config.models_dir);
  return fetched;
}

}  // namespace

int run_models_command(const std::string& verb, const Config& config, bool as_json, Terminal& terminal) {
  if (verb == "pull") return pull(config);
  return report(config, verb == "verify", as_json, terminal);
}

}  // namespace jackdaw::server
