#include "core/error.h"
#include "store/content_rows.h"
#include "store/meta.h"
#include "store/sqlite_store.h"

namespace jackdaw::store {
namespace {

bool any_is_missing(Database& database) {
  return database.integer(
             "SELECT EXISTS(SELECT 1 FROM chunks WHERE NOT EXISTS "
             "(SELECT 1 FROM new_vectors WHERE new_vectors.chunk = chunks.id))") != 0;
}

void forget_whose(Database& database) {
  drop_meta(database, kMetaNewEmbedder);
  drop_meta(database, kMetaNewVectorsOf);
}

}  // namespace

std::string SqliteStore::embedder_name() {
  return read_meta(*readers_.lease(), kMetaEmbedder);
}

NewVectors SqliteStore::new_vectors() {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  return {.embedder = read_meta(*reader, kMetaNewEmbedder),
          .made = reader->integer("SELECT count(*) FROM new_vectors"),
          .chunks = reader->integer("SELECT count(*) FROM chunks")};
}

void SqliteStore::begin_new_vectors(const std::string& embedder, const std::string& of) {
  auto writer = writer_.lock();
  Database& database = writer->database;
  Transaction transaction(database, Transaction::Kind::kWrite);
  if (read_meta(database, kMetaNewEmbedder) == embedder && read_meta(database, kMetaNewVectorsOf) == of) return;
  database.execute("DELETE FROM new_vectors");
  write_meta(database, kMetaNewEmbedder, embedder);
  write_meta(database, kMetaNewVectorsOf, of);
  transaction.commit();
  reached(StoreStep::kNewVectorsBegun);
}

std::vector<ChunkToEmbed> SqliteStore::without_new_vector(ChunkId after, std::size_t limit) {
  const auto reader = readers_.lease();
  const Transaction snapshot(*reader, Transaction::Kind::kRead);
  Statement rows = reader->prepare(
      "SELECT chunks.id, chunks.text, chunks.heading, documents.title FROM chunks "
      "JOIN documents ON documents.number = chunks.document "
      "WHERE chunks.id > ?1 AND NOT EXISTS (SELECT 1 FROM new_vectors WHERE new_vectors.chunk = chunks.id) "
      "ORDER BY chunks.id LIMIT ?2");
  rows.bind(after.value, limit);
  std::vector<ChunkToEmbed> chunks;
  while (rows.step()) {
    chunks.push_back({.chunk = {rows.integer(0)},
                      .text = std::string(rows.text(1)),
                      .heading = std::string(rows.text(2)),
                      .title = std::string(rows.text(3))});
  }
  return chunks;
}

void SqliteStore::keep_new_vectors(std::span<const std::pair<ChunkId, Embedding>> vectors) {
  auto writer = writer_.lock();
  Transaction transaction(writer->database, Transaction::Kind::kWrite);
  Statement insert = writer->database.prepare(
      "INSERT OR REPLACE INTO new_vectors(chunk, components) SELECT id, ?2 FROM chunks WHERE id = ?1");
  for (const auto& [chunk, vector] : vectors) {
    if (!is_unit_vector(vector)) {
      throw Error(ErrorCode::kInternal, "The new vector of chunk " + std::to_string(chunk.value) +
                                            " is not of unit length, so it is not kept.");
    }
    insert.run(chunk.value, std::as_bytes(std::span(vector)));
  }
  reached(StoreStep::kNewVectorsWritten);
  transaction.commit();
  reached(StoreStep::kNewVectorsKept);
}

void SqliteStore::for_each_newly_embedded(const std::function<void(IndexedDocument&&)>& visit) {
  visit_indexed(VectorsOf::kNew, visit);
}

bool SqliteStore::use_new_vectors() {
  {
    auto writer = writer_.lock();
    Transaction transaction(writer->database, Transaction::Kind::kWrite);
    const std::string embedder = read_meta(writer->database, kMetaNewEmbedder);
    if (embedder.empty() || any_is_missing(writer->database)) return false;
    // The tables are alike: emptied, the old one takes the new one's name.
    writer->database.execute("DELETE FROM vectors");
    writer->database.execute("ALTER TABLE vectors RENAME TO emptied_vectors");
    writer->database.execute("ALTER TABLE new_vectors RENAME TO vectors");
    writer->database.execute("ALTER TABLE emptied_vectors RENAME TO new_vectors");
    write_meta(writer->database, kMetaEmbedder, embedder);
    forget_whose(writer->database);
    renew_index_stamp(writer->database);
    reached(StoreStep::kNewVectorsUseWritten);
    transaction.commit();
    writer->log_holds_removed = true;
    reached(StoreStep::kNewVectorsUsed);
  }
  cut_log_or_leave_it();
  return true;
}

}  // namespace jackdaw::store
