// Plain text in any encoding, Markdown, HTML, CSV, JSON, mails, and the cut into pieces.
#include <gtest/gtest.h>

#include <string>

#include "extract/confined/charset.h"
#include "extract/confined/clean_text.h"
#include "extract/confined/csv.h"
#include "extract/confined/html.h"
#include "extract/confined/markdown.h"
#include "extract/confined/read_document.h"
#include "extract/confined/text_pieces.h"

namespace jackdaw::extract {
namespace {

using namespace std::string_literals;
using protocol::FailureReason;

ParsedText read(const std::string& bytes, const ReadLimits& limits = {}) {
  return read_document(bytes, limits);
}

// Of a text that fits into one piece, and is of this type.
std::string text_of(const std::string& bytes, std::string_view media_type) {
  const ParsedText document = read(bytes);
  EXPECT_EQ(document.media_type, media_type);
  EXPECT_FALSE(document.paged);
  EXPECT_EQ(document.pages.size(), 1U);
  return document.pages.empty() ? "" : document.pages[0].text;
}

std::string wide(const std::u16string& text, bool little) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    bytes += little ? std::string{low, high} : std::string{high, low};
  }
  return bytes;
}

TEST(Charset, MarksDecide) {
  EXPECT_EQ(to_utf8("\xef\xbb\xbf"s + "caf\xc3\xa9"), "caf\u00e9");
  EXPECT_EQ(to_utf8("\xff\xfe"s + wide(u"caf\u00e9 \u4e2d", true)), "caf\u00e9 \u4e2d");
  EXPECT_EQ(to_utf8("\xfe\xff"s + wide(u"caf\u00e9", false)), "caf\u00e9");
  EXPECT_EQ(to_utf8("\xff\xfe\0\0a\0\0\0"s), "a");
}

TEST(Charset, WideTextWithoutAMarkIsFoundByItsZeros) {
  EXPECT_EQ(to_utf8(wide(u"Dear Sir or Madam", true)), "Dear Sir or Madam");
  EXPECT_EQ(to_utf8(wide(u"Dear Sir or Madam", false)), "Dear Sir or Madam");
  EXPECT_EQ(text_of(wide(u"Dear Sir or Madam", true), "text/plain"), "Dear Sir or Madam");
}

TEST(Charset, EightBitTextIsGuessedFromItsLetters) {
  EXPECT_EQ(to_utf8("Gr\xfc\xdf"
                    "e aus K\xf6ln \x96 50 \x80"),
            "Gr\u00fc\u00dfe aus K\u00f6ln \u2013 50 \u20ac");
  // KOI8-R: "Russian language is one of the Slavic languages, it is spoken by many people."
  EXPECT_EQ(to_utf8("\xf2\xd5\xd3\xd3\xcb\xc9\xca \xd1\xda\xd9\xcb \xcf\xc4\xc9\xce \xc9\xda "
                    "\xd3\xcc\xc1\xd7\xd1\xce\xd3\xcb\xc9\xc8 \xd1\xda\xd9\xcb\xcf\xd7, \xce\xc1 \xce\xc5\xcd "
                    "\xc7\xcf\xd7\xcf\xd2\xd1\xd4 \xcd\xce\xcf\xc7\xc9\xc5 \xcc\xc0\xc4\xc9."),
            "Русский язык один из славянских языков, на нем говорят многие люди.");
  // Shift-JIS: "This is a text in Japanese. A search engine reads documents."
  EXPECT_EQ(to_utf8("\x82\xb1\x82\xea\x82\xcd\x93\xfa\x96\x7b\x8c\xea\x82\xcc\x95\xb6\x8f\xcd\x82\xc5\x82\xb7\x81\x42"
                    "\x8c\x9f\x8d\xf5\x83\x47\x83\x93\x83\x57\x83\x93\x82\xaa\x95\xb6\x8f\x91\x82\xf0\x93\xc7\x82\xdd"
                    "\x82\xdc\x82\xb7\x81\x42"),
            "これは日本語の文章です。検索エンジンが文書を読みます。");
}

TEST(Charset, ADeclarationCountsUnlessTheBytesSayOtherwise) {
  EXPECT_EQ(to_utf8("\xe9t\xe9", "iso-8859-1"), "\u00e9t\u00e9");
  EXPECT_EQ(to_utf8("\xb1", "iso-8859-2"), "\u0105");
  EXPECT_EQ(to_utf8("\xc3\xa9t\xc3\xa9", "iso-8859-1"), "\u00e9t\u00e9");
  EXPECT_EQ(to_utf8("\x1b$B$3$l\x1b(B", "iso-2022-jp"), "これ");
  EXPECT_EQ(to_utf8("abc", "no-such-charset"), "abc");
}

TEST(Charset, AFewBadBytesDoNotMakeItAnotherEncoding) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "\xc3\xa9";
  EXPECT_EQ(clean_text(to_utf8(text + "\xff")), text + "\ufffd");
}

TEST(PlainText, KeepsLinesAndParagraphs) {
  EXPECT_EQ(text_of("One  \r\ntwo\r\n\r\n\r\n\r\nthree\fpage\n", "text/plain"), "One\ntwo\n\nthree\npage");
}

TEST(PlainText, BinaryBytesBehindATextAreRefused) {
  try {
    read(std::string(2'000, 'a') + std::string(2'000, '\x01'));
    FAIL();
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.reason(), FailureReason::kUnsupported);
    EXPECT_EQ(refusal.detail(), "a file of an unknown kind");
  }
}

TEST(Pieces, AreCutBetweenParagraphsAndBeforeHeadings) {
  std::string markdown = "# Book\n\n## One\n\n";
  for (int i = 0; i < 500; ++i) markdown += "A paragraph with some words, number " + std::to_string(i) + ".\n\n";
  markdown += "## Two\n\n";
  for (int i = 0; i < 500; ++i) markdown += "A paragraph with some words, number " + std::to_string(i) + ".\n\n";
  const ParsedText document = read(markdown);
  ASSERT_EQ(document.pages.size(), 2U);
  EXPECT_TRUE(document.pages[0].text.ends_with("number 499."));
  EXPECT_TRUE(document.pages[1].text.starts_with("Two\n"));
  EXPECT_EQ(document.pages[1].number, 2);
  ASSERT_EQ(document.pages[1].sections.size(), 1U);
  EXPECT_EQ(document.pages[1].sections[0], (Section{0, "Book \u203a Two"}));
}

TEST(Pieces, TextWithoutAnyBorderIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "\u4e2d";
  const auto pieces = cut_into_pieces({.text = text});
  std::string joined;
  for (const Page& piece : pieces) {
    EXPECT_LE(piece.text.size(), kPieceBytes);
    EXPECT_EQ(piece.text.size() % 3, 0U);
    joined += piece.text;
  }
  EXPECT_EQ(joined, text);
  EXPECT_TRUE(cut_into_pieces({.text = "\n \n"}).empty());
}

TEST(Markdown, KeepsHeadingsListsTablesAndCode) {
  const ParsedText document = read(
      "# Guide\n\nSome *text* with [a link](http://x.y) &amp; `code`.\n\n## Install\n\n1. one\n2. two\n   - deep\n\n"
      "| Name | Price |\n|------|------:|\n| A    | 1     |\n\n```sh\nmake  all\n```\n\n<p "
      "align=\"center\"><b>Bold</b></p>"
      "\n");
  EXPECT_EQ(document.media_type, "text/markdown");
  EXPECT_EQ(document.title, "Guide");
  EXPECT_EQ(document.pages.at(0).text,
            "Guide\n\nSome text with a link & code.\n\nInstall\n\n1. one\n2. two\n  - deep\n\nName: A; Price: 1\n\n"
            "make  all\n\nBold");
  EXPECT_EQ(document.pages[0].sections.at(1).heading, "Guide \u203a Install");
}

TEST(Markdown, IsToldFromPlainText) {
  EXPECT_TRUE(looks_like_markdown("# Title\n\n- one\n- two\n"));
  EXPECT_TRUE(looks_like_markdown("Title\n=====\n\nSee [this](x).\n"));
  EXPECT_FALSE(looks_like_markdown("#!/bin/sh\n# A comment\nset -e\n# another\necho a * b\n"));
  EXPECT_FALSE(looks_like_markdown("Dear Sir,\n\nplease find the list:\n- one\n- two\n\nBest regards\n"));
}

TEST(Html, KeepsWhatThePageSays) {
  const ParsedText document = read(
      "<!doctype html><html><head><title>My page</title><style>p{}</style><script>if (a<b) x=\"<p>no</p>\";</script>"
      "</head><body><nav>Home</nav><h1>Falcons</h1><p>Fast &amp; <b>bold</b><br>second   line<ul><li>one<li>two<ul>"
      "<li>deep</ul></ul><ol start=3><li>first</ol><table><tr><th>Name<th>Price<tr><td rowspan=2>Magpie<td>4<tr><td>5"
      "</table><dl><dt>Beak<dd>hard</dl><img alt=\"A falcon\"><pre>a  b</pre><h2>Food</h2>Mice<div "
      "hidden>secret</div>");
  EXPECT_EQ(document.media_type, "text/html");
  EXPECT_EQ(document.title, "My page");
  EXPECT_EQ(document.pages.at(0).text,
            "Falcons\n\nFast & bold\nsecond line\n\n- one\n- two\n  - deep\n3. first\n\nName: Magpie; Price: 4\n"
            "Name: Magpie; Price: 5\n\nBeak: hard\n\nA falcon\n\na  b\n\nFood\n\nMice");
  EXPECT_EQ(document.pages[0].sections.at(1).heading, "Falcons \u203a Food");
}

TEST(Html, TablesThatOnlyArrangeThePageAreText) {
  EXPECT_EQ(text_of("<html><table><tr><td><table><tr><td>Left</td><td>Right</td></tr></table></td></tr></table>",
                    "text/html"),
            "Left\n\nRight");
}

TEST(Html, TheDeclaredCharsetIsUsed) {
  EXPECT_EQ(html_charset("<html><meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">"),
            "windows-1251");
  EXPECT_EQ(text_of("<html><head><meta charset='windows-1251'></head><p>\xcf\xf0\xe8\xe2\xe5\xf2", "text/html"),
            "Привет");
}

TEST(Html, BombsAreRefusedAndUglyPagesRead) {
  std::string deep = "<html>";
  for (int i = 0; i < 200'000; ++i) deep += "<div></b>";
  EXPECT_THROW(read(deep), Refusal);
  std::string attributes = "<html><p";
  for (int i = 0; i < 50'000; ++i) attributes += " a" + std::to_string(i);
  EXPECT_THROW(read(attributes + ">x"), Refusal);
  std::string anchors = "<html>";
  for (int i = 0; i < 2'000; ++i) anchors += "<a name=x><p>word";
  EXPECT_FALSE(read(anchors).pages.empty());
  std::string items = "<html><ul>";
  for (int i = 0; i < 5'000; ++i) items += "<li>word<p>more";
  EXPECT_EQ(read(items).pages.at(0).text.substr(0, 12), "- word\n\nmore");
}

TEST(Csv, RowsCarryTheNamesOfTheirColumns) {
  EXPECT_EQ(text_of("Name,Price,Town\n\"Magpie, 7\",\"4\"\"5\",Kiel\nRaven,9,\"two\nlines\"\n", "text/csv"),
            "Name: Magpie, 7; Price: 4\"5; Town: Kiel\nName: Raven; Price: 9; Town: two lines");
  EXPECT_EQ(text_of("Name\tPrice\nA\t1\nB\t2\n", "text/tab-separated-values"), "Name: A; Price: 1\nName: B; Price: 2");
  EXPECT_EQ(text_of("1;2;3\n4;5;6\n", "text/csv"), "1; 2; 3\n4; 5; 6");
}

TEST(Csv, ProseIsNone) {
  EXPECT_EQ(csv_delimiter("Hello, world\nFoo, bar\nOne, two\n"), std::nullopt);
  EXPECT_EQ(csv_delimiter("One line without any\nanother line\n"), std::nullopt);
  EXPECT_EQ(csv_delimiter("a;b;c\n1;2;3\n"), ';');
}

TEST(Json, RecordsAreRows) {
  const ParsedText document = read(
      R"({"company":"Falcon","boss":{"name":"Ann"},"tags":["a","b"],"birds":[{"name":"M","price":1.50},{"name":"R"}],)"
      R"("no":null,"rows":[[1,2],[3,4]]})");
  EXPECT_EQ(document.media_type, "application/json");
  EXPECT_EQ(document.pages.at(0).text,
            "company: Falcon\nboss.name: Ann\ntags: a, b\n\nbirds\n\nname: M; price: 1.50\nname: R\n1; 2\n3; 4");
  EXPECT_EQ(document.pages[0].sections.at(0).heading, "birds");
  EXPECT_EQ(text_of("{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n", "application/x-ndjson"), "a: 1; b: x\na: 2");
}

TEST(Json, WhatIsNoneIsText) {
  EXPECT_EQ(text_of("{\"a\": oops}", "text/plain"), "{\"a\": oops}");
  EXPECT_EQ(text_of(std::string(5'000, '['), "text/plain").size(), 5'000U);
}

TEST(Mail, ReadsHeadTextAndAttachments) {
  const ParsedText mail = read(
      "From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\nTo: Ann <a@example.org>\r\nSubject: "
      "=?utf-8?B?UHJlaXNlIGbDvHI=?=\r\n"
      " =?utf-8?Q?_Magpie?=\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: multipart/alternative; "
      "boundary=b2\r\n"
      "\r\n--b2\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "Gr=FC=DFe aus =\r\nK=F6ln\r\n--b2\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b2--\r\n--b1\r\n"
      "Content-Type: text/csv\r\nContent-Disposition: attachment; "
      "filename=x.csv\r\n\r\nName,Price,Q\r\nA,1,2\r\n--b1\r\n"
      "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''B%C3%BCro.pdf\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b1--\r\n");
  EXPECT_EQ(mail.media_type, "message/rfc822");
  EXPECT_EQ(mail.title, "Preise f\u00fcr Magpie");
  EXPECT_EQ(
      mail.pages.at(0).text,
      "Preise f\u00fcr Magpie\n\nFrom: J\u00f6rg <j@example.org>\nTo: Ann <a@example.org>\n"
      "Date: Mon, 1 Jan 2024 10:00:00 +0100\n\nGr\u00fc\u00dfe aus K\u00f6ln\n\nx.csv\n\nName: A; Price: 1; Q: 2\n\n"
      "Attachment: B\u00fcro.pdf (application/pdf)");
  EXPECT_EQ(mail.pages[0].sections.at(1).heading, "Preise f\u00fcr Magpie \u203a x.csv");
}

TEST(Mail, NestingHasAnEnd) {
  std::string mail;
  for (int i = 0; i < 100; ++i) {
    mail += "From: a\nTo: b\nSubject: c\nContent-Type: message/rfc822\n\n";
  }
  try {
    read(mail);
    FAIL();
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.reason(), FailureReason::kArchive);
  }
}

}  // namespace
}  // namespace jackdaw::extract
