#pragma once

#include <memory>
#include <string>

#include "core/prompt.h"
#include "http/headers.h"
#include "providers/answer_reading.h"
#include "providers/wire_error.h"

namespace jackdaw::providers {

// Which optional parts a request carries, and under which name. Hosts and models differ in what they refuse.
struct RequestShape {
  enum class MaxTokensField { kMaxTokens, kMaxCompletionTokens };
  MaxTokensField max_tokens_field = MaxTokensField::kMaxTokens;
  bool temperature = true;
  bool stream_options = true;    // asks for usage at the end of a stream
  bool developer_role = false;   // instead of "system"
  bool thinking_budget = false;  // asks not to think
  friend bool operator==(const RequestShape&, const RequestShape&) = default;
};

// One request as the dialect words it.
struct WireRequest {
  std::string url;
  http::Headers headers;
  std::string body;
};

// How one family of providers is spoken to. Immutable; shared by all answers of a model.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // What the host and the model are known to take.
  virtual RequestShape usual_shape() const = 0;
  virtual WireRequest request(const Prompt& prompt, const RequestShape& shape, bool stream) const = 0;
  // A reader for one answer.
  virtual std::unique_ptr<FrameReader> frames() const = 0;
};

// What to leave out or to rename after an error (HTTP 400 or 422) that refuses an optional part of the request; `shape`
// itself where the error is about something else.
RequestShape shape_without_refused(const RequestShape& shape, const WireError& error);

}  // namespace jackdaw::providers
