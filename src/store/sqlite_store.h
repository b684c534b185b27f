#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/answer_store.h"
#include "core/conversation_store.h"
#include "core/document_store.h"
#include "core/guarded.h"
#include "core/job_store.h"
#include "core/vector_store.h"
#include "store/content_rows.h"
#include "store/originals.h"
#include "store/reader_pool.h"
#include "store/sqlite.h"
#include "store/store_step.h"

namespace jackdaw::store {

struct SqliteStoreOptions {
  // Held with DataLock. The database is `jackdaw.db` inside it.
  std::filesystem::path data_dir;

  // Embedder::name() of the vectors. Empty: whatever the collection has, for who does not embed.
  std::string embedder_name;

  // Reads that run at once; each costs a connection with a cache of at most 2 MiB.
  int readers = 4;

  // Writing fails with kStorageFull beyond it. The most that deletion can keep its promise for (scrubbing_vfs.h).
  std::int64_t max_database_bytes = std::int64_t{128} << 30;

  // Called at each step, also while the store is opened; tests end the process there.
  std::function<void(StoreStep)> on_step;
};

// Of titles, questions and answers, on one page of a list (a conversation is looked through whole, whatever it has).
inline constexpr std::size_t kMaxSearchedBytes = 8 << 20;

// The collection, the queue, the answers and the conversations in one SQLite database and one folder of originals
// (docs/storage_format.md). Any thread; one writer at a time, readers never wait for it, except while the log is cut
// after a deletion. Removing files that a crash left behind is part of opening. The constructor throws Error kConflict,
// and touches nothing, when the folder was written by a newer version of the program, is no Jackdaw collection, or has
// vectors of another embedder.
class SqliteStore : public DocumentStore,
                    public JobStore,
                    public AnswerStore,
                    public ConversationStore,
                    public VectorStore {
 public:
  explicit SqliteStore(SqliteStoreOptions options);
  ~SqliteStore() override;

  std::optional<Document> find(const DocumentId& id) override;
  std::optional<Document> find_by_sha256(const std::string& sha256) override;
  DocumentPage list(const DocumentQuery& query) override;
  // Of documents in whatever state.
  std::int64_t count() override;
  std::vector<DocumentId> matching(const DocumentFilter& filter) override;
  std::optional<Document> edit(const DocumentId& id, const DocumentEdit& edit) override;
  bool remove(const DocumentId& id) override;
  std::optional<std::filesystem::path> original_of(const DocumentId& id) override;
  std::vector<Passage> passages(std::span<const ChunkId> ids) override;
  ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) override;
  std::optional<Page> page(const DocumentId& id, int number) override;
  // One short read for each ready document, oldest first: what is added or removed meanwhile may or may not be visited,
  // but never in part. `visit` may use the store.
  void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) override;
  std::string index_stamp() override;

  Accepted accept(const NewUpload& upload) override;
  std::optional<Job> begin_next(std::int64_t after) override;
  std::size_t waiting_jobs() override;
  // A file of the old version that cannot be deleted is logged, and goes at the next opening.
  std::optional<std::vector<ChunkId>> complete(std::int64_t job, const ReadDocument& read) override;
  bool fail(std::int64_t job, const DocumentFailure& failure) override;
  bool cancel(std::int64_t job) override;
  void put_back(std::int64_t job) override;
  Document retry(const DocumentId& document) override;
  std::optional<std::int64_t> waiting_job_of(const DocumentId& document) override;
  void keep_page(std::int64_t job, const Page& page) override;
  std::optional<Page> kept_page(std::int64_t job, int number) override;

  // Throws Error kConflict for an id that was kept before, kInternal for events that break a promise of core: not
  // exactly one that ends the answer, not at the end, a meta event that names another answer, or citations that are not
  // the last event's. An answer whose conversation was removed before it ended is not kept, and is gone.
  void keep(std::span<const StoredAnswer> answers) override;
  std::optional<StoredAnswer> find_answer(const AnswerId& id) override;
  // Many short transactions, between which others write; no byte of the answers is left in the files when it returns.
  // Also drops ids that were forgotten a year ago: find_answer() then knows nothing of them.
  std::size_t forget_answers_before(WallTime ended, std::size_t limit) override;

  // White space around a title is dropped. Throws Error kInvalidArgument (field "title") for what no title can be.
  Conversation create_conversation(const std::string& title) override;
  std::optional<Conversation> find_conversation(const ConversationId& id) override;
  // In the order of their last change. What changes between two pages moves to the front: nothing comes twice, and who
  // is further behind misses it. With `text` a page reads on until kMaxSearchedBytes of words were looked through, so
  // it may have fewer conversations than the limit, or none, and a cursor for the rest.
  ConversationPage list_conversations(const ConversationQuery& query) override;
  std::optional<Conversation> rename_conversation(const ConversationId& id, const std::string& title) override;
  bool remove_conversation(const ConversationId& id) override;
  // Throws Error kInternal, naming the answer, when one of them is damaged.
  std::optional<std::vector<ConversationMessage>> messages_of(const ConversationId& id) override;
  // Throws Error kConflict for an answer that a turn or keep() had before.
  Turn begin_turn(const NewTurn& turn) override;

  // What copy_to() put into a folder.
  struct Copy {
    std::int64_t documents = 0;
    std::vector<std::string> originals;  // sha256, ascending
    std::uint64_t originals_bytes = 0;
  };
  // Puts the collection as it is at one moment into an existing empty folder: links to the originals, and a copy of the
  // database. Others write meanwhile, but for the time that linking takes; what deletes waits until it is done.
  // `on_pages` hears of the database's pages; what it throws ends the copy. Throws Error kStorageFull and others.
  Copy copy_to(const std::filesystem::path& folder,
               const std::function<void(std::int64_t done, std::int64_t all)>& on_pages);
  const std::filesystem::path& data_dir() const noexcept { return options_.data_dir; }
  // For who writes on the store's behalf: tells SqliteStoreOptions::on_step.
  void reached(StoreStep step) const;

  std::string embedder_name() override;
  NewVectors new_vectors() override;
  void begin_new_vectors(const std::string& embedder, const std::string& of) override;
  std::vector<ChunkToEmbed> without_new_vector(ChunkId after, std::size_t limit) override;
  void keep_new_vectors(std::span<const std::pair<ChunkId, Embedding>> vectors) override;
  void for_each_newly_embedded(const std::function<void(IndexedDocument&&)>& visit) override;
  bool use_new_vectors() override;

 private:
  struct Writer {
    Database database;
    bool log_holds_removed = false;  // a removal is committed whose bytes are still in the log
  };

  void visit_indexed(VectorsOf vectors, const std::function<void(IndexedDocument&&)>& visit);
  Accepted take_in(Writer& writer, const NewUpload& upload, const std::optional<std::int64_t>& target);
  Accepted drop_replacement(Writer& writer, std::int64_t document);
  bool end(std::int64_t job, DocumentStatus state, const DocumentFailure* failure, StoreStep written,
           StoreStep committed);
  void remove_old_original(const std::string& sha256) noexcept;
  std::size_t forget_some(WallTime ended, std::size_t limit);
  void cut_log();
  void cut_log_or_leave_it() noexcept;

  SqliteStoreOptions options_;
  std::mutex copying_;  // held while the database is copied; taken before the writer
  Guarded<Writer> writer_;
  Originals originals_;
  ReaderPool readers_;  // closed before the writer
};

}  // namespace jackdaw::store
