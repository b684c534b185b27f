#include "index/postings.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

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
  std::mt19937 random(3);
  std::map<std::string, std::vector<Posting>> expected;
  for (int t = 0; t < 500; ++t) {
    auto& list = expected["t" + std::to_string(random() % 100'000)];
    list.clear();
    std::uint32_t row = static_cast<std::uint32_t>(random() % 5);
    for (std::size_t n = 1 + random() % 50; n > 0; --n) {
      list.push_back({row, random() % 3 == 0 ? 1 + static_cast<std::uint32_t>(random() % 70'000) : 1});
      row += 1 + static_cast<std::uint32_t>(random() % (random() % 4 == 0 ? 1'000'000 : 100));
    }
  }
  Postings postings;
  for (const auto& [term, list] : expected) postings.append(term, list);
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

TEST(Postings, HoldTheLargestRowAndFrequency) {
  const std::vector<Posting> extreme{{0, 1}, {0x7FFFFFFF, 0xFFFFFFFF}};
  Postings postings;
  postings.append("x", extreme);
  EXPECT_EQ(read(postings, 0), extreme);
}

TEST(Postings, DoNotFindWhatIsNotThere) {
  Postings postings;
  EXPECT_FALSE(postings.find("a"));
  const Posting one{0, 1};
  postings.append("b", {&one, 1});
  EXPECT_FALSE(postings.find("a"));
  EXPECT_FALSE(postings.find("bb"));
  EXPECT_FALSE(postings.find(""));
}

TEST(Postings, NeighboursThatOccurOnceTakeOneByte) {
  std::vector<Posting> dense;
  for (std::uint32_t row = 0; row < 1000; ++row) dense.push_back({row * 60, 1});
  Postings postings;
  postings.append("x", dense);
  postings.shrink();
  EXPECT_LT(postings.size_bytes(), 1100u);
}

}  // namespace
}  // namespace jackdaw::index
