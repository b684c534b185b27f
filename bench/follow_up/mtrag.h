#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/conversation.h"

namespace jackdaw::follow_up_bench {

// The last turn of a conversation of MTRAG, with everything that was said before it.
struct MtragTask {
  std::string id;
  std::string question;                 // as it was asked
  std::string rewrite;                  // as a person made it stand alone
  std::vector<std::string> earlier;     // the user's earlier turns
  std::vector<std::string> answers;     // to them; as many, or none when the data has no answers for this conversation
  std::map<std::size_t, int> relevant;  // place in the corpus -> gain
};

struct Mtrag {
  std::vector<std::string> corpus;
  std::vector<MtragTask> tasks;
};

// Throws std::runtime_error for what is not there or of another form.
Mtrag read_mtrag(const std::filesystem::path& folder);

}  // namespace jackdaw::follow_up_bench
