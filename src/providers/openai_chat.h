#pragma once

#include <memory>
#include <string>

#include "providers/dialect.h"

namespace jackdaw::providers {

struct OpenAiChatOptions {
  std::string base_url;  // without a slash at its end; "/chat/completions" is added
  std::string model;
  std::string api_key;  // empty: none is sent
  std::string host;     // of base_url, in lower case: which profile of a known host applies
  bool is_groq = false;
  bool is_ollama = false;
};

// Chat Completions: OpenAI, Groq, Ollama's /v1, and every host that speaks it too. Hosts differ in the optional fields
// that they take; one that is not known gets `max_tokens` and `stream_options`. The proof of a complete answer is a
// `finish_reason`; usage may follow it until [DONE].
std::unique_ptr<Dialect> make_openai_chat(OpenAiChatOptions options);

// Reads one answer of it.
std::unique_ptr<FrameReader> openai_chat_frames();

}  // namespace jackdaw::providers
