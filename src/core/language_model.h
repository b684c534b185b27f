#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "core/prompt.h"

namespace jackdaw {

// A piece of the answer. Valid UTF-8, never empty.
struct TextDelta {
  std::string text;
};

// The writer's own proof that the answer ended; nothing follows it.
struct WriterEnd {
  FinishReason reason = FinishReason::kStop;
  Usage usage;
};

// Another writer took over (failover), because the one before failed. Comes only before the first TextDelta.
struct WriterSwitched {
  std::string from;    // provider
  std::string to;      // provider
  std::string model;   // of `to`
  std::string reason;  // a sentence
};

using WriterEvent = std::variant<TextDelta, WriterSwitched, WriterEnd>;

// One answer being written. Used from one coroutine. Destroying it cancels the work behind it.
class WriterStream {
 public:
  virtual ~WriterStream() = default;
  // The next event; nothing after WriterEnd. A stream that ends without WriterEnd has failed: next() throws Error
  // (provider_*, cancelled) instead.
  virtual boost::asio::awaitable<std::optional<WriterEvent>> next() = 0;
};

// Who writes the answer. Shared by all answers; used on the I/O thread.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual const std::string& provider() const noexcept = 0;  // "extractive", "openai" ...
  virtual const std::string& model() const noexcept = 0;

  // Whether it does what its messages say; false for one that only quotes passages.
  virtual bool follows_instructions() const noexcept { return true; }

  // Starts nothing by itself: work begins with the first next(). `prompt` is moved in.
  virtual std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) = 0;
};

// Which writer a request asks for; empty fields: the configured one.
struct WriterChoice {
  std::string provider;
  std::string model;
};

// The writers in use. Shared by all answers; used on the I/O thread.
class LanguageModels {
 public:
  virtual ~LanguageModels() = default;

  // Lives as long as this. Throws Error kInvalidArgument with the field "provider" or "model", naming what is in use.
  virtual LanguageModel& find(const WriterChoice& choice) = 0;

  // Every choice that find() takes, the configured one first.
  virtual std::vector<WriterChoice> in_use() const = 0;
};

}  // namespace jackdaw
