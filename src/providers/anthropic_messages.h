#pragma once

#include <memory>
#include <string>

#include "providers/dialect.h"

namespace jackdaw::providers {

struct AnthropicMessagesOptions {
  std::string base_url;  // without a slash at its end; "/v1/messages" is added
  std::string model;
  std::string api_key;
};

// Anthropic's Messages. The proof of a complete answer is `message_stop` alone.
std::unique_ptr<Dialect> make_anthropic_messages(AnthropicMessagesOptions options);

// Reads one answer of it.
std::unique_ptr<FrameReader> anthropic_messages_frames();

}  // namespace jackdaw::providers
