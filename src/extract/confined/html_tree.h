#pragma once

#include <memory>
#include <string_view>

struct GumboInternalNode;

namespace jackdaw::extract {

// A page parsed by the rules of HTML 5. Borrows the text. Its memory is freed at once and without recursion, however
// deep the page is nested, also when parsing ends in std::bad_alloc. Throws Refusal for a markup bomb.
class HtmlTree {
 public:
  explicit HtmlTree(std::string_view utf8);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;

  const GumboInternalNode& document() const noexcept { return *document_; }

 private:
  class Memory;
  std::unique_ptr<Memory> memory_;
  const GumboInternalNode* document_ = nullptr;
};

}  // namespace jackdaw::extract
