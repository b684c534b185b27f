#include "server/folder_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Time is what the test says it is; only inotify itself is real, and it has told us by the time a call returns.
class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    std::string pattern = (fs::temp_directory_path() / "jackdaw-watch-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = fs::canonical(pattern);
  }
  ~FolderWatchTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  // What has settled a second later.
  FolderWatch::Changes settled(FolderWatch& watch) {
    watch.changes(now_);
    return watch.changes(now_ += seconds(1));
  }

  fs::path folder_;
  TimePoint now_ = TimePoint(seconds(1000));
};

using Paths = std::vector<fs::path>;

TEST_F(FolderWatchTest, TellsOfNewAndChangedFilesOnce) {
  write("old", "1");
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  EXPECT_TRUE(settled(watch).files.empty()) << "what was there before is no change";
  write("old", "22");
  write("new", "1");
  EXPECT_EQ(settled(watch).files, (Paths{folder_ / "new", folder_ / "old"}));
  EXPECT_TRUE(settled(watch).files.empty());
}

TEST_F(FolderWatchTest, WaitsUntilABurstOfWritesIsOver) {
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  write("a", "1");
  EXPECT_TRUE(watch.changes(now_).files.empty());
  for (int i = 2; i < 6; ++i) {
    now_ += std::chrono::milliseconds(900);
    write("a", std::string(static_cast<std::size_t>(i), 'x'));
    EXPECT_TRUE(watch.changes(now_).files.empty());
  }
  EXPECT_EQ(watch.changes(now_ + seconds(1)).files, Paths{folder_ / "a"});
}

TEST_F(FolderWatchTest, FollowsFoldersThatCome) {
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  fs::create_directories(folder_ / "sub" / "deep");
  write("sub/deep/early", "1");
  EXPECT_EQ(settled(watch).files, Paths{folder_ / "sub/deep/early"});
  write("sub/deep/late", "1");
  EXPECT_EQ(settled(watch).files, Paths{folder_ / "sub/deep/late"});
}

TEST_F(FolderWatchTest, KnowsAFolderByItsNewNameOnceItMoved) {
  fs::create_directory(folder_ / "before");
  write("before/a", "1");
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  fs::rename(folder_ / "before", folder_ / "after");
  EXPECT_EQ(settled(watch).files, Paths{folder_ / "after/a"});
  write("after/a", "22");
  EXPECT_EQ(settled(watch).files, Paths{folder_ / "after/a"});
}

TEST_F(FolderWatchTest, TellsWhatIsGone) {
  write("a", "1");
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  fs::remove(folder_ / "a");
  const auto changes = settled(watch);
  EXPECT_EQ(changes.gone, Paths{folder_ / "a"});
  EXPECT_TRUE(changes.files.empty());
}

TEST_F(FolderWatchTest, AFileThatTakesTheNameOfAnotherIsAChange) {
  write("a", "1");
  const FileSelection selection({folder_}, {});
  FolderWatch watch(selection);
  write(".a.swp", "22");
  fs::rename(folder_ / ".a.swp", folder_ / "a");
  EXPECT_EQ(settled(watch).files, Paths{folder_ / "a"});
}

TEST_F(FolderWatchTest, HearsOnlyOfWhatTheSelectionWants) {
  write("named", "1");
  fs::create_directory(folder_ / ".git");
  const FileSelection named({folder_ / "named"}, {});
  FolderWatch one(named);
  const FileSelection all({folder_}, {.exclude = {"*.tmp"}, .include_hidden = false});
  FolderWatch most(all);
  write("named", "22");
  write("other", "1");
  write("x.tmp", "1");
  write(".git/config", "1");
  EXPECT_EQ(settled(one).files, Paths{folder_ / "named"});
  EXPECT_EQ(settled(most).files, (Paths{folder_ / "named", folder_ / "other"}));
}

}  // namespace
}  // namespace jackdaw::server
