#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>

#include "core/text_extractor.h"

namespace jackdaw::extract {

struct ConfinedExtractorOptions {
  std::filesystem::path parser;  // the program jackdaw-parse

  // Wall time that may pass without a page arriving. A page of print takes 5 ms; the worst of 3,448 sample files well
  // under a second.
  std::chrono::milliseconds page_time{10'000};

  // The parser runs at the lowest priority: on a busy machine it may be given no processor for a while. As long as it
  // used less than half of page_time on the processor, it may take this many times page_time on the clock.
  int starved_factor = 6;

  // Wall time waited for the parser in all; the time that on_page takes does not count.
  std::chrono::milliseconds document_time{600'000};

  std::size_t max_pages = 5'000;
  std::size_t max_characters = 20'000'000;
};

// Keeps the promise of TextExtractor with one child process per document, which a system call filter confines
// (confined/sandbox.h): this process looks at the first 1,024 bytes and never parses a document. It believes nothing
// the child says (parser_output.h). The child is killed and reaped before extract() returns or throws, and dies with
// the calling thread. Safe from any thread; as many children run at once as threads call.
class ConfinedExtractor final : public TextExtractor {
 public:
  explicit ConfinedExtractor(ConfinedExtractorOptions options);

  ExtractionSummary extract(const IncomingFile& file, const std::function<void(Page&&)>& on_page,
                            const Cancellation& cancellation) override;

  // Starts a child that closes its sandbox and then does something forbidden. Throws Error kUnavailable, saying what is
  // missing, unless the kernel killed it for that. For the start of the program.
  void check_sandbox() const;

 private:
  ConfinedExtractorOptions options_;
};

}  // namespace jackdaw::extract
