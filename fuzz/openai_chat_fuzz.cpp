#include "providers/openai_chat.h"
#include "tests/support/decoder_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jackdaw::providers;
  testing::check_decoder(openai_chat_frames, data, size);
  return 0;
}
