#include "answer/event_log.h"

#include <gtest/gtest.h>

namespace jackdaw::answer {
namespace {

EventLog small_log() {
  EventLog log;
  log.append(AnswerMeta{AnswerId{"id"}, "fake", "fake-1"});
  log.append(AnswerToken{"The "});
  log.append(AnswerToken{"prïce"});
  log.append(AnswerStatus{AnswerStage::kAnswering});
  log.append(AnswerToken{"."});
  return log;
}

TEST(EventLog, GivesBackWhatItWasGiven) {
  const EventLog log = small_log();
  EventLog::Cursor cursor;
  EXPECT_EQ(std::get<AnswerMeta>(log.read(cursor)->event).provider, "fake");
  EXPECT_EQ(std::get<AnswerToken>(log.read(cursor)->event).text, "The ");
  const auto third = log.read(cursor);
  EXPECT_EQ(third->sequence, 3U);
  EXPECT_EQ(std::get<AnswerToken>(third->event).text, "prïce");
  EXPECT_EQ(std::get<AnswerStatus>(log.read(cursor)->event).stage, AnswerStage::kAnswering);
  EXPECT_EQ(std::get<AnswerToken>(log.read(cursor)->event).text, ".");
  EXPECT_FALSE(log.read(cursor));
  EXPECT_EQ(cursor.bytes, log.bytes());
  EXPECT_EQ(log.text(), "The prïce.");
}

TEST(EventLog, GoesOnAfterAnyEvent) {
  const EventLog log = small_log();
  for (std::uint64_t after = 0; after <= log.last_sequence(); ++after) {
    EventLog::Cursor read_so_far;
    while (read_so_far.sequence < after) log.read(read_so_far);
    const auto cursor = log.cursor_after(after);
    EXPECT_EQ(cursor.text_offset, read_so_far.text_offset);
    EXPECT_EQ(cursor.bytes, read_so_far.bytes);
  }
}

TEST(EventLog, EndsWithItsTerminalEvent) {
  EventLog log = small_log();
  EXPECT_FALSE(log.ended());
  log.append(AnswerCancelled{CancelReason::kClient, "The prïce."});
  EXPECT_TRUE(log.ended());
  log.shrink();
  EXPECT_EQ(log.last_sequence(), 6U);
}

TEST(EventLog, SpendsFourBytesOnATokenBesidesItsText) {
  EventLog log;
  for (int i = 0; i < 1000; ++i) log.append(AnswerToken{"word "});
  EXPECT_EQ(log.bytes(), 9000U);
}

}  // namespace
}  // namespace jackdaw::answer
