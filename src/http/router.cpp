#include "http/router.h"

#include <algorithm>

#include "core/error.h"
#include "http/header_value.h"

namespace jackdaw::http {
namespace {

void add_allowed(std::vector<std::string>& allowed, const std::string& method) {
  if (std::ranges::find(allowed, method) == allowed.end()) allowed.push_back(method);
}

}  // namespace

std::vector<Router::Segment> Router::parse_pattern(std::string_view pattern) {
  const auto malformed = [&] {
    return Error(ErrorCode::kInvalidArgument, "'" + std::string(pattern) + "' is not a route pattern.");
  };
  if (!pattern.starts_with('/')) throw malformed();
  std::vector<Segment> segments;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view text = rest.substr(0, rest.find('/'));
    rest.remove_prefix(text.size());
    const bool is_name = text.size() > 2 && text.front() == '{' && text.back() == '}';
    if (!is_name && text.find_first_of("{}%?") != std::string_view::npos) throw malformed();
    segments.push_back({std::string(is_name ? text.substr(1, text.size() - 2) : text), is_name});
  }
  return segments;
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  if (!is_token(method)) {
    throw Error(ErrorCode::kInvalidArgument, "'" + std::string(method) + "' is not a request method.");
  }
  Entry entry{{std::string(method), std::string(pattern)}, parse_pattern(pattern), std::move(handler)};
  for (const Entry& other : entries_) {
    const bool same = std::ranges::equal(entry.segments, other.segments, [](const Segment& a, const Segment& b) {
      return a.is_name == b.is_name && (a.is_name || a.text == b.text);
    });
    if (same && other.route.method == entry.route.method) {
      throw Error(ErrorCode::kInvalidArgument,
                  "The route " + entry.route.method + " " + entry.route.pattern + " is there already.");
    }
  }
  entries_.push_back(std::move(entry));
}

bool Router::matches(const Entry& entry, const std::vector<std::string>& segments) {
  return std::ranges::equal(entry.segments, segments, [](const Segment& pattern, const std::string& segment) {
    return pattern.is_name ? !segment.empty() : pattern.text == segment;
  });
}

bool Router::more_literal(const Entry& a, const Entry& b) {
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    if (a.segments[i].is_name != b.segments[i].is_name) return b.segments[i].is_name;
  }
  return false;
}

Router::Match Router::match(Request& request) const {
  Match match;
  const Entry* best = nullptr;
  for (const Entry& entry : entries_) {
    if (!matches(entry, request.segments)) continue;
    const bool get_serves_head = request.method == "HEAD" && entry.route.method == "GET";
    add_allowed(match.allowed, entry.route.method);
    if (entry.route.method == "GET") add_allowed(match.allowed, "HEAD");
    if (entry.route.method != request.method && !get_serves_head) continue;
    // Equal but for the method: HEAD's own route and GET's.
    const bool exact = entry.route.method == request.method;
    const bool better = best == nullptr || more_literal(entry, *best) || (exact && !more_literal(*best, entry));
    if (better) best = &entry;
  }
  if (best == nullptr) return match;
  match.handler = &best->handler;
  request.route = best->route.pattern;
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    if (best->segments[i].is_name) request.path_values.emplace_back(best->segments[i].text, request.segments[i]);
  }
  return match;
}

std::vector<Router::Route> Router::routes() const {
  std::vector<Route> routes;
  for (const Entry& entry : entries_) routes.push_back(entry.route);
  return routes;
}

}  // namespace jackdaw::http
