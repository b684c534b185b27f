#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "providers/dialect.h"
#include "providers/provider_error.h"

// Whatever the body of a refusal is, the sentence about it is valid UTF-8 on one line, short, and without the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw;
  using namespace jackdaw::providers;
  if (size < 1) return 0;
  const std::string secret = "canary-key-0123456789";
  const ProviderIdentity who{.provider = "groq",
                             .title = "Groq",
                             .model = "m",
                             .key_variable = "GROQ_API_KEY",
                             .url_variable = "GROQ_BASE_URL",
                             .origin = "https://api.groq.com",
                             .has_key = true,
                             .secrets = {secret}};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const WireError error = read_error_body(body);
  const ProviderFailure failure = failure_of_response(who, 400 + data[0] % 200, {}, error);
  const RequestShape shape = shape_without_refused({}, error);
  static_cast<void>(shape);
  const std::string& message = failure.message;
  if (!text::is_valid_utf8(message) || message.find('\n') != std::string::npos) std::abort();
  if (message.find(secret) != std::string::npos || text::count_code_points(message) > 520) std::abort();
  return 0;
}
