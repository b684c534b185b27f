#include "inference/cross_encoder.h"

#include <algorithm>
#include <limits>

#include "core/clock.h"
#include "core/error.h"
#include "inference/batches.h"
#include "inference/encoder.h"
#include "inference/model_files.h"
#include "inference/prepared_encoder.h"
#include "inference/wordpiece.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kPairsInBatch = 4;  // core/reranker.h promises it

}  // namespace

class CrossEncoder::Model {
 public:
  explicit Model(const CrossEncoderOptions& options)
      : max_tokens_(options.max_tokens),
        max_question_tokens_(options.max_question_tokens),
        limits_{.tokens = options.batch_tokens, .sequences = kPairsInBatch},
        words_(WordPiece::read(require_model_file(options.model_dir, options.model, "vocab.txt"))),
        encoder_(open_encoder(encoder_model(options.model), options.precision, options.model_dir, options.cache_dir),
                 *options.kernels),
        name_(options.model + "/" + std::string(to_string(options.precision))) {
    if (words_.size() != encoder_.shape().vocabulary) {
      throw Error(ErrorCode::kUnavailable, "The vocabulary in " + (options.model_dir / options.model).string() +
                                               " does not fit the weights beside it. Run `jackdaw models pull`.");
    }
    if (max_tokens_ < 8 || max_tokens_ > encoder_.shape().positions) {
      throw Error(ErrorCode::kInvalidArgument, "The reranker reads 8 to " + std::to_string(encoder_.shape().positions) +
                                                   " tokens, not " + std::to_string(max_tokens_) + ".");
    }
    tokens_per_second_ = measure();
  }

  const std::string& name() const noexcept { return name_; }
  double tokens_per_second() const noexcept { return tokens_per_second_; }

  std::size_t tokens(std::string_view question, std::string_view passage) const {
    constexpr std::size_t kAround = 3;  // [CLS], and [SEP] behind each text
    const std::size_t first = words_.tokenize(question, max_question_tokens_).size();
    return std::min(max_tokens_, first + words_.tokenize(passage, max_tokens_).size() + kAround);
  }

  std::vector<float> score(std::string_view question, std::span<const std::string_view> passages,
                           const Cancellation& cancellation) {
    const std::vector<Encoding> encodings = encode_all(question, passages, cancellation);
    std::vector<float> out(passages.size());
    for (const BatchPlan& plan : plan_batches(encodings, limits_)) {
      cancellation.throw_if_requested();
      const std::vector<float> logits = encoder_.logits(pack(encodings, plan), cancellation);
      for (std::size_t i = 0; i < plan.size(); ++i) out[plan[i]] = logits[i];
    }
    return out;
  }

 private:
  // The best of some short runs over a pair of usual length: other work of the machine takes time from long ones, and
  // the slowest of them would count for the life of the process. The first also brings the weights into memory.
  double measure() const {
    constexpr int kRuns = 4;
    constexpr std::size_t kTokens = 128;
    PackedBatch batch;
    batch.ids.assign(kTokens, words_.special_ids().separator);
    batch.types.assign(kTokens, 1);
    batch.lengths = {kTokens};
    double best_ms = std::numeric_limits<double>::infinity();
    for (int run = 0; run < kRuns; ++run) {
      const Stopwatch watch;
      encoder_.logits(batch, Cancellation());
      best_ms = std::min(best_ms, watch.elapsed_ms());
    }
    return static_cast<double>(batch.ids.size()) * 1000 / std::max(best_ms, 1e-3);
  }

  std::vector<Encoding> encode_all(std::string_view question, std::span<const std::string_view> passages,
                                   const Cancellation& cancellation) const {
    const auto first = words_.tokenize(question, max_question_tokens_);
    std::vector<Encoding> encodings;
    encodings.reserve(passages.size());
    for (const std::string_view passage : passages) {
      cancellation.throw_if_requested();
      encodings.push_back(encode_pair(words_.special_ids(), first, words_.tokenize(passage, max_tokens_), max_tokens_,
                                      Truncation::kOnlySecond));
    }
    return encodings;
  }

  std::size_t max_tokens_;
  std::size_t max_question_tokens_;
  BatchLimits limits_;
  WordPiece words_;
  Encoder encoder_;
  std::string name_;
  double tokens_per_second_ = 0;
};

CrossEncoder::CrossEncoder(CrossEncoderOptions options) : model_(std::make_unique<Model>(options)) {}
CrossEncoder::~CrossEncoder() = default;

std::vector<float> CrossEncoder::score(std::string_view question, std::span<const std::string_view> passages,
                                       const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  return model_->score(question, passages, cancellation);
}

std::size_t CrossEncoder::tokens(std::string_view question, std::string_view passage) const {
  return model_->tokens(question, passage);
}

double CrossEncoder::tokens_per_second() const noexcept {
  return model_->tokens_per_second();
}

const std::string& CrossEncoder::name() const noexcept {
  return model_->name();
}

}  // namespace jackdaw::inference
