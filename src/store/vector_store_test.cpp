#include "core/vector_store.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class VectorStoreTest : public testing::Test {
 protected:
  void SetUp() override { open("first"); }
  void open(const std::string& embedder) {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(
        SqliteStoreOptions{.data_dir = folder_.path(), .embedder_name = embedder, .on_step = {}});
  }
  std::vector<ChunkId> add(const std::string& mark) {
    Spool spool = spool_of(folder_.path(), "original of " + mark);
    SampleDocument sample = sample_document(spool, mark, random_);
    return jackdaw::store::add(*store_, sample);
  }
  using Vectors = std::map<std::int64_t, Embedding>;
  // New vectors, of another length than the old ones, for at most so many chunks.
  Vectors make(std::size_t most = 1000) {
    Vectors made;
    std::vector<std::pair<ChunkId, Embedding>> kept;
    for (const ChunkToEmbed& chunk : store_->without_new_vector({0}, most)) {
      kept.emplace_back(chunk.chunk, unit_vector(random_, 48));
      made[chunk.chunk.value] = kept.back().second;
    }
    store_->keep_new_vectors(kept);
    return made;
  }
  Vectors in_use() {
    Vectors found;
    store_->for_each_indexed([&](IndexedDocument&& document) {
      for (IndexedChunk& chunk : document.chunks) found[chunk.chunk.value] = std::move(chunk.embedding);
    });
    return found;
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{5};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(VectorStoreTest, NewVectorsTakeThePlaceOfTheOldOnceEveryChunkHasOne) {
  add("alpha");
  add("beta");
  const Vectors old = in_use();
  const std::string stamp = store_->index_stamp();
  store_->begin_new_vectors("second", "title");
  Vectors made = make(3);
  EXPECT_FALSE(store_->use_new_vectors());
  EXPECT_EQ(in_use(), old);
  EXPECT_EQ(store_->index_stamp(), stamp);
  const NewVectors so_far = store_->new_vectors();
  EXPECT_EQ(so_far.embedder, "second");
  EXPECT_EQ(so_far.made, 3);
  EXPECT_EQ(so_far.chunks, static_cast<std::int64_t>(old.size()));
  made.merge(make());
  Vectors visited;
  store_->for_each_newly_embedded([&](IndexedDocument&& document) {
    for (IndexedChunk& chunk : document.chunks) visited[chunk.chunk.value] = std::move(chunk.embedding);
  });
  EXPECT_EQ(visited, made);
  EXPECT_TRUE(store_->use_new_vectors());
  EXPECT_EQ(in_use(), made);
  EXPECT_EQ(store_->embedder_name(), "second");
  EXPECT_NE(store_->index_stamp(), stamp);
  EXPECT_EQ(store_->new_vectors().embedder, "");
  EXPECT_EQ(store_->new_vectors().made, 0);
  EXPECT_FALSE(store_->use_new_vectors());
  open("second");
  EXPECT_EQ(in_use(), made);
  add("gamma");
  EXPECT_EQ(in_use().size(),
            made.size() + store_->chunks_of(store_->list({.text = "gamma"}).documents[0].id, 200, "").passages.size());
}

TEST_F(VectorStoreTest, WhatWasMadeSurvivesARestart) {
  add("alpha");
  store_->begin_new_vectors("second", "title");
  const std::size_t made = make(2).size();
  open("first");
  store_->begin_new_vectors("second", "title");
  EXPECT_EQ(store_->new_vectors().made, static_cast<std::int64_t>(made));
}

TEST_F(VectorStoreTest, VectorsOfAThirdEmbedderOrOfOtherTextBeginAnew) {
  add("alpha");
  store_->begin_new_vectors("second", "title");
  make(2);
  store_->begin_new_vectors("second", "none");
  EXPECT_EQ(store_->new_vectors().made, 0);
  make(2);
  store_->begin_new_vectors("third", "none");
  EXPECT_EQ(store_->new_vectors().made, 0);
  EXPECT_EQ(store_->new_vectors().embedder, "third");
}

TEST_F(VectorStoreTest, NewVectorsGoWithTheirDocument) {
  add("alpha");
  store_->begin_new_vectors("second", "title");
  const auto late = make();
  EXPECT_TRUE(store_->remove(store_->list({}).documents.at(0).id));
  EXPECT_EQ(store_->new_vectors().made, 0);
  // Of a chunk that is gone meanwhile.
  store_->keep_new_vectors(std::vector{std::pair(ChunkId{late.begin()->first}, late.begin()->second)});
  EXPECT_EQ(store_->new_vectors().made, 0);
  EXPECT_TRUE(store_->use_new_vectors());
}

TEST_F(VectorStoreTest, AVectorThatIsNoDirectionIsRefused) {
  const auto chunks = add("alpha");
  store_->begin_new_vectors("second", "title");
  EXPECT_THROW(store_->keep_new_vectors(std::vector{std::pair(chunks[0], Embedding{1, 1})}), Error);
  EXPECT_EQ(store_->new_vectors().made, 0);
}

TEST_F(VectorStoreTest, AnotherEmbedderIsRefusedByNameWithTheCommandThatHelps) {
  add("alpha");
  try {
    open("second");
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    const std::string said = error.what();
    for (const char* part : {"'first'", "'second'", "jackdaw reindex"}) EXPECT_NE(said.find(part), std::string::npos);
  }
}

}  // namespace
}  // namespace jackdaw::store
