#include "store/spool.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

TEST(Spool, HashesAndCountsWhatItReceives) {
  const TemporaryFolder folder;
  Spool spool(folder.path());
  for (const std::string_view part : {"a", "", "bc"}) spool.append(std::as_bytes(std::span(part)));
  EXPECT_EQ(spool.bytes(), 3U);
  const IncomingFile file = spool.finish("../abc.txt");
  EXPECT_EQ(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, "abc"
  EXPECT_EQ(file.bytes, 3U);
  EXPECT_EQ(file.filename, "abc.txt");
  EXPECT_EQ(bytes_of(file.path), "abc");
}

TEST(Spool, TakesAnEmptyFile) {
  const TemporaryFolder folder;
  Spool spool(folder.path());
  const IncomingFile file = spool.finish("");
  EXPECT_EQ(file.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(file.filename, "document");
}

TEST(Spool, LeavesNothingBehindWhenItIsDropped) {
  const TemporaryFolder folder;
  std::filesystem::path finished;
  {
    Spool unfinished = spool_of(folder.path(), "half");
    Spool spool = spool_of(folder.path(), "whole");
    finished = spool.finish("whole").path;
    EXPECT_TRUE(std::filesystem::exists(finished));
    const Spool moved = std::move(unfinished);
    unfinished = std::move(spool);
    EXPECT_TRUE(std::filesystem::exists(finished));
  }
  EXPECT_FALSE(std::filesystem::exists(finished));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "spool"));
}

TEST(Spool, LeavesAFileThatWasMovedAwayAlone) {
  const TemporaryFolder folder;
  {
    Spool spool = spool_of(folder.path(), "kept");
    std::filesystem::rename(spool.finish("kept").path, folder.path() / "elsewhere");
  }
  EXPECT_EQ(bytes_of(folder.path() / "elsewhere"), "kept");
}

TEST(Spool, OfADeadProcessIsEmptied) {
  const TemporaryFolder folder;
  empty_spool(folder.path());
  std::ofstream(folder.path() / "spool" / "left") << "half a file";
  empty_spool(folder.path());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "spool"));
}

}  // namespace
}  // namespace jackdaw::store
