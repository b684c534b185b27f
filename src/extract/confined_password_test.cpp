#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "extract/confined_extractor.h"
#include "extract/testing/sample_files.h"

namespace jackdaw::extract {
namespace {

namespace fs = std::filesystem;

struct Opened {
  std::size_t characters = 0;
  std::string error;
  std::string message;
};

Opened open_with(const fs::path& path, const std::string& password) {
  ConfinedExtractorOptions options;
  options.parser = testing::program("jackdaw-parse");
  Opened opened;
  try {
    ConfinedExtractor(options).extract({.path = path, .filename = "secret.pdf", .password = password},
                                       {.on_page = [&](Page&& page) { opened.characters += page.text.size(); }}, {});
  } catch (const Error& error) {
    opened.error = to_string(error.code());
    opened.message = error.what();
  }
  return opened;
}

fs::path sample(const std::string& archive, const std::string& part_of_path) {
  const fs::path folder = testing::unpacked(archive);
  if (folder.empty()) return {};
  for (const fs::path& path : testing::pdfs_in(folder)) {
    if (path.string().find(part_of_path) != std::string::npos) return path;
  }
  return {};
}

TEST(Password, OpensADocumentAndIsAskedForByName) {
  const fs::path path = sample("py-pdf-sample-files", "libreoffice-writer-password");
  if (path.empty()) GTEST_SKIP() << "pdf/py-pdf-sample-files.tar.xz is not in " << testing::data_folder();
  const Opened locked = open_with(path, "");
  EXPECT_EQ(locked.error, "encrypted_document");
  EXPECT_NE(locked.message.find("form field `password`"), std::string::npos) << locked.message;
  EXPECT_NE(locked.message.find("`--password-file`"), std::string::npos) << locked.message;
  const Opened wrong = open_with(path, "not the one");
  EXPECT_EQ(wrong.error, "encrypted_document");
  EXPECT_NE(wrong.message.find("does not open it"), std::string::npos) << wrong.message;
  EXPECT_EQ(wrong.message.find("not the one"), std::string::npos) << wrong.message;
  const Opened open = open_with(path, "openpassword");
  EXPECT_EQ(open.error, "") << open.message;
  EXPECT_GT(open.characters, 0U);
}

// Each of the revisions that the standards name, with the password that its file was made with.
TEST(Password, OpensEveryKindOfEncryption) {
  if (testing::unpacked("pdfminer").empty()) GTEST_SKIP() << "pdf/pdfminer.tar.xz is not in " << testing::data_folder();
  struct Case {
    std::string name;
    std::vector<std::string> passwords;
  };
  for (const Case& file :
       {Case{"base", {"foo"}}, Case{"rc4-40", {"foo", "baz"}}, Case{"rc4-128", {"foo", "baz"}},
        Case{"aes-128", {"foo", "baz"}}, Case{"aes-128-m", {"foo", "baz"}}, Case{"aes-256", {"foo", "baz"}},
        Case{"aes-256-m", {"foo", "baz"}}, Case{"aes-256-r6", {"usersecret", "ownersecret"}}}) {
    const fs::path path = sample("pdfminer", "encryption/" + file.name + ".pdf");
    ASSERT_FALSE(path.empty()) << file.name;
    for (const std::string& password : file.passwords) {
      const Opened open = open_with(path, password);
      EXPECT_EQ(open.error, "") << file.name << " with " << password << ": " << open.message;
      EXPECT_GT(open.characters, 0U) << file.name;
    }
  }
}

TEST(Password, OneThatNoDocumentCouldHaveIsRefused) {
  const testing::TemporaryFile file("%PDF-1.7\n");
  EXPECT_EQ(open_with(file.path(), std::string(2000, 'a')).error, "invalid_argument");
  EXPECT_EQ(open_with(file.path(), std::string("a\0b", 3)).error, "invalid_argument");
}

}  // namespace
}  // namespace jackdaw::extract
