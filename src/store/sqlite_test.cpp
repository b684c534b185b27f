#include "store/sqlite.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "tests/support/document_store_samples.h"

namespace jackdaw::store {
namespace {

class SqliteTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  Database database_{folder_.path() / "t.db", Database::Access::kReadWrite};
};

TEST_F(SqliteTest, GivesBackWhatWasBound) {
  database_.execute("CREATE TABLE t(i INTEGER, r REAL, t TEXT, b BLOB) STRICT");
  const std::string text("a\0é", 4);
  const std::byte bytes[] = {std::byte{0}, std::byte{255}};
  Statement insert = database_.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4)");
  insert.run(-5, 1.5F, text, Blob(bytes));
  insert.run(std::size_t{7}, 0.0F, std::string_view(), Blob());
  EXPECT_EQ(database_.last_row(), 2);
  Statement rows = database_.prepare("SELECT * FROM t ORDER BY rowid");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), -5);
  EXPECT_EQ(rows.real(1), 1.5);
  EXPECT_EQ(rows.text(2), text);
  ASSERT_EQ(rows.blob(3).size(), 2U);
  EXPECT_EQ(rows.blob(3)[1], std::byte{255});
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.text(2), "");
  EXPECT_TRUE(rows.blob(3).empty());
  EXPECT_FALSE(rows.step());
}

TEST_F(SqliteTest, ATransactionThatIsNotCommittedNeverHappened) {
  database_.execute("CREATE TABLE t(i INTEGER)");
  {
    const Transaction transaction(database_, Transaction::Kind::kWrite);
    database_.execute("INSERT INTO t VALUES(1)");
  }
  EXPECT_EQ(database_.integer("SELECT count(*) FROM t"), 0);
  Transaction transaction(database_, Transaction::Kind::kWrite);
  database_.execute("INSERT INTO t VALUES(1)");
  transaction.commit();
  EXPECT_EQ(database_.integer("SELECT count(*) FROM t"), 1);
}

TEST_F(SqliteTest, ErrorsNameTheReasonAndNeverAValue) {
  database_.execute("CREATE TABLE t(name TEXT UNIQUE)");
  Statement insert = database_.prepare("INSERT INTO t VALUES(?1)");
  insert.run("classified");
  try {
    insert.run("classified");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_NE(std::string(error.what()).find("UNIQUE"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("classified"), std::string::npos);
  }
  insert.run("another");
}

TEST_F(SqliteTest, AFullDatabaseIsStorageFull) {
  database_.execute("CREATE TABLE t(b BLOB)");
  database_.execute("PRAGMA max_page_count = 10");
  try {
    database_.prepare("INSERT INTO t VALUES(?1)").run(Blob(std::vector<std::byte>(100000)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kStorageFull);
  }
}

TEST_F(SqliteTest, AReaderCannotWrite) {
  database_.execute("CREATE TABLE t(i INTEGER)");
  Database reader(folder_.path() / "t.db", Database::Access::kReadOnly);
  EXPECT_EQ(reader.integer("SELECT count(*) FROM t"), 0);
  EXPECT_THROW(reader.execute("INSERT INTO t VALUES(1)"), Error);
  EXPECT_THROW(Database(folder_.path() / "none.db", Database::Access::kReadOnly), Error);
}

}  // namespace
}  // namespace jackdaw::store
