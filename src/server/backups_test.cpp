#include "server/backups.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "core/ids.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;

class Backups : public ::testing::Test {
 protected:
  Backups() {
    std::string pattern = (fs::temp_directory_path() / "jackdaw-backups-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = fs::canonical(pattern);
    fs::create_directories(folder_ / "from" / "originals" / "ab");
    std::ofstream(folder_ / "from" / "jackdaw.db") << "tables";
    std::ofstream(folder_ / "from" / "originals" / "ab" / "abc") << std::string(1 << 20, 'x');
  }
  ~Backups() override { fs::remove_all(folder_); }

  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  template <class Action>
  static ErrorCode code_of(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  fs::path folder_;
};

TEST_F(Backups, AFolderIsCopiedWhole) {
  copy_folder(folder_ / "from", folder_ / "new" / "place", {});
  EXPECT_EQ(read(folder_ / "new/place/jackdaw.db"), "tables");
  EXPECT_EQ(read(folder_ / "new/place/originals/ab/abc"), std::string(1 << 20, 'x'));
  fs::create_directory(folder_ / "empty");
  copy_folder(folder_ / "from", folder_ / "empty" / "", {});
  EXPECT_EQ(read(folder_ / "empty/jackdaw.db"), "tables");
}

TEST_F(Backups, NothingThatIsThereIsOverwritten) {
  fs::create_directory(folder_ / "full");
  std::ofstream(folder_ / "full" / "mine") << "mine";
  std::ofstream(folder_ / "file") << "mine";
  for (const char* place : {"full", "file"}) {
    EXPECT_EQ(code_of([&] { copy_folder(folder_ / "from", folder_ / place, {}); }), ErrorCode::kConflict);
  }
  EXPECT_EQ(read(folder_ / "full" / "mine"), "mine");
  EXPECT_EQ(read(folder_ / "file"), "mine");
}

TEST_F(Backups, ACopyThatEndsEarlyLeavesNothing) {
  const Cancellation stopped;
  stopped.cancel(CancelReason::kClient);
  EXPECT_EQ(code_of([&] { copy_folder(folder_ / "from", folder_ / "to", stopped); }), ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(folder_ / "to"));
  fs::create_directory(folder_ / "empty");
  EXPECT_EQ(code_of([&] { copy_folder(folder_ / "from", folder_ / "empty", stopped); }), ErrorCode::kCancelled);
  EXPECT_TRUE(fs::is_empty(folder_ / "empty"));
}

TEST_F(Backups, AFewWaitToBeFetchedAndEachIsDroppedByItsId) {
  std::vector<fs::path> made;
  for (int i = 0; i < 4; ++i) {
    made.push_back(new_backup_folder(folder_));
    fs::create_directory(made.back());
  }
  EXPECT_EQ(code_of([&] { new_backup_folder(folder_); }), ErrorCode::kConflict);
  drop_backup(folder_, made.front().filename());
  EXPECT_FALSE(fs::exists(made.front()));
  EXPECT_EQ(code_of([&] { drop_backup(folder_, made.front().filename()); }), ErrorCode::kNotFound);
  for (const char* other : {"..", "../from", ""}) {
    EXPECT_EQ(code_of([&] { drop_backup(folder_, other); }), ErrorCode::kNotFound) << other;
  }
  drop_all_backups(folder_);
  EXPECT_FALSE(fs::exists(made.back()));
  EXPECT_TRUE(fs::exists(folder_ / "from"));
}

}  // namespace
}  // namespace jackdaw::server
