#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/language_model.h"

namespace jackdaw::providers {

// Several writers as one: when one fails before the first piece of its answer, the next is asked, and the stream says
// so (WriterSwitched). Only a writer's failure (provider_*) does that; a cancelled answer is not asked for again.
// Shared by all answers; keeps references to the writers, of which there is at least one.
class Failover : public LanguageModel {
 public:
  explicit Failover(std::vector<LanguageModel*> writers);

  // Of the first.
  const std::string& provider() const noexcept override { return writers_.front()->provider(); }
  const std::string& model() const noexcept override { return writers_.front()->model(); }
  bool follows_instructions() const noexcept override { return writers_.front()->follows_instructions(); }
  std::unique_ptr<WriterStream> write(Prompt prompt, Cancellation cancellation) override;

 private:
  const std::vector<LanguageModel*> writers_;
};

}  // namespace jackdaw::providers
