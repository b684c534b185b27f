#include "extract/confined/html_tree.h"

#include <gumbo.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "extract/confined/markup_guard.h"
#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// Every piece that the parser asked for, in a ring. The parser's own way to free a tree is recursive.
class HtmlTree::Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    while (ring_.next != &ring_) release(&ring_, ring_.next + 1);
  }

  // The parser does not look at what it gets; its frames can be unwound, for they hold nothing but what is in the ring.
  static void* allocate(void* memory, std::size_t bytes) {
    auto* piece = static_cast<Link*>(std::malloc(sizeof(Link) + bytes));
    if (piece == nullptr) throw std::bad_alloc();
    Link& ring = static_cast<Memory*>(memory)->ring_;
    piece->previous = &ring;
    piece->next = ring.next;
    ring.next->previous = piece;
    ring.next = piece;
    return piece + 1;
  }
  static void release(void*, void* bytes) {
    if (bytes == nullptr) return;
    Link* piece = static_cast<Link*>(bytes) - 1;
    piece->previous->next = piece->next;
    piece->next->previous = piece->previous;
    std::free(piece);
  }

 private:
  struct alignas(std::max_align_t) Link {
    Link* previous;
    Link* next;
  };
  Link ring_{&ring_, &ring_};
};

HtmlTree::HtmlTree(std::string_view utf8) : memory_(std::make_unique<Memory>()) {
  if (is_markup_bomb(utf8)) throw Refusal(protocol::FailureReason::kFormat);
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = &Memory::allocate;
  options.deallocator = &Memory::release;
  options.userdata = memory_.get();
  options.max_errors = 0;
  document_ = gumbo_parse_with_options(&options, utf8.data(), utf8.size())->document;
}

HtmlTree::~HtmlTree() = default;

}  // namespace jackdaw::extract
