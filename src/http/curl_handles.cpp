#include "http/curl_handles.h"

#include <boost/asio/ip/address.hpp>
#include <curl/curl.h>

#include <mutex>
#include <new>

#include "http/header_value.h"

namespace jackdaw::http {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_loopback(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.pop_back();
  host = to_lower_ascii(host);
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code code;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, code);
  return !code && address.is_loopback();
}

}  // namespace

void CurlEasyDeleter::operator()(void* easy) const noexcept {
  curl_easy_cleanup(easy);
}

void CurlListDeleter::operator()(curl_slist* list) const noexcept {
  curl_slist_free_all(list);
}

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
  });
}

CurlEasy make_curl_easy() {
  start_curl();
  CurlEasy easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  return easy;
}

void append_line(CurlList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

void append_field(CurlList& list, const Headers::Field& field) {
  append_line(list, field.value.empty() ? field.name + ";" : field.name + ": " + field.value);
}

std::optional<HostKind> host_kind_of(const std::string& url) {
  if (url.find('\0') != std::string::npos) return std::nullopt;
  const Url parsed(curl_url());
  if (!parsed) throw std::bad_alloc();
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const std::string scheme = part_of(parsed, CURLUPART_SCHEME);
  const std::string host = part_of(parsed, CURLUPART_HOST);
  if ((scheme != "http" && scheme != "https") || host.empty()) return std::nullopt;
  return is_loopback(host) ? HostKind::kLoopback : HostKind::kOther;
}

}  // namespace jackdaw::http
