#include "providers/wire_error.h"

#include <boost/json.hpp>

#include <charconv>

#include "core/text.h"
#include "http/retry.h"
#include "providers/json_fields.h"

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxNameBytes = 128;  // of a code, a type, a parameter
constexpr int kMaxWrappings = 4;            // of an error in an error

std::string bounded(std::string_view text, std::size_t limit) {
  return text::sanitize(text.substr(0, limit));
}

// A longer message loses its last, perhaps torn, word: half a key would not be recognised as one.
std::string bounded_message(std::string_view text) {
  if (text.size() <= kMaxWireMessageBytes) return text::sanitize(text);
  text = text.substr(0, kMaxWireMessageBytes);
  const std::size_t space = text.find_last_of(" \n\t");
  return text::sanitize(text.substr(0, space == std::string_view::npos ? 0 : space));
}

std::string message_of(const json::value& value) {
  if (const json::string* text = value.if_string()) {
    return bounded_message(std::string_view(text->data(), text->size()));
  }
  if (value.is_null()) return {};
  return bounded_message(json::serialize(value));
}

// A name, or a number as text.
std::string name_at(const json::object& object, std::string_view name) {
  if (const auto number = count_at(object, name)) return std::to_string(*number);
  return bounded(text_at(object, name), kMaxNameBytes);
}

std::optional<int> status_at(const json::object& object, std::string_view name) {
  auto number = count_at(object, name);
  if (!number) {
    const std::string_view text = text_at(object, name);
    std::int64_t parsed = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (!text.empty() && failure == std::errc() && end == text.data() + text.size()) number = parsed;
  }
  if (!number || *number < 400 || *number > 599) return std::nullopt;
  return static_cast<int>(*number);
}

// Google's list of typed details: when to come back, and which rule it was.
void read_details(const json::array& details, WireError& error) {
  for (const json::value& value : details) {
    const json::object* detail = value.if_object();
    if (!detail) continue;
    if (const auto delay = text_at(*detail, "retryDelay"); !delay.empty()) {
      error.retry_after = http::parse_duration(delay);
    }
    if (const auto reason = text_at(*detail, "reason"); !reason.empty()) error.code = bounded(reason, kMaxNameBytes);
  }
}

WireError read_value(const json::value& value, int wrappings);

WireError read_text(std::string_view text, int wrappings) {
  WireError error;
  if (wrappings < kMaxWrappings && text::trim(text).starts_with('{')) {
    boost::system::error_code failure;
    const json::value inner = json::parse(json::string_view(text.data(), text.size()), failure);
    if (!failure) return read_value(inner, wrappings + 1);
  }
  error.message = bounded_message(text);
  return error;
}

void read_members(const json::object& object, WireError& error) {
  for (const std::string_view name : {"message", "detail", "error_description"}) {
    if (!says_something(object, name)) continue;
    error.message = message_of(object.at(json::string_view(name.data(), name.size())));
    break;
  }
  error.code = name_at(object, "code");
  error.type = name_at(object, "type");
  if (error.type.empty() || error.type == "error") error.type = bounded(text_at(object, "status"), kMaxNameBytes);
  error.param = bounded(text_at(object, "param"), kMaxNameBytes);
  for (const std::string_view name : {"code", "status_code", "status"}) {
    if (!error.status) error.status = status_at(object, name);
  }
  error.prompt_tokens = count_at(object, "n_prompt_tokens");
  error.context_tokens = count_at(object, "n_ctx");
  if (const json::array* details = array_at(object, "details")) read_details(*details, error);
  if (const json::object* details = object_at(object, "details")) {
    if (const auto code = text_at(*details, "error_code"); !code.empty()) error.code = bounded(code, kMaxNameBytes);
  }
  if (const json::object* metadata = object_at(object, "metadata"); metadata && error.type.empty()) {
    error.type = bounded(text_at(*metadata, "error_type"), kMaxNameBytes);
  }
}

WireError read_object(const json::object& object, int wrappings) {
  if (says_something(object, "error") && wrappings < kMaxWrappings) {
    WireError inner = read_value(object.at("error"), wrappings + 1);
    if (inner.message.empty()) inner.message = bounded_message(text_at(object, "message"));
    if (!inner.status) inner.status = status_at(object, "status_code");
    return inner;
  }
  WireError error;
  read_members(object, error);
  return error;
}

WireError read_value(const json::value& value, int wrappings) {
  if (const json::object* object = object_in(value)) return read_object(*object, wrappings);
  if (const json::string* text = value.if_string()) {
    return read_text(std::string_view(text->data(), text->size()), wrappings);
  }
  WireError error;
  error.message = message_of(value);
  return error;
}

std::optional<WireError> error_in_first_choice(const json::object& frame) {
  const json::array* choices = array_at(frame, "choices");
  const json::object* choice = choices && !choices->empty() ? choices->front().if_object() : nullptr;
  if (!choice || !says_something(*choice, "error")) return std::nullopt;
  return read_error(choice->at("error"));
}

bool is_false(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value && value->is_bool() && !value->get_bool();
}

}  // namespace

WireError read_error(const json::value& error) {
  return read_value(error, 0);
}

std::optional<WireError> error_in(const json::object& frame, std::string_view event_type) {
  if (says_something(frame, "error") || event_type == "error" || text_at(frame, "object") == "error" ||
      text_at(frame, "type") == "error" || is_false(frame, "success")) {
    return read_object(frame, 0);
  }
  if (const json::object* groq = object_at(frame, "x_groq"); groq && says_something(*groq, "error")) {
    return read_error(groq->at("error"));
  }
  return error_in_first_choice(frame);
}

WireError read_error_body(std::string_view body) {
  body = text::trim(body);
  if (body.starts_with('{') || body.starts_with('[')) {
    boost::system::error_code failure;
    const std::string utf8 = text::sanitize(body);
    const json::value value = json::parse(utf8, failure);
    if (!failure) return read_error(value);
  }
  WireError error;
  if (!body.starts_with('<')) error.message = bounded_message(body);
  return error;
}

}  // namespace jackdaw::providers
