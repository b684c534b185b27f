#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/search_index.h"
#include "ingest/chunker.h"
#include "ingest/embedded_text.h"
#include "server/eval_sets.h"

namespace jackdaw::server {

// What becomes a passage of the index.
enum class EvalCut {
  kWhole,   // each text, its title before it
  kChunks,  // the chunks of each text; a text is as good as its best one
  kJoined,  // kJoinedTexts texts after each other are one document with their titles as headings, and that is cut; a
            // chunk counts for the text that most of it is of
};
inline constexpr std::size_t kJoinedTexts = 20;

inline constexpr std::array kEvalCuts{EvalCut::kWhole, EvalCut::kChunks, EvalCut::kJoined};
// "whole", "chunks", "joined".
std::string_view to_string(EvalCut cut) noexcept;
std::optional<EvalCut> eval_cut_from(std::string_view name) noexcept;

// What is indexed. A chunk's id is its place here.
struct EvalPassages {
  std::vector<std::size_t> text;           // of the set, for each passage
  std::vector<std::string> embedded;       // as the embedder sees it
  std::vector<std::string> read;           // as the reranker sees it
  std::vector<IndexedDocument> documents;  // without embeddings
};

// Pure. Throws Error kNotReady for a set whose texts are all blank.
EvalPassages cut_passages(const EvalSet& set, EvalCut cut, const ingest::ChunkerOptions& chunker,
                          ingest::EmbeddedContext context);

}  // namespace jackdaw::server
