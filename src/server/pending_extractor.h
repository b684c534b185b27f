#pragma once

#include <future>
#include <memory>
#include <utility>

#include "core/text_extractor.h"

namespace jackdaw::server {

// A TextExtractor that is still being made: who extracts meanwhile waits until it is there, and hears why when it could
// not be made.
class PendingExtractor final : public TextExtractor {
 public:
  using Made = std::unique_ptr<TextExtractor>;
  explicit PendingExtractor(std::shared_future<Made> made) : made_(std::move(made)) {}

  ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                            const Cancellation& cancellation) override {
    return made_.get()->extract(request, events, cancellation);
  }

 private:
  const std::shared_future<Made> made_;
};

}  // namespace jackdaw::server
