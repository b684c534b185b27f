#include "store/answer_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/score_codec.h"
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
  passage.passage.text = "\u00e9tat";
  passage.passage.span.page = 7;
  const Citation citation{.number = 1,
                          .source = 1,
                          .begin = 2,
                          .end = 6,
                          .quote_begin = 2,
                          .quote_end = 5,
                          .quote = "tat",
                          .page = 7,
                          .boxes = {{1, 1, 1, 1}},
                          .verified = true};
  const std::vector<AnswerEvent> events{
      AnswerMeta{id, "p", "m", ConversationPlace{{"c"}, {"q"}, {"r"}}},
      AnswerStatus{AnswerStage::kAnswering},
      AnswerQuery{"S", {{"t"}}, QueryOrigin::kModel},
      AnswerSources{{passage}, RerankSkipped::kOff},
      AnswerProvider{"p", "q", "n", ""},
      AnswerToken{"Hi"},
      AnswerToken{" you"},
      AnswerCitation{citation},
      AnswerTiming{timings},
      AnswerFinal{"Hi you", {passage}, RerankSkipped::kOff, usage, FinishReason::kLength, 128, {citation}, 3}};
  const EncodedEvents encoded = encode_events(id, events);
  EXPECT_EQ(encoded.text, "Hi you");
  // Box 1, 1, 1, 1: the bits of 1.0 as a zigzag varint, then differences to those that stand before.
  const std::vector<int> boxes{1,    1,    0x80, 0x80, 0x80, 0xf8, 7,    0x80, 0x80,
                               0x80, 0xf8, 7,    0,    0x80, 0x80, 0x80, 0xf8, 7};
  std::vector<int> expected{2,                                                           //
                            0,      1,      'p', 1, 'm', 1,   1,   'c', 1, 'q', 1, 'r',  //
                            1,      5,                                                   //
                            8,      1,      'S', 1, 1,   't', 2,                         //
                            2,      2,      2,                                           //
                            3,      1,      'p', 1, 'q', 1,   'n', 0,                    //
                            10 + 2, 10 + 4,                                              //
                            9,      1,      0,   2, 4,   2,   3,   1};
  expected.push_back(static_cast<int>(boxes.size()));
  expected.insert(expected.end(), boxes.begin(), boxes.end());
  for (const int byte : {4, 2, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 5, 0, 0, 2, 5, 0xd8, 4, 1, 1, 0x80, 1, 3}) {
    expected.push_back(byte);
  }
  EXPECT_EQ(encoded.bytes, as_bytes(expected));
  EXPECT_EQ(encode_scores(passage), as_bytes({1, 0, 0, 0,    0x80, 0x3f, 0, 0, 0,   0x3f, 5,  //
                                              0, 0, 0, 0x40, 2,    0,    0, 0, 0xc0}));

  const std::vector<AnswerEvent> failed{AnswerToken{"ab"}, AnswerError{ErrorCode::kGone, "No.", 30, true}};
  EXPECT_EQ(encode_events(id, failed).bytes, as_bytes({2, 12, 6, 4, 'g', 'o', 'n', 'e', 3, 'N', 'o', '.', 3, 60}));
  const std::vector<AnswerEvent> cancelled{AnswerToken{"ab"}, AnswerCancelled{CancelReason::kShutdown, "a"}};
  EXPECT_EQ(encode_events(id, cancelled).bytes, as_bytes({2, 12, 7, 3, 1, 1, 'a'}));
}

TEST(AnswerCodec, ReadsAnswersOfTheFormWithoutCitations) {
  const AnswerId id{"a"};
  EncodedEvents old;
  old.text = "Hi you";
  old.passages.resize(1);
  old.passages[0].passage.text = "text";
  old.bytes = as_bytes({1,                                                  //
                        0,     1,     'p', 1, 'm',                          //
                        1,     5,                                           //
                        2,     2,     2,                                    //
                        8 + 2, 8 + 4,                                       //
                        4,     2,     0,   0, 0,   0,    0, 0, 0xf0, 0x3f,  //
                        5,     0,     0,   2, 5,   0xd8, 4, 1, 1,    0x80, 1});
  AnswerTimings timings;
  timings.resolve_ms = 1;
  const Usage usage{.input_tokens = 300, .output_tokens = std::nullopt, .cached_input_tokens = -1};
  const std::vector<AnswerEvent> events{
      AnswerMeta{id, "p", "m"},
      AnswerStatus{AnswerStage::kAnswering},
      AnswerSources{old.passages, RerankSkipped::kOff},
      AnswerToken{"Hi"},
      AnswerToken{" you"},
      AnswerTiming{timings},
      AnswerFinal{"Hi you", old.passages, RerankSkipped::kOff, usage, FinishReason::kLength, 128}};
  EXPECT_EQ(described(id, decode_events(id, old)), described(id, events));
  for (std::size_t size = 0; size < old.bytes.size(); ++size) {
    EncodedEvents cut = old;
    cut.bytes.resize(size);
    EXPECT_TRUE(refused(id, cut)) << size;
  }
  old.bytes.push_back(std::byte{0});
  EXPECT_TRUE(refused(id, old)) << "a number of the newer form";
}

// The answer "Hi." with one citation of one source, whose text is given.
struct Cited {
  Cited(const std::string& text, std::uint32_t begin, std::uint32_t end, const std::string& quote) {
    RetrievedPassage source;
    source.passage.text = text;
    source.passage.span.page = 4;
    source.passage.paged = false;
    Citation citation{.number = 1, .source = 1, .begin = 0, .end = 3, .quote_begin = begin, .quote_end = end};
    citation.quote = quote;
    citation.page = 4;
    citation.paged = false;
    AnswerFinal last;
    last.answer = "Hi.";
    last.passages = {source};
    last.citations = {citation};
    answer.events = {AnswerSources{{source}, RerankSkipped::kNo}, AnswerToken{"Hi."}, AnswerCitation{citation}, last};
  }
  Citation& told() { return std::get<AnswerCitation>(answer.events[2]).citation; }
  Citation& last() { return std::get<AnswerFinal>(answer.events[3]).citations.at(0); }
  bool is_storable() {
    try {
      const EncodedEvents encoded = encode_events(answer.id, answer.events);
      EXPECT_EQ(described(answer.id, decode_events(answer.id, encoded)), described(answer.id, answer.events));
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal);
      return false;
    }
  }

  StoredAnswer answer{.id = {"a"}, .question = "", .created_at = {}, .ended_at = {}, .events = {}};
};

TEST(AnswerCodec, KeepsNoWordOfASourceWithItsCitation) {
  Cited cited("The secretword stands here.", 4, 14, "secretword");
  EncodedEvents encoded = encode_events(cited.answer.id, cited.answer.events);
  const std::string bytes(reinterpret_cast<const char*>(encoded.bytes.data()), encoded.bytes.size());
  EXPECT_EQ(bytes.find("secretword"), std::string::npos);
  const auto citation_of = [&] {
    const auto events = decode_events(cited.answer.id, encoded);
    EXPECT_TRUE(std::get<AnswerFinal>(events[3]).citations.at(0).quote ==
                std::get<AnswerCitation>(events[2]).citation.quote);
    return std::get<AnswerCitation>(events[2]).citation;
  };
  EXPECT_EQ(citation_of().quote, "secretword");
  EXPECT_EQ(citation_of().page, 4);
  EXPECT_FALSE(citation_of().paged);
  delete_passage(encoded.passages[0]);
  EXPECT_EQ(citation_of().quote, "");
  EXPECT_EQ(citation_of().quote_end, 14U);
  encoded.passages[0].passage.text = "The \u20ac\u20ac\u20ac\u20ac\u20ac stands here.";
  EXPECT_EQ(citation_of().quote, "") << "another text, and in the middle of a character";
}

TEST(AnswerCodec, RefusesCitationsThatAreNotWhatTheirSourceSays) {
  EXPECT_TRUE(Cited("The word.", 4, 8, "word").is_storable());
  EXPECT_TRUE(Cited("The word.", 4, 4, "").is_storable()) << "no such place";
  EXPECT_TRUE(Cited("The word.", 4, 99, "").is_storable());
  EXPECT_FALSE(Cited("The word.", 4, 8, "").is_storable());
  EXPECT_FALSE(Cited("The word.", 4, 8, "Word").is_storable());
  EXPECT_FALSE(Cited("The word.", 8, 4, "").is_storable());
  const auto changed = [](auto change, bool both) {
    Cited cited("The word.", 4, 8, "word");
    change(cited.told());
    if (both) change(cited.last());
    return cited.is_storable();
  };
  for (const bool both : {true, false}) {
    EXPECT_EQ(changed([](Citation& each) { each.verified = true; }, both), both) << "one list, told twice";
    EXPECT_EQ(changed([](Citation& each) { each.boxes = {{1, 2, 3, 4}}; }, both), both);
    EXPECT_EQ(changed([](Citation& each) { each.number = 9; }, both), both);
    EXPECT_FALSE(changed([](Citation& each) { each.number = -1; }, both));
    EXPECT_FALSE(changed([](Citation& each) { each.source = 0; }, both));
    EXPECT_FALSE(changed([](Citation& each) { each.source = 2; }, both));
    EXPECT_FALSE(changed([](Citation& each) { each.page = 5; }, both));
    EXPECT_FALSE(changed([](Citation& each) { each.paged = true; }, both));
    EXPECT_FALSE(changed([](Citation& each) { each.begin = 4; }, both));
  }
  Cited untold("The word.", 4, 8, "word");
  std::get<AnswerFinal>(untold.answer.events[3]).citations.clear();
  EXPECT_FALSE(untold.is_storable());
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
