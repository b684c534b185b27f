#include "server/pending_extractor.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/error.h"
#include "tests/support/laid_down_pages.h"

namespace jackdaw::server {
namespace {

ExtractionSummary extract(TextExtractor& extractor) {
  ExtractionRequest request;
  request.filename = "a.pdf";
  ExtractionEvents events;
  events.on_page = [](Page&&) {};
  return extractor.extract(request, events, Cancellation());
}

TEST(PendingExtractor, LetsWhoExtractsWaitUntilItIsThere) {
  std::promise<PendingExtractor::Made> promise;
  PendingExtractor pending(promise.get_future().share());
  ExtractionSummary summary;
  std::jthread waiting([&] { summary = extract(pending); });
  auto made = std::make_unique<testing::LaidDownPages>();
  made->pages["a.pdf"] = {"one", "two"};
  promise.set_value(std::move(made));
  waiting.join();
  EXPECT_EQ(summary.pages, 2);
}

TEST(PendingExtractor, SaysWhyItCouldNotBeMade) {
  std::promise<PendingExtractor::Made> promise;
  PendingExtractor pending(promise.get_future().share());
  promise.set_exception(std::make_exception_ptr(Error(ErrorCode::kShuttingDown, "It is stopping.")));
  EXPECT_THROW(extract(pending), Error);
}

}  // namespace
}  // namespace jackdaw::server
