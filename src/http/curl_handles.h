#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/headers.h"

struct curl_slist;

// Owners for what libcurl gives out, without its headers. Any thread; the owned things one thread at a time.
namespace jackdaw::http {

struct CurlEasyDeleter {
  void operator()(void* easy) const noexcept;
};
using CurlEasy = std::unique_ptr<void, CurlEasyDeleter>;

struct CurlListDeleter {
  void operator()(curl_slist* list) const noexcept;
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// Starts the library at the first call of the process. Throws std::bad_alloc.
void start_curl();
CurlEasy make_curl_easy();

// One line of the header list: `Name: value`; also what libcurl reads as "do not send that field" (`Name:`).
void append_line(CurlList& list, const std::string& line);
// A field of ours, an empty value as such.
void append_field(CurlList& list, const Headers::Field& field);

// How the host of an http or https URL is reached.
enum class HostKind { kLoopback, kOther };
// Nothing for what is no http or https URL. Loopback: localhost and names under it, 127.0.0.0/8, ::1.
std::optional<HostKind> host_kind_of(const std::string& url);

}  // namespace jackdaw::http
