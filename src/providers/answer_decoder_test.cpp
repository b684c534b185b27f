#include "providers/answer_decoder.h"

#include <gtest/gtest.h>

#include "providers/openai_chat.h"
#include "tests/support/decoded_answer.h"

namespace jackdaw::providers {
namespace {

using testing::BodyEnd;
using Kind = DecodingFailure::Kind;

const std::string kEvents = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
const std::string kJson = "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}";

TEST(AnswerDecoder, TheBodysFirstCharactersDecideWhatItIs) {
  for (const std::string& body :
       {kEvents, ": ping\n\n" + kEvents, "event: x\n" + kEvents, "id: 1\n" + kEvents, "retry: 5\n" + kEvents,
        "\r\n\n" + kEvents, "\xEF\xBB\xBF" + kEvents, kJson, " \n" + kJson}) {
    for (const bool named : {true, false}) {
      const auto answer = testing::decode(openai_chat_frames, body, BodyEnd::kComplete, named);
      EXPECT_TRUE(answer.end) << body << answer.summary();
      EXPECT_EQ(answer.text(), "a");
    }
  }
  for (const std::string body : {"<html>", "hello", "dat\n", "\xFF\xFE", "17"}) {
    EXPECT_EQ(testing::decode(openai_chat_frames, body, BodyEnd::kComplete, false).failure->kind, Kind::kBad) << body;
  }
}

TEST(AnswerDecoder, IsBounded) {
  const DecodingLimits limits{.max_line_bytes = 200, .max_tail_bytes = 100};
  const auto kind_of = [&](const std::string& body) {
    const auto answer = testing::decode_pieces(openai_chat_frames, {body}, BodyEnd::kStillOpen, true, limits);
    return answer.failure ? std::optional(answer.failure->kind) : std::nullopt;
  };
  EXPECT_EQ(kind_of("data: " + std::string(300, 'x')), Kind::kBad);
  EXPECT_EQ(kind_of("data: {\ndata: " + std::string(150, ' ') + "\ndata: " + std::string(150, ' ') + "\n"), Kind::kBad);
  EXPECT_EQ(kind_of("{" + std::string(300, ' ')), Kind::kBad);
  EXPECT_EQ(kind_of(std::string(300, '\n')), Kind::kBad);
  EXPECT_EQ(kind_of("data: {}\n\n{\n" + std::string(90, ' ') + "\"a\":\n" + std::string(50, ' ') + "1\n"), Kind::kBad);
  EXPECT_EQ(kind_of("data: {}\n\n"), std::nullopt);
  AnswerDecoder usual(openai_chat_frames(), true);
  usual.feed("data: ");
  const std::string mebibyte(1024 * 1024, 'x');
  for (int i = 0; i < 3; ++i) usual.feed(mebibyte);
  EXPECT_FALSE(usual.has_failed());
  usual.feed(mebibyte);
  EXPECT_TRUE(usual.has_failed());
}

TEST(AnswerDecoder, TakesNoNoticeOfAnythingAfterItsEnd) {
  AnswerDecoder decoder(openai_chat_frames(), true);
  decoder.feed(kEvents + "data: [DONE]\n\n");
  ASSERT_TRUE(decoder.has_ended());
  decoder.feed("data: {\"error\":\"late\"}\n\n" + kEvents);
  decoder.end();
  decoder.break_off();
  EXPECT_TRUE(decoder.has_ended());
  EXPECT_EQ(decoder.take_text(), "a");
  EXPECT_EQ(decoder.take_text(), std::nullopt);
}

TEST(AnswerDecoder, GivesEachPieceOutWithTheByteThatCompletesIt) {
  AnswerDecoder decoder(openai_chat_frames(), true);
  const std::string event = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
  for (std::size_t i = 0; i + 1 < event.size(); ++i) {
    decoder.feed(event.substr(i, 1));
    EXPECT_FALSE(decoder.take_text());
  }
  decoder.feed("\n");
  EXPECT_EQ(decoder.take_text(), "a");
}

}  // namespace
}  // namespace jackdaw::providers
