#include "server/file_walk.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

class FileWalk : public ::testing::Test {
 protected:
  FileWalk() {
    std::string pattern = (fs::temp_directory_path() / "jackdaw-walk-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = fs::canonical(pattern);
  }
  ~FileWalk() override {
    std::error_code ignored;
    fs::permissions(folder_ / "closed", fs::perms::owner_all, ignored);
    fs::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::string& text = "text") const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  // What is found, relative to the folder; "!" before what cannot be read, "+" after what was named.
  std::vector<std::string> find(const std::vector<std::string>& words, const WalkOptions& options = {}) const {
    std::vector<std::string> paths;
    for (const std::string& word : words) paths.push_back(word.empty() ? folder_ : folder_ / word);
    std::vector<std::string> names;
    for (const FoundFile& file : FileSelection(paths, options).find()) {
      names.push_back((file.failure ? "!" : "") + file.path.lexically_relative(folder_).string() +
                      (file.named ? "+" : ""));
    }
    return names;
  }

  fs::path folder_;
};

using Names = std::vector<std::string>;

TEST_F(FileWalk, AFolderMeansAllFilesBelowItByPath) {
  for (const char* name : {"b.pdf", "a.pdf", "sub/deep/c.txt", "sub/a.txt"}) write(name);
  EXPECT_EQ(find({""}), (Names{"a.pdf", "b.pdf", "sub/a.txt", "sub/deep/c.txt"}));
  EXPECT_EQ(find({"sub", "a.pdf"}), (Names{"sub/a.txt", "sub/deep/c.txt", "a.pdf+"}));
}

TEST_F(FileWalk, HiddenNamesAreLeftOutUnlessAskedForOrNamed) {
  for (const char* name : {".hidden", ".git/config", "a", "sub/.x"}) write(name);
  EXPECT_EQ(find({""}), Names{"a"});
  EXPECT_EQ(find({""}, {.exclude = {}, .include_hidden = true}), (Names{".git/config", ".hidden", "a", "sub/.x"}));
  EXPECT_EQ(find({".hidden", ".git"}), (Names{".hidden+", ".git/config"}));
  EXPECT_EQ(find({".git/*"}), Names{".git/config"});
  EXPECT_EQ(find({"sub/.*"}), Names{"sub/.x"});
}

TEST_F(FileWalk, EachFileIsFoundOnceAndANameWins) {
  write("a");
  write("sub/b");
  fs::create_symlink(folder_ / "a", folder_ / "link");
  EXPECT_EQ(find({"", "a", "link", ""}), (Names{"a+", "sub/b"}));
}

TEST_F(FileWalk, LinksToFoldersAreNotFollowedSoNothingGoesInCircles) {
  write("sub/a");
  fs::create_directory_symlink(folder_, folder_ / "sub" / "loop");
  fs::create_symlink("self", folder_ / "self");
  EXPECT_EQ(find({""}), (Names{"!self", "sub/a"}));
  fs::create_directory_symlink(folder_ / "sub", folder_ / "door");
  EXPECT_EQ(find({"door"}), Names{"sub/a"}) << "a link that is named is followed";
}

TEST_F(FileWalk, WhatCannotBeReadIsSaidAndTheRestGoesOn) {
  write("a");
  fs::create_symlink(folder_ / "nowhere", folder_ / "broken");
  EXPECT_EQ(find({"missing", ""}), (Names{"!missing+", "a", "!broken"}));
  EXPECT_EQ(find({"no/such/*.pdf"}), Names{"!no/such/+"}) << "the folder is what is missing";
  const auto found = FileSelection({folder_ / "missing"}, {}).find();
  ASSERT_TRUE(found.front().failure);
  EXPECT_NE(std::string(found.front().failure->what()).find("missing"), std::string::npos);
}

TEST_F(FileWalk, AFolderThatIsClosedToUsIsAFailureOfItsOwn) {
  write("closed/a");
  write("open/b");
  fs::permissions(folder_ / "closed", fs::perms::none);
  const Names expected = ::geteuid() == 0 ? Names{"closed/a", "open/b"} : Names{"!closed", "open/b"};
  EXPECT_EQ(find({""}), expected);
}

TEST_F(FileWalk, PipesArePassedOverBelowAFolderAndRefusedByName) {
  write("a");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(find({""}), Names{"a"});
  EXPECT_EQ(find({"pipe"}), Names{"!pipe+"});
}

TEST_F(FileWalk, APatternMeansTheFilesThatFitIt) {
  for (const char* name : {"a.pdf", "b.txt", "sub/c.pdf", "sub/deep/d.pdf"}) write(name);
  EXPECT_EQ(find({"*.pdf"}), Names{"a.pdf"});
  EXPECT_EQ(find({"**/*.pdf"}), (Names{"a.pdf", "sub/c.pdf", "sub/deep/d.pdf"}));
  EXPECT_EQ(find({"s*/*.pdf"}), Names{"sub/c.pdf"});
  EXPECT_EQ(find({"s*"}), Names{"!s*+"}) << "a pattern means files, not folders";
}

TEST_F(FileWalk, AFileWhoseNameLooksLikeAPatternIsThatFile) {
  write("a[1].pdf");
  write("a1.pdf");
  EXPECT_EQ(find({"a[1].pdf"}), Names{"a[1].pdf+"});
}

TEST_F(FileWalk, ExcludedNamesAndPlacesAreLeftOut) {
  for (const char* name : {"a.pdf", "a.tmp", "sub/b.tmp", "node/x/y.pdf", "sub/node/z.pdf"}) write(name);
  EXPECT_EQ(find({""}, {.exclude = {"*.tmp", "node"}, .include_hidden = false}), Names{"a.pdf"});
  EXPECT_EQ(find({""}, {.exclude = {"sub/**", "*.tmp"}, .include_hidden = false}), (Names{"a.pdf", "node/x/y.pdf"}));
  EXPECT_EQ(find({"sub"}, {.exclude = {folder_ / "sub" / "node"}, .include_hidden = false}), Names{"sub/b.tmp"});
}

TEST_F(FileWalk, WantsWhatItWouldFind) {
  for (const char* name : {"sub/a.pdf", ".git/x", "sub/.x", "named"}) write(name);
  const FileSelection all({folder_}, {.exclude = {"*.tmp"}, .include_hidden = false});
  EXPECT_TRUE(all.wants(folder_ / "sub/later.pdf"));
  EXPECT_FALSE(all.wants(folder_ / "sub/later.tmp"));
  EXPECT_FALSE(all.wants(folder_ / ".git/x"));
  EXPECT_FALSE(all.wants(folder_.parent_path() / "x"));
  EXPECT_TRUE(all.enters(folder_ / "sub"));
  EXPECT_FALSE(all.enters(folder_ / ".git"));
  const FileSelection some({folder_ / "named", folder_ / "s*/*.pdf"}, {});
  EXPECT_TRUE(some.wants(folder_ / "named"));
  EXPECT_TRUE(some.wants(folder_ / "second/b.pdf"));
  EXPECT_FALSE(some.wants(folder_ / "second/b.txt"));
  ASSERT_EQ(some.places().size(), 2u);
  EXPECT_FALSE(some.places()[0].with_folders_below);
  EXPECT_TRUE(some.places()[1].with_folders_below);
}

}  // namespace
}  // namespace jackdaw::server
