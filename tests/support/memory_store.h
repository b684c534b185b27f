#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/document_store.h"
#include "core/error.h"
#include "core/job_store.h"
#include "core/text.h"

namespace jackdaw::testing {

// A DocumentStore and JobStore that keeps everything in memory: for tests of the flows, where durability is not the
// question. It never touches the disk: an original stays where the spool file stands.
class MemoryStore : public DocumentStore, public JobStore {
 public:
  std::optional<Document> find(const DocumentId& id) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    return entry ? std::optional(shown(*entry)) : std::nullopt;
  }
  std::optional<Document> find_by_sha256(const std::string& sha256) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_with(sha256);
    return entry ? std::optional(shown(*entry)) : std::nullopt;
  }
  DocumentPage list(const DocumentQuery& query) override {
    const std::lock_guard lock(mutex_);
    check_limit(query.limit);
    DocumentPage page;
    for (auto at = entries_.upper_bound(read_cursor(query.after)); at != entries_.end(); ++at) {
      Document document = shown(at->second);
      if (!matches(document, query)) continue;
      if (page.documents.size() == query.limit) {
        page.next = cursor_of(page.documents.back().id);
        break;
      }
      page.documents.push_back(std::move(document));
    }
    return page;
  }
  std::int64_t count() override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(entries_.size());
  }
  std::vector<DocumentId> matching(const DocumentFilter& filter) override {
    const std::lock_guard lock(mutex_);
    std::vector<DocumentId> ids;
    for (const auto& [number, entry] : entries_) {
      if (entry.is_ready() && lets_through(filter, entry.document)) ids.push_back(entry.document.id);
    }
    return ids;
  }
  std::optional<Document> edit(const DocumentId& id, const DocumentEdit& edit) override {
    const std::lock_guard lock(mutex_);
    if (edit.title && text::count_code_points(*edit.title) > kMaxTitleCharacters) {
      throw Error(ErrorCode::kInvalidArgument, "The title is too long. Choose a shorter one.").with_field("title");
    }
    const auto tags = edit.tags ? std::optional(clean_tags(*edit.tags)) : std::nullopt;
    Entry* entry = entry_of(id);
    if (!entry) return std::nullopt;
    if (edit.title) entry->document.title = *edit.title;
    if (edit.title) entry->title_is_given = !edit.title->empty();
    if (tags) entry->document.tags = *tags;
    return shown(*entry);
  }
  bool remove(const DocumentId& id) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    if (!entry) return false;
    if (entry->is_ready()) stamp_ = random_id();
    entries_.erase(entry->number);
    return true;
  }
  std::optional<std::filesystem::path> original_of(const DocumentId& id) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    if (!entry) return std::nullopt;
    return entry->is_ready() ? entry->original : entry->job->upload.file.path;
  }
  std::vector<Passage> passages(std::span<const ChunkId> ids) override {
    const std::lock_guard lock(mutex_);
    std::vector<Passage> out;
    for (const ChunkId wanted : ids) {
      for (const auto& [number, entry] : entries_) {
        const auto found = std::ranges::find(entry.ids, wanted);
        if (found != entry.ids.end())
          out.push_back(passage(entry, static_cast<std::size_t>(found - entry.ids.begin())));
      }
    }
    return out;
  }
  ChunkPage chunks_of(const DocumentId& id, std::size_t limit, const std::string& after) override {
    const std::lock_guard lock(mutex_);
    check_limit(limit);
    const std::int64_t last = read_cursor(after);
    ChunkPage page;
    const Entry* entry = entry_of(id);
    for (std::size_t i = 0; entry && i < entry->ids.size(); ++i) {
      if (entry->ids[i].value <= last) continue;
      if (page.passages.size() == limit) {
        page.next = std::to_string(page.passages.back().chunk.value);
        break;
      }
      page.passages.push_back(passage(*entry, i));
    }
    return page;
  }
  std::optional<Page> page(const DocumentId& id, int number) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(id);
    const Page* page = entry ? page_of(*entry, number) : nullptr;
    if (!page) return std::nullopt;
    Page stored = *page;
    stored.sections.clear();
    return stored;
  }
  // Without the lock, so that a visitor may call the store.
  void for_each_indexed(const std::function<void(IndexedDocument&&)>& visit) override {
    std::vector<IndexedDocument> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [number, entry] : entries_) {
        if (!entry.is_ready()) continue;
        IndexedDocument& document = all.emplace_back(IndexedDocument{entry.document.id, {}, entry.document.title});
        for (std::size_t i = 0; i < entry.ids.size(); ++i) {
          const Chunk& chunk = entry.read->chunks[i];
          document.chunks.push_back({entry.ids[i], chunk.text, entry.read->embeddings[i], chunk.heading});
        }
      }
    }
    for (IndexedDocument& document : all) visit(std::move(document));
  }
  std::string index_stamp() override {
    const std::lock_guard lock(mutex_);
    return stamp_;
  }

  Accepted accept(const NewUpload& upload) override {
    const std::lock_guard lock(mutex_);
    Entry* const same_bytes = entry_with(upload.file.sha256);
    if (!upload.replaces && same_bytes && same_bytes->is_ready() && same_bytes->waits()) {
      throw Error(ErrorCode::kConflict, "It is being replaced just now.").with_retryable(true);
    }
    if (!upload.replaces) return same_bytes ? Accepted{shown(*same_bytes), true} : accept_new(upload);
    Entry* const target = entry_of(*upload.replaces);
    if (!target) refuse_unknown();
    if (same_bytes && same_bytes != target) {
      throw Error(ErrorCode::kConflict, "The same bytes are another document.");
    }
    if (same_bytes) {
      if (target->is_ready() && target->document.sha256 == upload.file.sha256) target->job.reset();
      return {shown(*target), true};
    }
    target->job = waiting(upload);
    if (!target->is_ready()) describe(*target, upload);
    return {shown(*target), false};
  }

  std::optional<Job> begin_next(std::int64_t after) override {
    const std::lock_guard lock(mutex_);
    Entry* next = nullptr;
    for (auto& [number, entry] : entries_) {
      if (!entry.waits() || entry.job->number <= after) continue;
      if (!next || entry.job->number < next->job->number) next = &entry;
    }
    if (!next) return std::nullopt;
    const IncomingFile& file = next->job->upload.file;
    return Job{.number = next->job->number,
               .document = next->document.id,
               .original = file.path,
               .filename = file.filename,
               .sha256 = file.sha256,
               .bytes = file.bytes,
               .keep_partial = next->job->upload.keep_partial,
               .replaces = next->is_ready(),
               .attempts = ++next->job->attempts};
  }
  std::size_t waiting_jobs() override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [](const auto& entry) { return entry.second.waits(); }));
  }
  std::optional<std::vector<ChunkId>> complete(std::int64_t job, const ReadDocument& read) override {
    const std::lock_guard lock(mutex_);
    Entry* entry = waiting_entry(job);
    if (!entry) return std::nullopt;
    describe(*entry, entry->job->upload);
    Document& document = entry->document;
    if (!entry->title_is_given) document.title = read.title;
    document.media_type = read.media_type;
    document.pages = read.pages;
    document.chunks = static_cast<std::int64_t>(read.chunks.size());
    document.pages_without_text = read.pages_without_text;
    document.failure = read.failure;
    entry->original = entry->job->upload.file.path;
    entry->read = read;
    entry->ids.clear();
    for (std::size_t i = 0; i < read.chunks.size(); ++i) entry->ids.push_back(ChunkId{++last_chunk_});
    entry->job.reset();
    stamp_ = random_id();
    return entry->ids;
  }
  bool fail(std::int64_t job, const DocumentFailure& failure) override {
    if (before_fail) before_fail();
    return end(job, DocumentStatus::kFailed, failure);
  }
  bool cancel(std::int64_t job) override { return end(job, DocumentStatus::kCancelled, std::nullopt); }
  void put_back(std::int64_t job) override {
    const std::lock_guard lock(mutex_);
    Entry* entry = waiting_entry(job);
    if (entry && entry->job->attempts > 0) --entry->job->attempts;
  }
  Document retry(const DocumentId& document) override {
    const std::lock_guard lock(mutex_);
    Entry* entry = entry_of(document);
    if (!entry) refuse_unknown();
    if (!entry->job || entry->waits()) throw Error(ErrorCode::kConflict, "Nothing of it failed or was cancelled.");
    PendingJob& job = *entry->job;
    job.number = ++last_job_;
    job.status = DocumentStatus::kQueued;
    job.failure.reset();
    job.attempts = 0;
    return shown(*entry);
  }
  std::optional<std::int64_t> waiting_job_of(const DocumentId& document) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = entry_of(document);
    return entry && entry->waits() ? std::optional(entry->job->number) : std::nullopt;
  }
  void keep_page(std::int64_t job, const Page& page) override {
    const std::lock_guard lock(mutex_);
    if (Entry* entry = waiting_entry(job)) entry->job->kept.insert_or_assign(page.number, page);
  }
  std::optional<Page> kept_page(std::int64_t job, int number) override {
    const std::lock_guard lock(mutex_);
    const Entry* entry = waiting_entry(job);
    if (!entry || !entry->job->kept.contains(number)) return std::nullopt;
    return entry->job->kept.at(number);
  }

  // For MemoryVectorStore.
  void put_embeddings(const std::map<std::int64_t, Embedding>& by_chunk) {
    const std::lock_guard lock(mutex_);
    for (auto& [number, entry] : entries_) {
      for (std::size_t i = 0; i < entry.ids.size(); ++i) entry.read->embeddings[i] = by_chunk.at(entry.ids[i].value);
    }
    stamp_ = random_id();
  }

  // May throw, as a disk that is full does.
  std::function<void()> before_fail;

 private:
  struct PendingJob {
    std::int64_t number = 0;
    NewUpload upload;
    DocumentStatus status = DocumentStatus::kQueued;  // never kReady
    std::optional<DocumentFailure> failure;
    int attempts = 0;
    std::map<int, Page> kept;
  };
  struct Entry {
    std::int64_t number = 0;
    Document document;  // of the version that answers; of the job's file while there is none
    bool title_is_given = false;
    std::filesystem::path original;
    std::optional<ReadDocument> read;
    std::vector<ChunkId> ids;
    std::optional<PendingJob> job;  // there is one while nothing was read

    bool is_ready() const { return read.has_value(); }
    bool waits() const { return job && job->status == DocumentStatus::kQueued; }
  };

  Accepted accept_new(const NewUpload& upload) {
    Entry entry;
    entry.number = ++last_entry_;
    entry.document.id = DocumentId{random_id()};
    entry.document.created_at = std::chrono::system_clock::now();
    entry.job = waiting(upload);
    describe(entry, upload);
    return {shown(entries_.emplace(entry.number, std::move(entry)).first->second), false};
  }
  PendingJob waiting(const NewUpload& upload) {
    PendingJob job;
    job.number = ++last_job_;
    job.upload = upload;
    return job;
  }
  // Makes the document that of the upload; what the person said nothing about stays.
  static void describe(Entry& entry, const NewUpload& upload) {
    Document& document = entry.document;
    document.filename = upload.file.filename;
    document.sha256 = upload.file.sha256;
    document.bytes = upload.file.bytes;
    if (!upload.title.empty()) document.title = upload.title;
    if (!upload.title.empty()) entry.title_is_given = true;
    if (!upload.tags.empty()) document.tags = upload.tags;
    if (!upload.source.empty()) document.source = upload.source;
  }
  bool end(std::int64_t job, DocumentStatus status, const std::optional<DocumentFailure>& failure) {
    const std::lock_guard lock(mutex_);
    Entry* entry = waiting_entry(job);
    if (!entry) return false;
    entry->job->status = status;
    entry->job->failure = failure;
    return true;
  }

  static Document shown(const Entry& entry) {
    Document document = entry.document;
    if (!entry.is_ready()) {
      document.status = entry.job->status;
      document.failure = entry.job->failure;
    } else if (entry.job) {
      const IncomingFile& file = entry.job->upload.file;
      document.replacement = Replacement{.status = entry.job->status,
                                         .filename = file.filename,
                                         .sha256 = file.sha256,
                                         .bytes = file.bytes,
                                         .failure = entry.job->failure};
    }
    return document;
  }
  static const Page* page_of(const Entry& entry, int number) {
    if (!entry.read) return nullptr;
    const auto found = std::ranges::find(entry.read->contents, number, &Page::number);
    return found == entry.read->contents.end() ? nullptr : &*found;
  }
  static Passage passage(const Entry& entry, std::size_t i) {
    const Chunk& chunk = entry.read->chunks[i];
    const Page* page = page_of(entry, chunk.span.page);
    return {.chunk = entry.ids[i],
            .document = entry.document.id,
            .filename = entry.document.filename,
            .page_label = page ? page->label : "",
            .text = chunk.text,
            .span = chunk.span,
            .paged = entry.read->pages > 0,
            .heading = chunk.heading};
  }
  static bool matches(const Document& document, const DocumentQuery& query) {
    const std::string part = text::fold_case(query.text);
    return (text::fold_case(document.filename).find(part) != std::string::npos ||
            text::fold_case(document.title).find(part) != std::string::npos) &&
           (!query.status || document.status == *query.status) &&
           (query.tag.empty() || std::ranges::count(document.tags, query.tag) > 0) &&
           (query.source.empty() || document.source == query.source);
  }
  static bool lets_through(const DocumentFilter& filter, const Document& document) {
    const auto is_or_any = [](const auto& wanted, const auto& value) {
      return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
    };
    const auto has = [&](const std::string& tag) { return std::ranges::count(document.tags, tag) > 0; };
    return is_or_any(filter.documents, document.id) && is_or_any(filter.media_types, document.media_type) &&
           (filter.tags.empty() || std::ranges::any_of(filter.tags, has)) &&
           (!filter.created_from || document.created_at >= *filter.created_from) &&
           (!filter.created_before || document.created_at < *filter.created_before);
  }

  [[noreturn]] static void refuse_unknown() { throw Error(ErrorCode::kNotFound, "There is no such document."); }
  static void check_limit(std::size_t limit) {
    if (limit < 1 || limit > 200) throw Error(ErrorCode::kInvalidArgument, "'limit' is not from 1 to 200.");
  }
  static std::int64_t read_cursor(const std::string& cursor) {
    if (cursor.empty()) return 0;
    std::int64_t last = 0;
    const char* const end = cursor.data() + cursor.size();
    const auto parsed = std::from_chars(cursor.data(), end, last);
    if (parsed.ec == std::errc{} && parsed.ptr == end && last > 0) return last;
    throw Error(ErrorCode::kInvalidArgument, "'after' is not a cursor of this list.").with_field("after");
  }
  std::string cursor_of(const DocumentId& id) { return std::to_string(entry_of(id)->number); }

  Entry* first_entry(const auto& wanted) {
    const auto found = std::ranges::find_if(entries_, [&](const auto& numbered) { return wanted(numbered.second); });
    return found == entries_.end() ? nullptr : &found->second;
  }
  Entry* entry_of(const DocumentId& id) {
    return first_entry([&](const Entry& entry) { return entry.document.id == id; });
  }
  Entry* entry_with(const std::string& sha256) {
    return first_entry([&](const Entry& entry) {
      return entry.document.sha256 == sha256 || (entry.job && entry.job->upload.file.sha256 == sha256);
    });
  }
  Entry* waiting_entry(std::int64_t job) {
    return first_entry([&](const Entry& entry) { return entry.waits() && entry.job->number == job; });
  }

  std::mutex mutex_;
  std::map<std::int64_t, Entry> entries_;  // by number, oldest first
  std::string stamp_ = random_id();
  std::int64_t last_entry_ = 0;
  std::int64_t last_job_ = 0;
  std::int64_t last_chunk_ = 0;
};

// Brings a document in whole, past the queue. Returns the ids of its chunks, in order.
inline std::vector<ChunkId> add(MemoryStore& store, const NewUpload& upload, const ReadDocument& read) {
  const Accepted accepted = store.accept(upload);
  if (accepted.already_known) throw Error(ErrorCode::kConflict, "The same bytes are here already.");
  return store.complete(store.waiting_job_of(accepted.document.id).value(), read).value();
}

// The same for what is one chunk after another on one page, found again by its name as sha256; `embedder` may be any
// Embedder. Returns the document as an index takes it in.
inline IndexedDocument add(MemoryStore& store, Embedder& embedder, const std::string& name,
                           const std::vector<std::string>& texts) {
  const NewUpload upload{.file = {.path = "/spool/" + name, .filename = name, .bytes = 1, .sha256 = name}};
  ReadDocument read{.media_type = "application/pdf", .title = {}, .pages = 1};
  Page page{.number = 1, .label = {}, .text = {}, .words = {}, .sections = {}};
  for (const std::string& text : texts) {
    const auto begin = static_cast<std::uint32_t>(page.text.size());
    const auto end = begin + static_cast<std::uint32_t>(text.size());
    read.chunks.push_back({.text = text, .span = {.page = 1, .begin = begin, .end = end, .boxes = {}}});
    page.text += text + "\n\n";
    const std::string_view view = text;
    read.embeddings.push_back(embedder.embed({&view, 1}, {}).front());
  }
  read.contents.push_back(std::move(page));
  const std::vector<ChunkId> ids = add(store, upload, read);
  IndexedDocument indexed{store.find_by_sha256(name)->id, {}};
  for (std::size_t i = 0; i < ids.size(); ++i) indexed.chunks.push_back({ids[i], texts[i], read.embeddings[i]});
  return indexed;
}

}  // namespace jackdaw::testing
