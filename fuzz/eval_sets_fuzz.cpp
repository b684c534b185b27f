#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/text_extractor.h"
#include "server/eval_cache.h"
#include "server/eval_sets.h"
#include "store/sha256.h"

// What `jackdaw eval` reads: a set in BEIR's form, a case, a cache. Damaged ones are refused with Error, never a crash,
// and what is read keeps the promises of eval_sets.h.
namespace {

using namespace jackdaw;
using namespace jackdaw::server;

class OnePage : public TextExtractor {
 public:
  ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                            const Cancellation&) override {
    std::ifstream in(request.path);
    Page page;
    page.number = 1;
    page.text.assign(std::istreambuf_iterator<char>(in), {});
    events.on_page(std::move(page));
    return {.media_type = "text/plain", .title = "", .pages = 1};
  }
};

const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "jackdaw-eval-fuzz-XXXXXX").string();
    const std::filesystem::path path = mkdtemp(pattern.data());
    std::filesystem::create_directories(path / "set" / "qrels");
    return path;
  }();
  return made;
}

void write(const std::string& name, std::string_view content) {
  std::ofstream(folder() / name, std::ios::binary | std::ios::trunc) << content;
}

// With the right checksum behind it, which no input would hit by chance.
std::vector<std::byte> with_sum(std::span<const std::byte> content) {
  std::vector<std::byte> bytes(content.begin(), content.end());
  store::Sha256 hash;
  hash.add(content);
  const std::string hex = hash.hex();
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

void check(const EvalSet& set) {
  if (set.queries.empty()) __builtin_trap();
  for (const EvalQuery& query : set.queries) {
    for (const auto& [place, gain] : query.gains) {
      if (!query.by_document && place >= set.texts.size()) __builtin_trap();
    }
  }
}

template <class Read>
void refuse_or_check(Read read) {
  try {
    check(read());
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::map<EvalCache::Key, std::vector<float>> rows;
  EvalCache::parse(with_sum({reinterpret_cast<const std::byte*>(data), size}), "model", 3, rows);

  // Parts of a set, separated by form feeds.
  const std::size_t first = input.find('\f');
  const std::size_t second = first == std::string_view::npos ? first : input.find('\f', first + 1);
  if (second != std::string_view::npos) {
    write("set/corpus.jsonl", input.substr(0, first));
    write("set/queries.jsonl", input.substr(first + 1, second - first - 1));
    write("set/qrels/test.tsv", input.substr(second + 1));
    refuse_or_check([] { return read_beir(folder() / "set", "test"); });
  }
  OnePage extractor;
  write("some.case", input);
  refuse_or_check([&] { return read_case(folder() / "some.case", {{}, "", extractor, folder()}, Cancellation()); });
  return 0;
}
