#include "server/maintenance_api.h"

#include <boost/json.hpp>

#include <string>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "server/api.h"
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

boost::asio::awaitable<void> MaintenanceApi::send_status(int status, http::ResponseWriter& writer) {
  const ReindexStatus state = co_await reindexing_.status();
  http::Response response = json_response(status, to_json(state));
  response.headers.set("Cache-Control", "no-store");
  co_await writer.send(std::move(response));
}

boost::asio::awaitable<void> MaintenanceApi::start_reindex(http::Request& request, http::ResponseWriter& writer) {
  const std::string body = co_await request.read_body(assembly_.config().max_json_bytes);
  std::string embedder = body.empty() ? std::string() : JsonFields(body).text("embedder").value_or("");
  co_await reindexing_.start(std::move(embedder));
  co_await send_status(202, writer);
}

boost::asio::awaitable<void> MaintenanceApi::get_reindex(http::Request& /*request*/, http::ResponseWriter& writer) {
  co_await send_status(200, writer);
}

boost::asio::awaitable<void> MaintenanceApi::stop_reindex(http::Request& /*request*/, http::ResponseWriter& writer) {
  reindexing_.stop();
  co_await send_status(202, writer);
}

}  // namespace jackdaw::server
