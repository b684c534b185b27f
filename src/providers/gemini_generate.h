#pragma once

#include <memory>
#include <string>

#include "providers/dialect.h"

namespace jackdaw::providers {

struct GeminiGenerateOptions {
  std::string base_url;  // without a slash at its end; "/v1beta/models/..." is added
  std::string model;
  std::string api_key;
};

// Gemini's generateContent. The proof of a complete answer is a candidate's `finishReason`, or a blocked prompt; the
// body is read to its end all the same, because an error may follow as JSON outside of the events.
std::unique_ptr<Dialect> make_gemini_generate(GeminiGenerateOptions options);

// Reads one answer of it.
std::unique_ptr<FrameReader> gemini_generate_frames();

}  // namespace jackdaw::providers
