#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/request.h"
#include "http/response.h"
#include "server/assembly.h"

namespace jackdaw::server {

// The routes of maintenance: POST /v1/backups, DELETE /v1/backups/{id}. Lives on the I/O thread and longer than the
// server.
class MaintenanceApi {
 public:
  explicit MaintenanceApi(Assembly& assembly) : assembly_(assembly) {}

  boost::asio::awaitable<void> make_backup(http::Request& request, http::ResponseWriter& writer);
  boost::asio::awaitable<void> drop_backup(http::Request& request, http::ResponseWriter& writer);

 private:
  Assembly& assembly_;
};

}  // namespace jackdaw::server
