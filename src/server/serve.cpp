#include "server/serve.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/resource.h>

#include <csignal>
#include <exception>

#include "core/error.h"
#include "core/log.h"
#include "http/server.h"
#include "server/access.h"
#include "server/assembly.h"
#include "server/error_response.h"
#include "server/routes.h"

namespace jackdaw::server {
namespace {

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  options.host = config.host == "localhost" ? "127.0.0.1" : config.host;
  options.port = config.port;
  options.max_connections = config.max_connections;
  options.max_header_bytes = config.max_header_bytes;
  options.header_timeout = config.header_timeout;
  options.body_idle_timeout = config.body_timeout;
  options.keep_alive_timeout = config.keep_alive_timeout;
  options.write_timeout = config.write_timeout;
  return options;
}

std::string url_of(const std::string& host, std::uint16_t port) {
  std::string name = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host;
  if (name.find(':') != std::string::npos && name.front() != '[') name = "[" + name + "]";
  return "http://" + name + ":" + std::to_string(port);
}

void log_start(const Config& config, const std::string& url) {
  log::info("jackdaw serves " + url + " (API page: " + url + "/docs), data in " + config.data_dir.string());
  log::info(config.env_file.empty() ? "no settings file was read" : "settings read from " + config.env_file.string());
  const std::vector<providers::ProviderHost> hosts = providers::check_models(config.models);
  for (const providers::ProviderHost& host : hosts) {
    log::info("writer " + host.provider + " (" + host.model + ") at " + host.origin);
    if (!host.warning.empty()) log::warning(host.warning);
  }
  if (hosts.empty()) log::info("writer " + config.models.provider + ": talks to no other host");
}

// Each connection is a descriptor, and the usual soft limit is 1,024.
void allow_descriptors(std::size_t connections) {
  constexpr rlim_t kOthers = 256;  // files, pipes, the database
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < connections + kOthers) {
    log::warning("this process may open " + std::to_string(limit.rlim_cur) + " files, too few for " +
                 std::to_string(connections) +
                 " connections; raise the limit (ulimit -n) or lower JACKDAW_MAX_CONNECTIONS");
  }
}

// A missing model is said by every route, so that whoever asks learns what to do; a wrong setting or a data folder that
// must not be touched ends the server.
boost::asio::awaitable<void> start(Assembly& assembly) {
  try {
    co_await assembly.start();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) throw;
    log::error("cannot answer questions: " + std::string(error.what()));
  }
}

// Streams end with a last event while their connections still stand; then the connections go.
boost::asio::awaitable<void> stop_when_asked(boost::asio::signal_set& signals, http::Server& server, Assembly& assembly,
                                             std::chrono::milliseconds grace) {
  co_await signals.async_wait(boost::asio::use_awaitable);
  signals.remove(SIGINT);  // a second Ctrl-C ends the process at once
  log::info("stopping: running requests get " + std::to_string(grace.count()) + " ms");
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, assembly.shut_down(grace), boost::asio::detached);
  co_await server.stop(grace + std::chrono::milliseconds(500));
  co_await assembly.shut_down(std::chrono::milliseconds(0));
}

}  // namespace

int serve(const Config& config) {
  Access::check_bind(config);
  providers::check_models(config.models);  // before anything slow
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // a parent may have left it ignored; the parser's exit code is wanted
  allow_descriptors(config.max_connections);
  boost::asio::io_context context(1);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  Assembly assembly(context, config, Assembly::Needs::kEverything);
  HealthApi health(assembly);
  DocumentsApi documents(assembly);
  AnswersApi answers(assembly);
  ConversationsApi conversations(assembly);
  StatusApi status(assembly);
  MaintenanceApi maintenance(assembly);
  const Access access(config);
  http::Server server(context.get_executor(), server_options(config),
                      make_router(health, documents, answers, conversations, status, maintenance, access),
                      render_error);
  server.listen();
  const std::string url = url_of(config.host, server.port());
  assembly.lock().set_url(url);
  log_start(config, url);

  std::exception_ptr failure;
  const auto end_with = [&](std::exception_ptr e) {
    if (e && !failure) failure = std::move(e);
    context.stop();
  };
  boost::asio::co_spawn(context, start(assembly), [&](std::exception_ptr e) {
    if (e) end_with(std::move(e));
  });
  boost::asio::co_spawn(context, stop_when_asked(signals, server, assembly, config.shutdown_grace), end_with);
  context.run();
  // From here the program only puts things away: told to stop a second time it still ends with its own exit code.
  signals.clear();
  std::signal(SIGTERM, SIG_IGN);
  if (failure) std::rethrow_exception(failure);
  log::info("stopped");
  return 0;
}

}  // namespace jackdaw::server
