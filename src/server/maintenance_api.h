#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"
#include "server/reindexing.h"

namespace jackdaw::server {

// The routes of maintenance: POST /v1/backups, DELETE /v1/backups/{id}; POST, GET, DELETE /v1/reindex. Lives on the I/O
// thread and longer than the server.
class MaintenanceApi {
 public:
  explicit MaintenanceApi(Assembly& assembly) : assembly_(assembly), reindexing_(assembly) {}

  boost::asio::awaitable<void> make_backup(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> drop_backup(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> start_reindex(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> get_reindex(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> stop_reindex(http::Request& request, http::ResponseWriter& writer);

 private:
  boost::asio::awaitable<void> send_status(int status, http::ResponseWriter& writer);

  Assembly& assembly_;
  Reindexing reindexing_;
};

}  // namespace jackdaw::server
