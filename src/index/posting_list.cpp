#include "index/posting_list.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "index/bit_packing.h"

namespace jackdaw::index {
namespace {

static_assert(std::endian::native == std::endian::little, "lists are written as numbers lie in memory");

constexpr std::uint32_t kBeforeFirstRow = 0xFFFFFFFF;  // -1: one more is row 0
constexpr std::size_t kDirectoryBytes = 14;            // a block, without its impacts
constexpr std::uint32_t kMaxRow = 0x7FFFFFFF;
constexpr std::uint32_t kMaxFrequency = 0x7FFFFFFF;

template <class Number>
void put(std::vector<std::uint8_t>& out, Number value) {
  std::uint8_t bytes[sizeof(Number)];
  std::memcpy(bytes, &value, sizeof(Number));
  out.insert(out.end(), bytes, bytes + sizeof(Number));
}

void put_code(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_byte_code(std::span<const Posting> postings, std::uint32_t before, std::vector<std::uint8_t>& out) {
  for (const Posting& posting : postings) {
    const bool once = posting.frequency == 1;
    put_code(out, (posting.row - before - 1) << 1 | (once ? 1 : 0));
    if (!once) put_code(out, posting.frequency);
    before = posting.row;
  }
}

std::uint32_t read_code(const std::uint8_t*& at) noexcept {
  std::uint32_t value = *at & 0x7Fu;
  for (int shift = 7; (*at++ & 0x80u) != 0; shift += 7) value |= (*at & 0x7Fu) << shift;
  return value;
}

void decode_byte_code(const std::uint8_t* at, std::uint32_t before, std::uint32_t count, DecodedBlock& out) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t step = read_code(at);
    before += (step >> 1) + 1;
    out.rows[i] = before;
    out.frequencies[i] = (step & 1) != 0 ? 1 : read_code(at);
  }
  out.count = count;
}

void decode_packed(const std::uint8_t* at, std::uint32_t before, unsigned row_width, unsigned frequency_width,
                   DecodedBlock& out) noexcept {
  unpack(at, row_width, out.rows);
  sum_up(before, out.rows);
  unpack(at + packed_bytes(row_width), frequency_width, out.frequencies);
  for (std::uint32_t& frequency : out.frequencies) ++frequency;
  out.count = kBlockPostings;
}

// What a list's directory says, gathered block by block.
struct Directory {
  std::vector<std::uint32_t> last_rows;
  std::vector<std::uint32_t> data_ends;
  std::vector<std::uint32_t> impact_ends;
  std::vector<std::uint8_t> widths;
  std::vector<Impact> impacts;
  std::vector<std::uint8_t> data;
};

void append_packed(std::span<const Posting> postings, std::uint32_t before, Directory& list) {
  PackedNumbers distances;
  PackedNumbers frequencies;
  for (std::size_t i = 0; i < kBlockPostings; ++i) {
    distances[i] = postings[i].row - std::exchange(before, postings[i].row) - 1;
    frequencies[i] = postings[i].frequency - 1;
  }
  for (const PackedNumbers* numbers : {&distances, &frequencies}) {
    const unsigned width = width_of(*numbers);
    list.widths.push_back(static_cast<std::uint8_t>(width));
    pack(*numbers, width, list.data);
  }
}

void append_impacts(std::span<const Posting> postings, std::span<const std::uint32_t> lengths,
                    std::vector<Impact>& out) {
  constexpr std::size_t kUsual = 32;  // nearly all frequencies are below
  std::array<std::uint16_t, kUsual> shortest;
  shortest.fill(Impact::kMost);
  std::uint32_t usual = 0;  // frequencies that were seen
  std::vector<Impact> candidates;
  for (const Posting& posting : postings) {
    const auto length = static_cast<std::uint16_t>(std::min<std::uint32_t>(lengths[posting.row], Impact::kMost));
    if (posting.frequency < kUsual) {
      usual |= 1u << posting.frequency;
      shortest[posting.frequency] = std::min(shortest[posting.frequency], length);
    } else {
      candidates.push_back(
          {static_cast<std::uint16_t>(std::min<std::uint32_t>(posting.frequency, Impact::kMost)), length});
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Impact& a, const Impact& b) {
    return a.frequency != b.frequency ? a.frequency > b.frequency : a.length < b.length;
  });
  std::uint32_t best_length = std::numeric_limits<std::uint32_t>::max();
  const auto offer = [&](const Impact& impact) {
    if (impact.length >= best_length) return;
    best_length = impact.length;
    out.push_back(impact);
  };
  for (const Impact& candidate : candidates) offer(candidate);
  for (; usual != 0; usual &= ~std::bit_floor(usual)) {
    const auto frequency = static_cast<std::uint16_t>(std::bit_width(usual) - 1);
    offer({frequency, shortest[frequency]});
  }
}

// Reads byte code with every bound.
class CarefulReader {
 public:
  explicit CarefulReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  bool is_at_end() const { return left_.empty(); }
  // False past the end, or when it is no number of 32 bits, or written longer than it need be.
  bool code(std::uint32_t& out) {
    std::uint64_t value = 0;
    for (int shift = 0; !left_.empty() && shift < 35; shift += 7) {
      const std::uint8_t byte = left_.front();
      left_ = left_.subspan(1);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80u) != 0) continue;
      if (byte == 0 && shift > 0) return false;
      out = static_cast<std::uint32_t>(value);
      return value <= std::numeric_limits<std::uint32_t>::max();
    }
    return false;
  }

 private:
  std::span<const std::uint8_t> left_;
};

// Appends what is sound to `postings`; `before` is the row before, or -1.
bool check_byte_code(std::span<const std::uint8_t> bytes, std::int64_t before, std::uint32_t count,
                     std::vector<Posting>& postings) {
  CarefulReader reader(bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t step = 0;
    std::uint32_t frequency = 1;
    if (!reader.code(step)) return false;
    const bool once = (step & 1) != 0;
    if (!once && (!reader.code(frequency) || frequency == 1)) return false;
    before += std::int64_t{step >> 1} + 1;
    if (before > kMaxRow || frequency == 0 || frequency > kMaxFrequency) return false;
    postings.push_back({static_cast<std::uint32_t>(before), frequency});
  }
  return reader.is_at_end();
}

bool check_packed(const std::uint8_t* data, std::int64_t before, unsigned row_width, unsigned frequency_width,
                  std::vector<Posting>& postings) {
  PackedNumbers distances;
  PackedNumbers frequencies;
  unpack(data, row_width, distances);
  unpack(data + packed_bytes(row_width), frequency_width, frequencies);
  if (width_of(distances) != row_width || width_of(frequencies) != frequency_width) return false;
  for (std::size_t i = 0; i < kBlockPostings; ++i) {
    before += std::int64_t{distances[i]} + 1;
    if (before > kMaxRow || frequencies[i] >= kMaxFrequency) return false;
    postings.push_back({static_cast<std::uint32_t>(before), frequencies[i] + 1});
  }
  return true;
}

// A directory that lies in bytes that may be anything.
class CarefulDirectory {
 public:
  CarefulDirectory(std::span<const std::uint8_t> bytes, std::size_t blocks) : bytes_(bytes), blocks_(blocks) {}

  bool fits() const {
    if (bytes_.size() / kDirectoryBytes < blocks_) return false;
    return (bytes_.size() - kDirectoryBytes * blocks_) / sizeof(Impact) >= impact_end(blocks_ - 1);
  }
  std::uint32_t last_row(std::size_t block) const { return number(block); }
  std::uint32_t data_end(std::size_t block) const { return number(blocks_ + block); }
  std::uint32_t impact_end(std::size_t block) const { return number(2 * blocks_ + block); }
  unsigned width(std::size_t block, std::size_t which) const { return bytes_[12 * blocks_ + 2 * block + which]; }
  Impact impact(std::size_t place) const {
    Impact found;
    std::memcpy(&found, bytes_.data() + kDirectoryBytes * blocks_ + sizeof(Impact) * place, sizeof(Impact));
    return found;
  }
  std::span<const std::uint8_t> data() const {
    return bytes_.subspan(kDirectoryBytes * blocks_ + sizeof(Impact) * impact_end(blocks_ - 1));
  }

 private:
  std::uint32_t number(std::size_t place) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes_.data() + 4 * place, sizeof(value));
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t blocks_;
};

// Walks the blocks of a list with a directory.
class DirectoryCheck {
 public:
  DirectoryCheck(std::span<const std::uint8_t> bytes, std::uint32_t count, std::span<const std::uint32_t> lengths,
                 std::vector<Posting>& postings)
      : directory_(bytes, (count + kBlockPostings - 1) / kBlockPostings),
        count_(count),
        lengths_(lengths),
        postings_(postings) {}

  bool is_sound() {
    if (!directory_.fits()) return false;
    const std::size_t blocks = (count_ + kBlockPostings - 1) / kBlockPostings;
    for (std::size_t block = 0; block < blocks; ++block) {
      if (!is_sound_block(block)) return false;
    }
    return data_at_ == directory_.data().size();
  }

 private:
  bool is_sound_block(std::size_t block) {
    const std::size_t first = block * kBlockPostings;
    const auto count = std::min<std::uint32_t>(kBlockPostings, count_ - static_cast<std::uint32_t>(first));
    if (!take_postings(block, count)) return false;
    const std::span<const Posting> own = std::span(postings_).subspan(first);
    if (own.back().row >= lengths_.size() || own.back().row != directory_.last_row(block)) return false;
    impacts_.clear();
    append_impacts(own, lengths_, impacts_);
    if (directory_.impact_end(block) != impacts_at_ + impacts_.size() ||
        directory_.impact_end(block) > directory_.impact_end((count_ - 1) / kBlockPostings)) {
      return false;
    }
    return std::all_of(impacts_.begin(), impacts_.end(),
                       [&](const Impact& impact) { return directory_.impact(impacts_at_++) == impact; });
  }

  bool take_postings(std::size_t block, std::uint32_t count) {
    const std::size_t end = directory_.data_end(block);
    if (end < data_at_ || end > directory_.data().size()) return false;
    const auto own = directory_.data().subspan(data_at_, end - data_at_);
    const std::int64_t before = postings_.empty() ? -1 : std::int64_t{postings_.back().row};
    const unsigned row_width = directory_.width(block, 0);
    const unsigned frequency_width = directory_.width(block, 1);
    data_at_ = end;
    if (count < kBlockPostings) {
      return row_width == 0 && frequency_width == 0 && check_byte_code(own, before, count, postings_);
    }
    return row_width <= 32 && frequency_width <= 32 &&
           own.size() == packed_bytes(row_width) + packed_bytes(frequency_width) &&
           check_packed(own.data(), before, row_width, frequency_width, postings_);
  }

  CarefulDirectory directory_;
  std::uint32_t count_;
  std::span<const std::uint32_t> lengths_;
  std::vector<Posting>& postings_;
  std::vector<Impact> impacts_;
  std::size_t data_at_ = 0;
  std::size_t impacts_at_ = 0;
};

}  // namespace

PostingList::PostingList(const std::uint8_t* begin, std::uint32_t count) noexcept
    : begin_(begin), data_(begin), count_(count) {
  if (!has_directory()) return;
  const std::size_t impacts = number(begin_ + 8 * blocks(), blocks() - 1);
  data_ = begin_ + kDirectoryBytes * blocks() + sizeof(Impact) * impacts;
}

void PostingList::decode(std::size_t block, DecodedBlock& out) const noexcept {
  if (!has_directory()) return decode_byte_code(data_, kBeforeFirstRow, count_, out);
  const std::uint32_t before = block == 0 ? kBeforeFirstRow : last_row(block - 1);
  const std::uint8_t* data = data_ + (block == 0 ? 0 : number(begin_ + 4 * blocks(), block - 1));
  const auto count = std::min<std::size_t>(kBlockPostings, count_ - block * kBlockPostings);
  if (count < kBlockPostings) return decode_byte_code(data, before, static_cast<std::uint32_t>(count), out);
  const std::uint8_t* widths = begin_ + 12 * blocks() + 2 * block;
  decode_packed(data, before, widths[0], widths[1], out);
}

void append_posting_list(std::span<const Posting> postings, std::span<const std::uint32_t> lengths,
                         std::vector<std::uint8_t>& out) {
  if (postings.size() < kBlockPostings) return append_byte_code(postings, kBeforeFirstRow, out);
  Directory list;
  std::uint32_t before = kBeforeFirstRow;
  for (std::size_t begin = 0; begin < postings.size(); begin += kBlockPostings) {
    const auto block = postings.subspan(begin, std::min(kBlockPostings, postings.size() - begin));
    if (block.size() == kBlockPostings) {
      append_packed(block, before, list);
    } else {
      list.widths.insert(list.widths.end(), 2, 0);
      append_byte_code(block, before, list.data);
    }
    append_impacts(block, lengths, list.impacts);
    before = block.back().row;
    list.last_rows.push_back(before);
    list.data_ends.push_back(static_cast<std::uint32_t>(list.data.size()));
    list.impact_ends.push_back(static_cast<std::uint32_t>(list.impacts.size()));
  }
  for (const auto* numbers : {&list.last_rows, &list.data_ends, &list.impact_ends}) {
    for (const std::uint32_t number : *numbers) put(out, number);
  }
  out.insert(out.end(), list.widths.begin(), list.widths.end());
  for (const Impact& impact : list.impacts) put(out, impact);
  out.insert(out.end(), list.data.begin(), list.data.end());
}

bool check_posting_list(std::span<const std::uint8_t> bytes, std::uint32_t count,
                        std::span<const std::uint32_t> lengths, std::vector<Posting>& postings) {
  postings.clear();
  if (count == 0) return false;
  if (count >= kBlockPostings) return DirectoryCheck(bytes, count, lengths, postings).is_sound();
  return check_byte_code(bytes, -1, count, postings) && postings.back().row < lengths.size();
}

}  // namespace jackdaw::index
