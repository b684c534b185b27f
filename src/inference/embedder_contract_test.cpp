#include "tests/support/embedder_contract.h"

#include "inference/hash_embedder.h"
#include "inference/local_embedder.h"
#include "tests/support/inference_files.h"

namespace jackdaw::testing {
namespace {

std::shared_ptr<Embedder> hash_embedder() {
  return std::make_shared<inference::HashEmbedder>();
}

std::shared_ptr<Embedder> local_embedder() {
  if (!has_models()) return nullptr;
  static const auto made = std::make_shared<inference::LocalEmbedder>(
      inference::LocalEmbedderOptions{.model_dir = models_dir(), .cache_dir = {}});
  return made;
}

INSTANTIATE_TEST_SUITE_P(HashEmbedder, EmbedderContract, ::testing::Values(&hash_embedder));
INSTANTIATE_TEST_SUITE_P(LocalEmbedder, EmbedderContract, ::testing::Values(&local_embedder));

}  // namespace
}  // namespace jackdaw::testing
