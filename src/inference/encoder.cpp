#include "inference/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>

#include "core/guarded.h"

namespace jackdaw::inference {
namespace {

constexpr float kEpsilon = 1e-12F;  // of BERT's layer norm

// Rows that pass together through the linear maps of a layer: their widest states then stay in a second-level cache of
// 512 KiB beside a panel of weights.
constexpr std::size_t kBlockRows = 48;

constexpr std::align_val_t kAlignment{64};

// Floats or bytes that only grow; what they held is lost when they do.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { ::operator delete[](values_, kAlignment); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* room(std::size_t count) {
    if (count > count_) {
      ::operator delete[](std::exchange(values_, nullptr), kAlignment);
      count_ = 0;
      values_ = static_cast<T*>(::operator new[](count * sizeof(T), kAlignment));
      count_ = count;
    }
    return values_;
  }

 private:
  T* values_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace

struct Encoder::Buffers {
  Buffer<float> states;           // [tokens][hidden]
  Buffer<float> query_key_value;  // [tokens][3 * hidden]
  Buffer<float> context;          // [tokens][hidden]: what the attention gathered
  Buffer<float> scratch;          // of the attention
  Buffer<float> wide;             // [kBlockRows][intermediate]
  Buffer<std::uint8_t> rounded;   // [kBlockRows][widest]
  Buffer<float> row_scales;       // [kBlockRows]
};

// As many buffers as were ever in use at once.
class Encoder::Pool {
 public:
  std::unique_ptr<Buffers> take() {
    auto state = state_.lock();
    auto& idle = state->idle;
    if (idle.empty()) {
      idle.reserve(state->made + 1);
      auto buffers = std::make_unique<Buffers>();
      ++state->made;
      return buffers;
    }
    auto buffers = std::move(idle.back());
    idle.pop_back();
    return buffers;
  }
  // There is room for all that were made.
  void give_back(std::unique_ptr<Buffers> buffers) noexcept {
    auto state = state_.lock();
    state->idle.push_back(std::move(buffers));
  }

 private:
  struct State {
    std::vector<std::unique_ptr<Buffers>> idle;
    std::size_t made = 0;
  };
  Guarded<State> state_;
};

class Encoder::Lease {
 public:
  explicit Lease(Pool& pool) : pool_(pool), buffers_(pool.take()) {}
  ~Lease() { pool_.give_back(std::move(buffers_)); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Buffers& operator*() const noexcept { return *buffers_; }

 private:
  Pool& pool_;
  std::unique_ptr<Buffers> buffers_;
};

Encoder::Encoder(std::shared_ptr<const EncoderFile> file, const Kernels& kernels)
    : file_(std::move(file)), kernels_(kernels), pool_(std::make_unique<Pool>()) {}

Encoder::~Encoder() = default;

std::vector<float> Encoder::states(const PackedBatch& batch, const Cancellation& cancellation) const {
  const Lease lease(*pool_);
  Buffers& buffers = *lease;
  run(batch, buffers, cancellation);
  const std::size_t count = batch.ids.size() * shape().hidden;
  const float* const states = buffers.states.room(count);
  return {states, states + count};
}

std::vector<float> Encoder::logits(const PackedBatch& batch, const Cancellation& cancellation) const {
  const Lease lease(*pool_);
  Buffers& buffers = *lease;
  run(batch, buffers, cancellation);
  const std::size_t hidden = shape().hidden;
  const float* state = buffers.states.room(0);
  std::vector<float> firsts;
  for (const std::size_t length : batch.lengths) {
    firsts.insert(firsts.end(), state, state + hidden);
    state += length * hidden;
  }
  std::vector<float> pooled(firsts.size());
  kernels_.multiply_f32(file_->pooler(), firsts.data(), batch.lengths.size(), Finish::kStore, pooled.data());
  std::vector<float> out;
  for (std::size_t i = 0; i < batch.lengths.size(); ++i) {
    double sum = file_->classifier_bias();
    for (std::size_t k = 0; k < hidden; ++k) sum += std::tanh(pooled[i * hidden + k]) * file_->classifier()[k];
    out.push_back(static_cast<float>(sum));
  }
  return out;
}

void Encoder::embed(const PackedBatch& batch, std::span<float> states) const {
  const std::size_t hidden = shape().hidden;
  std::size_t token = 0;
  for (const std::size_t length : batch.lengths) {
    for (std::size_t place = 0; place < length; ++place, ++token) {
      const std::span<float> row = states.subspan(token * hidden, hidden);
      file_->copy_word(static_cast<std::size_t>(batch.ids[token]), row);
      const float* const position = file_->position(place);
      const float* const type = file_->type(batch.types[token]);
      for (std::size_t i = 0; i < hidden; ++i) row[i] += position[i] + type[i];
    }
  }
  kernels_.normalize(states.data(), batch.ids.size(), hidden, file_->gamma(), file_->beta(), kEpsilon);
}

void Encoder::run(const PackedBatch& batch, Buffers& buffers, const Cancellation& cancellation) const {
  const std::size_t tokens = batch.ids.size();
  const std::size_t hidden = shape().hidden;
  embed(batch, {buffers.states.room(tokens * hidden), tokens * hidden});
  for (std::size_t i = 0; i < shape().layers; ++i) {
    cancellation.throw_if_requested();
    const EncoderLayer& layer = file_->layer(i);
    attend(layer, batch, buffers);
    for (std::size_t first = 0; first < tokens; first += kBlockRows) {
      feed_forward(layer, first, std::min(kBlockRows, tokens - first), buffers);
    }
  }
}

void Encoder::attend(const EncoderLayer& layer, const PackedBatch& batch, Buffers& buffers) const {
  const std::size_t tokens = batch.ids.size();
  const std::size_t hidden = shape().hidden;
  const float* const states = buffers.states.room(tokens * hidden);
  float* const qkv = buffers.query_key_value.room(tokens * 3 * hidden);
  if (file_->precision() == Precision::kInt8) {
    std::uint8_t* const rounded = buffers.rounded.room(std::max(tokens * hidden, kBlockRows * shape().intermediate));
    float* const scales = buffers.row_scales.room(std::max(tokens, kBlockRows));
    kernels_.quantize(states, tokens, hidden, rounded, scales);
    kernels_.multiply_s8(layer.query_key_value8, {rounded, scales, tokens}, Finish::kStore, qkv);
  } else {
    kernels_.multiply_f32(layer.query_key_value, states, tokens, Finish::kStore, qkv);
  }
  const AttentionShape attention{.heads = shape().heads, .head_width = hidden / shape().heads};
  const std::size_t longest = batch.lengths.empty() ? 0 : *std::max_element(batch.lengths.begin(), batch.lengths.end());
  float* const scratch = buffers.scratch.room(attention_scratch(longest, attention));
  float* const context = buffers.context.room(tokens * hidden);
  std::size_t first = 0;
  for (const std::size_t length : batch.lengths) {
    kernels_.attend(qkv + first * 3 * hidden, length, attention, scratch, context + first * hidden);
    first += length;
  }
}

void Encoder::feed_forward(const EncoderLayer& layer, std::size_t first, std::size_t count, Buffers& buffers) const {
  const std::size_t hidden = shape().hidden;
  const std::size_t intermediate = shape().intermediate;
  float* const states = buffers.states.room(0) + first * hidden;
  const float* const context = buffers.context.room(0) + first * hidden;
  float* const wide = buffers.wide.room(kBlockRows * intermediate);
  const auto multiply = [&](const QuantizedMatrix& rounded_matrix, const FloatMatrix& matrix, const float* rows,
                            Finish finish, float* out) {
    if (file_->precision() == Precision::kFp32) {
      kernels_.multiply_f32(matrix, rows, count, finish, out);
      return;
    }
    std::uint8_t* const rounded = buffers.rounded.room(0);
    float* const scales = buffers.row_scales.room(0);
    kernels_.quantize(rows, count, rounded_matrix.inputs, rounded, scales);
    kernels_.multiply_s8(rounded_matrix, {rounded, scales, count}, finish, out);
  };
  multiply(layer.attention_output8, layer.attention_output, context, Finish::kAdd, states);
  kernels_.normalize(states, count, hidden, layer.attention_gamma, layer.attention_beta, kEpsilon);
  multiply(layer.widening8, layer.widening, states, Finish::kStore, wide);
  kernels_.activate(wide, count, intermediate);
  multiply(layer.narrowing8, layer.narrowing, wide, Finish::kAdd, states);
  kernels_.normalize(states, count, hidden, layer.output_gamma, layer.output_beta, kEpsilon);
}

}  // namespace jackdaw::inference
