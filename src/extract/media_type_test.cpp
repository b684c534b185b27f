#include "extract/media_type.h"

#include <gtest/gtest.h>

#include <string>

namespace jackdaw::extract {
namespace {

using namespace std::string_literals;

TEST(MediaType, FindsThePdfHeaderAnywhereInTheFirst1024Bytes) {
  EXPECT_EQ(detect_media_type("%PDF-1.7\n"), MediaType::kPdf);
  EXPECT_EQ(detect_media_type("Content-Type: application/pdf\r\n\r\n%PDF-1.4"), MediaType::kPdf);
  EXPECT_EQ(detect_media_type(std::string(1019, '\0') + "%PDF-"), MediaType::kPdf);
  EXPECT_EQ(detect_media_type(std::string(1020, '\0') + "%PDF-"), MediaType::kUnknown);
}

TEST(MediaType, NamesWhatIsNotAPdf) {
  EXPECT_EQ(detect_media_type(""), MediaType::kEmpty);
  EXPECT_EQ(detect_media_type("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s), MediaType::kPng);
  EXPECT_EQ(detect_media_type("\xff\xd8\xff\xe0\0\x10JFIF"s), MediaType::kJpeg);
  EXPECT_EQ(detect_media_type("GIF89a...."), MediaType::kGif);
  EXPECT_EQ(detect_media_type("RIFF\x10\0\0\0WEBPVP8 "s), MediaType::kWebp);
  EXPECT_EQ(detect_media_type("PK\x03\x04\x14\0\0\0readme.txt"s), MediaType::kZip);
  EXPECT_EQ(detect_media_type("PK\x03\x04\x14\0\x06\0[Content_Types].xml"s), MediaType::kOfficeOpenXml);
  EXPECT_EQ(detect_media_type("PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text"),
            MediaType::kOpenDocument);
  EXPECT_EQ(detect_media_type("PK\x03\x04....mimetypeapplication/epub+zip"), MediaType::kEpub);
  EXPECT_EQ(detect_media_type("\n  <!DOCTYPE HTML><title>x"), MediaType::kHtml);
  EXPECT_EQ(detect_media_type("<?xml version=\"1.0\"?><html xmlns=''>"), MediaType::kHtml);
  EXPECT_EQ(detect_media_type("<?xml version=\"1.0\"?><svg/>"), MediaType::kXml);
  EXPECT_EQ(detect_media_type("Dear Sir or Madam,\r\n"), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type("BMW builds cars."), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type("\x01\x02\x03\x04"), MediaType::kUnknown);
}

TEST(MediaType, AnImageOrAPageThatOnlyMentionsThePdfHeaderStaysWhatItIs) {
  EXPECT_EQ(detect_media_type("\x89PNG\r\n\x1a\n....%PDF-1.4"), MediaType::kPng);
  EXPECT_EQ(detect_media_type("<html><body>A file starts with %PDF-1.4"), MediaType::kHtml);
}

std::string wide(std::string_view ascii, std::size_t width, std::size_t place) {
  std::string bytes;
  for (const char c : ascii) {
    std::string unit(width, '\0');
    unit[place] = c;
    bytes += unit;
  }
  return bytes;
}

TEST(MediaType, TellsWideTextFromOtherBytesWithZeros) {
  constexpr std::string_view kWords = "Dear Sir or Madam,\r\n";
  EXPECT_EQ(detect_media_type(wide(kWords, 2, 0)), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type(wide(kWords, 2, 1)), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type(wide(kWords, 4, 0)), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type(wide(kWords, 4, 3)), MediaType::kPlainText);
  EXPECT_EQ(detect_media_type(std::string(100, '\0')), MediaType::kUnknown);
  EXPECT_EQ(detect_media_type(wide("\x01\x02\x03\x04\x05\x06\x07\x08", 2, 0)), MediaType::kUnknown);
}

TEST(MediaType, SaysWhichProgramReadsIt) {
  EXPECT_EQ(parser_of(MediaType::kPdf), Parser::kPdf);
  for (const MediaType type : {MediaType::kPlainText, MediaType::kHtml, MediaType::kZip, MediaType::kOfficeOpenXml,
                               MediaType::kOpenDocument, MediaType::kEpub, MediaType::kLegacyOffice}) {
    EXPECT_EQ(parser_of(type), Parser::kText) << describe(type);
  }
  for (const MediaType type : {MediaType::kEmpty, MediaType::kPng, MediaType::kRtf, MediaType::kSevenZip,
                               MediaType::kXml, MediaType::kUnknown}) {
    EXPECT_EQ(parser_of(type), std::nullopt) << describe(type);
  }
}

TEST(MediaType, EveryTypeHasAMimeNameAndWords) {
  for (int i = 0; i <= static_cast<int>(MediaType::kUnknown); ++i) {
    EXPECT_NE(mime_name(static_cast<MediaType>(i)).find('/'), std::string_view::npos);
    EXPECT_FALSE(describe(static_cast<MediaType>(i)).empty());
  }
  EXPECT_EQ(describe(MediaType::kPng), "a PNG image");
  EXPECT_EQ(mime_name(MediaType::kPdf), "application/pdf");
}

}  // namespace
}  // namespace jackdaw::extract
