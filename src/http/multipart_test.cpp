#include "http/multipart.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "core/error.h"
#include "http/request.h"

namespace jackdaw::http {
namespace {

using namespace std::string_literals;

struct Part {
  std::string name;
  std::optional<std::string> filename;
  std::string data;
  friend bool operator==(const Part&, const Part&) = default;
};
using Parts = std::vector<Part>;

Parts parse(const std::string& body, std::size_t step, MultipartLimits limits = {}) {
  MultipartParser parser("XyZ", limits);
  Parts parts;
  std::size_t given = 0;
  while (true) {
    switch (parser.next()) {
      case MultipartParser::Event::kNeedMore:
        if (given >= body.size())
          parser.finish();
        else
          parser.feed(std::string_view(body).substr(given, step));
        given += step;
        break;
      case MultipartParser::Event::kPartBegin: parts.push_back({parser.head().name, parser.head().filename, ""}); break;
      case MultipartParser::Event::kPartData: parts.back().data += parser.data(); break;
      case MultipartParser::Event::kPartEnd: break;
      case MultipartParser::Event::kEnd: return parts;
    }
  }
}

void expect_parts(const std::string& body, const Parts& expected) {
  for (std::size_t step = 1; step <= body.size(); ++step) ASSERT_EQ(parse(body, step), expected) << "steps of " << step;
}

std::string part(const std::string& disposition, const std::string& data) {
  return "--XyZ\r\nContent-Disposition: form-data; " + disposition + "\r\nContent-Type: x/y\r\n\r\n" + data + "\r\n";
}

TEST(Multipart, PartsAreTheSameHoweverTheBytesAreCut) {
  const std::string tricky = "\r\n--Xy\r\n--XyY\r\n-\r\r\n--X\0 end\r"s;
  const std::string body = part("name=file; filename=\"a.pdf\"", tricky) + part("name=\"note\"", "") +
                           part("name=file; filename=\"\"", "\r\n") + "--XyZ--\r\n";
  expect_parts(body, {{"file", "a.pdf", tricky}, {"note", {}, ""}, {"file", "", "\r\n"}});
}

TEST(Multipart, PreambleEpilogueAndPaddingAreIgnored) {
  expect_parts(
      "preamble --XyZ not at a line begin\r\n--XyZ \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XyZ-- "
      "x\r\nepilogue",
      {{"a", {}, "1"}});
}

TEST(Multipart, AnEmptyFormHasNoParts) {
  expect_parts("--XyZ--", {});
}

TEST(Multipart, APartMayBeNothingAtAll) {
  expect_parts("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n--XyZ--", {{"a", {}, ""}});
}

TEST(Multipart, RefusesBrokenBodies) {
  const std::vector<std::string> bodies = {
      "",
      "no boundary",
      "--XyZ",
      "--XyZ\r\n",
      "--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\ndata",
      part("name=a", "x"),
      part("name=a", "x") + "--XyZ",
      "--XyZgarbage\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--XyZ--",
      "--XyZ\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Type: a/b\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: form-data; filename=a\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: form-data; name=a\r\nbroken\r\n\r\nx\r\n--XyZ--",
      "--XyZ\r\nContent-Disposition: form-data; name=a\r\nX: a\nb\r\n\r\nx\r\n--XyZ--"};
  for (const std::string& body : bodies) {
    for (const std::size_t step : {std::size_t{1}, body.size() + 1}) {
      EXPECT_THROW(parse(body, step), Error) << "steps of " << step << ": " << body;
    }
  }
}

ErrorCode code_of(const std::string& body, std::size_t step, MultipartLimits limits) {
  try {
    parse(body, step, limits);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::kInternal;
}

TEST(Multipart, PartHeadsAndTheNumberOfPartsAreBounded) {
  const std::string long_head = part("name=a; filename=\"" + std::string(9000, 'a') + "\"", "") + "--XyZ--";
  const std::string endless_head = "--XyZ\r\nX: " + std::string(9000, 'a');
  const std::string endless_padding = "--XyZ" + std::string(9000, ' ');
  for (const std::size_t step : {std::size_t{1}, std::size_t{100'000}}) {
    EXPECT_EQ(code_of(long_head, step, {}), ErrorCode::kTooLarge);
    EXPECT_EQ(code_of(endless_head, step, {}), ErrorCode::kTooLarge);
    EXPECT_EQ(code_of(endless_padding, step, {}), ErrorCode::kInvalidArgument);
    const std::string three = part("name=a", "") + part("name=a", "") + part("name=a", "") + "--XyZ--";
    EXPECT_EQ(code_of(three, step, {.max_part_head_bytes = 1000, .max_parts = 2}), ErrorCode::kTooLarge);
  }
}

TEST(Multipart, TheBoundaryComesFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundaryA1"), "----WebKitFormBoundaryA1");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b:c\""), "a b:c");
  for (const char* type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\nb\"",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a; boundary=b"}) {
    EXPECT_THROW(multipart_boundary(type), Error) << type;
  }
  EXPECT_THROW(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), Error);
  for (const char* type : {"", "application/json", "multipart/mixed; boundary=a"}) {
    try {
      multipart_boundary(type);
      ADD_FAILURE() << type;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupportedMediaType);
    }
  }
}

boost::asio::awaitable<std::vector<std::string>> read_all(MultipartReader& reader, bool skip_first) {
  std::vector<std::string> seen;
  while (auto head = co_await reader.next_part()) {
    std::string data = head->name + "=";
    std::array<char, 5> piece;
    while (!(skip_first && seen.empty())) {
      const std::size_t count = co_await reader.read_some(piece);
      if (count == 0) break;
      data.append(piece.data(), count);
    }
    seen.push_back(data);
  }
  co_return seen;
}

TEST(MultipartReader, PullsPartsFromASourceAndSkipsWhatIsNotRead) {
  for (const bool skip_first : {false, true}) {
    StringBody body(part("name=a", "hello world") + part("name=b", "second") + "--XyZ--\r\n");
    MultipartReader reader("XyZ", [&](std::span<char> into) { return body.read_some(into); });
    boost::asio::io_context context;
    auto result = boost::asio::co_spawn(context, read_all(reader, skip_first), boost::asio::use_future);
    context.run();
    EXPECT_EQ(result.get(), (std::vector<std::string>{skip_first ? "a=" : "a=hello world", "b=second"}));
  }
}

}  // namespace
}  // namespace jackdaw::http
