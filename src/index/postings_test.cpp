#include "index/postings.h"

#include <gtest/gtest.h>

#include <map>

namespace jackdaw::index {
namespace {

std::vector<Posting> read(const Postings& postings, std::uint32_t term) {
  std::vector<Posting> out;
  for (auto cursor = postings.cursor(term); !cursor.done(); cursor.next()) {
    out.push_back({cursor.row(), cursor.frequency()});
  }
  return out;
}

TEST(Postings, GiveBackWhatWasAppended) {
  const std::vector<std::uint32_t> lengths(1000, 7);
  std::map<std::string, std::vector<Posting>> expected;
  for (std::uint32_t t = 0; t < 300; ++t) {
    auto& list = expected["t" + std::to_string(t * 7919 % 1000)];
    for (std::uint32_t row = t % 5; row < lengths.size(); row += 1 + t) list.push_back({row, 1 + row % (1 + t % 3)});
  }
  Postings postings;
  for (const auto& [term, list] : expected) postings.append(term, list, lengths);
  postings.shrink();
  ASSERT_EQ(postings.terms(), expected.size());
  for (const auto& [term, list] : expected) {
    const auto number = postings.find(term);
    ASSERT_TRUE(number) << term;
    EXPECT_EQ(postings.term(*number), term);
    EXPECT_EQ(postings.count(*number), list.size());
    EXPECT_EQ(read(postings, *number), list);
  }
}

TEST(Postings, DoNotFindWhatIsNotThere) {
  Postings postings;
  EXPECT_FALSE(postings.find("a"));
  const Posting one{0, 1};
  const std::uint32_t length = 1;
  postings.append("b", {&one, 1}, {&length, 1});
  EXPECT_FALSE(postings.find("a"));
  EXPECT_FALSE(postings.find("bb"));
  EXPECT_FALSE(postings.find(""));
}

}  // namespace
}  // namespace jackdaw::index
