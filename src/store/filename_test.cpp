#include "store/filename.h"

#include <gtest/gtest.h>

#include <string>

#include "core/text.h"

namespace jackdaw::store {
namespace {

TEST(CleanFilename, KeepsAnOrdinaryNameAsItIs) {
  EXPECT_EQ(clean_filename("Annual report 2026.pdf"), "Annual report 2026.pdf");
  EXPECT_EQ(clean_filename("Größe – 数据 \"draft\" it's.pdf"), "Größe – 数据 \"draft\" it's.pdf");
  EXPECT_EQ(clean_filename(".hidden"), ".hidden");
}

TEST(CleanFilename, StripsEveryPath) {
  EXPECT_EQ(clean_filename("../../etc/passwd"), "passwd");
  EXPECT_EQ(clean_filename("C:\\x\\y.pdf"), "y.pdf");
  EXPECT_EQ(clean_filename("/a\\b/c\\d.pdf"), "d.pdf");
}

TEST(CleanFilename, NamesTheNameless) {
  for (const char* raw : {"", "/", "a/", "..", ".", "x\\..", "\x01\x02", "  \t\n", "\u202e"}) {
    EXPECT_EQ(clean_filename(raw), "document") << '"' << raw << '"';
  }
}

TEST(CleanFilename, DropsControlsAndDirectionOverridesAndMakesLineEndsSpaces) {
  EXPECT_EQ(clean_filename("a\nb\tc\x7f\x01.pdf"), "a b c.pdf");
  EXPECT_EQ(clean_filename("a\r\nSet-Cookie: x.pdf"), "a  Set-Cookie: x.pdf");
  EXPECT_EQ(clean_filename("invoice\u202efdp.exe"), "invoicefdp.exe");
  EXPECT_EQ(clean_filename(std::string("nul\0l.pdf", 9)), "null.pdf");
}

TEST(CleanFilename, KeepsEmojiThatAreJoinedOfSeveral) {
  const std::string family = "👨\u200d👩\u200d👧 ☂️.pdf";
  EXPECT_EQ(clean_filename(family), family);
}

TEST(CleanFilename, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(clean_filename("a\xff\xc3.pdf"), "a\ufffd\ufffd.pdf");
}

TEST(CleanFilename, CutsLongNamesAtAGraphemeBorderBeforeTheExtension) {
  for (const char* grapheme : {"a", "é", "e\u0301", "👩\u200d🚀", "각", "🇩🇪"}) {
    std::string raw;
    while (raw.size() < 700) raw += grapheme;
    const std::string name = clean_filename(raw + ".pdf");
    ASSERT_LE(name.size(), 255U);
    EXPECT_GT(name.size(), 255U - 12);
    EXPECT_TRUE(name.ends_with(".pdf"));
    EXPECT_EQ((name.size() - 4) % std::string(grapheme).size(), 0U) << grapheme;
  }
  EXPECT_EQ(clean_filename(std::string(300, '.')).size(), 255U);
}

TEST(CleanFilename, GivesUpOnANameThatIsOneEndlessGrapheme) {
  std::string raw = "e";
  for (int i = 0; i < 300; ++i) raw += "\u0301";
  EXPECT_EQ(clean_filename(raw + ".pdf"), "document.pdf");
}

TEST(CleanFilename, DoesNotChangeACleanName) {
  for (const char* raw : {"../é\n.pdf", "a\xff.pdf", "👨\u200d👩\u200d👧", "...", "a b"}) {
    const std::string once = clean_filename(raw);
    EXPECT_EQ(clean_filename(once), once);
    EXPECT_TRUE(text::is_valid_utf8(once));
  }
}

}  // namespace
}  // namespace jackdaw::store
