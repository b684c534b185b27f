#include "inference/wordpiece.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/inference_files.h"

namespace jackdaw::inference {
namespace {

namespace json = boost::json;
using testing::read_json_lines;
using testing::text_of;

const WordPiece& real_words() {
  static const WordPiece words = WordPiece::read(testing::models_dir() / "all-MiniLM-L6-v2" / "vocab.txt");
  return words;
}

std::filesystem::path vectors(const char* name) {
  return testing::shared_data_dir() / "tokenizer" / "vectors" / name;
}

constexpr const char* kNoVectors = "The tokenizer vectors are not there: set JACKDAW_TEST_DATA to the shared data.";

std::vector<std::int64_t> ids_of(const Encoding& encoding) {
  std::vector<std::int64_t> ids;
  for (const Token& token : encoding.tokens) ids.push_back(token.id);
  return ids;
}

template <class T>
std::vector<T> numbers(const json::value& array) {
  return json::value_to<std::vector<T>>(array);
}

// The vectors count code points, our offsets are bytes.
std::vector<std::vector<std::int64_t>> code_point_offsets(const Encoding& encoding, const std::string& text) {
  std::vector<std::vector<std::int64_t>> out;
  for (const Token& token : encoding.tokens) {
    const auto count = [&](std::size_t end) {
      return static_cast<std::int64_t>(text::count_code_points(std::string_view(text).substr(0, end)));
    };
    out.push_back({count(token.source.begin), count(token.source.end)});
  }
  return out;
}

TEST(WordPiece, GivesTheReferencesIdsAndOffsetsForEveryText) {
  if (!testing::has_models()) GTEST_SKIP() << testing::kNoModels;
  if (!std::filesystem::exists(vectors("single.jsonl"))) GTEST_SKIP() << kNoVectors;
  const auto lines = read_json_lines(vectors("single.jsonl"));
  EXPECT_EQ(lines.size(), 1156U);
  for (const json::object& line : lines) {
    const std::string text = text_of(line, "text");
    const Encoding got = encode(real_words().special_ids(), real_words().tokenize(text, 100'000), 100'000);
    EXPECT_EQ(ids_of(got), numbers<std::int64_t>(line.at("ids"))) << text_of(line, "id") << ": " << text;
    EXPECT_EQ(code_point_offsets(got, text), numbers<std::vector<std::int64_t>>(line.at("offsets")))
        << text_of(line, "id") << ": " << text;
  }
}

TEST(WordPiece, GivesTheReferencesIdsAndTypesForEveryPair) {
  if (!testing::has_models()) GTEST_SKIP() << testing::kNoModels;
  if (!std::filesystem::exists(vectors("pairs.jsonl"))) GTEST_SKIP() << kNoVectors;
  const auto lines = read_json_lines(vectors("pairs.jsonl"));
  EXPECT_EQ(lines.size(), 180U);
  for (const json::object& line : lines) {
    const auto max_tokens = line.at("max_length").to_number<std::size_t>();
    const Truncation truncation =
        text_of(line, "strategy") == "only_second" ? Truncation::kOnlySecond : Truncation::kLongestFirst;
    const auto first = real_words().tokenize(text_of(line, "a"), 100'000);
    const auto second = real_words().tokenize(text_of(line, "b"), 100'000);
    const Encoding got = encode_pair(real_words().special_ids(), first, second, max_tokens, truncation);
    EXPECT_EQ(ids_of(got), numbers<std::int64_t>(line.at("ids"))) << text_of(line, "a");
    EXPECT_EQ(std::vector<std::int64_t>(got.types.begin(), got.types.end()),
              numbers<std::int64_t>(line.at("type_ids")));
  }
}

TEST(WordPiece, StopsAtTheLimitWithTheSameTokens) {
  if (!testing::has_models()) GTEST_SKIP() << testing::kNoModels;
  const std::string text = "An unquestionably long sentence, cut [SEP] in the middle of hyperparameterization.";
  const auto whole = real_words().tokenize(text, 1000);
  for (std::size_t limit = 0; limit <= whole.size() + 1; ++limit) {
    const auto cut = real_words().tokenize(text, limit);
    ASSERT_EQ(cut.size(), std::min(limit, whole.size()));
    for (std::size_t i = 0; i < cut.size(); ++i) EXPECT_EQ(cut[i].id, whole[i].id);
  }
}

constexpr const char* kSmall = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##able\n##a\n##ble\nable\n,\ncafe\n";

std::vector<std::int32_t> small_ids(std::string_view text) {
  const WordPiece words(kSmall, "small");
  std::vector<std::int32_t> ids;
  for (const Token& token : words.tokenize(text, 100)) ids.push_back(token.id);
  return ids;
}

TEST(WordPiece, TakesTheLongestPiece) {
  EXPECT_EQ(small_ids("unable"), (std::vector{5, 6}));
}

TEST(WordPiece, MakesAWordWithAnUnknownPartOneUnknown) {
  EXPECT_EQ(small_ids("unablex able"), (std::vector{1, 9}));
}

TEST(WordPiece, DropsAccentsAndCase) {
  EXPECT_EQ(small_ids("CAFÉ, Café"), (std::vector{11, 10, 11}));
}

TEST(WordPiece, DropsFormatCharactersAndPrivateUseButKeepsUnassigned) {
  EXPECT_EQ(small_ids("un\u00adable \uE000able"), (std::vector{5, 6, 9}));
  EXPECT_EQ(small_ids("able\U000E0002"), (std::vector{1}));
}

TEST(WordPiece, TakesTextThatIsNotUtf8) {
  EXPECT_EQ(small_ids("un\xff"
                      "able"),
            (std::vector{5, 6}));
}

TEST(WordPiece, ReadsLinesThatEndLikeWindows) {
  const WordPiece words("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\nable\r\n", "crlf");
  EXPECT_EQ(words.size(), 6U);
  EXPECT_EQ(words.tokenize("able", 10).front().id, 5);
}

void expect_refused(const std::string& vocabulary, const std::string& why) {
  try {
    const WordPiece words(vocabulary, "some/vocab.txt");
    FAIL() << "took a vocabulary that " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("some/vocab.txt"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
  }
}

TEST(WordPiece, RefusesADamagedVocabulary) {
  expect_refused("", "is empty");
  expect_refused("a\nb\n", "lacks the special tokens");
  expect_refused(std::string(kSmall) + "able\n", "has a word twice");
  expect_refused(std::string(kSmall) + "\nlast\n", "has an empty line");
  expect_refused(std::string(kSmall) + "\xff\xfe\n", "is not UTF-8");
}

TEST(WordPiece, NamesTheCommandThatFetchesAMissingVocabulary) {
  try {
    WordPiece::read("/nonexistent/vocab.txt");
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("jackdaw models pull"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace jackdaw::inference
