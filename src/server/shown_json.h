#pragma once

#include <string>
#include <string_view>

namespace boost::json {
class object;
}  // namespace boost::json

namespace jackdaw::server {

// A field as a person may see it: text without control characters, numbers as they are; empty where there is none.
std::string shown(const boost::json::object& object, std::string_view key);

}  // namespace jackdaw::server
