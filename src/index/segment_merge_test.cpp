#include "index/segment_merge.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/exact_search.h"

namespace jackdaw::index {
namespace {

using Places = std::vector<std::size_t>;

LiveSegment segment_of(std::size_t rows, std::size_t deleted = 0, std::int64_t first = 1) {
  std::vector<IndexedDocument> documents{{DocumentId{"d" + std::to_string(first)}, {}}};
  for (std::size_t i = 0; i < rows; ++i) {
    documents[0].chunks.push_back({ChunkId{first + static_cast<std::int64_t>(i)}, "", {1.0F}});
  }
  std::vector<std::uint32_t> gone;
  for (std::uint32_t row = 0; row < deleted; ++row) gone.push_back(row);
  return LiveSegment(build_segment(documents, Analyzer(), VectorEngine::kFlat, 1)).without(gone);
}

constexpr MergePolicy kPolicy{.fan_in = 3, .smallest_tier_rows = 10, .max_rows = 100, .max_deleted = 0.25};

TEST(ChooseMerge, WaitsUntilEnoughSegmentsShareATier) {
  EXPECT_EQ(choose_merge(kPolicy, std::vector<LiveSegment>{}), Places{});
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(5), segment_of(1)}), Places{});
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(5), segment_of(20), segment_of(1)}), Places{});
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(5), segment_of(20), segment_of(1), segment_of(9)}),
            (Places{0, 2, 3}));
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(10), segment_of(29), segment_of(1), segment_of(20)}),
            (Places{0, 1, 3}));
}

TEST(ChooseMerge, MakesNoSegmentLargerThanAllowed) {
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(89), segment_of(30), segment_of(40)}), (Places{1, 2}));
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(80), segment_of(80), segment_of(80)}), Places{});
}

TEST(ChooseMerge, RewritesASegmentOfWhichMuchIsDeleted) {
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(20), segment_of(20, 5)}), Places{});
  EXPECT_EQ(choose_merge(kPolicy, std::vector{segment_of(20), segment_of(20, 6)}), Places{1});
}

TEST(MergeSegments, GivesWhatOneSegmentOfTheLiveRowsWouldBe) {
  auto documents = testing::random_word_documents(9, 40, 300, 21);
  // Ids interleave over the sources.
  std::int64_t next = 0;
  for (auto& document : documents) {
    for (auto& chunk : document.chunks) chunk.chunk = ChunkId{(next++ * 7919) % 360 + 1};
  }
  std::vector<LiveSegment> sources;
  std::vector<IndexedDocument> kept;
  for (std::size_t d = 0; d < documents.size(); d += 3) {
    const auto part = std::span(documents).subspan(d, 3);
    LiveSegment whole(build_segment(part, Analyzer(), VectorEngine::kFlat, 1));
    sources.push_back(whole.without(whole.segment->rows_of(part[1].document)));
    kept.push_back(part[0]);
    kept.push_back(part[2]);
  }
  const auto merged = merge_segments(sources, VectorEngine::kFlat, 1, Cancellation());
  const auto expected = build_segment(kept, Analyzer(), VectorEngine::kFlat, 1);
  EXPECT_TRUE(std::ranges::equal(merged->chunks(), expected->chunks()));
  EXPECT_TRUE(std::ranges::equal(merged->lengths(), expected->lengths()));
  ASSERT_TRUE(std::ranges::equal(merged->documents(), expected->documents()));
  for (const DocumentId& document : merged->documents()) {
    EXPECT_TRUE(std::ranges::equal(merged->rows_of(document), expected->rows_of(document)));
  }
  ASSERT_EQ(merged->postings().terms(), expected->postings().terms());
  for (std::uint32_t term = 0; term < merged->postings().terms(); ++term) {
    ASSERT_EQ(merged->postings().term(term), expected->postings().term(term));
    ASSERT_EQ(merged->postings().count(term), expected->postings().count(term));
    auto a = merged->postings().cursor(term);
    for (auto b = expected->postings().cursor(term); !b.done(); a.next(), b.next()) {
      ASSERT_EQ(a.row(), b.row());
      ASSERT_EQ(a.frequency(), b.frequency());
    }
  }
}

TEST(MergeSegments, StopsWhenCancelled) {
  const Cancellation cancelled;
  cancelled.cancel(CancelReason::kShutdown);
  const std::vector sources{segment_of(5), segment_of(5, 0, 100)};
  EXPECT_THROW(merge_segments(sources, VectorEngine::kFlat, 1, cancelled), Error);
}

// Whose rows are cancelled while they are copied.
class CancellingRows final : public VectorSegment {
 public:
  CancellingRows(const Cancellation& cancellation, std::size_t after) : cancellation_(cancellation), after_(after) {}
  std::size_t copied() const noexcept { return copied_; }

  void search(std::span<const float>, const RowSet*, std::span<const ChunkId>, TopK&) const override {}
  float similarity(std::span<const float>, std::uint32_t) const override { return 0; }
  void copy_row(std::uint32_t, std::span<float> out) const override {
    if (++copied_ == after_) cancellation_.cancel(CancelReason::kShutdown);
    out[0] = 1;
  }
  void save(std::span<const std::uint32_t>, VectorSink&) const override {}

 private:
  const Cancellation& cancellation_;
  const std::size_t after_;
  mutable std::size_t copied_ = 0;
};

TEST(MergeSegments, StopsAmongTheVectorsWhenCancelledThere) {
  constexpr std::size_t kRows = 100'000;
  for (const VectorEngine engine : {VectorEngine::kFlat, VectorEngine::kFaiss}) {
    const Cancellation cancellation;
    const CancellingRows source(cancellation, 5000);
    std::vector<VectorOrigin> origins;
    for (std::uint32_t row = 0; row < kRows; ++row) origins.push_back({&source, row});
    EXPECT_THROW(merge_vector_segments(engine, 1, origins, cancellation), Error);
    EXPECT_LT(source.copied(), 10'000u) << name_of(engine);
  }
}

}  // namespace
}  // namespace jackdaw::index
