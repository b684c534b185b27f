#include "server/maintenance_command.h"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/search_index.h"
#include "inference/hash_embedder.h"
#include "server/assembly.h"
#include "server/commands.h"
#include "server/door.h"
#include "server/json.h"
#include "store/backup.h"
#include "store/data_lock.h"
#include "store/verification.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

void refuse_while_in_use(const Config& config, const std::string& command) {
  const auto owner = store::DataLock::owner_of(config.data_dir);
  if (!owner) return;
  const std::string pid = std::to_string(owner->pid);
  const std::string serving = owner->url.empty() ? "" : ", which serves it at " + owner->url;
  throw Error(ErrorCode::kConflict, "The data folder '" + config.data_dir.string() + "' is in use by process " + pid +
                                        serving + ". Stop that process (Ctrl-C where it runs, or 'kill " + pid +
                                        "'), then run 'jackdaw " + command + "' again.");
}

void refuse_without_collection(const Config& config) {
  std::error_code ignored;
  if (fs::exists(config.data_dir / "jackdaw.db", ignored)) return;
  throw Error(ErrorCode::kNotFound, "There is no collection in '" + config.data_dir.string() +
                                        "'. Name the right folder with --data, or add a document first.");
}

std::string_view word_of(store::Finding::Kind kind) {
  using Kind = store::Finding::Kind;
  switch (kind) {
    case Kind::kDatabaseDamaged: return "database_damaged";
    case Kind::kOriginalMissing: return "original_missing";
    case Kind::kOriginalDamaged: return "original_damaged";
    case Kind::kOriginalUnreferenced: return "original_unreferenced";
    case Kind::kLeftover: return "leftover";
    case Kind::kContentsInconsistent: return "contents_inconsistent";
    case Kind::kCountWrong: return "count_wrong";
    case Kind::kJobMissing: return "job_missing";
    case Kind::kJobInconsistent: return "job_inconsistent";
    case Kind::kAnswerDamaged: return "answer_damaged";
    case Kind::kConversationDamaged: return "conversation_damaged";
    case Kind::kConversationInconsistent: return "conversation_inconsistent";
    case Kind::kIndexStale: return "index_stale";
  }
  return "unknown";
}

std::optional<std::string> check_index(const Config& config, const std::string& stamp) {
  std::error_code ignored;
  if (!fs::exists(index_file(config), ignored)) return std::nullopt;
  // The stand-in has the shape of the model.
  const auto index = make_index(config, inference::HashEmbedder().dimensions());
  if (index->load(index_file(config), stamp)) return std::nullopt;
  return "The saved index is damaged, or of another state of the collection or other settings. The next start builds "
         "it anew.";
}

json::object to_json(const store::Finding& finding) {
  return {{"kind", word_of(finding.kind)},
          {"sentence", finding.sentence},
          {"repairable", finding.repairable},
          {"repaired", finding.repaired}};
}

void print(const std::vector<store::Finding>& findings, Terminal& terminal) {
  for (const store::Finding& finding : findings) {
    const char* state = finding.repairable ? "can be repaired" : "cannot be repaired";
    terminal.line(std::string(word_of(finding.kind)) + ": " + harmless_name(finding.sentence) + " (" +
                  (finding.repaired ? "repaired" : state) + ")");
  }
  if (findings.empty()) terminal.line("Nothing is wrong.");
}

store::BackupOptions backup_options(Terminal& terminal, const Cancellation& cancellation) {
  store::BackupOptions options;
  options.cancellation = cancellation;
  options.on_progress = [&terminal](std::uint64_t done, std::uint64_t all) {
    terminal.progress("copying: " + std::to_string(all == 0 ? 100 : done * 100 / all) + "%");
  };
  return options;
}

}  // namespace

int run_verify_command(bool repair, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation) {
  refuse_without_collection(config);
  refuse_while_in_use(config, "verify");
  const store::DataLock lock(config.data_dir);
  store::VerifyOptions options;
  options.repair = repair;
  options.cancellation = cancellation;
  options.on_progress = [&terminal](const store::VerifyProgress& progress) {
    terminal.progress(std::string(progress.stage) + ": " + std::to_string(progress.done) + " of " +
                      std::to_string(progress.all));
  };
  options.check_index = [&config](const std::string& stamp) { return check_index(config, stamp); };
  options.delete_index = [&config] { ingest::forget_index_file(index_file(config)); };
  const std::vector<store::Finding> findings = store::verify(config.data_dir, options);
  const auto remain =
      std::count_if(findings.begin(), findings.end(), [](const auto& found) { return !found.repaired; });
  const bool can_be_repaired = std::any_of(findings.begin(), findings.end(),
                                           [](const auto& found) { return found.repairable && !found.repaired; });
  terminal.end_progress();
  if (as_json) {
    json::array list;
    for (const store::Finding& finding : findings) list.push_back(to_json(finding));
    terminal.line(dump(json::object{{"findings", std::move(list)}, {"remaining", remain}}));
  } else {
    print(findings, terminal);
    if (can_be_repaired) terminal.complain("'jackdaw verify --repair' puts right what can be.");
  }
  return remain == 0 ? kExitOk : kExitIncomplete;
}

int run_backup_command(const fs::path& destination, const Config& config, bool as_json, Terminal& terminal,
                       const Cancellation& cancellation) {
  refuse_without_collection(config);
  const auto door = open_door(config, DoorNeeds::kDocuments, cancellation);
  terminal.progress("making a backup");
  const MadeBackup made = door->make_backup();
  try {
    store::copy_backup(made.path, destination, backup_options(terminal, cancellation));
  } catch (...) {
    door->drop_backup(made.id);
    throw;
  }
  door->drop_backup(made.id);
  terminal.end_progress();
  if (as_json) {
    terminal.line(dump(json::object{
        {"path", fs::absolute(destination).string()}, {"documents", made.documents}, {"bytes", made.bytes}}));
  } else {
    terminal.line("Copied " + std::to_string(made.documents) + " documents, " + std::to_string(made.bytes) +
                  " bytes, to " + harmless_name(destination.native()) + ".");
  }
  return kExitOk;
}

int run_reindex_command(const std::string& embedder, const Config& config, bool as_json, Terminal& terminal,
                        const Cancellation& cancellation) {
  refuse_without_collection(config);
  const auto door = open_door(config, DoorNeeds::kDocuments, cancellation);
  const auto show = [&terminal](const ingest::ReindexProgress& progress) {
    terminal.progress("vectors: " + std::to_string(progress.made) + " of " + std::to_string(progress.chunks));
  };
  terminal.progress("making the vectors anew");
  const std::string& wanted = embedder.empty() ? config.embedder : embedder;
  const ReindexStatus status = door->reindex(wanted, show);
  terminal.end_progress();
  if (as_json) {
    terminal.line(dump(to_json(status)));
    return kExitOk;
  }
  terminal.line("The vectors of " + std::to_string(status.progress.chunks) + " chunks are those of " +
                harmless_name(status.embedder) + " now.");
  if (wanted != "minilm")
    terminal.line("Where JACKDAW_EMBEDDER is set, set it to " + wanted + " before the next start.");
  return kExitOk;
}

int run_restore_command(const fs::path& source, const Config& config, bool as_json, Terminal& terminal,
                        const Cancellation& cancellation) {
  refuse_while_in_use(config, "restore");
  const store::BackupManifest restored =
      store::restore(source, config.data_dir, backup_options(terminal, cancellation));
  terminal.end_progress();
  if (as_json) {
    terminal.line(dump(json::object{{"path", config.data_dir.string()}, {"documents", restored.documents}}));
  } else {
    terminal.line("Restored " + std::to_string(restored.documents) + " documents into " +
                  harmless_name(config.data_dir.native()) + ".");
  }
  return kExitOk;
}

}  // namespace jackdaw::server
