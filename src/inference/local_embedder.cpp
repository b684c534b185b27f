#include "inference/local_embedder.h"

#include <algorithm>

#include "core/error.h"
#include "inference/batches.h"
#include "inference/encoder.h"
#include "inference/model_files.h"
#include "inference/pooling.h"
#include "inference/prepared_encoder.h"
#include "inference/wordpiece.h"

namespace jackdaw::inference {
namespace {

constexpr std::size_t kTextsBetweenChecks = 64;  // while cutting into tokens: about 10 ms

}  // namespace

class LocalEmbedder::Model {
 public:
  explicit Model(const LocalEmbedderOptions& options)
      : max_tokens_(options.max_tokens),
        limits_{.tokens = options.batch_tokens},
        words_(WordPiece::read(require_model_file(options.model_dir, kEmbedderModel, "vocab.txt"))),
        encoder_(open_encoder(encoder_model(kEmbedderModel), options.precision, options.model_dir, options.cache_dir),
                 *options.kernels),
        name_(std::string(kEmbedderModel) + "/mean/" + std::string(to_string(options.precision))) {
    if (words_.size() != encoder_.shape().vocabulary) {
      throw Error(ErrorCode::kUnavailable, "The vocabulary in " + (options.model_dir / kEmbedderModel).string() +
                                               " does not fit the weights beside it. Run `jackdaw models pull`.");
    }
    if (max_tokens_ < 3 || max_tokens_ > encoder_.shape().positions) {
      throw Error(ErrorCode::kInvalidArgument, "The embedder reads 3 to " + std::to_string(encoder_.shape().positions) +
                                                   " tokens, not " + std::to_string(max_tokens_) + ".");
    }
  }

  std::vector<Embedding> embed(std::span<const std::string_view> texts, const Cancellation& cancellation) {
    const std::vector<Encoding> encodings = encode_all(texts, cancellation);
    std::vector<Embedding> out(texts.size());
    for (const BatchPlan& plan : plan_batches(encodings, limits_)) {
      cancellation.throw_if_requested();
      const std::vector<float> states = encoder_.states(pack(encodings, plan), cancellation);
      std::span<const float> rest(states);
      for (const std::size_t i : plan) {
        const std::size_t floats = encodings[i].tokens.size() * encoder_.shape().hidden;
        out[i] = mean_unit(rest.first(floats), encoder_.shape().hidden);
        rest = rest.subspan(floats);
      }
    }
    return out;
  }

  const std::string& name() const noexcept { return name_; }
  std::size_t dimensions() const noexcept { return encoder_.shape().hidden; }

 private:
  std::vector<Encoding> encode_all(std::span<const std::string_view> texts, const Cancellation& cancellation) const {
    std::vector<Encoding> encodings;
    encodings.reserve(texts.size());
    for (const std::string_view text : texts) {
      if (encodings.size() % kTextsBetweenChecks == 0) cancellation.throw_if_requested();
      encodings.push_back(encode(words_.special_ids(), words_.tokenize(text, max_tokens_), max_tokens_));
    }
    return encodings;
  }

  std::size_t max_tokens_;
  BatchLimits limits_;
  WordPiece words_;
  Encoder encoder_;
  std::string name_;
};

LocalEmbedder::LocalEmbedder(LocalEmbedderOptions options) : model_(std::make_unique<Model>(options)) {}
LocalEmbedder::~LocalEmbedder() = default;

std::vector<Embedding> LocalEmbedder::embed(std::span<const std::string_view> texts, const Cancellation& cancellation) {
  cancellation.throw_if_requested();
  return model_->embed(texts, cancellation);
}

std::size_t LocalEmbedder::dimensions() const noexcept {
  return model_->dimensions();
}

const std::string& LocalEmbedder::name() const noexcept {
  return model_->name();
}

}  // namespace jackdaw::inference
