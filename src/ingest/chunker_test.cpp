#include "ingest/chunker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "core/error.h"
#include "core/text.h"

namespace jackdaw::ingest {
namespace {

Page page_of(std::string text) {
  Page page;
  page.number = 3;
  page.text = std::move(text);
  return page;
}

bool is_white(std::string_view text) {
  const auto decoded = text::decode(text);
  return std::all_of(decoded.begin(), decoded.end(), [](const auto& c) { return text::is_white_space(c.value); });
}

// What the header promises, for any page.
void expect_promises(const Page& page, const ChunkerOptions& options) {
  const auto chunks = Chunker(options).cut(page);
  const auto borders = text::grapheme_borders(page.text);
  const auto is_border = [&](std::size_t at) { return std::binary_search(borders.begin(), borders.end(), at); };
  std::string rebuilt;
  std::size_t covered = 0;
  for (const Chunk& chunk : chunks) {
    ASSERT_LT(chunk.span.begin, chunk.span.end);
    ASSERT_LE(chunk.span.end, page.text.size());
    ASSERT_EQ(chunk.span.page, page.number);
    ASSERT_EQ(chunk.text, page.text.substr(chunk.span.begin, chunk.span.end - chunk.span.begin));
    ASSERT_FALSE(is_white(chunk.text));
    ASSERT_TRUE(is_border(chunk.span.begin)) << chunk.span.begin;
    ASSERT_TRUE(is_border(chunk.span.end)) << chunk.span.end;
    if (text::count_code_points(chunk.text) > options.max_characters) {
      ASSERT_EQ(text::grapheme_borders(chunk.text).size(), 2U) << "longer, and not a single grapheme";
    }
    ASSERT_GT(chunk.span.end, covered);
    if (chunk.span.begin > covered) {
      ASSERT_TRUE(is_white(std::string_view(page.text).substr(covered, chunk.span.begin - covered)));
      rebuilt += page.text.substr(covered, chunk.span.begin - covered);
      covered = chunk.span.begin;
    }
    const std::size_t overlap = covered - chunk.span.begin;
    ASSERT_LE(text::count_code_points(std::string_view(chunk.text).substr(0, overlap)), options.overlap_characters);
    rebuilt += chunk.text.substr(overlap);
    covered = chunk.span.end;
  }
  ASSERT_TRUE(is_white(std::string_view(page.text).substr(covered)));
  rebuilt += page.text.substr(covered);
  ASSERT_EQ(rebuilt, page.text);
}

void expect_promises_in_all_modes(const std::string& text) {
  Page page = page_of(text);
  // Sections may begin anywhere: what a parser says of them is not believed.
  for (std::uint32_t begin = 7; begin < text.size(); begin += 1 + begin % 89) {
    page.sections.push_back({begin, "heading " + std::to_string(begin)});
  }
  struct Mode {
    ChunkStyle style;
    bool strict;
  };
  for (const Mode mode : {Mode{ChunkStyle::kCharacters, false}, Mode{ChunkStyle::kCharacters, true},
                          Mode{ChunkStyle::kSections, false}}) {
    for (const auto& [most, overlap] : {std::pair{500, 50}, {50, 25}, {60, 0}, {73, 9}}) {
      ChunkerOptions options;
      options.max_characters = static_cast<std::size_t>(most);
      options.overlap_characters = static_cast<std::size_t>(overlap);
      options.strict = mode.strict;
      options.style = mode.style;
      expect_promises(page, options);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

std::filesystem::path test_data() {
  const char* given = std::getenv("JACKDAW_TEST_DATA");
  return given ? std::filesystem::path(given) : std::filesystem::path(JACKDAW_SOURCE_DIR) / "../shared/data";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string repeat(const std::string& piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(Chunker, LeavesAShortPageWhole) {
  const auto chunks = Chunker({}).cut(page_of("The list price is €68,400 per unit."));
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].text, "The list price is €68,400 per unit.");
  EXPECT_EQ(chunks[0].span.page, 3);
}

TEST(Chunker, MakesNoChunkOfAnEmptyOrWhitePage) {
  EXPECT_TRUE(Chunker({}).cut(page_of("")).empty());
  EXPECT_TRUE(Chunker({}).cut(page_of(" \n\t\u00a0\u3000\n")).empty());
  EXPECT_TRUE(Chunker({}).cut(page_of(std::string(5000, ' '))).empty());
}

TEST(Chunker, EndsAtAParagraphOfTheLastFifthRatherThanAtASentence) {
  const std::string first = repeat("Word ", 84) + "end.\n\n";
  const auto chunks = Chunker({}).cut(page_of(first + "One sentence. Another sentence." + repeat(" more", 100)));
  ASSERT_GE(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].text, first);
}

TEST(Chunker, EndsAtASentenceRatherThanInsideOne) {
  const std::string first = repeat("Word ", 84) + "end. ";
  const auto chunks = Chunker({}).cut(page_of(first + repeat("And so on ", 100)));
  ASSERT_GE(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].text, first);
}

TEST(Chunker, EndsAtAWordWhereNoSentenceEnds) {
  const auto chunks = Chunker({}).cut(page_of(repeat("lowercase ", 200)));
  ASSERT_GE(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].text, repeat("lowercase ", 50));
  EXPECT_TRUE(chunks[1].text.starts_with("lowercase "));
}

TEST(Chunker, IgnoresSentencesBeforeTheLastFifth) {
  const auto chunks = Chunker({}).cut(page_of("A sentence. " + repeat("x", 2000)));
  ASSERT_GE(chunks.size(), 2U);
  EXPECT_EQ(text::count_code_points(chunks[0].text), 500U);
}

TEST(Chunker, CutsExactlyAtTheMaximumWhenStrict) {
  ChunkerOptions options;
  options.strict = true;
  const auto chunks = Chunker(options).cut(page_of(repeat("A sentence. ", 200)));
  ASSERT_EQ(chunks.size(), 6U);
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i].text.size(), 500U);
    EXPECT_EQ(chunks[i + 1].span.begin, chunks[i].span.end - 50);
  }
}

TEST(Chunker, OverlapsByAboutTheAskedLengthFromAWordOn) {
  const std::string text = repeat("several ordinary words go here. ", 100);
  const auto chunks = Chunker({}).cut(page_of(text));
  ASSERT_GE(chunks.size(), 3U);
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    const std::size_t overlap = chunks[i - 1].span.end - chunks[i].span.begin;
    EXPECT_GE(overlap, 25U);
    EXPECT_LE(overlap, 50U);
    EXPECT_EQ(text[chunks[i].span.begin - 1], ' ');
    EXPECT_NE(text[chunks[i].span.begin], ' ');
  }
}

TEST(Chunker, NeverCutsInsideAGrapheme) {
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466";
  expect_promises_in_all_modes(repeat(family, 300));
  expect_promises_in_all_modes(repeat("\U0001F1E9\U0001F1EA", 700));
  expect_promises_in_all_modes("x" + repeat("\U0001F1E9\U0001F1EA", 700));
  expect_promises_in_all_modes(repeat("e\u0301\u0323", 900));
  expect_promises_in_all_modes(repeat("\r\n", 40) + "a" + repeat("\r\n", 600) + "b");
  expect_promises_in_all_modes(repeat("क्षि", 400));
}

TEST(Chunker, KeepsAGraphemeThatIsLongerThanAChunkWhole) {
  const std::string zalgo = "a" + repeat("\u0301", 3000);
  expect_promises_in_all_modes("before " + zalgo + " after " + zalgo + zalgo);
}

TEST(Chunker, DoesNotPartAMarkFromTheWhiteSpaceThatCarriesIt) {
  expect_promises_in_all_modes("text" + std::string(900, ' ') + "\u0301marked" + std::string(40, ' ') + "\u0301");
  expect_promises_in_all_modes(" \u0301x");
}

TEST(Chunker, KeepsItsPromisesOnTheNaughtyStrings) {
  const auto path = test_data() / "conformance/strings/blns.txt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  const std::string all = text::sanitize(read(path));
  expect_promises_in_all_modes(all);
  std::size_t begin = 0;
  for (std::size_t end = all.find('\n'); end != std::string::npos; begin = end + 1, end = all.find('\n', begin)) {
    expect_promises_in_all_modes(repeat(all.substr(begin, end - begin), 7));
    if (HasFatalFailure()) return;
  }
}

TEST(Chunker, KeepsItsPromisesOnTheUnicodeGraphemeTests) {
  const auto path = test_data() / "conformance/unicode/GraphemeBreakTest.txt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  std::ifstream in(path);
  std::string joined;
  for (std::string line; std::getline(in, line);) {
    line = line.substr(0, line.find('#'));
    std::string text;
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (std::isxdigit(static_cast<unsigned char>(line[at])) == 0) continue;
      std::size_t used = 0;
      text::append_utf8(text, static_cast<char32_t>(std::stoul(line.substr(at), &used, 16)));
      at += used;
    }
    joined += text;
    if (joined.size() > 3000) {
      expect_promises_in_all_modes(joined);
      joined.clear();
    }
    if (!text.empty()) expect_promises_in_all_modes(repeat(text, 60));
    if (HasFatalFailure()) return;
  }
}

TEST(Chunker, KeepsItsPromisesOnRandomPages) {
  std::mt19937 random(20);
  const std::vector<std::string> pieces = {"word",     " ",       " ",      "\n",      "\n\n", ". ",
                                           "Sentence", "€",       "é",      "e\u0301", "😀",   "\u3000",
                                           "。",       "\r\n",    "\u200d", "漢字",    "\t",   "3.14",
                                           "x",        "Dr. Who", "\u0301", "    ",    "a-b",  "\U0001F1E9"};
  for (int round = 0; round < 150; ++round) {
    std::string text;
    const auto count = random() % 800;
    for (std::size_t i = 0; i < count; ++i) text += pieces[random() % pieces.size()];
    expect_promises_in_all_modes(text);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(Chunker, MergesTheBoxesOfALineAndSplitsThoseOfABrokenWord) {
  Page page = page_of("one two\nthree fourfive six\n");
  page.words = {{0, 3, {{10, 10, 30, 20}}},
                {4, 7, {{35, 9, 60, 20}}},
                {8, 13, {{10, 30, 40, 40}}},
                {14, 22, {{45, 30, 70, 41}, {10, 50, 30, 60}}},
                {23, 26, {{35, 50, 50, 60}}}};
  const auto chunks = Chunker({}).cut(page);
  ASSERT_EQ(chunks.size(), 1U);
  const std::vector<Box> expected = {{10, 9, 60, 20}, {10, 30, 70, 41}, {10, 50, 50, 60}};
  EXPECT_EQ(chunks[0].span.boxes, expected);
}

TEST(Chunker, GivesEachChunkTheBoxesOfItsOwnWords) {
  Page page = page_of(repeat("lowercase ", 200));
  for (std::uint32_t i = 0; i < 200; ++i) {
    page.words.push_back({i * 10, i * 10 + 9, {{static_cast<float>(i), 0, static_cast<float>(i) + 1, 10}}});
  }
  for (const Chunk& chunk : Chunker({}).cut(page)) {
    ASSERT_EQ(chunk.span.boxes.size(), 1U);
    EXPECT_EQ(chunk.span.boxes[0].x0, static_cast<float>(chunk.span.begin / 10));
    EXPECT_EQ(chunk.span.boxes[0].x1, static_cast<float>((chunk.span.end - 1) / 10 + 1));
  }
}

TEST(Chunker, RefusesOptionsOutOfRange) {
  EXPECT_THROW(Chunker({.max_characters = 49}), Error);
  EXPECT_THROW(Chunker({.max_characters = 8001}), Error);
  EXPECT_THROW((Chunker({.max_characters = 100, .overlap_characters = 51})), Error);
}

// Linear: a page sixteen times as long must not take much more than sixteen times as long (quadratic would be 256).
TEST(Chunker, TakesTimeInProportionToThePage) {
  const auto time = [](const std::string& text) {
    const Page page = page_of(text);
    const auto start = std::chrono::steady_clock::now();
    const auto chunks = Chunker({}).cut(page);
    EXPECT_LT(chunks.size(), text.size() / 50);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (const std::string piece : {"x", " ", "\n", "漢", "a\u0301", ". "}) {
    const int base = static_cast<int>(80'000 / piece.size());
    const double small = std::min({time(repeat(piece, base)), time(repeat(piece, base)), time(repeat(piece, base))});
    EXPECT_LT(time(repeat(piece, base * 16)), small * 64 + 0.05) << piece;
  }
}

constexpr ChunkerOptions kBySections{.max_characters = 200, .overlap_characters = 40, .style = ChunkStyle::kSections};

// A page of sections, each of so many sentences of 20 characters.
Page page_of_sections(const std::vector<int>& sentences) {
  Page page = page_of("");
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    page.sections.push_back({static_cast<std::uint32_t>(page.text.size()), "Section " + std::to_string(i)});
    page.text += repeat("A sentence of words. ", sentences[i]);
    page.text.back() = '\n';
    page.text += '\n';
  }
  return page;
}

TEST(Chunker, AChunkOfASectionDoesNotGoBeyondIt) {
  const Page page = page_of_sections({5, 6, 7});
  const auto chunks = Chunker(kBySections).cut(page);
  ASSERT_EQ(chunks.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(chunks[i].span.begin, page.sections[i].begin);
    EXPECT_EQ(chunks[i].heading, page.sections[i].heading);
  }
}

TEST(Chunker, ShortSectionsShareAChunk) {
  const auto chunks = Chunker(kBySections).cut(page_of_sections({1, 1, 6, 1, 8}));
  ASSERT_EQ(chunks.size(), 2U) << "the first four fit into one, the fifth is long enough for its own";
  EXPECT_EQ(chunks[0].heading, "Section 2");
  EXPECT_EQ(chunks[1].heading, "Section 4");
}

TEST(Chunker, ALongSectionIsCutIntoPartsOfLikeLength) {
  const auto chunks = Chunker(kBySections).cut(page_of_sections({11}));
  ASSERT_EQ(chunks.size(), 2U);
  // Filled one after the other they would have 189 and 42 characters.
  EXPECT_NEAR(static_cast<double>(chunks[0].text.size()), static_cast<double>(chunks[1].text.size()), 45);
  for (const Chunk& chunk : chunks) EXPECT_TRUE(chunk.text.starts_with("A sentence"));
}

TEST(Chunker, APartOfASectionBeginsWithTheSentencesThatFitIntoTheOverlap) {
  const auto chunks = Chunker(kBySections).cut(page_of_sections({30}));
  ASSERT_GE(chunks.size(), 3U);
  for (std::size_t i = 1; i < chunks.size(); ++i) EXPECT_EQ(chunks[i - 1].span.end - chunks[i].span.begin, 21U);
}

TEST(Chunker, PartsOfASectionEndAtAParagraphRatherThanASentence) {
  const std::string first = repeat("A sentence of words. ", 5) + "\n\n";
  const auto chunks = Chunker(kBySections).cut(page_of(first + repeat("More of these words. ", 7)));
  ASSERT_GE(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].text, first);
}

TEST(Chunker, ALineEndInsideASentenceIsNoPlaceToCut) {
  std::string text;
  for (int i = 0; i < 12; ++i) text += "A sentence whose words\ngo over two lines. ";
  for (const Chunk& chunk : Chunker(kBySections).cut(page_of(text))) {
    EXPECT_TRUE(chunk.text.ends_with("lines. ")) << chunk.text;
  }
}

TEST(Chunker, RowsOfATableAreKeptWhole) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "part " + std::to_string(100 + i) + " | 27 euros | nine weeks\n";
  for (const Chunk& chunk : Chunker(kBySections).cut(page_of(text))) {
    EXPECT_TRUE(chunk.text.starts_with("part "));
    EXPECT_EQ(chunk.text.back(), '\n');
  }
}

TEST(Chunker, CuttingExactlyAndBySectionsExcludeEachOther) {
  ChunkerOptions options = kBySections;
  options.strict = true;
  EXPECT_THROW(Chunker{options}, Error);
}

TEST(Chunker, BySectionsAPageOfAMillionCharactersTakesNoLongerThanItsLengthSays) {
  const auto cut_time = [](const Page& page) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(Chunker(kBySections).cut(page).empty());
    return std::chrono::steady_clock::now() - begin;
  };
  const auto small = cut_time(page_of(repeat("words without any sentence end ", 3'000)));
  const auto large = cut_time(page_of(repeat("words without any sentence end ", 30'000)));
  EXPECT_LT(large.count(), 100 * std::max<std::int64_t>(small.count(), 1'000'000)) << "quadratic would be 100 times";
}

TEST(Chunker, APageOfManySectionsTakesTimeInProportionToTheirNumber) {
  const auto cut_time = [](int sections) {
    const Page page = page_of_sections(std::vector<int>(static_cast<std::size_t>(sections), 1));
    auto least = std::chrono::steady_clock::duration::max();
    for (int round = 0; round < 3; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_FALSE(Chunker({}).cut(page).empty());
      least = std::min(least, std::chrono::steady_clock::now() - begin);
    }
    return std::chrono::duration<double>(least).count();
  };
  EXPECT_LT(cut_time(64'000), 32 * 4 * cut_time(2'000)) << "quadratic would be 1,024 times";
}

TEST(Chunker, AChunkHasTheHeadingOfItsOwnPartOfThePageHoweverManySectionsStandBefore) {
  const Page page = page_of_sections(std::vector<int>(60, 30));
  for (const ChunkStyle style : {ChunkStyle::kCharacters, ChunkStyle::kSections}) {
    for (const Chunk& chunk : Chunker({.style = style}).cut(page)) {
      std::vector<std::size_t> shares(page.sections.size());
      for (std::size_t at = chunk.span.begin; at < chunk.span.end; ++at) {
        const auto next = std::ranges::find_if(page.sections, [&](const Section& each) { return each.begin > at; });
        ++shares[static_cast<std::size_t>(next - page.sections.begin()) - 1];
      }
      const auto most = std::ranges::max_element(shares) - shares.begin();
      ASSERT_EQ(chunk.heading, page.sections[static_cast<std::size_t>(most)].heading);
    }
  }
}

}  // namespace
}  // namespace jackdaw::ingest
