#include "server/shown_json.h"

#include <boost/json.hpp>

#include "server/json.h"
#include "server/terminal.h"

namespace jackdaw::server {

std::string shown(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? harmless(std::string_view(value->get_string())) : dump(*value);
}

}  // namespace jackdaw::server
