#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/language_model.h"
#include "http/async_client.h"
#include "providers/adapted_shape.h"
#include "providers/dialect.h"
#include "providers/provider_error.h"

namespace jackdaw::providers {

struct RemoteModelOptions {
  bool stream = true;  // false: the whole answer is asked for at once
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds total_timeout{600'000};  // over all attempts and the waits between them

  int max_retries = 2;  // before the first piece of the answer was given out, never after
  std::chrono::milliseconds longest_retry_wait{30'000};  // a provider that asks for more is not waited for
  // For the body that explains an error status; what came until then is used.
  std::chrono::milliseconds wait_for_refusal{2'000};
  // After the proof of the answer's end, as long as no words follow: for usage, or an error after all.
  std::chrono::milliseconds wait_for_usage{2'000};
  // After everything: for the end of the body, with which the connection can be used again.
  std::chrono::milliseconds wait_for_body_end{100};
};

// A language model behind HTTP, in any dialect. Shared by all answers; used on the I/O thread, as are its streams,
// which may not outlive it. A stream throws Error provider_* with a sentence that quotes the provider only in part.
class RemoteModel : public LanguageModel {
 public:
  // Keeps a reference to `client`.
  RemoteModel(ProviderIdentity who, std::unique_ptr<const Dialect> dialect, http::AsyncClient& client,
              RemoteModelOptions options = {});

  const std::string& provider() const noexcept override { return who_.provider; }
  const std::string& model() const noexcept override { return who_.model; }
  // Destroying the stream closes its connection at once.
  std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) override;

 private:
  class Stream;

  const ProviderIdentity who_;
  const std::unique_ptr<const Dialect> dialect_;
  http::AsyncClient& client_;
  const RemoteModelOptions options_;
  AdaptedShape shape_;
};

}  // namespace jackdaw::providers
