#include "extract/confined/json_text.h"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "extract/confined/clean_text.h"
#include "extract/confined/text_builder.h"

namespace jackdaw::extract {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxNameBytes = 120;
// A value beyond it is a text of its own, not a cell.
constexpr std::size_t kLongValueBytes = 500;

// What the parser meets becomes lines.
class JsonText {
 public:
  using size = std::size_t;
  static constexpr size max_object_size = size(-1);
  static constexpr size max_array_size = size(-1);
  static constexpr size max_key_size = size(-1);
  static constexpr size max_string_size = size(-1);

  // `rows`: the value is one of many of its kind.
  JsonText(TextBuilder& text, bool rows) : text_(&text), rows_(rows) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    const bool record = frames_.empty() || frames_.back().array;
    if (!frames_.empty() && frames_.back().array) open_heading(frames_.back());
    Frame frame{.record = record, .name = record ? std::string() : name_within()};
    if (record) records_.push_back({.row = rows_ || !frames_.empty()});
    frames_.push_back(std::move(frame));
    return true;
  }
  bool on_object_end(size, json::error_code&) {
    if (frames_.back().record) end_record();
    frames_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) {
    // A row of unnamed cells.
    const bool record = frames_.empty() || frames_.back().array;
    Frame frame{.array = true, .record = record, .name = record ? std::string() : name_within()};
    if (record) records_.push_back({.row = rows_ || !frames_.empty()});
    frames_.push_back(std::move(frame));
    return true;
  }
  bool on_array_end(size, json::error_code&) {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (!frame.items.empty()) add_field(frame.name, frame.items);
    if (frame.record) end_record();
    if (frame.headed) text_->close_headings(headings_--);
    return true;
  }
  bool on_key_part(json::string_view part, size, json::error_code&) { return append(part); }
  bool on_key(json::string_view part, size, json::error_code&) {
    append(part);
    const std::string key = one_line(std::exchange(value_, {}));
    frames_.back().key = cut_utf8(key, kMaxNameBytes);
    return true;
  }
  bool on_string_part(json::string_view part, size, json::error_code&) { return append(part); }
  bool on_string(json::string_view part, size, json::error_code&) {
    append(part);
    return add_value(std::exchange(value_, {}));
  }
  bool on_number_part(json::string_view part, json::error_code&) { return append(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code&) { return end_number(part); }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code&) { return end_number(part); }
  bool on_double(double, json::string_view part, json::error_code&) { return end_number(part); }
  bool on_bool(bool value, json::error_code&) { return add_value(value ? "true" : "false"); }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Frame {
    bool array = false;
    bool record = false;  // of the object or array that is a line of its own
    bool headed = false;
    std::string name;   // within its record: "size"
    std::string key;    // of the value that follows
    std::string items;  // of an array of plain values
  };
  struct Record {
    bool row = false;  // of an array: one line; else a line for each field
    std::string line;
  };

  bool append(json::string_view part) {
    value_.append(part.data(), part.size());
    return true;
  }
  bool end_number(json::string_view part) {
    append(part);
    return add_value(std::exchange(value_, {}));
  }

  // "size.width" for the value that follows in the innermost object.
  std::string name_within() const {
    const Frame& frame = frames_.back();
    std::string name = frame.name;
    if (!name.empty() && !frame.key.empty()) name.push_back('.');
    name += frame.key;
    name.resize(cut_utf8(name, kMaxNameBytes).size());
    return name;
  }

  bool add_value(std::string value) {
    if (frames_.empty()) {
      text_->paragraph(value);
    } else if (!frames_.back().array) {
      add_field(name_within(), value);
    } else if (frames_.back().record) {
      add_field("", value);
    } else {
      std::string& items = frames_.back().items;
      if (!items.empty()) items += ", ";
      items += one_line(value);
    }
    return true;
  }

  void add_field(const std::string& name, const std::string& value) {
    if (is_blank(value)) return;
    Record& record = records_.back();
    const std::string label = name.empty() ? std::string() : name + ": ";
    if (value.size() > kLongValueBytes || value.find('\n') != std::string::npos) {
      flush(record);
      text_->paragraph(label + value);
      return;
    }
    if (!record.row) return text_->line(label + one_line(value));
    if (!record.line.empty()) record.line += "; ";
    record.line += label + one_line(value);
    // Records of very many fields become several lines.
    if (record.line.size() > 8 * kLongValueBytes) flush(record);
  }

  void flush(Record& record) {
    if (!record.line.empty()) text_->line(std::exchange(record.line, {}));
  }

  void end_record() {
    flush(records_.back());
    records_.pop_back();
  }

  // Before the first object of an array.
  void open_heading(Frame& array) {
    if (array.headed || array.name.empty()) return;
    flush(records_.back());
    array.headed = true;
    text_->heading(++headings_, array.name);
  }

  TextBuilder* text_;
  bool rows_;
  std::vector<Frame> frames_;
  std::vector<Record> records_;
  int headings_ = 0;
  std::string value_;
};

bool parse_one(std::string_view utf8, TextBuilder& text, bool rows) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<JsonText> parser(options, text, rows);
  json::error_code error;
  const std::size_t used = parser.write_some(false, utf8.data(), utf8.size(), error);
  return !error && parser.done() && trim_ascii(utf8.substr(used)).empty();
}

bool is_container(std::string_view value) {
  return value.starts_with('{') || value.starts_with('[');
}

bool parse_lines(std::string_view utf8, TextBuilder& text) {
  std::size_t values = 0;
  for (std::size_t begin = 0; begin < utf8.size();) {
    const std::size_t end = std::min(utf8.find('\n', begin), utf8.size());
    const std::string_view line = trim_ascii(utf8.substr(begin, end - begin));
    begin = end + 1;
    if (line.empty()) continue;
    if (!is_container(line) || !parse_one(line, text, true)) return false;
    ++values;
  }
  return values > 1;
}

}  // namespace

std::optional<ParsedText> read_json(std::string_view utf8, const ReadLimits& limits) {
  const std::string_view value = trim_ascii(utf8);
  if (!is_container(value)) return std::nullopt;
  TextBuilder whole(limits);
  if (parse_one(value, whole, false)) return ParsedText{.media_type = "application/json", .pages = whole.finish()};
  TextBuilder lines(limits);
  if (parse_lines(value, lines)) return ParsedText{.media_type = "application/x-ndjson", .pages = lines.finish()};
  return std::nullopt;
}

}  // namespace jackdaw::extract
