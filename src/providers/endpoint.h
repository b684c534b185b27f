#pragma once

#include <string>
#include <string_view>

namespace jackdaw::providers {

// Where a provider is. All parts are as a URL spells them; host in lower case, an IPv6 address in brackets.
struct Endpoint {
  std::string scheme;  // "http" or "https"
  std::string host;
  std::string port;  // empty: the scheme's own
  std::string path;  // empty, or begins with a slash and does not end with one

  std::string origin() const;  // "https://api.openai.com"
  std::string url() const { return origin() + path; }
  bool is_loopback() const;
};

// A base URL as a person writes it into `variable`. Throws Error kInvalidArgument that names the variable, the value
// (unless it holds a password) and what is allowed.
Endpoint parse_base_url(std::string_view variable, std::string_view value);

// OLLAMA_HOST, by the meaning that Ollama itself gives it: a host, host:port or a URL. Without a scheme the port is
// 11434; an address that means "all" is the loopback one. Throws the same.
Endpoint parse_ollama_host(std::string_view variable, std::string_view value);

}  // namespace jackdaw::providers
