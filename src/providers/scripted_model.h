#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/language_model.h"

namespace jackdaw::providers {

// The steps of a script, one JSON object a line; empty lines and lines that begin with # are skipped.
//
//   {"text": "The "}                    says it
//   {"text": "word ", "times": 200}     says it that often
//   {"echo": "question"}                says the question; "prompt": all messages; "passages": the passages' texts
//   {"pause_ms": 20}                    waits
//   {"wait_for_file": "/tmp/go"}        waits until the file exists
//   {"wait_for_byte": "/tmp/fifo"}      waits until one byte can be read from the FIFO
//   {"error": "provider_overloaded", "message": "..."}   fails with that code (docs/http_api.md, section 3)
//   {"cut": true}                       the stream breaks off without an end
//   {"rewrite": "..."}                  what it says when it is asked to rewrite a follow-up; without it, it cannot
//   {"end": "stop", "input_tokens": 10, "output_tokens": 3}   ends; "length", "content_filter", "no_evidence", "other"
//
// A script without an end at its end is given {"end": "stop"}. Waiting ends when the answer is cancelled.
namespace script {
struct Say {
  std::string text;
  int times = 1;
};
struct Echo {
  enum class What { kQuestion, kPrompt, kPassages } what;
};
struct Pause {
  std::chrono::milliseconds time;
};
struct WaitForFile {
  std::filesystem::path path;
};
struct WaitForByte {
  std::filesystem::path fifo;
};
struct Fail {
  ErrorCode code;
  std::string message;
};
struct Rewrite {
  std::string text;
};
using Step = std::variant<Say, Echo, Pause, WaitForFile, WaitForByte, Fail, Rewrite, WriterEnd>;
}  // namespace script

// Throws Error kInvalidArgument that names the line.
std::vector<script::Step> parse_script(std::string_view json_lines);

// A writer that follows a script, whatever is asked: for tests and for measuring everything but the writer. Every
// answer runs the script from its start. Shared by all answers.
class ScriptedModel : public LanguageModel {
 public:
  explicit ScriptedModel(std::vector<script::Step> steps);
  ~ScriptedModel() override;

  const std::string& provider() const noexcept override { return provider_; }
  const std::string& model() const noexcept override { return model_; }
  bool follows_instructions() const noexcept override { return rewrites_ != nullptr; }
  std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) override;

 private:
  const std::string provider_ = "scripted";
  const std::string model_ = "script";
  std::shared_ptr<const std::vector<script::Step>> steps_;
  std::shared_ptr<const std::vector<script::Step>> rewrites_;  // for a prompt without passages; none: not set
};

}  // namespace jackdaw::providers
