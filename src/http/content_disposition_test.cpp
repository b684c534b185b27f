#include "http/content_disposition.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace jackdaw::http {
namespace {

std::string filename_of(std::string_view value) {
  const auto parsed = parse_content_disposition(value);
  return parsed && parsed->filename ? *parsed->filename : "(none)";
}

TEST(ContentDisposition, ReadsNameAndFilename) {
  const auto parsed = parse_content_disposition("form-data; name=\"file\"; filename=\"a b.pdf\"");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->type, "form-data");
  EXPECT_EQ(parsed->name, "file");
  EXPECT_EQ(parsed->filename, "a b.pdf");
}

TEST(ContentDisposition, ReadsWhatBrowsersAndCurlSendForQuotes) {
  EXPECT_EQ(filename_of("form-data; name=f; filename=\"a%22b%0D%0a.pdf\""), "a\"b\r\n.pdf");
  EXPECT_EQ(filename_of("form-data; name=f; filename=\"a\\\"b\\\\.pdf\""), "a\"b\\.pdf");
  EXPECT_EQ(filename_of("form-data; name=f; filename=\"C:\\dir\\x.pdf\""), "C:\\dir\\x.pdf");
  EXPECT_EQ(filename_of("form-data; name=f; filename=\"100%25 %41.pdf\""), "100%25 %41.pdf");
}

TEST(ContentDisposition, OutsideFormsQuotedPairsAreTheStandards) {
  EXPECT_EQ(filename_of("attachment; filename=\"a\\b%22.pdf\""), "ab%22.pdf");
}

TEST(ContentDisposition, TheExtendedNameWins) {
  EXPECT_EQ(filename_of("attachment; filename=\"x.pdf\"; filename*=UTF-8''%e2%82%ac%20rates.pdf"),
            "\xE2\x82\xAC rates.pdf");
  EXPECT_EQ(filename_of("attachment; filename*=iso-8859-1'en'%A3.pdf"), "\xC2\xA3.pdf");
}

TEST(ContentDisposition, ABrokenExtendedNameIsPassedOver) {
  EXPECT_EQ(filename_of("attachment; filename=\"x.pdf\"; filename*=UTF-8''%ff"), "x.pdf");
  EXPECT_EQ(filename_of("attachment; filename=\"x.pdf\"; filename*=koi8-r''a"), "x.pdf");
  EXPECT_EQ(filename_of("attachment; filename=\"x.pdf\"; filename*=UTF-8'%41"), "x.pdf");
}

TEST(ContentDisposition, MalformedFieldsAreNothing) {
  for (const char* text : {"", ";", "form data; name=a", "form-data; name=\"a", "form-data; name=a; name=b"}) {
    EXPECT_FALSE(parse_content_disposition(text).has_value()) << text;
  }
}

TEST(ContentDisposition, FormattedNamesAreReadBack) {
  for (const char* name : {"a.pdf", "a \"b\" \\ c%22.pdf", "\xE2\x82\xAC.pdf", "\xF0\x9F\x98\x80", ""}) {
    const std::string header = format_content_disposition("attachment", name);
    EXPECT_EQ(filename_of(header), name) << header;
    EXPECT_EQ(header.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ;=\"*'%.-_"),
              std::string::npos)
        << header;
  }
  EXPECT_EQ(format_content_disposition("attachment", "a.pdf"), "attachment; filename=\"a.pdf\"");
}

TEST(ContentDisposition, ControlCharactersAreRefused) {
  using namespace std::string_view_literals;
  for (const auto name : {"a\r\nb"sv, "a\0b"sv, "a\tb"sv, "a\x7f"sv}) {
    EXPECT_THROW(format_content_disposition("attachment", name), Error);
  }
}

}  // namespace
}  // namespace jackdaw::http
