#include "index/segment_merge.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "index/often.h"

namespace jackdaw::index {
namespace {

constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();

// Between two looks at the cancellation.
constexpr std::size_t kTermsPerSlice = 1024;

std::size_t tier_of(const MergePolicy& policy, std::size_t live_rows) {
  std::size_t tier = 0;
  for (std::size_t border = policy.smallest_tier_rows; live_rows >= border; border *= policy.fan_in) ++tier;
  return tier;
}

// The smallest of `tier`, as many as fit into max_rows; ascending places.
std::vector<std::size_t> fitting(const MergePolicy& policy, std::span<const LiveSegment> segments,
                                 std::vector<std::size_t> tier) {
  std::stable_sort(tier.begin(), tier.end(),
                   [&](std::size_t a, std::size_t b) { return segments[a].live_rows < segments[b].live_rows; });
  std::size_t rows = 0;
  std::size_t count = 0;
  while (count < tier.size() && rows + segments[tier[count]].live_rows <= policy.max_rows) {
    rows += segments[tier[count++]].live_rows;
  }
  tier.resize(count);
  std::sort(tier.begin(), tier.end());
  return tier;
}

// Where the live rows of the sources go: ascending by chunk id.
class RowPlan {
 public:
  struct Row {
    ChunkId chunk;
    std::uint32_t source;
    std::uint32_t row;
  };

  RowPlan(std::span<const LiveSegment> sources, const Cancellation& cancellation) {
    for (std::uint32_t s = 0; s < sources.size(); ++s) {
      new_rows_.emplace_back(sources[s].segment->rows(), kGone);
      const auto chunks = sources[s].segment->chunks();
      for (std::uint32_t row = 0; row < chunks.size(); ++row) {
        check_often(row, cancellation);
        if (sources[s].is_live(row)) rows_.push_back({chunks[row], s, row});
      }
    }
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.chunk < b.chunk; });
    cancellation.throw_if_requested();
    for (std::uint32_t row = 0; row < rows_.size(); ++row) new_rows_[rows_[row].source][rows_[row].row] = row;
  }

  std::span<const Row> rows() const noexcept { return rows_; }
  // kGone for a row that was deleted.
  std::uint32_t new_row(std::size_t source, std::uint32_t row) const noexcept { return new_rows_[source][row]; }

 private:
  std::vector<Row> rows_;
  std::vector<std::vector<std::uint32_t>> new_rows_;
};

void append_term(Postings& merged, std::string_view term, std::vector<Posting>& postings,
                 std::span<const std::uint32_t> lengths) {
  if (postings.empty()) return;
  const auto by_row = [](const Posting& a, const Posting& b) { return a.row < b.row; };
  if (!std::is_sorted(postings.begin(), postings.end(), by_row)) std::sort(postings.begin(), postings.end(), by_row);
  merged.append(term, postings, lengths);
}

// Walks the sorted dictionaries of all sources side by side.
Postings merge_postings(std::span<const LiveSegment> sources, const RowPlan& plan,
                        std::span<const std::uint32_t> lengths, const Cancellation& cancellation) {
  Postings merged;
  std::vector<std::size_t> next(sources.size(), 0);
  std::vector<Posting> postings;
  for (std::size_t merged_terms = 0;; ++merged_terms) {
    if (merged_terms % kTermsPerSlice == 0) cancellation.throw_if_requested();
    std::optional<std::string_view> lowest;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const Postings& source = sources[s].segment->postings();
      if (next[s] < source.terms() && (!lowest || source.term(next[s]) < *lowest)) lowest = source.term(next[s]);
    }
    if (!lowest) break;
    postings.clear();
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const Postings& source = sources[s].segment->postings();
      if (next[s] == source.terms() || source.term(next[s]) != *lowest) continue;
      for (auto cursor = source.cursor(next[s]++); !cursor.done(); cursor.next()) {
        const std::uint32_t row = plan.new_row(s, cursor.row());
        if (row != kGone) postings.push_back({row, cursor.frequency()});
      }
    }
    append_term(merged, *lowest, postings, lengths);
  }
  merged.shrink();
  return merged;
}

DocumentRows merge_documents(std::span<const LiveSegment> sources, const RowPlan& plan,
                             const Cancellation& cancellation) {
  std::vector<const DocumentId*> document_of_row(plan.rows().size(), nullptr);
  std::size_t looked_at = 0;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    for (const DocumentId& document : sources[s].segment->documents()) {
      for (const std::uint32_t row : sources[s].segment->rows_of(document)) {
        check_often(looked_at++, cancellation);
        if (plan.new_row(s, row) != kGone) document_of_row[plan.new_row(s, row)] = &document;
      }
    }
  }
  cancellation.throw_if_requested();
  return group_by_document(document_of_row);
}

}  // namespace

std::vector<std::size_t> choose_merge(const MergePolicy& policy, std::span<const LiveSegment> segments) {
  std::map<std::size_t, std::vector<std::size_t>> tiers;
  for (std::size_t place = 0; place < segments.size(); ++place) {
    const auto rows = static_cast<double>(segments[place].segment->rows());
    const auto live = static_cast<double>(segments[place].live_rows);
    if (rows - live > policy.max_deleted * rows) return {place};
    tiers[tier_of(policy, segments[place].live_rows)].push_back(place);
  }
  for (const auto& [tier, places] : tiers) {
    if (places.size() < policy.fan_in) continue;
    auto chosen = fitting(policy, segments, places);
    if (chosen.size() > 1) return chosen;
  }
  return {};
}

LiveRows gather_live_rows(std::span<const LiveSegment> sources, const Cancellation& cancellation) {
  const RowPlan plan(sources, cancellation);
  LiveRows live;
  live.words.documents = merge_documents(sources, plan, cancellation);
  live.words.chunks.reserve(plan.rows().size());
  live.words.lengths.reserve(plan.rows().size());
  live.vectors.reserve(plan.rows().size());
  for (const RowPlan::Row& row : plan.rows()) {
    check_often(live.vectors.size(), cancellation);
    const Segment& source = *sources[row.source].segment;
    live.words.chunks.push_back(row.chunk);
    live.words.lengths.push_back(source.lengths()[row.row]);
    live.vectors.push_back({&source.vectors(), row.row});
  }
  live.words.postings = merge_postings(sources, plan, live.words.lengths, cancellation);
  return live;
}

std::shared_ptr<const Segment> merge_segments(std::span<const LiveSegment> sources, VectorEngine engine,
                                              std::size_t dimensions, const Cancellation& cancellation) {
  LiveRows live = gather_live_rows(sources, cancellation);
  cancellation.throw_if_requested();
  return std::make_shared<const Segment>(std::move(live.words),
                                         merge_vector_segments(engine, dimensions, live.vectors, cancellation));
}

}  // namespace jackdaw::index
