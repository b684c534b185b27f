#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "core/text_extractor.h"
#include "extract/page_recognizer.h"

namespace jackdaw::extract {

struct ConfinedExtractorOptions {
  std::filesystem::path parser;         // the program jackdaw-parse, for PDFs
  std::filesystem::path text_parser{};  // the program jackdaw-parse-text, for every other format

  // Wall time that may pass without a page arriving. A page of print takes 5 ms; the worst of 3,448 sample files well
  // under a second.
  std::chrono::milliseconds page_time{10'000};

  // The parser runs at the lowest priority: on a busy machine it may be given no processor for a while. As long as it
  // used less than half of page_time on the processor, it may take this many times page_time on the clock.
  int starved_factor = 6;

  // Wall time waited for the parser in all; the time that on_page and recognition take does not count.
  std::chrono::milliseconds document_time{600'000};

  std::size_t max_pages = 5'000;
  std::size_t max_characters = 20'000'000;

  // Where it is set, pages of a PDF that are pictures of text are recognised.
  std::optional<RecognizerOptions> recognizer{};
  // Wall time for the recognition of one document. The pictures behind it stay pages without text.
  std::chrono::milliseconds recognition_time{7'200'000};

  // Leaves out the system call filter, for containers that forbid seccomp. Limits, no new privileges, an empty
  // environment and no descriptors, old or new, remain, so does Landlock where the kernel has it; but a hostile
  // document that takes the parser over can signal and inspect processes of the same user.
  bool without_filter = false;
};

// Keeps the promise of TextExtractor with one child process per document, which a system call filter confines
// (confined/sandbox.h): this process looks at the first 1,024 bytes and never parses a document. It believes nothing
// the child says (parser_output.h). The child is killed and reaped before extract() returns or throws, and dies with
// the calling thread. Safe from any thread; as many children run at once as threads call.
class ConfinedExtractor final : public TextExtractor {
 public:
  explicit ConfinedExtractor(ConfinedExtractorOptions options);

  ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                            const Cancellation& cancellation) override;

  // Starts each parser, which closes its sandbox and then does something forbidden. Throws Error kUnavailable, saying
  // what is missing, unless the kernel killed it for that. For the start of the program. What the sandbox is without
  // because the options say so, as a sentence for the log; empty when it is whole.
  std::string check_sandbox() const;

 private:
  ConfinedExtractorOptions options_;
};

}  // namespace jackdaw::extract
