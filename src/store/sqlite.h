#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace jackdaw::store {

using Blob = std::span<const std::byte>;

// One prepared statement. Used by one thread at a time; must not outlive its Database. Everything here and below throws
// Error: kStorageFull when the disk has no room or fails to write, kUnavailable when it must not be written, else
// kInternal, with a sentence of its own for a damaged file. Messages name the operation and SQLite's reason, never a
// bound value.
class Statement {
 public:
  // Binds `values` to ?1, ?2 ... (copied) and makes the statement ready to step from its start.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  // Binds and runs a statement that gives no rows.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    step();
    reset();
  }

  // True while there is a row. Column views die with the next step.
  bool step();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  Blob blob(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  template <std::integral Integer>
  void bind_one(int index, Integer value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  void bind_one(int index, float value) { bind_real(index, value); }
  void bind_one(int index, std::string_view value) { bind_text(index, value); }
  void bind_one(int index, Blob value) { bind_blob(index, value); }

  void reset() noexcept;
  void bind_integer(int index, std::int64_t value);
  void bind_real(int index, double value);
  void bind_text(int index, std::string_view value);
  void bind_blob(int index, Blob value);

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// One connection. Used by one thread at a time.
class Database {
 public:
  enum class Access { kReadWrite, kReadOnly };  // kReadWrite makes the file when there is none

  // A connection that closing leaves the log as it is: only checkpoint_truncate() and the automatic checkpoint of a
  // writer that asked for one move pages into the database file.
  Database(const std::filesystem::path& file, Access access);

  // One or more statements whose rows nobody wants.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql);
  // The first column of the first row.
  std::int64_t integer(std::string_view sql);

  std::int64_t last_row() const noexcept;
  bool in_transaction() const noexcept;

  // Moves the whole write-ahead log into the database file and cuts it to nothing; both are on the disk when it
  // returns. False when another program reads an old state, so that the log had to stay.
  bool checkpoint_truncate();

  // Makes `destination`, an empty database, a copy of what this connection's transaction sees. `on_pages` hears how
  // many pages of how many are there; what it throws ends the copy.
  void copy_to(Database& destination, const std::function<void(std::int64_t done, std::int64_t all)>& on_pages);

 private:
  struct Closer {
    void operator()(sqlite3* connection) const noexcept;
  };
  std::unique_ptr<sqlite3, Closer> connection_;
};

// All or nothing: rolled back unless commit() returned.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
};

}  // namespace jackdaw::store
