#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/embedding.h"
#include "core/ids.h"
#include "core/search_index.h"

namespace jackdaw {

// A chunk with what an embedder is shown of it.
struct ChunkToEmbed {
  ChunkId chunk;
  std::string text;
  std::string heading{};  // empty: none
  std::string title{};    // of its document; empty: none
};

// How far the vectors of another embedder are.
struct NewVectors {
  std::string embedder{};   // whose they are; empty: none were begun
  std::int64_t made = 0;    // of the chunks that there are now
  std::int64_t chunks = 0;  // that there are now
};

// Vectors of another embedder, made beside those in use until all chunks have one: a crash loses nothing, and going on
// takes up where it ended. Durable like DocumentStore; any thread; blocks on the disk. Throws Error kStorageFull.
class VectorStore {
 public:
  virtual ~VectorStore() = default;

  // Embedder::name() of the vectors in use; empty while no embedder was ever named.
  virtual std::string embedder_name() = 0;
  virtual NewVectors new_vectors() = 0;

  // What was made by the same embedder, of the same text of each chunk, stays; anything else is forgotten. `of` names
  // the text: how it is put together of body, heading and title.
  virtual void begin_new_vectors(const std::string& embedder, const std::string& of) = 0;

  // At most `limit` chunks behind `after` that have no new vector yet, in the order of their ids.
  virtual std::vector<ChunkToEmbed> without_new_vector(ChunkId after, std::size_t limit) = 0;
  // Chunks that are gone are passed over. Throws Error kInternal for a vector that is not of unit length.
  virtual void keep_new_vectors(std::span<const std::pair<ChunkId, Embedding>> vectors) = 0;

  // DocumentStore::for_each_indexed with the new vectors; chunks that have none are left out.
  virtual void for_each_newly_embedded(const std::function<void(IndexedDocument&&)>& visit) = 0;

  // Puts the new vectors into the place of those in use, in one transaction; afterwards none are begun. False, and
  // nothing changed, when a chunk has none, or none were begun.
  virtual bool use_new_vectors() = 0;
};

}  // namespace jackdaw
