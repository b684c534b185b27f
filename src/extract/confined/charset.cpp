#include "extract/confined/charset.h"

#include <uchardet/uchardet.h>
#include <unicode/ucnv.h>
#include <unicode/udata.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>

#include "extract/confined/clean_text.h"

namespace jackdaw::extract {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUtf8 = "UTF-8";
constexpr std::string_view kFallback = "windows-1252";
// Frequencies of letters settle long before.
constexpr std::size_t kGuessBytes = std::size_t{1} << 20;
// With fewer the frequencies of letters say nothing about which of the Latin alphabets it is.
constexpr std::size_t kFewHighBytes = 20;

struct Mark {
  std::string_view bytes;
  std::string_view charset;
};

// The longer ones first: the mark of UTF-32 begins like that of UTF-16.
constexpr std::array kMarks = {Mark{"\xff\xfe\0\0"sv, "UTF-32LE"}, Mark{"\0\0\xfe\xff"sv, "UTF-32BE"},
                               Mark{"\xef\xbb\xbf"sv, kUtf8}, Mark{"\xff\xfe"sv, "UTF-16LE"},
                               Mark{"\xfe\xff"sv, "UTF-16BE"}};

std::string_view by_mark(std::string_view bytes) {
  const auto mark = std::ranges::find_if(kMarks, [&](const Mark& m) { return bytes.starts_with(m.bytes); });
  return mark == kMarks.end() ? std::string_view() : mark->charset;
}

// Text of mostly Latin letters in wide units shows as zeros in the same place of each.
std::string_view by_zeros(std::string_view bytes) {
  const std::string_view sample = bytes.substr(0, kGuessBytes);
  std::array<std::size_t, 4> zeros{};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 4] += sample[i] == '\0' ? 1 : 0;
  const std::size_t units = sample.size() / 4;
  if (units == 0) return {};
  const auto mostly = [&](std::size_t place) { return zeros[place] * 10 >= units * 7; };
  const auto hardly = [&](std::size_t place) { return zeros[place] * 20 <= units; };
  if (mostly(1) && mostly(2) && mostly(3) && hardly(0)) return "UTF-32LE";
  if (mostly(0) && mostly(1) && mostly(2) && hardly(3)) return "UTF-32BE";
  if (mostly(1) && mostly(3) && hardly(0) && hardly(2)) return "UTF-16LE";
  if (mostly(0) && mostly(2) && hardly(1) && hardly(3)) return "UTF-16BE";
  return {};
}

bool is_latin(std::string_view charset) {
  constexpr std::array kLatin = {"ISO-8859-1"sv,   "ISO-8859-2"sv,   "ISO-8859-3"sv,   "ISO-8859-4"sv,
                                 "ISO-8859-9"sv,   "ISO-8859-10"sv,  "ISO-8859-13"sv,  "ISO-8859-15"sv,
                                 "ISO-8859-16"sv,  "WINDOWS-1250"sv, "WINDOWS-1252"sv, "WINDOWS-1257"sv,
                                 "WINDOWS-1258"sv, "IBM852"sv,       "IBM865"sv,       "MAC-CENTRALEUROPE"sv};
  return std::ranges::find(kLatin, charset) != kLatin.end();
}

std::string guess(std::string_view bytes) {
  const auto high = std::ranges::find_if(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  // What stands before the first byte beyond ASCII says nothing, unless it is an escape sequence.
  const std::size_t begin =
      bytes.find('\x1b') == std::string_view::npos ? static_cast<std::size_t>(high - bytes.begin()) : 0;
  const std::string_view sample = bytes.substr(begin > 64 ? begin - 64 : 0, kGuessBytes);
  const std::unique_ptr<uchardet, void (*)(uchardet_t)> detector(uchardet_new(), uchardet_delete);
  if (uchardet_handle_data(detector.get(), sample.data(), sample.size()) != 0) throw std::bad_alloc();
  uchardet_data_end(detector.get());
  const std::string found = uchardet_get_charset(detector.get());
  const auto high_bytes = static_cast<std::size_t>(
      std::ranges::count_if(sample, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  // A superset of ISO-8859-1 and ASCII.
  if (found.empty() || found == "ISO-8859-1" || found == "ASCII") return std::string(kFallback);
  if (is_latin(found) && high_bytes < kFewHighBytes) return std::string(kFallback);
  return found;
}

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// Null when ICU does not know the name.
Converter open_converter(const std::string& name) {
  UErrorCode status = U_ZERO_ERROR;
  Converter converter(ucnv_open(name.c_str(), &status));
  if (status == U_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  return U_FAILURE(status) ? nullptr : std::move(converter);
}

// The name that a document gives, where it is one. What says it is ISO-8859-1 or ASCII is windows-1252 in practice, and
// what needs wide units is none when it came as bytes in which ASCII could be read.
std::string known(std::string_view declared) {
  std::string name = lower_ascii(trim_ascii(declared));
  std::erase_if(name, [](char c) { return c == '"' || c == '\''; });
  if (name.empty() || name.size() > 60 || name.find('\0') != std::string::npos || name.find(',') != std::string::npos) {
    return {};
  }
  if (name == "utf8") return std::string(kUtf8);
  if (name == "iso-8859-1" || name == "latin1" || name == "us-ascii" || name == "ascii") return std::string(kFallback);
  if (name == "gb2312" || name == "gbk") return "gb18030";
  if (name == "ks_c_5601-1987" || name == "euc-kr") return "windows-949";
  if (name == "shift_jis" || name == "shift-jis" || name == "sjis") return "windows-31j";
  return open_converter(name) != nullptr ? name : std::string();
}

// A few bytes of damage do not make it another encoding.
bool reads_as_utf8(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int64_t>(bytes.size());
  std::size_t good = 0;
  std::size_t bad = 0;
  for (std::int64_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(data, i, size, c);
    if (c < 0) ++bad;
    if (c >= 0x80) ++good;
  }
  return bad * 20 <= good;
}

bool is_wide(std::string_view charset) {
  const std::string name = lower_ascii(charset);
  return name.starts_with("utf-16") || name.starts_with("utf-32") || name.starts_with("utf16") ||
         name.starts_with("ucs-2") || name.starts_with("iso-10646");
}

std::string convert(std::string_view bytes, UConverter* source) {
  const Converter target = open_converter(std::string(kUtf8));
  if (target == nullptr) throw std::bad_alloc();
  std::string out;
  std::array<char, 16 << 10> buffer;
  std::array<UChar, 4 << 10> pivot;
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
  const char* from = bytes.data();
  const char* const end = bytes.data() + bytes.size();
  UErrorCode status = U_BUFFER_OVERFLOW_ERROR;
  for (bool first = true; status == U_BUFFER_OVERFLOW_ERROR; first = false) {
    status = U_ZERO_ERROR;
    char* to = buffer.data();
    ucnv_convertEx(target.get(), source, &to, buffer.data() + buffer.size(), &from, end, pivot.data(), &pivot_source,
                   &pivot_target, pivot.data() + pivot.size(), first, true, &status);
    out.append(buffer.data(), to);
    if (status == U_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  }
  return out;
}

}  // namespace

void prepare_charsets() {
  UErrorCode status = U_ZERO_ERROR;
  udata_setFileAccess(UDATA_NO_FILES, &status);
  // Reads the environment and sets up what all converters share.
  open_converter("windows-1252");
  open_converter("Shift_JIS");
}

std::string charset_of(std::string_view bytes, std::string_view declared) {
  if (const std::string_view marked = by_mark(bytes); !marked.empty()) return std::string(marked);
  if (const std::string_view wide = by_zeros(bytes); !wide.empty()) return std::string(wide);
  const bool utf8 = reads_as_utf8(bytes);
  if (const std::string name = known(declared); !name.empty() && !is_wide(name)) {
    // A declaration is often a template's: bytes that are valid UTF-8 beyond ASCII are hardly anything else.
    const bool escapes = name.starts_with("iso-2022") || name == "utf-7" || name == "hz-gb-2312";
    if (!utf8 || escapes) return name == "utf-8" ? guess(bytes) : name;
    return std::string(kUtf8);
  }
  if (utf8 && bytes.find('\x1b') == std::string_view::npos) return std::string(kUtf8);
  const std::string guessed = guess(bytes);
  return utf8 && !guessed.starts_with("ISO-2022") ? std::string(kUtf8) : guessed;
}

std::string to_utf8(std::string_view bytes, std::string_view declared) {
  const std::string charset = charset_of(bytes, declared);
  for (const Mark& mark : kMarks) {
    if (mark.charset == charset && bytes.starts_with(mark.bytes)) {
      bytes.remove_prefix(mark.bytes.size());
      break;
    }
  }
  if (charset == kUtf8) return std::string(bytes);
  Converter source = open_converter(charset);
  if (source == nullptr) source = open_converter(std::string(kFallback));
  if (source == nullptr) return std::string(bytes);
  return convert(bytes, source.get());
}

}  // namespace jackdaw::extract
