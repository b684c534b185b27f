#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text_extractor.h"

namespace jackdaw::testing {

// Reads the pages that a test has laid down under a file's name. A page "~" is a picture that takes OCR, which reads
// "recognised"; a file that is not there is damaged.
class LaidDownPages : public TextExtractor {
 public:
  ExtractionSummary extract(const ExtractionRequest& request, const ExtractionEvents& events,
                            const Cancellation& cancellation) override {
    ++extractions;
    if (before) before();
    cancellation.throw_if_requested();
    const auto found = pages.find(request.filename);
    if (found == pages.end()) {
      Error damaged(ErrorCode::kDamagedDocument, "\"" + request.filename + "\" cannot be read beyond page 2.");
      damaged.with_page(2);
      throw damaged;
    }
    const auto password = passwords.find(request.filename);
    if (password != passwords.end() && password->second != request.password) {
      throw Error(ErrorCode::kEncryptedDocument, "\"" + request.filename + "\" is protected by a password.");
    }
    if (events.on_open) events.on_open(static_cast<int>(found->second.size()));
    ExtractionSummary summary{.media_type = "application/pdf", .title = "A title", .pages = 0};
    for (const std::string& text : found->second) {
      cancellation.throw_if_requested();
      Page page;
      page.number = ++summary.pages;
      page.text = text == "~" ? recognize(events, page) : text;
      if (page.text.empty()) summary.pages_without_text.push_back(page.number);
      if (!heading.empty()) page.sections.push_back({0, heading});
      events.on_page(std::move(page));
      if (after_page) after_page();
    }
    return summary;
  }

  std::map<std::string, std::vector<std::string>> pages;
  std::map<std::string, std::string> passwords;
  std::string heading;
  std::function<void()> before;
  std::function<void()> after_page;
  std::atomic<int> extractions{0};
  std::atomic<int> recognitions{0};

 private:
  std::string recognize(const ExtractionEvents& events, Page& page) {
    page.recognized = true;
    if (const auto known = events.recognized_before(page.number)) return known->text;
    ++recognitions;
    return "recognised";
  }
};

}  // namespace jackdaw::testing
