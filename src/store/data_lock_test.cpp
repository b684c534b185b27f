#include "store/data_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>

#include "core/error.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class DataLockTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::filesystem::path data_ = folder_.path() / "data";
};

TEST_F(DataLockTest, MakesTheFolderForItsOwnerAlone) {
  const DataLock lock(data_);
  struct stat status{};
  ASSERT_EQ(::stat(data_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(DataLockTest, TellsOthersWhoHoldsIt) {
  EXPECT_FALSE(DataLock::owner_of(data_).has_value());
  {
    DataLock lock(data_);
    const auto owner = DataLock::owner_of(data_);
    ASSERT_TRUE(owner.has_value());
    EXPECT_EQ(owner->pid, ::getpid());
    EXPECT_EQ(owner->url, "");
    lock.set_url("http://127.0.0.1:8000");
    EXPECT_EQ(DataLock::owner_of(data_)->url, "http://127.0.0.1:8000");
    lock.set_url("http://[::1]:1");
    EXPECT_EQ(DataLock::owner_of(data_)->url, "http://[::1]:1");
  }
  EXPECT_FALSE(DataLock::owner_of(data_).has_value());
}

TEST_F(DataLockTest, RefusesASecondOwnerNamingTheFirst) {
  DataLock lock(data_);
  lock.set_url("http://127.0.0.1:8123");
  try {
    const DataLock second(data_);
    FAIL() << "two owners";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(::getpid())), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("http://127.0.0.1:8123"), std::string::npos);
  }
  EXPECT_EQ(DataLock::owner_of(data_)->url, "http://127.0.0.1:8123");
}

TEST_F(DataLockTest, IsFreeAgainWhenItsProcessWasKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    DataLock lock(data_);
    lock.set_url("http://127.0.0.1:9");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_TRUE(DataLock::owner_of(data_).has_value());
  EXPECT_EQ(DataLock::owner_of(data_)->pid, child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_FALSE(DataLock::owner_of(data_).has_value());
  const DataLock lock(data_);
  EXPECT_EQ(DataLock::owner_of(data_)->pid, ::getpid());
  EXPECT_EQ(DataLock::owner_of(data_)->url, "");
}

TEST_F(DataLockTest, ToleratesAnyContentOfTheFile) {
  DataLock lock(data_);
  for (const char* content : {"", "abc", "12x\n", "99999999999999999999\nhttp://a\n", "\n\n"}) {
    std::ofstream(data_ / "lock", std::ios::trunc) << content;
    const auto owner = DataLock::owner_of(data_);
    ASSERT_TRUE(owner.has_value());
    EXPECT_EQ(owner->pid, 0) << content;
    EXPECT_EQ(owner->url, "") << content;
    EXPECT_THROW(DataLock{data_}, Error);
  }
}

}  // namespace
}  // namespace jackdaw::store
