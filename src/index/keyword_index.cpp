#include "index/keyword_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace jackdaw::index {
namespace {

// Rows are scored in windows whose sums stay in the first-level cache (2048 doubles are 16 KiB).
constexpr std::size_t kWindowRows = 2048;
constexpr std::uint32_t kNoMoreRows = std::numeric_limits<std::uint32_t>::max();

// A term of the query, once.
struct QueryTerm {
  std::string text;
  std::uint32_t said = 0;    // times
  std::uint64_t chunks = 0;  // live ones that hold it
  double weight = 0;
};

// In order of first occurrence: with it the order of additions, and so the score to the last bit, is the query's alone.
std::vector<QueryTerm> distinct(std::vector<std::string> terms) {
  std::vector<QueryTerm> out;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::string& term : terms) {
    const auto [place, is_new] = places.try_emplace(term, out.size());
    if (is_new) out.push_back({term});
    ++out[place->second].said;
  }
  return out;
}

std::uint64_t count_live(const LiveSegment& segment, std::uint32_t term) {
  const Postings& postings = segment.segment->postings();
  if (!segment.live) return postings.count(term);
  std::uint64_t live = 0;
  for (auto cursor = postings.cursor(term); !cursor.done(); cursor.next()) live += segment.is_live(cursor.row());
  return live;
}

// A term's place in one segment, being read.
struct TermReader {
  Postings::Cursor cursor;
  double weight;
};

// The sums of one window, and which rows have one.
class Window {
 public:
  void add(std::size_t row, double score) noexcept {
    sums_[row] += score;
    touched_[row / RowSet::kWordBits] |= std::uint64_t{1} << (row % RowSet::kWordBits);
  }

  // Offers the touched rows that are allowed, and forgets all. The window begins at row `begin`, a multiple of 64.
  void collect(std::size_t begin, const RowSet* allowed, std::span<const ChunkId> chunks, TopK& best) {
    for (std::size_t w = 0; w < touched_.size(); ++w) {
      const std::uint64_t touched = std::exchange(touched_[w], 0);
      if (touched == 0) continue;
      const std::size_t word = begin / RowSet::kWordBits + w;
      for (std::uint64_t bits = touched; bits != 0; bits &= bits - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
        const auto score = static_cast<float>(std::exchange(sums_[w * RowSet::kWordBits + bit], 0.0));
        if (score < best.threshold() || score <= 0) continue;
        if (allowed != nullptr && (allowed->words()[word] >> bit & 1) == 0) continue;
        best.offer({chunks[word * RowSet::kWordBits + bit], score});
      }
    }
  }

 private:
  std::array<double, kWindowRows> sums_{};
  std::array<std::uint64_t, kWindowRows / RowSet::kWordBits> touched_{};
};

std::uint32_t lowest_row(std::span<const TermReader> readers) {
  std::uint32_t lowest = kNoMoreRows;
  for (const TermReader& reader : readers) {
    if (!reader.cursor.done()) lowest = std::min(lowest, reader.cursor.row());
  }
  return lowest;
}

void score_segment(const Segment& segment, const RowSet* allowed, const Bm25& bm25, std::span<TermReader> readers,
                   Window& window, TopK& best) {
  const auto lengths = segment.lengths();
  for (std::uint32_t row = lowest_row(readers); row != kNoMoreRows; row = lowest_row(readers)) {
    const std::size_t begin = row / kWindowRows * kWindowRows;
    const std::size_t end = begin + kWindowRows;
    for (TermReader& reader : readers) {
      Postings::Cursor cursor = reader.cursor;
      for (; !cursor.done() && cursor.row() < end; cursor.next()) {
        window.add(cursor.row() - begin, bm25.score(reader.weight, cursor.frequency(), lengths[cursor.row()]));
      }
      reader.cursor = cursor;
    }
    window.collect(begin, allowed, segment.chunks(), best);
  }
}

}  // namespace

Bm25Index::Bm25Index(std::shared_ptr<const Analyzer> analyzer, std::shared_ptr<const SegmentSet> segments,
                     const Bm25Parameters& parameters)
    : analyzer_(std::move(analyzer)),
      segments_(std::move(segments)),
      bm25_(parameters, segments_->chunks, segments_->terms) {}

Ranking Bm25Index::search(std::string_view query, std::size_t limit, const SearchFilter& filter) const {
  std::vector<QueryTerm> terms = distinct(analyzer_->terms(query));
  const auto& segments = segments_->segments;
  std::vector<std::optional<std::uint32_t>> numbers(segments.size() * terms.size());
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const auto number = segments[s].segment->postings().find(terms[t].text);
      numbers[s * terms.size() + t] = number;
      if (number) terms[t].chunks += count_live(segments[s], *number);
    }
  }
  for (QueryTerm& term : terms) term.weight = bm25_.idf(term.chunks) * term.said;

  TopK best(limit);
  Window window;
  std::vector<TermReader> readers;
  for (std::size_t s = 0; s < segments.size() && limit > 0; ++s) {
    const RowFilter allowed(segments[s], filter);
    if (allowed.allows_nothing()) continue;
    readers.clear();
    for (std::size_t t = 0; t < terms.size(); ++t) {
      const auto number = numbers[s * terms.size() + t];
      if (number) readers.push_back({segments[s].segment->postings().cursor(*number), terms[t].weight});
    }
    score_segment(*segments[s].segment, allowed.rows(), bm25_, readers, window, best);
  }
  return best.take();
}

}  // namespace jackdaw::index
