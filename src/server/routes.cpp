#include "server/routes.h"

#include <set>
#include <string>

#include "server/pages.h"

namespace jackdaw::server {
namespace {

template <class Api>
using Member = boost::asio::awaitable<void> (Api::*)(http::Request&, http::ResponseWriter&);

template <class Api>
http::Handler to(Api& api, Member<Api> member) {
  return
      [&api, member](http::Request& request, http::ResponseWriter& writer) { return (api.*member)(request, writer); };
}

// A browser asks first before it lets a page of a listed origin send JSON or a key.
void add_preflights(http::Router& router) {
  std::set<std::string> patterns;
  for (const auto& route : router.routes()) patterns.insert(route.pattern);
  for (const std::string& pattern : patterns) {
    router.add("OPTIONS", pattern, [](http::Request&, http::ResponseWriter& writer) {
      return writer.send({.status = 204, .headers = {}, .body = {}});
    });
  }
}

}  // namespace

http::Router make_router(HealthApi& health, DocumentsApi& documents, AnswersApi& answers,
                         ConversationsApi& conversations, StatusApi& status, MaintenanceApi& maintenance,
                         const Access& access) {
  http::Router router;
  router.add("GET", "/health", to(health, &HealthApi::health));
  router.add("GET", "/healthz", to(health, &HealthApi::alive));
  router.add("GET", "/readyz", to(health, &HealthApi::ready));
  router.add("POST", "/upload", to(documents, &DocumentsApi::upload));
  router.add("POST", "/query", to(answers, &AnswersApi::query));
  router.add("POST", "/query/stream", to(answers, &AnswersApi::query_stream));
  router.add("POST", "/v1/search", to(answers, &AnswersApi::search));
  router.add("POST", "/v1/answers", to(answers, &AnswersApi::create));
  router.add("GET", "/v1/answers/{id}", to(answers, &AnswersApi::get));
  router.add("GET", "/v1/answers/{id}/events", to(answers, &AnswersApi::events));
  router.add("POST", "/v1/answers/{id}/cancel", to(answers, &AnswersApi::cancel));
  router.add("GET", "/v1/conversations", to(conversations, &ConversationsApi::list));
  router.add("POST", "/v1/conversations", to(conversations, &ConversationsApi::create));
  router.add("GET", "/v1/conversations/{id}", to(conversations, &ConversationsApi::get));
  router.add("PATCH", "/v1/conversations/{id}", to(conversations, &ConversationsApi::rename));
  router.add("DELETE", "/v1/conversations/{id}", to(conversations, &ConversationsApi::remove));
  router.add("GET", "/v1/conversations/{id}/messages", to(conversations, &ConversationsApi::messages));
  router.add("GET", "/v1/conversations/{id}/export", to(conversations, &ConversationsApi::export_to));
  router.add("GET", "/v1/status", to(status, &StatusApi::get));
  router.add("GET", "/v1/documents", to(documents, &DocumentsApi::list));
  router.add("GET", "/v1/documents/{id}", to(documents, &DocumentsApi::get));
  router.add("DELETE", "/v1/documents/{id}", to(documents, &DocumentsApi::remove));
  router.add("POST", "/v1/documents", to(documents, &DocumentsApi::create));
  router.add("PUT", "/v1/documents/{id}", to(documents, &DocumentsApi::replace));
  router.add("PATCH", "/v1/documents/{id}", to(documents, &DocumentsApi::edit));
  router.add("POST", "/v1/documents/{id}/cancel", to(documents, &DocumentsApi::cancel));
  router.add("POST", "/v1/documents/{id}/retry", to(documents, &DocumentsApi::retry));
  router.add("GET", "/v1/documents/{id}/events", to(documents, &DocumentsApi::events));
  router.add("GET", "/v1/documents/{id}/content", to(documents, &DocumentsApi::content));
  router.add("GET", "/v1/documents/{id}/chunks", to(documents, &DocumentsApi::chunks));
  router.add("GET", "/v1/documents/{id}/pages/{n}", to(documents, &DocumentsApi::page));
  router.add("POST", "/v1/backups", to(maintenance, &MaintenanceApi::make_backup));
  router.add("DELETE", "/v1/backups/{id}", to(maintenance, &MaintenanceApi::drop_backup));
  router.add("POST", "/v1/reindex", to(maintenance, &MaintenanceApi::start_reindex));
  router.add("GET", "/v1/reindex", to(maintenance, &MaintenanceApi::get_reindex));
  router.add("DELETE", "/v1/reindex", to(maintenance, &MaintenanceApi::stop_reindex));
  add_pages(router);
  if (access.allows_other_origins()) add_preflights(router);
  router.set_request_filter([&access](const http::Request& request) { access.check(request); });
  router.set_response_filter(
      [&access](const http::Request& request, http::Headers& headers) { access.add_headers(request, headers); });
  return router;
}

}  // namespace jackdaw::server
