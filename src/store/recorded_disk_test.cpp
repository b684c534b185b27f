#include "tests/support/recorded_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "store/durable_file.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/store_contents.h"
#include "tests/support/store_workload.h"

namespace jackdaw::store {
namespace {

using Files = std::map<std::string, std::string>;

class RecordedDiskTest : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& path) const { return folder_.path() / path; }
  void write(const std::string& path, std::string_view bytes, int flags = O_WRONLY | O_CREAT) const {
    write_all(open_file(at(path), flags), std::as_bytes(std::span(bytes)), at(path));
  }
  Files after(Luck luck) { return disk_.after_power_loss(luck, random_).files; }
  // What a file may hold after a power loss.
  std::set<std::string> outcomes(const std::string& path) {
    std::set<std::string> seen;
    for (int i = 0; i < 2000; ++i) seen.insert(after(Luck::kChance).at(path));
    return seen;
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{3};
  RecordedDisk disk_{folder_.path()};
};

TEST_F(RecordedDiskTest, BytesNeedASyncOfTheFileAndNamesOneOfTheFolder) {
  write("a", "text");
  EXPECT_EQ(after(Luck::kEverything), (Files{{"a", "text"}}));
  EXPECT_EQ(after(Luck::kNothing), Files{});
  sync_file(at("a"));
  EXPECT_EQ(after(Luck::kNothing), Files{});
  sync_folder(folder_.path());
  EXPECT_EQ(after(Luck::kNothing), (Files{{"a", "text"}}));
  write("b", "text");
  sync_folder(folder_.path());
  EXPECT_EQ(after(Luck::kNothing), (Files{{"a", "text"}, {"b", ""}}));
}

TEST_F(RecordedDiskTest, ARenameIsAChangeOfEachFolderAndTheBytesGoAlong) {
  make_folder(at("from"));
  make_folder(at("to"));
  write("from/a", "text");
  sync_file(at("from/a"));
  sync_folder(at("from"));
  rename_file(at("from/a"), at("to/b"));
  EXPECT_EQ(after(Luck::kNothing), (Files{{"from/a", "text"}}));
  sync_folder(at("to"));
  EXPECT_EQ(after(Luck::kNothing), (Files{{"from/a", "text"}, {"to/b", "text"}}));
  sync_folder(at("from"));
  EXPECT_EQ(after(Luck::kNothing), (Files{{"to/b", "text"}}));
  delete_file(at("to/b"));
  EXPECT_EQ(after(Luck::kNothing), (Files{{"to/b", "text"}}));
  EXPECT_EQ(after(Luck::kEverything), Files{});
}

TEST_F(RecordedDiskTest, ARenameOverAFileLeavesOneOfBoth) {
  write("old", "1");
  write("new", "2");
  sync_file(at("old"));
  sync_file(at("new"));
  sync_folder(folder_.path());
  rename_file(at("new"), at("old"));
  for (int i = 0; i < 100; ++i) {
    const Files files = after(Luck::kChance);
    EXPECT_TRUE(files.at("old") == "1" || files.at("old") == "2");
  }
}

TEST_F(RecordedDiskTest, AFolderThatIsLostTakesItsFilesAlong) {
  ::mkdir(at("shelf").c_str(), 0700);
  write("shelf/a", "text");
  sync_file(at("shelf/a"));
  sync_folder(at("shelf"));
  EXPECT_EQ(after(Luck::kNothing), Files{});
  sync_folder(folder_.path());
  EXPECT_EQ(after(Luck::kNothing), (Files{{"shelf/a", "text"}}));
}

TEST_F(RecordedDiskTest, EachSectorOfAWriteMayBeLostAlone) {
  const std::string before(1536, 'a');
  write("a", before);
  sync_file(at("a"));
  sync_folder(folder_.path());
  write("a", std::string(1536, 'b'), O_WRONLY);
  const std::set<std::string> seen = outcomes("a");
  EXPECT_EQ(seen.size(), 8U) << "two to the power of three sectors";
  EXPECT_TRUE(seen.contains(std::string(512, 'b') + std::string(512, 'a') + std::string(512, 'b')));
}

TEST_F(RecordedDiskTest, ALengthThatIsNotSyncedMayComeBack) {
  write("a", "long text");
  sync_file(at("a"));
  sync_folder(folder_.path());
  ASSERT_EQ(::ftruncate(open_file(at("a"), O_WRONLY).get(), 4), 0);
  EXPECT_EQ(outcomes("a"), (std::set<std::string>{"long", "long text"}));
}

TEST_F(RecordedDiskTest, ALyingDiskMakesNoSyncs) {
  disk_.ignores_sync = [](const std::string& path) { return path == "a"; };
  for (const char* name : {"a", "b"}) {
    write(name, "text");
    sync_file(at(name));
  }
  sync_folder(folder_.path());
  EXPECT_EQ(after(Luck::kNothing), (Files{{"a", ""}, {"b", "text"}}));
}

TEST_F(RecordedDiskTest, MissesNothingThatAStoreDoes) {
  StoreWorkload workload(folder_.path(), {}, 5);
  workload.open();
  for (int i = 0; i < 80; ++i) workload.act();
  workload.close();
  Files real;
  for (const auto& file : files_below(folder_.path())) {
    const std::string path = std::filesystem::relative(file, folder_.path());
    if (!path.ends_with("-shm")) real[path] = bytes_of(file);
  }
  EXPECT_EQ(after(Luck::kEverything), real);
  EXPECT_GT(real.size(), 3U);
}

}  // namespace
}  // namespace jackdaw::store
