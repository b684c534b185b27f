#include "server/progress_bar.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "server/terminal.h"

namespace jackdaw::server {
namespace {

using std::chrono::seconds;

ProgressView halfway() {
  return {.files_done = 12,
          .files = 345,
          .fraction = 0.5,
          .pages_per_s = 3.44,
          .eta_s = 83.2,
          .current = "yearly report.pdf",
          .step = "page 3 of 17"};
}

TEST(ProgressBar, SaysEverythingWhereThereIsRoom) {
  EXPECT_EQ(progress_line(halfway(), 100),
            " 50%  12/345 files  1:23 left  3.4 pages/s  [#######-------]  yearly report.pdf, page 3 of 17");
}

TEST(ProgressBar, LeavesOutWhatMattersLeastAsTheTerminalGetsNarrow) {
  EXPECT_EQ(progress_line(halfway(), 60), " 50%  12/345 files  1:23 left  [####----]  yearly report.pdf");
  EXPECT_EQ(progress_line(halfway(), 45), " 50%  12/345 files  1:23 left  yearly repo...");
  EXPECT_EQ(progress_line(halfway(), 20), " 50%  12/345 files");
  EXPECT_EQ(progress_line(halfway(), 6), " 50%");
  EXPECT_EQ(progress_line(halfway(), 0), "");
}

TEST(ProgressBar, IsNeverWiderThanTheTerminal) {
  ProgressView view = halfway();
  view.current = "資料の年次報告書 über alles \x1b[31m\n\xff very long name that goes on and on.pdf";
  for (std::size_t columns = 0; columns < 200; ++columns) {
    const std::string line = progress_line(view, columns);
    ASSERT_LE(columns_of(line), columns) << line;
    ASSERT_TRUE(text::is_valid_utf8(line));
    for (const auto& c : text::decode(line)) ASSERT_FALSE(c.value < 0x20 || text::is_control(c.value)) << line;
  }
}

TEST(ProgressBar, ClampsWhatItIsTold) {
  ProgressView view = halfway();
  view.fraction = 7;
  EXPECT_TRUE(progress_line(view, 80).starts_with("100%"));
  view.fraction = -1;
  EXPECT_TRUE(progress_line(view, 80).starts_with("  0%"));
}

TEST(ProgressBar, SaysNothingOfWhatIsNotKnown) {
  const ProgressView view{.files_done = 0, .files = 2};
  EXPECT_EQ(progress_line(view, 80), "  0%  0/2 files  [-----------]");
}

TEST(ClockText, CountsHoursOnlyWhenThereAreAny) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(59.6), "1:00");
  EXPECT_EQ(clock_text(750), "12:30");
  EXPECT_EQ(clock_text(11100), "3:05:00");
}

TEST(SpeedMeter, ForgetsWhatWasLongAgo) {
  SpeedMeter meter(seconds(10));
  TimePoint now{};
  meter.add(now, 0);
  EXPECT_EQ(meter.per_second(), 0);
  for (int i = 0; i < 100; ++i) meter.add(now += seconds(1), i * 100.0);
  EXPECT_DOUBLE_EQ(meter.per_second(), 100);
  for (int i = 0; i < 12; ++i) meter.add(now += seconds(1), 9900.0);
  EXPECT_DOUBLE_EQ(meter.per_second(), 0);
}

}  // namespace
}  // namespace jackdaw::server
