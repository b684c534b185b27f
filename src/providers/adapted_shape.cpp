#include "providers/adapted_shape.h"

namespace jackdaw::providers {

bool AdaptedShape::learn(RequestShape sent, const WireError& error) {
  const RequestShape wanted = shape_without_refused(sent, error);
  bool helps = false;
  const auto learn_part = [&](auto RequestShape::* part) {
    if (wanted.*part == sent.*part) return;
    if (shape_.*part == usual_.*part) shape_.*part = wanted.*part;
    helps = helps || shape_.*part != sent.*part;
  };
  learn_part(&RequestShape::max_tokens_field);
  learn_part(&RequestShape::temperature);
  learn_part(&RequestShape::stream_options);
  learn_part(&RequestShape::developer_role);
  learn_part(&RequestShape::thinking_budget);
  return helps;
}

}  // namespace jackdaw::providers
