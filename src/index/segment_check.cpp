#include "index/segment_check.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace jackdaw::index {
namespace {

template <class Range>
bool ascends(const Range& range) {
  return std::adjacent_find(range.begin(), range.end(), std::greater_equal<>()) == range.end();
}

bool is_sound(const DocumentRows& grouped, std::size_t rows) {
  const auto& begins = grouped.begins;
  if (begins.size() != grouped.documents.size() + 1 || begins.front() != 0 || begins.back() != rows) return false;
  if (!ascends(begins) || !ascends(grouped.documents) || grouped.rows.size() != rows) return false;
  RowSet missing(rows, true);
  for (std::size_t document = 0; document + 1 < begins.size(); ++document) {
    const auto own = std::span(grouped.rows).subspan(begins[document], begins[document + 1] - begins[document]);
    if (!ascends(own) || own.back() >= rows) return false;
    for (const std::uint32_t row : own) missing.erase(row);
  }
  return missing.count() == 0;
}

// Terms are not empty and ascend.
bool are_sound_terms(const Postings& postings) {
  const auto& [text, text_ends, begins, counts, bytes] = postings.parts();
  if (!ascends(text_ends) || (!text_ends.empty() && text_ends.front() == 0)) return false;
  if ((text_ends.empty() ? 0 : text_ends.back()) != text.size()) return false;
  for (std::size_t term = 1; term < postings.terms(); ++term) {
    if (postings.term(term - 1) >= postings.term(term)) return false;
  }
  return true;
}

// Every list can be read to its end, and frequencies add up to the lengths of the rows.
bool are_sound_postings(const PostingsParts& parts, std::span<const std::uint32_t> lengths) {
  std::vector<std::uint32_t> left(lengths.begin(), lengths.end());
  std::vector<Posting> postings;
  const std::size_t terms = parts.counts.size();
  if (terms == 0 && !parts.bytes.empty()) return false;
  for (std::size_t term = 0; term < terms; ++term) {
    const std::uint64_t begin = parts.begins[term];
    const std::uint64_t end = term + 1 < terms ? parts.begins[term + 1] : parts.bytes.size();
    if ((term == 0 && begin != 0) || begin > end || end > parts.bytes.size()) return false;
    if (parts.counts[term] > lengths.size()) return false;
    const auto bytes = std::span(parts.bytes).subspan(begin, end - begin);
    if (!check_posting_list(bytes, parts.counts[term], lengths, postings)) return false;
    for (const auto& [row, frequency] : postings) {
      if (frequency > left[row]) return false;
      left[row] -= frequency;
    }
  }
  return std::count(left.begin(), left.end(), 0u) == static_cast<std::ptrdiff_t>(left.size());
}

}  // namespace

bool is_sound(const SegmentWords& words) {
  const PostingsParts& parts = words.postings.parts();
  const std::size_t terms = parts.counts.size();
  return !words.chunks.empty() && words.lengths.size() == words.chunks.size() && ascends(words.chunks) &&
         is_sound(words.documents, words.chunks.size()) && parts.text_ends.size() == terms &&
         parts.begins.size() == terms && are_sound_terms(words.postings) && are_sound_postings(parts, words.lengths);
}

bool are_disjoint(std::span<const std::shared_ptr<const Segment>> segments) {
  if (segments.size() < 2) return true;
  std::vector<ChunkId> chunks;
  std::vector<DocumentId> documents;
  for (const auto& segment : segments) {
    chunks.insert(chunks.end(), segment->chunks().begin(), segment->chunks().end());
    documents.insert(documents.end(), segment->documents().begin(), segment->documents().end());
  }
  std::sort(chunks.begin(), chunks.end());
  std::sort(documents.begin(), documents.end());
  return ascends(chunks) && ascends(documents);
}

}  // namespace jackdaw::index
