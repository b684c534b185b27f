#include "server/maintenance_api.h"

#include <boost/json.hpp>

#include <string>

#include "core/error.h"
#include "core/log.h"
#include "server/backups.h"
#include "server/json.h"

namespace jackdaw::server {

boost::asio::awaitable<void> MaintenanceApi::make_backup(http::Request& request, http::ResponseWriter& writer) {
  store::SqliteStore& collection = assembly_.collection();
  const std::filesystem::path& data_dir = assembly_.config().data_dir;
  const Cancellation& cancellation = request.cancellation;
  const MadeBackup made = co_await assembly_.copying().run(
      Lane::kBackground, cancellation, [&] { return server::make_backup(collection, data_dir, cancellation); });
  log::info("a backup of " + std::to_string(made.documents) + " documents waits in " + made.path.string());
  boost::json::object body{
      {"backup_id", made.id}, {"path", made.path.string()}, {"bytes", made.bytes}, {"documents", made.documents}};
  http::Response response{.status = 201, .headers = {{"Content-Type", "application/json"}}, .body = dump(body) + "\n"};
  response.headers.set("Location", "/v1/backups/" + made.id);
  response.headers.set("Cache-Control", "no-store");
  co_await writer.send(std::move(response));
}

boost::asio::awaitable<void> MaintenanceApi::drop_backup(http::Request& request, http::ResponseWriter& writer) {
  const std::string id(request.path_value("id"));
  const std::filesystem::path& data_dir = assembly_.config().data_dir;
  co_await assembly_.copying().run(Lane::kInteractive, request.cancellation,
                                   [&] { server::drop_backup(data_dir, id); });
  http::Response gone;
  gone.status = 204;
  co_await writer.send(std::move(gone));
}

}  // namespace jackdaw::server
