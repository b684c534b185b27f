#include "extract/confined/mail.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/csv.h"
#include "extract/confined/html.h"
#include "extract/confined/mime_words.h"
#include "extract/confined/text_builder.h"

namespace jackdaw::extract {
namespace {

constexpr int kDeepestPart = 20;
constexpr std::size_t kMaxParts = 1'000;
constexpr std::size_t kMaxHeadBytes = std::size_t{256} << 10;

struct Part {
  MailHead head;
  std::string_view body;

  std::string type() const {
    std::string type = mime_value(head.find("content-type"));
    return type.find('/') == std::string::npos ? "text/plain" : type;
  }
  std::string filename() const {
    std::string name = mime_parameter(head.find("content-disposition"), "filename");
    if (name.empty()) name = mime_parameter(head.find("content-type"), "name");
    return one_line(name);
  }
  bool is_attachment() const { return mime_value(head.find("content-disposition")) == "attachment"; }
  std::string decoded() const {
    const std::string encoding = mime_value(head.find("content-transfer-encoding"));
    if (encoding == "base64") return decode_base64(body);
    if (encoding == "quoted-printable") return decode_quoted_printable(body);
    return std::string(body);
  }
  std::string charset() const { return mime_parameter(head.find("content-type"), "charset"); }
};

Part read_part(std::string_view bytes) {
  Part part{.head = read_mail_head(bytes.substr(0, kMaxHeadBytes)), .body = {}};
  part.body = bytes.substr(part.head.body);
  return part;
}

// Mails that were cut out of a mailbox begin with a line of the mailbox.
std::string_view without_envelope(std::string_view bytes) {
  if (!bytes.starts_with("From ")) return bytes;
  return bytes.substr(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
}

// What stands between lines of two hyphens and the boundary.
std::vector<std::string_view> split_parts(std::string_view body, std::string_view boundary, std::size_t max_parts) {
  const std::string line = "--" + std::string(boundary);
  std::vector<std::string_view> parts;
  std::size_t begin = std::string_view::npos;  // of the part under way
  for (std::size_t at = body.find(line); at != std::string_view::npos; at = body.find(line, at + line.size())) {
    if (at > 0 && body[at - 1] != '\n') continue;
    // Another boundary may begin like this one.
    const std::string_view rest = body.substr(at + line.size(), 2);
    const bool last = rest == "--";
    if (!last && !rest.empty() && rest[0] != '\r' && rest[0] != '\n' && rest[0] != ' ' && rest[0] != '\t') continue;
    if (begin != std::string_view::npos) parts.push_back(body.substr(begin, at > begin ? at - 1 - begin : 0));
    const std::size_t end_of_line = body.find('\n', at);
    begin = last || end_of_line == std::string_view::npos ? std::string_view::npos : end_of_line + 1;
    if (last || parts.size() >= max_parts) return parts;
  }
  // Cut off, or never closed.
  if (begin != std::string_view::npos && begin < body.size()) parts.push_back(body.substr(begin));
  return parts;
}

class MailReader {
 public:
  explicit MailReader(const ReadLimits& limits) : text_(limits) {}

  ParsedText read(std::string_view bytes) {
    read_message(bytes, 0);
    return {.media_type = "message/rfc822", .title = std::move(title_), .pages = text_.finish()};
  }

 private:
  void read_message(std::string_view bytes, int depth) {
    const Part part = read_part(bytes);
    const std::string subject = one_line(decode_words(part.head.find("subject")));
    if (depth == 0) title_ = subject;
    text_.heading(1, subject.empty() ? "(no subject)" : subject);
    std::string who;
    for (const auto& [field, label] : {std::pair{"from", "From"}, {"to", "To"}, {"cc", "Cc"}, {"date", "Date"}}) {
      const std::string value = one_line(decode_words(part.head.find(field)));
      if (!value.empty()) who.append(label).append(": ").append(value).append("\n");
    }
    text_.paragraph(who);
    read_content(part, depth);
  }

  void read_content(const Part& part, int depth) {
    // Deeper ones, and more of them, are no mail that a person wrote.
    if (depth > kDeepestPart || ++parts_ > kMaxParts) {
      throw Refusal(protocol::FailureReason::kArchive, "it has too many parts, or parts nested too deeply");
    }
    const std::string type = part.type();
    if (type.starts_with("multipart/")) {
      read_parts(part, type, depth);
    } else if (type == "message/rfc822") {
      const std::string inner = part.decoded();
      read_message(inner, depth + 1);
    } else if (type.starts_with("text/")) {
      read_text(part, type);
    } else {
      const std::string name = part.filename();
      text_.line("Attachment: " + (name.empty() ? type : name + " (" + type + ")"));
    }
  }

  void read_parts(const Part& part, const std::string& type, int depth) {
    const std::string boundary = mime_parameter(part.head.find("content-type"), "boundary");
    if (boundary.empty()) return read_text(part, "text/plain");
    const std::string decoded = part.decoded();
    std::vector<Part> parts;
    for (const std::string_view bytes : split_parts(decoded, boundary, kMaxParts)) parts.push_back(read_part(bytes));
    if (type == "multipart/alternative" && !parts.empty()) return read_content(best_of(parts), depth + 1);
    for (const Part& inner : parts) read_content(inner, depth + 1);
  }

  // Versions of one text, the plainest first.
  static const Part& best_of(const std::vector<Part>& parts) {
    const auto plain = std::ranges::find_if(
        parts, [](const Part& part) { return part.type() == "text/plain" && !is_blank(part.decoded()); });
    if (plain != parts.end()) return *plain;
    const auto page = std::ranges::find_if(
        parts, [](const Part& part) { return part.type() == "text/html" || part.type().starts_with("multipart/"); });
    return page != parts.end() ? *page : parts.back();
  }

  void read_text(const Part& part, const std::string& type) {
    const std::string name = part.filename();
    const bool attached = part.is_attachment() || !name.empty();
    if (attached) text_.heading(2, name.empty() ? "Attachment" : name);
    const std::string bytes = part.decoded();
    std::string charset = part.charset();
    if (type == "text/html" && charset.empty()) charset = html_charset(bytes);
    const std::string utf8 = to_utf8(bytes, charset);
    if (type == "text/html") {
      append_html(utf8, text_);
    } else if (const auto delimiter = attached ? csv_delimiter(utf8) : std::nullopt) {
      append_csv(clean_text(utf8), *delimiter, text_);
    } else {
      text_.paragraph(utf8);
    }
    if (attached) text_.close_headings(2);
  }

  TextBuilder text_;
  std::string title_;
  std::size_t parts_ = 0;
};

}  // namespace

bool looks_like_mail(std::string_view bytes) {
  constexpr std::array<std::string_view, 12> kKnown = {"from",         "to",           "subject",      "date",
                                                       "received",     "return-path",  "delivered-to", "message-id",
                                                       "mime-version", "content-type", "reply-to",     "cc"};
  bytes = without_envelope(bytes);
  const MailHead head = read_mail_head(bytes.substr(0, kMaxHeadBytes));
  std::array<bool, kKnown.size()> seen{};
  for (const MailField& field : head.fields) {
    const auto known = std::ranges::find(kKnown, std::string_view(field.name));
    if (known != kKnown.end()) seen[static_cast<std::size_t>(known - kKnown.begin())] = true;
  }
  // Minutes of a meeting also begin with "From", "To" and "Date"; they are read the same way.
  return std::ranges::count(seen, true) >= 3 && head.body > 1 && (bytes[head.body - 1] == '\n');
}

ParsedText read_mail(std::string_view bytes, const ReadLimits& limits) {
  return MailReader(limits).read(without_envelope(bytes));
}

}  // namespace jackdaw::extract
