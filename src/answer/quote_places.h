#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <vector>

#include "core/cancellation.h"
#include "core/chunk.h"
#include "core/compute.h"
#include "core/document_store.h"

namespace jackdaw::answer {

// Knows where on its page a part of a passage stands. Its coroutines may run on any executor of one thread; the reading
// is done on the pool. It keeps references to what it is given.
class QuotePlaces {
 public:
  QuotePlaces(DocumentStore& store, Compute& storage) : store_(store), storage_(storage) {}

  // The boxes of the bytes [begin, end) of Passage::text, one a line; those of the whole passage where nothing more
  // exact is known: its format has no places, its page is gone. Throws only what `cancellation` asks for.
  boost::asio::awaitable<std::vector<Box>> find(const Passage& passage, std::uint32_t begin, std::uint32_t end,
                                                Cancellation cancellation);

 private:
  DocumentStore& store_;
  Compute& storage_;
};

}  // namespace jackdaw::answer
