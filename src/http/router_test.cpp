#include "http/router.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "http/uri.h"

namespace jackdaw::http {
namespace {

boost::asio::awaitable<void> no_answer(Request&, ResponseWriter&) {
  co_return;
}

Router make_router() {
  Router router;
  for (const auto& [method, pattern] :
       std::vector<std::pair<const char*, const char*>>{{"GET", "/"},
                                                        {"GET", "/v1/documents"},
                                                        {"POST", "/v1/documents"},
                                                        {"GET", "/v1/documents/{id}"},
                                                        {"DELETE", "/v1/documents/{id}"},
                                                        {"GET", "/v1/documents/newest"},
                                                        {"GET", "/v1/documents/{id}/pages/{n}"},
                                                        {"HEAD", "/v1/documents"}}) {
    router.add(method, pattern, no_answer);
  }
  return router;
}

Request request_of(const std::string& method, const std::string& target) {
  Request request;
  request.method = method;
  request.path = target;
  request.segments = parse_target(target)->segments;
  return request;
}

std::string route_of(const std::string& method, const std::string& target) {
  const Router router = make_router();
  Request request = request_of(method, target);
  return router.match(request).handler != nullptr ? request.route : "none";
}

TEST(Router, FindsTheRouteAndItsValues) {
  const Router router = make_router();
  Request request = request_of("GET", "/v1/documents/a%2Fb/pages/7");
  ASSERT_NE(router.match(request).handler, nullptr);
  EXPECT_EQ(request.route, "/v1/documents/{id}/pages/{n}");
  EXPECT_EQ(request.path_value("id"), "a/b");
  EXPECT_EQ(request.path_value("n"), "7");
  EXPECT_EQ(request.path_value("other"), "");
}

TEST(Router, LiteralTextWinsOverAName) {
  EXPECT_EQ(route_of("GET", "/v1/documents/newest"), "/v1/documents/newest");
  EXPECT_EQ(route_of("GET", "/v1/documents/oldest"), "/v1/documents/{id}");
  EXPECT_EQ(route_of("DELETE", "/v1/documents/newest"), "/v1/documents/{id}");
}

TEST(Router, EverySegmentCounts) {
  EXPECT_EQ(route_of("GET", "/"), "/");
  for (const char* path :
       {"/v1", "/v1/documents/", "//v1/documents", "/v1/documents/a/b", "/V1/documents", "/v1/documents/a/"}) {
    EXPECT_EQ(route_of("GET", path), "none") << path;
  }
}

TEST(Router, HeadGoesToGetUnlessItHasItsOwn) {
  EXPECT_EQ(route_of("HEAD", "/v1/documents/x"), "/v1/documents/{id}");
  EXPECT_EQ(route_of("HEAD", "/"), "/");
}

TEST(Router, NamesTheMethodsOfAPath) {
  const Router router = make_router();
  Request wrong = request_of("PUT", "/v1/documents/x");
  EXPECT_EQ(router.match(wrong).allowed, (std::vector<std::string>{"GET", "HEAD", "DELETE"}));
  Request nothing = request_of("PUT", "/nothing");
  EXPECT_TRUE(router.match(nothing).allowed.empty());
}

TEST(Router, RefusesTwoRoutesForTheSameRequestAndBrokenPatterns) {
  Router router = make_router();
  EXPECT_THROW(router.add("GET", "/v1/documents/{name}", no_answer), Error);
  EXPECT_THROW(router.add("GET", "relative", no_answer), Error);
  EXPECT_THROW(router.add("GET", "/a{b}", no_answer), Error);
  EXPECT_THROW(router.add("GET", "/{}", no_answer), Error);
  EXPECT_THROW(router.add("", "/a", no_answer), Error);
}

TEST(Router, ListsItsRoutesInOrder) {
  const auto routes = make_router().routes();
  ASSERT_EQ(routes.size(), 8U);
  EXPECT_EQ(routes.front().pattern, "/");
  EXPECT_EQ(routes.back().method, "HEAD");
}

}  // namespace
}  // namespace jackdaw::http
