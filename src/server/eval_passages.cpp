#include "server/eval_passages.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace jackdaw::server {
namespace {

struct NamedCut {
  std::string_view name;
  EvalCut cut;
};
constexpr std::array kNames{NamedCut{"whole", EvalCut::kWhole}, NamedCut{"chunks", EvalCut::kChunks},
                            NamedCut{"joined", EvalCut::kJoined}};

// Several texts of a set as one document.
struct Joined {
  std::size_t first = 0;  // place of the first text
  Page page;
  std::vector<std::size_t> begins;  // of each text in page.text
};

Joined join(const EvalSet& set, std::size_t first, std::size_t count) {
  Joined joined{first, {}, {}};
  joined.page.number = 1;
  std::string& all = joined.page.text;
  for (std::size_t place = first; place < first + count; ++place) {
    const EvalText& text = set.texts[place];
    joined.begins.push_back(all.size());
    joined.page.sections.push_back({static_cast<std::uint32_t>(all.size()), text.title});
    if (!text.title.empty()) all.append(text.title).append("\n\n");
    for (Section section : text.page.sections) {
      section.begin += static_cast<std::uint32_t>(all.size());
      if (!text.title.empty()) section.heading = text.title + kHeadingSeparator + section.heading;
      joined.page.sections.push_back(std::move(section));
    }
    all.append(text.page.text).append("\n\n");
  }
  return joined;
}

// The text that most of the chunk is of.
std::size_t text_of(const Joined& joined, const Chunk& chunk) {
  std::size_t best = 0, most = 0;
  for (std::size_t i = 0; i < joined.begins.size(); ++i) {
    const std::size_t end = i + 1 < joined.begins.size() ? joined.begins[i + 1] : joined.page.text.size();
    const std::size_t from = std::max<std::size_t>(joined.begins[i], chunk.span.begin);
    const std::size_t to = std::min<std::size_t>(end, chunk.span.end);
    if (to <= from || to - from <= most) continue;
    most = to - from;
    best = i;
  }
  return joined.first + best;
}

class Cutting {
 public:
  Cutting(const EvalSet& set, const ingest::ChunkerOptions& chunker, ingest::EmbeddedContext context)
      : set_(set), chunker_(chunker), context_(context) {}

  void add_whole(std::size_t place) {
    const EvalText& text = set_.texts[place];
    const std::string whole = indexed_text(text.title, text.page.text);
    add(begin_document(text.title), {text.page.text, {}}, place, whole, whole);
  }

  void add_chunks(std::size_t place) {
    const EvalText& text = set_.texts[place];
    IndexedDocument& document = begin_document(text.title);
    for (const Chunk& chunk : chunker_.cut(text.page)) {
      add(document, chunk, place, ingest::embedded_text(chunk, text.title, context_), chunk.text);
    }
  }

  void add_joined(std::size_t first, std::size_t count) {
    const Joined joined = join(set_, first, count);
    IndexedDocument& document = begin_document("");
    for (const Chunk& chunk : chunker_.cut(joined.page)) {
      add(document, chunk, text_of(joined, chunk), ingest::embedded_text(chunk, "", context_), chunk.text);
    }
  }

  EvalPassages take() { return std::move(made_); }

 private:
  IndexedDocument& begin_document(std::string title) {
    IndexedDocument& document = made_.documents.emplace_back();
    document.document = DocumentId{std::to_string(made_.documents.size())};
    document.title = std::move(title);
    return document;
  }

  void add(IndexedDocument& document, const Chunk& chunk, std::size_t place, std::string embedded, std::string read) {
    IndexedChunk& indexed = document.chunks.emplace_back();
    indexed.chunk = ChunkId{static_cast<std::int64_t>(made_.text.size())};
    indexed.text = chunk.text;
    indexed.heading = chunk.heading;
    made_.text.push_back(place);
    made_.embedded.push_back(std::move(embedded));
    made_.read.push_back(std::move(read));
  }

  const EvalSet& set_;
  const ingest::Chunker chunker_;
  const ingest::EmbeddedContext context_;
  EvalPassages made_;
};

}  // namespace

std::string_view to_string(EvalCut cut) noexcept {
  for (const NamedCut& each : kNames) {
    if (each.cut == cut) return each.name;
  }
  return "";
}

std::optional<EvalCut> eval_cut_from(std::string_view name) noexcept {
  for (const NamedCut& each : kNames) {
    if (each.name == name) return each.cut;
  }
  return std::nullopt;
}

EvalPassages cut_passages(const EvalSet& set, EvalCut cut, const ingest::ChunkerOptions& chunker,
                          ingest::EmbeddedContext context) {
  Cutting cutting(set, chunker, context);
  const std::size_t step = cut == EvalCut::kJoined ? kJoinedTexts : 1;
  for (std::size_t place = 0; place < set.texts.size(); place += step) {
    switch (cut) {
      case EvalCut::kWhole: cutting.add_whole(place); break;
      case EvalCut::kChunks: cutting.add_chunks(place); break;
      case EvalCut::kJoined: cutting.add_joined(place, std::min(step, set.texts.size() - place)); break;
    }
  }
  EvalPassages passages = cutting.take();
  if (!passages.text.empty()) return passages;
  throw Error(ErrorCode::kNotReady, "The texts of \"" + set.name + "\" are all blank, so nothing can be found.");
}

}  // namespace jackdaw::server
