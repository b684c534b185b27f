#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace jackdaw::http {

using Handler = std::function<boost::asio::awaitable<void>(Request&, ResponseWriter&)>;

// Looks at a request before its body is read and throws Error to refuse it. Runs for every request, also one that no
// route matches; Request::route tells.
using RequestFilter = std::function<void(const Request&)>;

// Adds fields to the head of every response to that request, errors included.
using ResponseFilter = std::function<void(const Request&, Headers&)>;

// The table of routes. Filled before the server starts, then only read.
//
//   router.add("GET", "/v1/documents/{id}", handler);
//
// A pattern's segment is literal text or {name}, which matches one segment that is not empty. Literal text wins over a
// name. HEAD goes to the GET route when it has none of its own. A trailing slash is another path.
class Router {
 public:
  struct Route {
    std::string method;
    std::string pattern;
  };
  struct Match {
    const Handler* handler = nullptr;  // nullptr: no route
    std::vector<std::string> allowed;  // methods of the routes that match the path; empty: 404, else 405
  };

  // Throws Error kInvalidArgument for a malformed pattern and for a route that is there already.
  void add(std::string_view method, std::string_view pattern, Handler handler);

  void set_request_filter(RequestFilter filter) { request_filter_ = std::move(filter); }
  void set_response_filter(ResponseFilter filter) { response_filter_ = std::move(filter); }
  const RequestFilter& request_filter() const noexcept { return request_filter_; }
  const ResponseFilter& response_filter() const noexcept { return response_filter_; }

  // Fills request.route and request.path_values.
  Match match(Request& request) const;

  // All routes in the order in which they were added.
  std::vector<Route> routes() const;

 private:
  struct Segment {
    std::string text;  // literal, or the name
    bool is_name = false;
  };
  struct Entry {
    Route route;
    std::vector<Segment> segments;
    Handler handler;
  };

  static std::vector<Segment> parse_pattern(std::string_view pattern);
  static bool matches(const Entry& entry, const std::vector<std::string>& segments);
  static bool more_literal(const Entry& a, const Entry& b);

  std::vector<Entry> entries_;
  RequestFilter request_filter_;
  ResponseFilter response_filter_;
};

}  // namespace jackdaw::http
