#include "inference/openvino/session.h"

#include <malloc.h>
#include <openvino/openvino.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/guarded.h"
#include "core/log.h"
#include "inference/openvino/bert_graph.h"
#include "inference/openvino/graph_cache.h"

namespace jackdaw::inference {
namespace {

constexpr float kBlocked = -1e9F;  // added to a score, makes its softmax share exactly 0

// One runtime for all models of the process, gone with the last of them.
std::shared_ptr<ov::Core> shared_core() {
  static Guarded<std::weak_ptr<ov::Core>> shared;
  auto locked = shared.lock();
  auto core = locked->lock();
  if (!core) *locked = core = std::make_shared<ov::Core>();
  return core;
}

// The runtime prepares kernels for each distinct length and keeps them: a coarse ladder of lengths bounds that memory
// at 28 rungs, for at most one eighth of idle rows beyond the first rungs.
std::size_t round_up_tokens(std::size_t tokens) noexcept {
  const std::size_t step = tokens <= 64 ? 8 : tokens <= 256 ? 16 : 32;
  return (tokens + step - 1) / step * step;
}

ov::AnyMap runtime_options(std::size_t threads) {
  const auto count = static_cast<std::int32_t>(threads);
  return {ov::num_streams(count), ov::inference_num_threads(count),
          // The same arithmetic on every processor: no bf16, no quantization of activations.
          ov::hint::inference_precision(ov::element::f32), ov::hint::dynamic_quantization_group_size(0),
          // The pool's threads go where the system puts them: nothing of ours is pinned.
          ov::hint::enable_cpu_pinning(false)};
}

}  // namespace

class Session::Engine {
 public:
  Engine(const std::filesystem::path& model, Head head, const SessionOptions& options)
      : weights_(read_bert_weights(model, head)), core_(shared_core()) {
    compile(GraphCache(options.cache_dir, model), runtime_options(options.threads));
    for (std::size_t i = 0; i < options.threads; ++i) idle_.push_back(compiled_.create_infer_request());
    release_memory();
  }

  const BertWeights& weights() const noexcept { return weights_; }

  std::vector<float> run(const PackedBatch& batch) {
    check(batch);
    Lease lease(*this);
    const std::size_t tokens = batch.ids.size();
    const std::size_t rows = round_up_tokens(tokens);
    fill_embedded(batch, rows, lease.request());
    fill_mask(batch, rows, lease.request());
    if (weights_.classifier) fill_firsts(batch, lease.request());
    lease.request().infer();
    if (graph_file_ && is_new_rung(rows)) graph_file_->release_pages();
    const ov::Tensor out = lease.request().get_output_tensor(0);
    const std::size_t count = weights_.classifier ? batch.lengths.size() : tokens * weights_.hidden;
    return {out.data<float>(), out.data<float>() + count};
  }

 private:
  // One request, taken for the time of a run.
  class Lease {
   public:
    explicit Lease(Engine& engine) : engine_(engine) {
      std::unique_lock lock(engine_.mutex_);
      engine_.returned_.wait(lock, [&] { return !engine_.idle_.empty(); });
      request_ = std::move(engine_.idle_.back());
      engine_.idle_.pop_back();
    }
    ~Lease() {
      {
        const std::lock_guard lock(engine_.mutex_);
        engine_.idle_.push_back(std::move(request_));
      }
      engine_.returned_.notify_one();
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ov::InferRequest& request() noexcept { return request_; }

   private:
    Engine& engine_;
    ov::InferRequest request_;
  };

  void compile(const GraphCache& cache, const ov::AnyMap& options) {
    const std::string runtime =
        std::string(ov::get_openvino_version().buildNumber) + "\n" + core_->get_property("CPU", ov::device::full_name);
    if (load(cache.find(runtime), options)) return;
    compiled_ = core_->compile_model(build_bert_graph(weights_), "CPU", options);
    load(cache.store(runtime, compiled_), options);
  }

  // A graph from the cache leaves its weights in the mapped file, where they need not stay resident.
  bool load(std::shared_ptr<const MappedFile> file, const ov::AnyMap& options) {
    if (!file) return false;
    const auto bytes = file->bytes();
    const ov::Tensor blob(ov::element::u8, {bytes.size()}, const_cast<std::byte*>(bytes.data()));
    try {
      compiled_ = core_->import_model(blob, "CPU", options);
    } catch (const std::exception& failed) {
      log::warning("The compiled model " + file->path().string() +
                   " could not be loaded and is made again: " + failed.what());
      return false;
    }
    graph_file_ = std::move(file);
    return true;
  }

  void release_memory() const {
    weights_.file->release_pages();
    if (graph_file_) graph_file_->release_pages();
    ::malloc_trim(0);
  }

  // The first run of each length packs weights anew, for which it reads pages of the file that are not needed again.
  bool is_new_rung(std::size_t rows) {
    const std::lock_guard lock(mutex_);
    return rungs_.insert(rows).second;
  }

  void check(const PackedBatch& batch) const {
    std::size_t sum = 0;
    bool good = batch.ids.size() == batch.types.size() && !batch.lengths.empty();
    for (const std::size_t length : batch.lengths) {
      good = good && length > 0 && length <= weights_.positions_count;
      sum += length;
    }
    for (const std::int32_t id : batch.ids) {
      good = good && id >= 0 && static_cast<std::size_t>(id) < weights_.vocabulary;
    }
    if (!good || sum != batch.ids.size()) {
      throw Error(ErrorCode::kInternal, "A batch of " + std::to_string(batch.ids.size()) +
                                            " tokens does not fit the model's vocabulary or window.");
    }
  }

  void fill_embedded(const PackedBatch& batch, std::size_t rows, ov::InferRequest& request) const {
    ov::Tensor tensor = request.get_tensor(kEmbeddedInput);
    tensor.set_shape({1, rows, weights_.hidden});
    const std::span<float> all(tensor.data<float>(), rows * weights_.hidden);
    std::ranges::fill(all, 0.0F);
    std::size_t at = 0;
    for (const std::size_t length : batch.lengths) {
      for (std::size_t position = 0; position < length; ++position, ++at) {
        const auto row = all.subspan(at * weights_.hidden, weights_.hidden);
        add_row(weights_.words, static_cast<std::size_t>(batch.ids[at]), row);
        add_row(weights_.positions, position, row);
        add_row(weights_.types, batch.types[at] == 0 ? 0 : 1, row);
      }
    }
  }

  // Each sequence sees itself. The rows that only round the count up see everything: what they hold is never read.
  static void fill_mask(const PackedBatch& batch, std::size_t rows, ov::InferRequest& request) {
    ov::Tensor tensor = request.get_tensor(kMaskInput);
    tensor.set_shape({rows, rows});
    const std::span<float> mask(tensor.data<float>(), rows * rows);
    std::ranges::fill(mask, kBlocked);
    std::size_t begin = 0;
    for (const std::size_t length : batch.lengths) {
      for (std::size_t row = begin; row < begin + length; ++row) {
        std::ranges::fill(mask.subspan(row * rows + begin, length), 0.0F);
      }
      begin += length;
    }
    std::ranges::fill(mask.subspan(begin * rows), 0.0F);
  }

  static void fill_firsts(const PackedBatch& batch, ov::InferRequest& request) {
    ov::Tensor tensor = request.get_tensor(kFirstsInput);
    tensor.set_shape({batch.lengths.size()});
    std::int32_t first = 0;
    for (std::size_t i = 0; i < batch.lengths.size(); ++i) {
      tensor.data<std::int32_t>()[i] = first;
      first += static_cast<std::int32_t>(batch.lengths[i]);
    }
  }

  BertWeights weights_;
  std::shared_ptr<const MappedFile> graph_file_;  // outlives what was loaded from it
  std::shared_ptr<ov::Core> core_;
  ov::CompiledModel compiled_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<ov::InferRequest> idle_;  // guarded by mutex_
  std::set<std::size_t> rungs_;         // lengths that ran; guarded by mutex_
};

Session::Session(const std::filesystem::path& model, Head head, SessionOptions options) try
    : engine_(std::make_unique<Engine>(model, head, options)) {
} catch (const ov::Exception& failed) {
  throw Error(ErrorCode::kUnavailable, "The inference runtime could not load " + model.string() + ": " + failed.what() +
                                           ". Run `jackdaw models verify` to check the model files.");
}

Session::~Session() = default;

std::size_t Session::hidden() const noexcept {
  return engine_->weights().hidden;
}
std::size_t Session::vocabulary() const noexcept {
  return engine_->weights().vocabulary;
}
std::size_t Session::positions() const noexcept {
  return engine_->weights().positions_count;
}

std::vector<float> Session::run(const PackedBatch& batch) {
  try {
    return engine_->run(batch);
  } catch (const ov::Exception& failed) {
    throw Error(ErrorCode::kInternal, std::string("The inference runtime failed: ") + failed.what());
  }
}

}  // namespace jackdaw::inference
