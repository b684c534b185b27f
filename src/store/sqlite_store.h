#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/answer_store.h"
#include "core/document_store.h"
#include "core/guarded.h"
#include "store/originals.h"
#include "store/reader_pool.h"
#include "store/sqlite.h"

namespace jackdaw::store {

// A moment inside a writing function, between two things that reach the disk one after the other.
enum class StoreStep {
  kOriginalKept,      // add: the file stands under originals/, nothing names it yet
  kAddCommitted,      // add: the document survives, the caller does not know yet
  kRemoveCommitted,   // remove: no table names the document, its original and its bytes in the log still stand
  kOriginalRemoved,   // remove: its bytes are still in the log
  kAnswersWritten,    // keep: all rows are written, the transaction is not committed
  kAnswersKept,       // keep: the answers survive, the caller does not know yet
  kAnswersForgotten,  // forget_answers_before: no table holds these answers, their bytes in the log still stand
};

struct SqliteStoreOptions {
  // Held with DataLock. The database is `jackdaw.db` inside it.
  std::filesystem::path data_dir;

  // Embedder::name() of the vectors. Empty: whatever the collection has, for who does not embed.
  std::string embedder_name;

  // Reads that run at once; each costs a connection with a cache of at most 2 MiB.
  int readers = 4;

  // add() fails with kStorageFull beyond it. The most that deletion can keep its promise for (scrubbing_vfs.h).
  std::int64_t max_database_bytes = std::int64_t{128} << 30;

  // Called at each step; tests end the process there.
  std::function<void(StoreStep)> on_step;
};

// The collection and the answers in one SQLite database and one folder of originals (docs/storage_format.md). Any
// thread; one writer at a time, readers never wait for it, except while remove() or forget_answers_before() cuts the
// log. Removing files that a crash left behind is part of opening. The constructor throws Error kConflict, and touches
// nothing, when the folder was written by a newer version of the program, is no Jackdaw collection, or has vectors of
// another embedder.
class SqliteStore : public DocumentStore, public AnswerStore {
 public:
  explicit SqliteStore(SqliteStoreOptions options);
  ~SqliteStore() override;

  std::vector<ChunkId> add(const NewDocument& document) override;
  std::optional<Document> find(const DocumentId& id) override;
  std::optional<Document> find_by_sha256(const std::string& sha256) override;
  DocumentPage list(const DocumentQuery& query) override;
  std::int64_t count() override;
  bool remove(const DocumentId& id) override;
  std::vector<Passage> passages(std::span<const ChunkId> ids) override;
  ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) override;
  std::optional<Page> page(const DocumentId& id, int number) override;
  // One short read for each ready document, oldest first: what is added or removed meanwhile may or may not be visited,
  // but never in part. `visit` may use the store.
  void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) override;

  // Throws Error kConflict for an id that was kept before, kInternal for events that break a promise of core: not
  // exactly one that ends the answer, not at the end, or a meta event that names another answer.
  void keep(std::span<const StoredAnswer> answers) override;
  std::optional<StoredAnswer> find_answer(const AnswerId& id) override;
  // Many short transactions, between which others write; no byte of the answers is left in the files when it returns.
  // Also drops ids that were forgotten a year ago: find_answer() then knows nothing of them.
  std::size_t forget_answers_before(WallTime ended, std::size_t limit) override;

  // Whose vectors these are; empty while no embedder was ever named.
  std::string embedder_name();

  // Where the original bytes stand; nothing when there is no such document.
  std::optional<std::filesystem::path> original_of(const DocumentId& id);

 private:
  struct Writer {
    Database database;
    bool log_holds_removed = false;  // a removal is committed whose bytes are still in the log
  };

  std::size_t forget_some(WallTime ended, std::size_t limit);
  void cut_log(Writer& writer);
  void reached(StoreStep step) const;

  SqliteStoreOptions options_;
  Guarded<Writer> writer_;
  Originals originals_;
  ReaderPool readers_;  // closed before the writer
};

}  // namespace jackdaw::store
