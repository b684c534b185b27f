#include "store/scrubbing_vfs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/sqlite.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

std::vector<std::byte> page_of(int type, std::size_t cells, std::size_t content_at) {
  std::vector<std::byte> page(kPageBytes, std::byte{0xaa});
  page[0] = static_cast<std::byte>(type);
  page[3] = static_cast<std::byte>(cells >> 8);
  page[4] = static_cast<std::byte>(cells);
  page[5] = static_cast<std::byte>(content_at >> 8);
  page[6] = static_cast<std::byte>(content_at);
  return page;
}

std::size_t zeroes(const std::vector<std::byte>& page, std::size_t begin, std::size_t end) {
  return static_cast<std::size_t>(std::count(page.begin() + static_cast<std::ptrdiff_t>(begin),
                                             page.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0}));
}

TEST(ScrubPage, ZeroesExactlyTheGapOfATreePage) {
  for (const auto& [type, header] : {std::pair{13, 8U}, {10, 8U}, {5, 12U}, {2, 12U}}) {
    auto page = page_of(type, 10, 3000);
    const auto before = page;
    scrub_page(page);
    const std::size_t gap = header + 20;
    EXPECT_EQ(zeroes(page, gap, 3000), 3000 - gap);
    EXPECT_TRUE(std::equal(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(gap), before.begin()));
    EXPECT_TRUE(std::equal(page.begin() + 3000, page.end(), before.begin() + 3000));
  }
}

TEST(ScrubPage, LeavesPagesAloneThatAreNoTreesOrMakeNoSense) {
  for (const auto& original : {page_of(0, 10, 3000), page_of(1, 10, 3000), page_of(13, 10, 5000),
                               page_of(13, 2000, 3000), page_of(13, 10, 10)}) {
    auto page = original;
    scrub_page(page);
    EXPECT_EQ(page, original);
  }
}

struct Table {
  Database database;
  explicit Table(const std::filesystem::path& file) : database(file, Database::Access::kReadWrite) {
    database.execute("PRAGMA page_size = 4096");
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("PRAGMA synchronous = OFF");
    database.execute("PRAGMA secure_delete = ON");
    database.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL)");
  }
};

std::string mark_of(std::int64_t id) {
  return "<" + std::to_string(id) + ">";
}

// Rows of every size, so that pages split and merge in every way; names in random order, for the index.
std::string body_of(std::int64_t id, std::mt19937& random) {
  std::string body;
  for (std::size_t size = random() % 3 == 0 ? 4000 : 200; body.size() < random() % size + 1;) body += mark_of(id);
  return body;
}

TEST(ScrubbingVfs, NoByteOfADeletedRowStaysInTheFile) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "t.db";
  Table table(file);
  std::mt19937 random(5);
  std::vector<std::int64_t> live;
  std::set<std::int64_t> deleted;
  Statement insert = table.database.prepare("INSERT INTO t(id, name, body) VALUES(?1, ?2, ?3)");
  Statement erase = table.database.prepare("DELETE FROM t WHERE id = ?1");
  for (int round = 0; round < 60; ++round) {
    Transaction transaction(table.database, Transaction::Kind::kWrite);
    for (int i = 0; i < 60; ++i) {
      const auto id = static_cast<std::int64_t>(random() % 1000000);
      if (deleted.contains(id) || std::find(live.begin(), live.end(), id) != live.end()) continue;
      insert.run(id, std::to_string(random()) + mark_of(id), body_of(id, random));
      live.push_back(id);
    }
    for (int i = 0; i < 50 && !live.empty(); ++i) {
      std::swap(live[random() % live.size()], live.back());
      erase.run(live.back());
      deleted.insert(live.back());
      live.pop_back();
    }
    transaction.commit();
    ASSERT_TRUE(table.database.checkpoint_truncate());
    const std::string raw = bytes_of(file) + bytes_of(folder.path() / "t.db-wal");
    for (std::size_t at = raw.find('<'); at != std::string::npos; at = raw.find('<', at + 1)) {
      const std::size_t end = raw.find('>', at);
      const std::string digits = raw.substr(at + 1, std::min<std::size_t>(end - at - 1, 7));
      if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) continue;
      ASSERT_FALSE(deleted.contains(std::stoll(digits))) << "row " << digits << " is still in the file";
    }
  }
  EXPECT_EQ(table.database.integer("SELECT count(*) FROM t"), static_cast<std::int64_t>(live.size()));
  Statement verdict = table.database.prepare("PRAGMA integrity_check");
  ASSERT_TRUE(verdict.step());
  EXPECT_EQ(verdict.text(0), "ok");
}

}  // namespace
}  // namespace jackdaw::store
