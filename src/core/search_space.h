#pragma once

#include <memory>
#include <utility>

#include "core/embedding.h"
#include "core/guarded.h"
#include "core/search_index.h"

namespace jackdaw {

// What texts are compared in: an embedder, and the index of the vectors that it made. Who takes a question to the index
// embeds it with the embedder of the same space.
struct SearchSpace {
  std::shared_ptr<Embedder> embedder;
  std::shared_ptr<SearchIndex> index;
};

// The space that is in use. It changes when a collection is embedded anew: embedder and index then change together, and
// who had taken the old space goes on with it. Safe from any thread.
class SearchSpaceInUse {
 public:
  explicit SearchSpaceInUse(SearchSpace space) : space_(std::move(space)) {}
  // Of parts that outlive it.
  SearchSpaceInUse(Embedder& embedder, SearchIndex& index)
      : space_(SearchSpace{.embedder = {std::shared_ptr<void>(), &embedder},
                           .index = {std::shared_ptr<void>(), &index}}) {}

  SearchSpace get() const {
    auto space = space_.lock();
    return *space;
  }
  void switch_to(SearchSpace next) {
    auto space = space_.lock();
    std::swap(*space, next);
  }

 private:
  mutable Guarded<SearchSpace> space_;
};

}  // namespace jackdaw
