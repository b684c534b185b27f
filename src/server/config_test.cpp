#include "server/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "core/error.h"
#include "server/access.h"

namespace jackdaw::server {
namespace {

std::string read(const std::string& name) {
  std::ifstream file(std::string(JACKDAW_SOURCE_DIR) + "/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Config with(const std::string& variable, const std::string& value) {
  return load_config({{variable, value}}, {});
}

TEST(Config, TheDocumentationHasEverySettingWithItsFlagDefaultAndMeaning) {
  std::set<std::string> expected;
  for (const Setting& setting : settings()) {
    const std::string flag = setting.flag.empty() ? "" : "`" + std::string(setting.flag) + "`";
    const std::string fallback = setting.fallback.empty() ? "" : "`" + std::string(setting.fallback) + "`";
    expected.insert("| `" + std::string(setting.variable) + "` | " + flag + " | " + fallback + " | " +
                    std::string(setting.meaning) + " |");
  }
  std::set<std::string> documented;
  std::istringstream lines(read("docs/configuration.md"));
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, std::regex("^\\| `[A-Z0-9_]+` \\|"))) documented.insert(line);
  }
  EXPECT_EQ(documented, expected);
}

TEST(Config, TheExampleFileNamesOnlySettingsThatExist) {
  std::set<std::string> known;
  for (const Setting& setting : settings()) known.insert(std::string(setting.variable));
  std::string text = read(".env.example");
  ASSERT_FALSE(text.empty());
  text = std::regex_replace(text, std::regex("(^|\n)#([A-Z0-9_]+=)"), "$1$2");
  for (const auto& [name, value] : parse_env_file(text, ".env.example")) EXPECT_TRUE(known.contains(name)) << name;
}

TEST(Config, EveryDefaultInTheTableIsTheDefaultOfTheStruct) {
  const Config plain = load_config({}, {});
  for (const Setting& setting : settings()) {
    if (setting.fallback.empty()) continue;
    Config config = plain;
    setting.apply(config, std::string(setting.variable), std::string(setting.fallback));
    EXPECT_EQ(config.port, plain.port);
    EXPECT_EQ(config.top_k, plain.top_k);
    EXPECT_EQ(config.max_upload_bytes, plain.max_upload_bytes) << setting.variable;
    EXPECT_EQ(config.max_header_bytes, plain.max_header_bytes) << setting.variable;
    EXPECT_EQ(config.max_event_log_bytes, plain.max_event_log_bytes) << setting.variable;
    EXPECT_EQ(config.rerank_deadline, plain.rerank_deadline) << setting.variable;
    EXPECT_EQ(config.keep_alive_timeout, plain.keep_alive_timeout) << setting.variable;
    EXPECT_EQ(config.stem, plain.stem) << setting.variable;
    EXPECT_EQ(config.analyzer, plain.analyzer) << setting.variable;
    EXPECT_EQ(config.title_weight, plain.title_weight) << setting.variable;
    EXPECT_EQ(config.heading_weight, plain.heading_weight) << setting.variable;
    EXPECT_EQ(config.chunk_characters, plain.chunk_characters) << setting.variable;
    EXPECT_EQ(config.chunk_overlap, plain.chunk_overlap) << setting.variable;
    EXPECT_EQ(config.max_tokens, plain.max_tokens) << setting.variable;
    EXPECT_EQ(config.prompt_tokens, plain.prompt_tokens) << setting.variable;
    EXPECT_EQ(config.sandbox, plain.sandbox) << setting.variable;
    EXPECT_EQ(config.ocr, plain.ocr) << setting.variable;
    EXPECT_EQ(config.ocr_languages, plain.ocr_languages) << setting.variable;
    EXPECT_EQ(config.max_pages, plain.max_pages) << setting.variable;
    EXPECT_EQ(config.max_characters, plain.max_characters) << setting.variable;
    EXPECT_EQ(config.page_timeout, plain.page_timeout) << setting.variable;
    EXPECT_EQ(config.document_timeout, plain.document_timeout) << setting.variable;
    EXPECT_EQ(config.max_queued_documents, plain.max_queued_documents) << setting.variable;
  }
}

TEST(Config, ReadsSettingsFiles) {
  const Values values = parse_env_file(
      "# comment\n\nA=1\n export B = two words # not this\nC=\"quoted # kept\" # comment\nD='x=y'\nE=\r\n", "f");
  EXPECT_EQ(values, (Values{{"A", "1"}, {"B", "two words"}, {"C", "quoted # kept"}, {"D", "x=y"}, {"E", ""}}));
}

TEST(Config, NamesTheLineOfASettingsFileThatItCannotRead) {
  for (const char* text : {"A=1\nnonsense\n", "A=1\n=2\n", "A=1\nB=\"open\n", "A=1\nB C=2\n", "A=1\nB='x' y\n"}) {
    try {
      parse_env_file(text, "some.env");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find("some.env, line 2"), std::string::npos) << error.what();
    }
  }
}

TEST(Config, RefusesBadValuesWithNameValueAndWhatIsAllowed) {
  for (const auto& [name, value] : Values{{"JACKDAW_PORT", "70000"},
                                          {"JACKDAW_TOP_K", "0"},
                                          {"JACKDAW_STEM", "maybe"},
                                          {"JACKDAW_ANALYZER", "klingon"},
                                          {"JACKDAW_TITLE_WEIGHT", "17"},
                                          {"JACKDAW_HEADING_WEIGHT", "-1"},
                                          {"JACKDAW_LOG", "loud"},
                                          {"JACKDAW_VECTOR_ENGINE", "magic"},
                                          {"LLM_TEMPERATURE", "nan"},
                                          {"JACKDAW_RERANK_DEADLINE_MS", "-1"},
                                          {"JACKDAW_CHUNK_OVERLAP", "400"},
                                          {"JACKDAW_CHUNK_CHARACTERS", "5000"},
                                          {"JACKDAW_SANDBOX", "false"},
                                          {"JACKDAW_OCR", "on"},
                                          {"JACKDAW_OCR_LANGUAGES", "eng,deu"},
                                          {"JACKDAW_MAX_PAGES", "0"},
                                          {"JACKDAW_MAX_QUEUED_DOCUMENTS", "0"},
                                          {"JACKDAW_CORS_ORIGINS", "*"}}) {
    try {
      with(name, value);
      FAIL() << name << "=" << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_GT(std::string(error.what()).size(), 20U);
    }
  }
  EXPECT_THROW(with("JACKDAW_API_KEY", "two words"), Error);
}

TEST(Config, KnowsLoopbackAddresses) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LocalHost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "192.168.1.2", "127.0.0.1.evil.example", "localhost.evil", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Config, AnOpenAddressNeedsAKeyOrAWord) {
  Config config;
  config.host = "0.0.0.0";
  EXPECT_THROW(Access::check_bind(config), Error);
  config.api_key = "k";
  EXPECT_NO_THROW(Access::check_bind(config));
  config.api_key.clear();
  config.allow_unauthenticated = true;
  EXPECT_NO_THROW(Access::check_bind(config));
}

}  // namespace
}  // namespace jackdaw::server
