#include "store/content_check.h"

#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "store/box_codec.h"
#include "store/content_rows.h"

namespace jackdaw::store {
namespace {

using Fault = std::optional<std::string>;

template <class Decode>
bool decodes(Decode decode) {
  try {
    decode();
    return true;
  } catch (const Error&) {
    return false;
  }
}

Fault read_pages(Database& database, std::int64_t document, std::map<std::int64_t, std::string>& texts) {
  Statement pages = database.prepare("SELECT number, text, words FROM pages WHERE document = ?1");
  pages.bind(document);
  while (pages.step()) {
    const std::string page = "page " + std::to_string(pages.integer(0));
    if (!text::is_valid_utf8(pages.text(1))) return page + " is not valid UTF-8";
    if (!decodes([&] { decode_words(pages.blob(2)); })) return "the word boxes of " + page + " cannot be read";
    texts.emplace(pages.integer(0), pages.text(1));
  }
  return std::nullopt;
}

Fault fault_of_vector(Blob components, const std::string& chunk, std::size_t& dimensions) {
  std::vector<float> vector(components.size() / sizeof(float));
  if (vector.empty() || components.size() % sizeof(float) != 0) return chunk + " has no vector";
  std::memcpy(vector.data(), components.data(), components.size());
  if (!is_unit_vector(vector)) return "the vector of " + chunk + " is not of unit length";
  if (dimensions == 0) dimensions = vector.size();
  if (vector.size() != dimensions) {
    return "the vector of " + chunk + " has " + std::to_string(vector.size()) + " dimensions, others have " +
           std::to_string(dimensions);
  }
  return std::nullopt;
}

Fault fault_of_span(const std::map<std::int64_t, std::string>& texts, std::int64_t page_number, std::int64_t begin,
                    std::int64_t end, std::string_view text, const std::string& chunk) {
  const auto page = texts.find(page_number);
  if (page == texts.end()) return chunk + " lies on page " + std::to_string(page_number) + ", which is not there";
  const bool inside = 0 <= begin && begin <= end && end <= static_cast<std::int64_t>(page->second.size());
  if (!inside ||
      std::string_view(page->second).substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)) !=
          text) {
    return "the text of " + chunk + " is not what page " + std::to_string(page_number) + " says there";
  }
  return std::nullopt;
}

}  // namespace

Fault find_fault_of_contents(Database& database, std::int64_t document, std::size_t& dimensions) {
  std::map<std::int64_t, std::string> texts;
  if (Fault fault = read_pages(database, document, texts)) return fault;
  Statement rows = database.prepare(
      "SELECT chunks.id, chunks.page, chunks.begin_byte, chunks.end_byte, chunks.text, chunks.boxes, "
      "vectors.components FROM chunks LEFT JOIN vectors ON vectors.chunk = chunks.id WHERE chunks.document = ?1 "
      "ORDER BY chunks.id");
  rows.bind(document);
  while (rows.step()) {
    const std::string chunk = "chunk " + std::to_string(rows.integer(0));
    Fault fault = fault_of_span(texts, rows.integer(1), rows.integer(2), rows.integer(3), rows.text(4), chunk);
    if (!fault && !decodes([&] { decode_boxes(rows.blob(5)); })) fault = "the boxes of " + chunk + " cannot be read";
    if (!fault) fault = fault_of_vector(rows.blob(6), chunk, dimensions);
    if (fault) return fault;
  }
  return std::nullopt;
}

}  // namespace jackdaw::store
