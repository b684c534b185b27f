#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "index/analyzer.h"

// Any bytes give well-formed terms within the bound, and the same terms once they are normalised.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace index = jackdaw::index;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const index::Analyzer plain({.stem = false, .drop_stop_words = false, .max_term_bytes = 16});
  static const index::Analyzer full;
  static const index::Analyzer any({.language = index::AnalyzerLanguage::kUnicode});
  for (const std::string& term : plain.terms(text)) {
    if (term.empty() || term.size() > 16 || !jackdaw::text::is_valid_utf8(term)) std::abort();
  }
  const std::string normal = jackdaw::text::normalize_for_matching(text);
  if (any.terms(text) != any.terms(normal)) std::abort();
  if (full.terms(text) != full.terms(normal)) std::abort();
  return 0;
}
