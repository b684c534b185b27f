#include "ingest/embedded_text.h"

#include <gtest/gtest.h>

namespace jackdaw::ingest {
namespace {

Chunk chunk(std::string heading) {
  Chunk made;
  made.text = "It lasts two years.";
  made.heading = std::move(heading);
  return made;
}

TEST(EmbeddedText, HoldsWhatIsAskedFor) {
  const Chunk part = chunk("Warranty \u203a Time");
  EXPECT_EQ(embedded_text(part, "Manual", EmbeddedContext::kNone), "It lasts two years.");
  EXPECT_EQ(embedded_text(part, "Manual", EmbeddedContext::kHeading), "Warranty \u203a Time\nIt lasts two years.");
  EXPECT_EQ(embedded_text(part, "Manual", EmbeddedContext::kTitle),
            "Manual \u203a Warranty \u203a Time\nIt lasts two years.");
}

TEST(EmbeddedText, ATitleThatIsTheOutermostHeadingIsSaidOnce) {
  EXPECT_EQ(embedded_text(chunk("WARRANTY \u203a Time"), "Warranty", EmbeddedContext::kTitle),
            "WARRANTY \u203a Time\nIt lasts two years.");
}

TEST(EmbeddedText, ATitleIsNotToldByAHeadingThatMerelyBeginsWithIt) {
  EXPECT_EQ(embedded_text(chunk("Database setup"), "Data", EmbeddedContext::kTitle),
            "Data \u203a Database setup\nIt lasts two years.");
  EXPECT_EQ(embedded_text(chunk("Data sheet \u203a Sizes"), "Data", EmbeddedContext::kTitle),
            "Data \u203a Data sheet \u203a Sizes\nIt lasts two years.");
  EXPECT_EQ(embedded_text(chunk("data"), "Data", EmbeddedContext::kTitle), "data\nIt lasts two years.");
}

TEST(EmbeddedText, NothingStandsBeforeATextWithoutTitleAndHeading) {
  EXPECT_EQ(embedded_text(chunk(""), "", EmbeddedContext::kTitle), "It lasts two years.");
  EXPECT_EQ(embedded_text(chunk(""), " ", EmbeddedContext::kTitle), "It lasts two years.");
  EXPECT_EQ(embedded_text(chunk(""), "Manual", EmbeddedContext::kHeading), "It lasts two years.");
  EXPECT_EQ(embedded_text(chunk(""), "Manual", EmbeddedContext::kTitle), "Manual\nIt lasts two years.");
}

}  // namespace
}  // namespace jackdaw::ingest
