#include "store/answer_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

std::vector<Passage> some_passages() {
  std::vector<Passage> passages;
  for (int i = 1; i <= 6; ++i) {
    passages.push_back({.chunk = {i * 1'000'003},
                        .document = {"document" + std::to_string(i / 2)},
                        .filename = "report.pdf",
                        .page_label = "iv",
                        .text = "what the page says",
                        .span = {}});
  }
  return passages;
}

std::string described(const AnswerId& id, std::vector<AnswerEvent> events) {
  return describe({.id = id, .question = "", .created_at = {}, .ended_at = {}, .events = std::move(events)});
}

bool refused(const AnswerId& id, const EncodedEvents& encoded) {
  try {
    decode_events(id, encoded);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    return true;
  }
  return false;
}

std::vector<std::byte> as_bytes(const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(AnswerCodec, GivesBackEveryEventToTheBit) {
  AnswerMaker maker(1, some_passages());
  for (int i = 0; i < 500; ++i) {
    const StoredAnswer answer = maker.answer();
    const EncodedEvents encoded = encode_events(answer.id, answer.events);
    ASSERT_EQ(described(answer.id, decode_events(answer.id, encoded)), described(answer.id, answer.events)) << i;
  }
}

TEST(AnswerCodec, GivesBackScoresToTheBit) {
  AnswerMaker maker(2, some_passages());
  for (int i = 0; i < 500; ++i) {
    for (const RetrievedPassage& passage : maker.passages()) {
      RetrievedPassage found;
      found.passage.chunk = passage.passage.chunk;
      found.passage.document = passage.passage.document;
      found.reasons.rerank = 7;
      decode_scores(encode_scores(passage), found);
      ASSERT_TRUE(same_reference(found, passage));
    }
  }
}

TEST(AnswerCodec, KeepsTextAndPassagesOnce) {
  const std::vector<Passage> passages = some_passages();
  const StoredAnswer answer = typical_answer("word", passages);
  const EncodedEvents encoded = encode_events(answer.id, answer.events);
  EXPECT_EQ(encoded.text, std::get<AnswerFinal>(answer.events.back()).answer);
  EXPECT_EQ(encoded.passages.size(), passages.size());
  EXPECT_LT(encoded.bytes.size(), 330U) << "200 tokens of one byte each, and little more";
}

// These bytes are in people's files: whoever changes what they mean breaks them.
TEST(AnswerCodec, WritesTheFormatOfTheDocumentation) {
  const AnswerId id{"a"};
  RetrievedPassage passage;
  passage.passage.chunk = {5};
  passage.passage.document = {"d"};
  passage.score = 1;
  passage.score_kind = ScoreKind::kRerank;
  passage.reasons = {.keyword = Place{2, 1}, .vector = std::nullopt, .fused = 0.5F, .rerank = -2.0F};
  AnswerTimings timings;
  timings.resolve_ms = 1;
  const Usage usage{.input_tokens = 300, .output_tokens = std::nullopt, .cached_input_tokens = -1};
  const std::vector<AnswerEvent> events{
      AnswerMeta{id, "p", "m"},
      AnswerStatus{AnswerStage::kAnswering},
      AnswerSources{{passage}, RerankSkipped::kOff},
      AnswerProvider{"p", "q", "n", ""},
      AnswerToken{"Hi"},
      AnswerToken{" you"},
      AnswerTiming{timings},
      AnswerFinal{"Hi you", {passage}, RerankSkipped::kOff, usage, FinishReason::kLength, 128}};
  const EncodedEvents encoded = encode_events(id, events);
  EXPECT_EQ(encoded.text, "Hi you");
  EXPECT_EQ(encoded.bytes, as_bytes({1,                                                    //
                                     0,     1,     'p', 1, 'm',                            //
                                     1,     5,                                             //
                                     2,     2,     2,                                      //
                                     3,     1,     'p', 1, 'q', 1,    'n', 0,              //
                                     8 + 2, 8 + 4,                                         //
                                     4,     2,     0,   0, 0,   0,    0,   0, 0xf0, 0x3f,  //
                                     5,     0,     0,   2, 5,   0xd8, 4,   1, 1,    0x80, 1}));
  EXPECT_EQ(encode_scores(passage), as_bytes({1, 0, 0, 0,    0x80, 0x3f, 0, 0, 0,   0x3f, 5,  //
                                              0, 0, 0, 0x40, 2,    0,    0, 0, 0xc0}));

  const std::vector<AnswerEvent> failed{AnswerToken{"ab"}, AnswerError{ErrorCode::kGone, "No.", 30, true}};
  EXPECT_EQ(encode_events(id, failed).bytes, as_bytes({1, 10, 6, 4, 'g', 'o', 'n', 'e', 3, 'N', 'o', '.', 3, 60}));
  const std::vector<AnswerEvent> cancelled{AnswerToken{"ab"}, AnswerCancelled{CancelReason::kShutdown, "a"}};
  EXPECT_EQ(encode_events(id, cancelled).bytes, as_bytes({1, 10, 7, 3, 1, 1, 'a'}));
}

TEST(AnswerCodec, RefusesToStoreWhatBreaksThePromisesOfAnAnswer) {
  const AnswerId id{"a"};
  const std::vector<std::vector<AnswerEvent>> broken = {
      {},
      {AnswerToken{"a"}},
      {AnswerError{}, AnswerToken{"a"}},
      {AnswerCancelled{}, AnswerFinal{}},
      {AnswerMeta{{"b"}, "", ""}, AnswerFinal{}},
      {AnswerStatus{static_cast<AnswerStage>(99)}, AnswerFinal{}},
  };
  for (const auto& events : broken) EXPECT_THROW(encode_events(id, events), Error);
}

TEST(AnswerCodec, RefusesEveryCutAndWhateverItWouldNotWriteItself) {
  AnswerMaker maker(3, some_passages());
  int same = 0;
  for (int i = 0; i < 40; ++i) {
    const StoredAnswer answer = maker.answer();
    const EncodedEvents whole = encode_events(answer.id, answer.events);
    for (std::size_t size = 0; size < std::min<std::size_t>(whole.bytes.size(), 600); ++size) {
      EncodedEvents cut = whole;
      cut.bytes.resize(size);
      ASSERT_TRUE(refused(answer.id, cut)) << size;
    }
    for (int change = 0; change < 100; ++change) {
      EncodedEvents other = whole;
      other.bytes[maker.below(other.bytes.size())] ^= static_cast<std::byte>(1U << maker.below(8));
      if (refused(answer.id, other)) continue;
      ++same;
      const EncodedEvents again = encode_events(answer.id, decode_events(answer.id, other));
      ASSERT_EQ(again.bytes, other.bytes);
      ASSERT_EQ(again.text, other.text);
    }
    EncodedEvents more = whole;
    more.text += "x";
    ASSERT_TRUE(refused(answer.id, more)) << "text that no token says";
    more = whole;
    more.passages.emplace_back();
    ASSERT_TRUE(refused(answer.id, more)) << "a passage that no list holds";
  }
  EXPECT_GT(same, 0) << "some changes give another answer";
}

TEST(AnswerCodec, RefusesScoresThatItWouldNotWriteItself) {
  RetrievedPassage passage;
  passage.reasons.keyword = Place{1, 1};
  const auto whole = encode_scores(passage);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(decode_scores(std::span(whole).first(size), passage), Error);
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_THROW(decode_scores(longer, passage), Error);
  auto unknown = whole;
  unknown[10] = std::byte{8};
  EXPECT_THROW(decode_scores(unknown, passage), Error) << "a bit that means nothing";
}

}  // namespace
}  // namespace jackdaw::store
