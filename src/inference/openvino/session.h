#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inference/batches.h"
#include "inference/weights.h"

namespace jackdaw::inference {

struct SessionOptions {
  std::filesystem::path cache_dir;  // where the compiled graph is kept; empty: compiled at every start
  std::size_t threads = 2;          // runs at the same time, 1..64; each computes on one thread of the runtime
};

// One BERT model, ready to run; hides the inference runtime. Safe from any thread: run() waits while `threads` others
// compute. The runtime's threads sleep between runs.
class Session {
 public:
  // Throws Error kUnavailable when the model file is damaged, or the runtime cannot compile it.
  Session(const std::filesystem::path& model, Head head, SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::size_t hidden() const noexcept;      // width of a token state
  std::size_t vocabulary() const noexcept;  // ids are below this
  std::size_t positions() const noexcept;   // no sequence is longer

  // Without a head: the states of all tokens, hidden() floats each. With one: a logit for each sequence.
  std::vector<float> run(const PackedBatch& batch);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace jackdaw::inference
