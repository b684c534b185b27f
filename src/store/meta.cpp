#include "store/meta.h"

#include "core/ids.h"

namespace jackdaw::store {

std::string read_meta(Database& database, std::string_view name) {
  Statement row = database.prepare("SELECT value FROM meta WHERE name = ?1");
  return row.bind(name).step() ? std::string(row.text(0)) : std::string();
}

void write_meta(Database& database, std::string_view name, std::string_view value) {
  database.prepare("INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2")
      .run(name, value);
}

void drop_meta(Database& database, std::string_view name) {
  database.prepare("DELETE FROM meta WHERE name = ?1").run(name);
}

void renew_index_stamp(Database& database) {
  write_meta(database, kMetaIndexStamp, random_id());
}

}  // namespace jackdaw::store
