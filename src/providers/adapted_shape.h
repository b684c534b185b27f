#pragma once

#include "providers/dialect.h"
#include "providers/wire_error.h"

namespace jackdaw::providers {

// The shape of a model's requests: the usual one, less what its host was found to refuse. Each part changes at most
// once, so that requests on their way at the same time, sent in older shapes, never change it back. Not shared between
// threads.
class AdaptedShape {
 public:
  explicit AdaptedShape(RequestShape usual) : usual_(usual), shape_(usual) {}

  const RequestShape& shape() const noexcept { return shape_; }

  // Learns from an error (HTTP 400 or 422) that answered a request in the shape `sent`. True when shape() leaves out,
  // or names otherwise, what was refused there: the request is worth sending again in it.
  bool learn(RequestShape sent, const WireError& error);

 private:
  RequestShape usual_;
  RequestShape shape_;
};

}  // namespace jackdaw::providers
