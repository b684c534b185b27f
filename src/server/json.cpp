#include "server/json.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/text.h"

namespace jackdaw::server {
namespace json = boost::json;
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), failure == std::errc{} ? end : digits.data());
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::int64: append_number(out, value.get_int64()); break;
    case json::kind::uint64: append_number(out, value.get_uint64()); break;
    case json::kind::double_:
      if (std::isfinite(value.get_double()))
        append_number(out, value.get_double());
      else
        out += "null";
      break;
    case json::kind::string: append_quoted(out, std::string_view(value.get_string())); break;
    case json::kind::array: {
      out.push_back('[');
      bool first = true;
      for (const json::value& item : value.get_array()) {
        if (!first) out += ", ";
        first = false;
        append(out, item);
      }
      out.push_back(']');
      break;
    }
    case json::kind::object: {
      out.push_back('{');
      bool first = true;
      for (const auto& [key, item] : value.get_object()) {
        if (!first) out += ", ";
        first = false;
        append_quoted(out, std::string_view(key));
        out += ": ";
        append(out, item);
      }
      out.push_back('}');
      break;
    }
  }
}

std::string_view to_string(ScoreKind kind) {
  return kind == ScoreKind::kRerank ? "rerank" : "cosine";
}

json::object place_to_json(const Place& place) {
  return {{"score", rounded(place.score)}, {"rank", place.rank}};
}

struct NamedTiming {
  std::string_view name;
  std::optional<double> AnswerTimings::* field;
};
constexpr std::array kTimings = {NamedTiming{"queue", &AnswerTimings::queue_ms},
                                 NamedTiming{"resolve", &AnswerTimings::resolve_ms},
                                 NamedTiming{"embed", &AnswerTimings::embed_ms},
                                 NamedTiming{"keyword", &AnswerTimings::keyword_ms},
                                 NamedTiming{"vector", &AnswerTimings::vector_ms},
                                 NamedTiming{"fuse", &AnswerTimings::fuse_ms},
                                 NamedTiming{"rerank", &AnswerTimings::rerank_ms},
                                 NamedTiming{"prompt", &AnswerTimings::prompt_ms},
                                 NamedTiming{"first_token", &AnswerTimings::first_token_ms},
                                 NamedTiming{"total", &AnswerTimings::total_ms}};

// Characters that may stand for themselves wherever they are: all but those that JSON escapes and the first bytes of
// U+0085, U+2028 and U+2029.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < plain.size(); ++c) plain[c] = true;
  for (const unsigned char c : {'"', '\\', '\x7f', '\xC2', '\xE2'}) plain[c] = false;
  return plain;
}();

// Appends what stands at the beginning of `text`, which is not plain. Returns its length.
std::size_t append_special(std::string& out, std::string_view text) {
  const auto c = static_cast<unsigned char>(text.front());
  switch (c) {
    case '"': out += "\\\""; return 1;
    case '\\': out += "\\\\"; return 1;
    case '\n': out += "\\n"; return 1;
    case '\r': out += "\\r"; return 1;
    case '\t': out += "\\t"; return 1;
    default: break;
  }
  if (c < 0x20 || c == 0x7f) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "\\u00";
    out.push_back(kHex[c >> 4]);
    out.push_back(kHex[c & 15]);
    return 1;
  }
  if (text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9")) {
    out += text[2] == '\xA8' ? "\\u2028" : "\\u2029";
    return 3;
  }
  if (text.starts_with("\xC2\x85")) {
    out += "\\u0085";
    return 2;
  }
  out.push_back(text.front());
  return 1;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const auto* const end =
        std::find_if_not(text.begin(), text.end(), [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
    const auto plain = static_cast<std::size_t>(end - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
  out.push_back('"');
}

std::string dump(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

double rounded(double number) {
  if (!std::isfinite(number)) return 0;
  std::array<char, 32> digits{};
  const auto [end, failure] =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::general, 6);
  double value = number;
  if (failure == std::errc{}) std::from_chars(digits.data(), end, value);
  return value;
}

json::array boxes_to_json(const std::vector<Box>& boxes) {
  json::array out;
  for (const Box& box : boxes) {
    out.push_back(json::array{rounded(box.x0), rounded(box.y0), rounded(box.x1), rounded(box.y1)});
  }
  return out;
}

json::value cursor_to_json(const std::string& next) {
  return next.empty() ? json::value(nullptr) : json::value(next);
}

void add_place(json::object& out, const Passage& passage) {
  const bool has_page = passage.paged && passage.span.page > 0;
  out["page"] = has_page ? json::value(passage.span.page) : json::value(nullptr);
  if (!passage.page_label.empty()) out["page_label"] = passage.page_label;
  if (!passage.heading.empty()) out["heading"] = passage.heading;
}

void add_speed(json::object& out, double pages_per_s, const std::optional<double>& eta_s) {
  out["pages_per_s"] = pages_per_s > 0 ? json::value(rounded(pages_per_s)) : json::value(nullptr);
  out["eta_s"] = eta_s ? json::value(rounded(*eta_s)) : json::value(nullptr);
}

json::object source_to_json(const RetrievedPassage& passage) {
  json::object out{{"chunk_id", passage.passage.chunk.value}, {"text", passage.passage.text}};
  add_place(out, passage.passage);
  out["score"] = rounded(passage.score);
  out["document_id"] = passage.passage.document.value;
  out["filename"] = passage.passage.filename;
  out["score_kind"] = to_string(passage.score_kind);
  return out;
}

json::object passage_to_json(const RetrievedPassage& passage) {
  if (passage.deleted) {
    return {{"chunk_id", passage.passage.chunk.value},
            {"document_id", passage.passage.document.value},
            {"score", rounded(passage.score)},
            {"score_kind", to_string(passage.score_kind)},
            {"deleted", true}};
  }
  json::object reasons;
  if (passage.reasons.keyword) reasons["keyword"] = place_to_json(*passage.reasons.keyword);
  if (passage.reasons.vector) reasons["vector"] = place_to_json(*passage.reasons.vector);
  reasons["fused"] = rounded(passage.reasons.fused);
  if (passage.reasons.rerank) reasons["rerank"] = rounded(*passage.reasons.rerank);
  json::object out{{"chunk_id", passage.passage.chunk.value},
                   {"document_id", passage.passage.document.value},
                   {"filename", passage.passage.filename}};
  add_place(out, passage.passage);
  out["text"] = passage.passage.text;
  out["score"] = rounded(passage.score);
  out["score_kind"] = to_string(passage.score_kind);
  out["boxes"] = boxes_to_json(passage.passage.span.boxes);
  out["reasons"] = std::move(reasons);
  return out;
}

json::object to_json(const AnswerTimings& timings) {
  json::object out;
  for (const auto& [name, field] : kTimings) {
    if (const auto& value = timings.*field) out[std::string(name) + "_ms"] = std::round(*value * 1000) / 1000;
  }
  return out;
}

void add_rerank_skipped(json::object& out, RerankSkipped skipped) {
  if (skipped != RerankSkipped::kNo) out["rerank_skipped"] = skipped == RerankSkipped::kDeadline ? "deadline" : "off";
}

json::object to_json(const answer::Retrieved& found) {
  json::array passages;
  for (const RetrievedPassage& passage : found.passages) passages.push_back(passage_to_json(passage));
  json::object out{
      {"passages", std::move(passages)}, {"timings", to_json(found.timings)}, {"index_version", found.index_version}};
  add_rerank_skipped(out, found.rerank_skipped);
  return out;
}

json::object error_to_json(const Error& error) {
  json::object out{{"code", to_string(error.code())}, {"message", error.what()}, {"retryable", error.retryable()}};
  if (error.retry_after()) out["retry_after_s"] = error.retry_after()->count();
  return out;
}

std::string server_timing(const AnswerTimings& timings) {
  std::string out;
  for (const auto& [name, field] : kTimings) {
    const auto& value = timings.*field;
    if (!value) continue;
    if (!out.empty()) out += ", ";
    out += name;
    out += ";dur=";
    append_number(out, std::round(*value * 1000) / 1000);
  }
  return out;
}

namespace {

[[noreturn]] void refuse(std::string_view field, const std::string& allowed) {
  const std::string name(field);
  throw Error(ErrorCode::kInvalidArgument, "The field \"" + name + "\" " + allowed + ".").with_field(name);
}

template <class Number>
[[noreturn]] void refuse_range(std::string_view field, std::string_view kind, Number low, Number high) {
  std::string allowed = "must be " + std::string(kind) + " from ";
  append_number(allowed, low);
  allowed += " to ";
  append_number(allowed, high);
  refuse(field, allowed);
}

std::vector<std::string> list_of_texts(const json::value& list, const std::string& path) {
  constexpr std::size_t kMostTexts = 1000;
  const std::string allowed = "must be a list of at most " + std::to_string(kMostTexts) + " texts";
  if (!list.is_array() || list.get_array().size() > kMostTexts) refuse(path, allowed);
  std::vector<std::string> out;
  for (const json::value& item : list.get_array()) {
    if (!item.is_string()) refuse(path, allowed);
    out.emplace_back(item.get_string());
  }
  return out;
}

}  // namespace

struct JsonFields::Parsed {
  json::object object;

  const json::value* find(std::string_view field) const {
    const json::value* value = object.if_contains(field);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const json::value* find(std::string_view outer, std::string_view field) const {
    const json::value* value = find(outer);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) refuse(outer, "must be an object");
    const json::value* inner = value->get_object().if_contains(field);
    return inner == nullptr || inner->is_null() ? nullptr : inner;
  }
};

JsonFields::JsonFields(std::string_view body) : parsed_(std::make_unique<Parsed>()) {
  json::error_code failure;
  json::parse_options options;
  options.max_depth = 32;
  json::value value = json::parse({body.data(), body.size()}, failure, {}, options);
  if (failure) {
    throw Error(ErrorCode::kInvalidJson, "The body is not valid JSON (" + failure.message() +
                                             "). Send one JSON object such as {\"question\": \"...\"}.");
  }
  if (!value.is_object()) {
    throw Error(ErrorCode::kInvalidJson, "The body must be a JSON object such as {\"question\": \"...\"}.");
  }
  parsed_->object = std::move(value.get_object());
}

JsonFields::~JsonFields() = default;

std::optional<std::string> JsonFields::text(std::string_view field) const {
  const json::value* value = parsed_->find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(field, "must be a text");
  return jackdaw::text::sanitize(std::string_view(value->get_string()));
}

std::optional<std::int64_t> JsonFields::integer(std::string_view field, std::int64_t low, std::int64_t high) const {
  const json::value* value = parsed_->find(field);
  if (value == nullptr) return std::nullopt;
  const std::int64_t* number = value->if_int64();
  if (number == nullptr || *number < low || *number > high) refuse_range(field, "a whole number", low, high);
  return *number;
}

std::optional<double> JsonFields::number(std::string_view field, double low, double high) const {
  const json::value* value = parsed_->find(field);
  if (value == nullptr) return std::nullopt;
  json::error_code failure;
  const double number = value->is_number() ? value->to_number<double>(failure) : low - 1;
  if (failure || !(number >= low && number <= high)) refuse_range(field, "a number", low, high);
  return number;
}

std::optional<bool> JsonFields::boolean(std::string_view field) const {
  const json::value* value = parsed_->find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) refuse(field, "must be true or false");
  return value->get_bool();
}

std::optional<std::vector<std::string>> JsonFields::texts(std::string_view object, std::string_view field) const {
  const json::value* list = parsed_->find(object, field);
  if (list == nullptr) return std::nullopt;
  return list_of_texts(*list, std::string(object) + "." + std::string(field));
}

std::optional<std::vector<std::string>> JsonFields::texts(std::string_view field) const {
  const json::value* list = parsed_->find(field);
  if (list == nullptr) return std::nullopt;
  return list_of_texts(*list, std::string(field));
}

std::optional<std::string> JsonFields::text(std::string_view object, std::string_view field) const {
  const json::value* value = parsed_->find(object, field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(std::string(object) + "." + std::string(field), "must be a text");
  return jackdaw::text::sanitize(std::string_view(value->get_string()));
}

}  // namespace jackdaw::server
