// A whole answer whose writer saw neighbouring chunks as one passage.
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "answer/answerer.h"
#include "tests/support/await.h"
#include "tests/support/fake_writer.h"
#include "tests/support/small_collection.h"

namespace jackdaw::answer {
namespace {

class MergedAnswerTest : public ::testing::Test {
 protected:
  MergedAnswerTest() {
    const std::vector<std::string> texts = {"Herons eat 3 fish a day. ", "Herons eat frogs, too, when there are",
                                            " no fish to eat.\n"};
    const NewUpload upload{.file = {.path = "/spool/a", .filename = "a.pdf", .bytes = 1, .sha256 = "a"}};
    ReadDocument read{.media_type = "application/pdf", .title = {}, .pages = 1};
    Page page{.number = 1, .label = {}, .text = {}, .words = {}, .sections = {}};
    for (const std::string& text : texts) {
      const auto begin = static_cast<std::uint32_t>(page.text.size());
      page.text += text;
      const auto end = static_cast<std::uint32_t>(page.text.size());
      read.chunks.push_back({.text = text, .span = {.page = 1, .begin = begin, .end = end, .boxes = {}}});
      const std::string_view view = text;
      read.embeddings.push_back(collection_.embedder.embed({&view, 1}, {}).front());
    }
    read.contents.push_back(std::move(page));
    const std::vector<ChunkId> ids = testing::add(collection_.store, upload, read);
    IndexedDocument indexed{collection_.store.find_by_sha256("a")->id, {}};
    for (std::size_t i = 0; i < ids.size(); ++i) indexed.chunks.push_back({ids[i], texts[i], read.embeddings[i]});
    collection_.index.add({&indexed, 1});
  }

  AnswerFinal answer(std::vector<std::string> words, const PromptOptions& options = {},
                     std::optional<ConversationTurn> turn = {}) {
    writer_.says(std::move(words));
    Retriever retriever(collection_.space, collection_.reranker, collection_.store, collection_.compute,
                        collection_.storage, {});
    QuestionResolver resolver(writer_, {});
    QuotePlaces places(collection_.store, collection_.storage);
    Answerer answerer(resolver, retriever, writer_, places, options);
    const AnswerSink sink = [&](AnswerEvent event) { return take(std::move(event)); };
    AnswerRequest request{.retrieval = {.question = "Which frogs do herons eat, when there are fish?"}};
    request.turn = std::move(turn);
    events_.clear();
    testing::await(io_, answerer.answer(AnswerId{"id"}, std::move(request), 0, {}, sink));
    return std::get<AnswerFinal>(events_.back());
  }
  boost::asio::awaitable<void> take(AnswerEvent event) {
    events_.push_back(std::move(event));
    co_return;
  }
  // The number of the source with these words.
  static int source_with(const AnswerFinal& final, std::string_view words) {
    for (std::size_t i = 0; i < final.passages.size(); ++i) {
      if (final.passages[i].passage.text.find(words) != std::string::npos) return static_cast<int>(i) + 1;
    }
    return 0;
  }

  boost::asio::io_context io_;
  testing::SmallCollection collection_;
  testing::FakeWriter writer_;
  std::vector<AnswerEvent> events_;
};

TEST_F(MergedAnswerTest, TheWriterSeesOnePassageAndTheReaderThreeSources) {
  const AnswerFinal final = answer({"Herons eat 3 fish a day [", "1]."});
  ASSERT_EQ(final.passages.size(), 3U);
  ASSERT_EQ(writer_.last_prompt.passages.size(), 1U);
  EXPECT_EQ(writer_.last_prompt.numbers, std::vector<int>{1});
  EXPECT_EQ(writer_.last_prompt.passages[0].passage.text,
            "Herons eat 3 fish a day. Herons eat frogs, too, when there are no fish to eat.\n");
  const int source = source_with(final, "3 fish");
  EXPECT_EQ(final.answer, "Herons eat 3 fish a day [" + std::to_string(source) + "].");
  ASSERT_EQ(final.citations.size(), 1U);
  EXPECT_EQ(final.citations[0].source, source);
  EXPECT_EQ(final.citations[0].quote, "Herons eat 3 fish a day.");
  EXPECT_TRUE(final.citations[0].verified);
}

TEST_F(MergedAnswerTest, TokensAndCitationsTellWhatTheFinalAnswerHolds) {
  const AnswerFinal final = answer({"According to ", "[1]", " herons eat frogs, too, when",
                                    " there are no fish to eat.", "\n\nThey eat 3 fish a day [1]."});
  std::string told;
  std::vector<int> sources;
  for (const AnswerEvent& event : events_) {
    if (const auto* token = std::get_if<AnswerToken>(&event)) told += token->text;
    if (const auto* cited = std::get_if<AnswerCitation>(&event)) sources.push_back(cited->citation.source);
  }
  EXPECT_EQ(told, final.answer);
  const int frogs = source_with(final, "frogs");
  const int rest = source_with(final, "no fish");
  const int fish = source_with(final, "3 fish");
  EXPECT_EQ(sources, (std::vector<int>{frogs, rest, fish}));
  const std::string marks = "[" + std::to_string(frogs) + "][" + std::to_string(rest) + "]";
  EXPECT_TRUE(final.answer.starts_with("According to " + marks + " herons eat frogs")) << final.answer;
  EXPECT_EQ(final.dropped_marks, 0);
}

TEST_F(MergedAnswerTest, EachChunkIsAPassageWhenMergingIsOff) {
  const AnswerFinal final = answer({"Herons eat 3 fish a day [1][2][3]."}, {.merge_neighbours = false});
  EXPECT_EQ(writer_.last_prompt.numbers, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(final.answer, "Herons eat 3 fish a day [1][2][3].");
  EXPECT_EQ(final.citations.size(), 3U);
}

TEST_F(MergedAnswerTest, InAConversationTheMarksOfBeforeAreForgotten) {
  ConversationTurn turn;
  turn.place = {ConversationId{"c"}, MessageId{"q2"}, MessageId{"a2"}};
  turn.history = {{MessageId{"q1"}, "Where do herons live?", "Where do herons live?", "In reeds [2][3]."}};
  const AnswerFinal final = answer({"Herons eat 3 fish a day [1]."}, {}, std::move(turn));
  ASSERT_EQ(writer_.last_prompt.messages.size(), 4U);
  EXPECT_EQ(writer_.last_prompt.messages[2].content, "In reeds.");
  EXPECT_EQ(writer_.last_prompt.passages.size(), 1U);
  EXPECT_EQ(final.citations.at(0).source, source_with(final, "3 fish"));
}

}  // namespace
}  // namespace jackdaw::answer
