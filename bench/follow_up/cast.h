#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace jackdaw::follow_up_bench {

// One turn of a conversation of the TREC Conversational Assistance Track, as it was said and as a person rewrote it.
struct CastTurn {
  std::string raw;
  std::string manual;
};

struct CastTopic {
  std::string number;
  std::vector<CastTurn> turns;
};

// `folder` holds 2019/ and 2020/. Throws std::runtime_error for what is not there or of another form.
std::vector<CastTopic> read_cast_2019(const std::filesystem::path& folder);
std::vector<CastTopic> read_cast_2020(const std::filesystem::path& folder);

}  // namespace jackdaw::follow_up_bench
