#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"

namespace jackdaw::store {

// Something in a data folder that is not as docs/storage_format.md says.
struct Finding {
  enum class Kind {
    kDatabaseDamaged,  // what SQLite itself finds: nothing else is looked at then
    kOriginalMissing,
    kOriginalDamaged,       // other bytes, or other many, than the database says
    kOriginalUnreferenced,  // repair: deleted
    kLeftover,              // in spool/ or backups/; repair: deleted
    kContentsInconsistent,  // pages, chunks and vectors of a document; repair: it is read again from its original
    kCountWrong,            // repair: counted again
    kJobMissing,            // repair: the document failed, so that it can be tried again
    kJobInconsistent,       // with its document; repair: the job's word counts
    kAnswerDamaged,
    kConversationDamaged,       // a message does not follow one of the other kind
    kConversationInconsistent,  // with its answers; repair: the message that names an answer has it
    kIndexStale,                // repair: the snapshot is deleted, the index is built at the next start
  };
  Kind kind = Kind::kDatabaseDamaged;
  std::string sentence;     // for a person: what it is, and what to do where no repair helps
  bool repairable = false;  // by VerifyOptions::repair
  bool repaired = false;
};

struct VerifyProgress {
  std::string_view stage;  // "database", "documents", "originals", "answers", "conversations", "index"
  std::int64_t done = 0;
  std::int64_t all = 0;
};

struct VerifyOptions {
  bool repair = false;
  std::function<void(const VerifyProgress&)> on_progress{};
  Cancellation cancellation{};

  // What is wrong with the snapshot of the search index that should hold what the store has under this stamp; nothing
  // when it is right or there is none.
  std::function<std::optional<std::string>(const std::string& stamp)> check_index{};
  std::function<void()> delete_index{};
};

// Compares all that stands in the folder: every byte is read. For who holds the DataLock, with no SqliteStore open; a
// folder of an older format is brought to the newest. Throws Error kNotFound when there is no collection, kConflict for
// one that this program must not open, what `cancellation` asks for, and when a repair fails: what was repaired before
// stays so.
std::vector<Finding> verify(const std::filesystem::path& data_dir, const VerifyOptions& options);

}  // namespace jackdaw::store
