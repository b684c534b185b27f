#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "providers/anthropic_messages.h"
#include "providers/gemini_generate.h"
#include "providers/openai_chat.h"
#include "tests/support/decoded_answer.h"

namespace jackdaw::providers {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using testing::BodyEnd;
using testing::DecodedAnswer;
using testing::MakeFrames;

constexpr std::size_t kTryAllUpTo = 16 * 1024;
constexpr std::size_t kEdge = 4 * 1024;
constexpr int kSeededPositions = 500;
constexpr std::size_t kTwoPiecesUpTo = 2 * 1024;
constexpr std::size_t kRounds = 24;

fs::path streams() {
  const char* given = std::getenv("JACKDAW_TEST_DATA");
  const fs::path data = given ? fs::path(given) : fs::path(JACKDAW_SOURCE_DIR) / "../shared/data";
  return data / "streams";
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Of the Responses API, which is none of our dialects.
bool is_other_dialect(const std::string& bytes) {
  return bytes.find("\"response.created\"") != std::string::npos ||
         bytes.find("\"object\":\"response\"") != std::string::npos ||
         bytes.find("\"object\": \"response\"") != std::string::npos;
}

MakeFrames frames_for(const fs::path& file) {
  const std::string folder = file.parent_path().filename();
  if (folder == "anthropic" || folder == "api.anthropic.com") return anthropic_messages_frames;
  if (folder.find("google") != std::string::npos) return gemini_generate_frames;
  return openai_chat_frames;
}

DecodedAnswer prefix_of(const MakeFrames& frames, const std::string& body, std::size_t size) {
  return testing::decode(frames, std::string_view(body).substr(0, size));
}

// Where the proof of the end stands: the smallest prefix that decodes to an end. The recordings' ends grow with their
// prefixes, so that halving finds it.
std::size_t proof_position(const MakeFrames& frames, const std::string& body) {
  std::size_t low = 0;
  std::size_t high = body.size();
  while (low + 1 < high) {
    const std::size_t middle = low + (high - low) / 2;
    (prefix_of(frames, body, middle).end ? high : low) = middle;
  }
  return high;
}

std::set<std::size_t> positions_in(const std::string& body, unsigned seed) {
  std::set<std::size_t> positions;
  const auto add_around = [&](std::size_t from, std::size_t to) {
    for (std::size_t at = from; at <= std::min(to, body.size()); ++at) positions.insert(at);
  };
  if (body.size() <= kTryAllUpTo) {
    add_around(0, body.size());
    return positions;
  }
  add_around(0, kEdge);
  add_around(body.size() - kEdge, body.size());
  for (std::size_t at = body.find("\n\n"); at != std::string::npos; at = body.find("\n\n", at + 1))
    add_around(at, at + 4);
  std::mt19937 random(seed);
  for (int i = 0; i < kSeededPositions; ++i) positions.insert(random() % body.size());
  return positions;
}

// Two pieces for each position; in large files many positions at once, far apart, so that all of them cost a few
// readings instead of thousands.
void check_splits(const MakeFrames& frames, const std::string& body, const std::set<std::size_t>& positions,
                  const std::string& whole) {
  const std::string_view bytes = body;
  if (body.size() <= kTwoPiecesUpTo) {
    for (const std::size_t at : positions) {
      const DecodedAnswer split = testing::decode_pieces(frames, {bytes.substr(0, at), bytes.substr(at)});
      ASSERT_EQ(split.summary(), whole) << "split at " << at;
    }
    return;
  }
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    std::size_t number = 0;
    for (const std::size_t at : positions) {
      if (number++ % kRounds != round) continue;
      pieces.push_back(bytes.substr(begin, at - begin));
      begin = at;
    }
    pieces.push_back(bytes.substr(begin));
    ASSERT_EQ(testing::decode_pieces(frames, pieces).summary(), whole) << "round " << round;
  }
}

// At every position: not yet an answer before the proof, and none that has failed. At some of them, and around the
// proof, the body really ends there.
void check_cuts(const MakeFrames& frames, const std::string& body, const std::set<std::size_t>& positions,
                const DecodedAnswer& whole) {
  const std::size_t proof = proof_position(frames, body);
  AnswerDecoder running(frames(), true);
  std::size_t fed = 0;
  for (const std::size_t at : positions) {
    running.feed(std::string_view(body).substr(fed, at - fed));
    fed = at;
    ASSERT_EQ(running.is_proven(), at >= proof) << at;
    ASSERT_FALSE(running.has_failed()) << at;
  }
  std::set<std::size_t> ends;
  const std::size_t step = body.size() <= kTwoPiecesUpTo ? 1 : 1 + positions.size() / kRounds;
  std::size_t number = 0;
  for (const std::size_t at : positions) {
    if (number++ % step == 0 || (at + 3 > proof && at < proof + 3)) ends.insert(at);
  }
  for (const std::size_t at : ends) {
    for (const BodyEnd how : {BodyEnd::kComplete, BodyEnd::kBroken}) {
      const DecodedAnswer cut = testing::decode(frames, std::string_view(body).substr(0, at), how);
      ASSERT_EQ(cut.end.has_value(), at >= proof) << at << " of " << body.size() << ": " << cut.summary();
      ASSERT_EQ(cut.failure.has_value(), at < proof) << at;
      if (at < proof) continue;
      ASSERT_EQ(cut.pieces, whole.pieces) << at;
      ASSERT_EQ(cut.end->reason, whole.end->reason) << at;
    }
  }
}

// Some recordings of tool calls stop without a reason.
bool has_proof(const std::string& body) {
  for (const char* proof : {"\"finish_reason\":\"", "\"message_stop\"", "\"finishReason\""}) {
    if (body.find(proof) != std::string::npos) return true;
  }
  return false;
}

class RecordedStreams : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(streams())) GTEST_SKIP() << "no recorded streams in " << streams() << "; set JACKDAW_TEST_DATA";
  }
};

struct Recording {
  fs::path path;
  std::string body;
  MakeFrames frames;
};

std::vector<Recording> recordings() {
  std::vector<Recording> all;
  for (const fs::path& path : files_below(streams() / "raw-sse")) {
    if (path.extension() != ".sse") continue;
    std::string body = read_file(path);
    if (is_other_dialect(body)) continue;
    all.push_back({path, std::move(body), frames_for(path)});
  }
  return all;
}

TEST_F(RecordedStreams, ReadTheSameByteByByte) {
  std::size_t ended = 0;
  for (const Recording& recording : recordings()) {
    SCOPED_TRACE(recording.path.filename());
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < recording.body.size(); ++i)
      bytes.push_back(std::string_view(recording.body).substr(i, 1));
    const DecodedAnswer whole = testing::decode(recording.frames, recording.body);
    EXPECT_EQ(testing::decode_pieces(recording.frames, bytes).summary(), whole.summary());
    const bool is_error = recording.body.find("event: error") != std::string::npos;
    EXPECT_EQ(whole.end.has_value(), has_proof(recording.body) && !is_error) << whole.summary();
    EXPECT_EQ(whole.text().find("<think>"), std::string::npos);
    if (whole.end) {
      EXPECT_TRUE(whole.end->usage.output_tokens.has_value() ||
                  recording.path.string().find("openai") != std::string::npos);
    }
    ended += whole.end ? 1U : 0U;
  }
  EXPECT_GE(ended, 45U) << "the recordings are there and end";
}

TEST_F(RecordedStreams, ReadTheSameHoweverTheyAreSplit) {
  for (const Recording& recording : recordings()) {
    SCOPED_TRACE(recording.path.filename());
    const std::string whole = testing::decode(recording.frames, recording.body).summary();
    check_splits(recording.frames, recording.body, positions_in(recording.body, 1), whole);
  }
}

TEST_F(RecordedStreams, AreAnswersOnlyFromTheirProofOn) {
  for (const Recording& recording : recordings()) {
    SCOPED_TRACE(recording.path.filename());
    const DecodedAnswer whole = testing::decode(recording.frames, recording.body);
    if (!whole.end) continue;
    check_cuts(recording.frames, recording.body, positions_in(recording.body, 2), whole);
  }
}

// A recording that ends properly and holds only what a tool said, which is no answer.
bool is_wordless(const fs::path& path) {
  return path.filename().string().starts_with("anthropic-advisor-stop-reasons");
}

// Providers of the recorded events that speak one of our dialects.
bool speaks_our_dialect(const fs::path& path, const std::string& bytes) {
  static const std::set<std::string> others = {"amazon-bedrock", "cohere", "open-responses"};
  if (others.contains(path.parent_path().filename()) || is_other_dialect(bytes)) return false;
  for (const char* other : {"\"text_completion\"", "\"interaction.", "\"session.", "serverContent", "copilot_usage",
                            "sequence_number", "\"event_type\"", "setupComplete"}) {
    if (bytes.find(other) != std::string::npos) return false;
  }
  return true;
}

TEST_F(RecordedStreams, TheirEventsReadTheSameInAnyFraming) {
  std::size_t ended = 0;
  for (const fs::path& path : files_below(streams() / "event-chunks")) {
    const std::string lines = read_file(path);
    if (path.extension() != ".txt" || !speaks_our_dialect(path, lines)) continue;
    SCOPED_TRACE(path.filename());
    std::string body;
    std::string strange;
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      if (end > at) {
        body += "data: " + lines.substr(at, end - at) + "\n\n";
        strange += ": ping\r\rdata:" + lines.substr(at, end - at) + "\r\n\r\n";
      }
      at = end + 1;
    }
    const MakeFrames frames = frames_for(path);
    const DecodedAnswer answer = testing::decode(frames, body);
    EXPECT_EQ(testing::decode(frames, strange).summary(), answer.summary());
    const bool is_spliced = path.filename().string().starts_with("spliced");
    EXPECT_EQ(answer.end.has_value(), !is_spliced && !is_wordless(path)) << answer.summary();
    if (is_spliced) {
      EXPECT_EQ(answer.failure->kind, DecodingFailure::Kind::kBad);
    }
    ended += answer.end ? 1U : 0U;
  }
  EXPECT_GE(ended, 50U);
}

TEST_F(RecordedStreams, WholeAnswersAreAnswersOrErrors) {
  std::size_t ended = 0;
  for (const fs::path& path : files_below(streams() / "full-answers")) {
    const std::string body = read_file(path);
    const std::string name = path.filename();
    const bool is_answer = body.find("\"choices\"") != std::string::npos ||
                           body.find("\"candidates\"") != std::string::npos ||
                           body.find("\"stop_reason\"") != std::string::npos;
    if (path.extension() != ".json" || !speaks_our_dialect(path, body) || !is_answer) continue;
    SCOPED_TRACE(name);
    const DecodedAnswer answer = testing::decode(frames_for(path), body);
    EXPECT_EQ(answer.end.has_value(), !is_wordless(path)) << answer.summary();
    ended += answer.end ? 1U : 0U;
  }
  EXPECT_GE(ended, 40U);
  const fs::path limited = streams() / "full-answers/google/google-429-retry-info.json";
  const DecodedAnswer refused = testing::decode(gemini_generate_frames, read_file(limited));
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->said.status, 429);
  EXPECT_TRUE(refused.failure->said.retry_after);
}

}  // namespace
}  // namespace jackdaw::providers
