#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "core/error.h"
#include "providers/extractive_model.h"
#include "providers/scripted_model.h"
#include "tests/support/await.h"
#include "tests/support/reranker_by_words.h"

namespace jackdaw::providers {
namespace {

using Words = std::vector<std::string>;

RetrievedPassage passage(std::string text, int page = 2) {
  RetrievedPassage out;
  out.passage.document = DocumentId{"magpie-7.pdf"};
  out.passage.filename = "magpie-7.pdf";
  out.passage.span = {.page = page, .begin = 0, .end = static_cast<std::uint32_t>(text.size()), .boxes = {}};
  out.passage.text = std::move(text);
  return out;
}

Prompt prompt_of(std::string question, std::vector<RetrievedPassage> passages) {
  Prompt prompt;
  prompt.question = std::move(question);
  prompt.passages = std::move(passages);
  prompt.messages = {{Role::kSystem, "Rules."}, {Role::kUser, "Passages."}};
  return prompt;
}

class ProvidersTest : public ::testing::Test {
 protected:
  struct Written {
    Words pieces;
    WriterEnd end;
    std::string text() const {
      std::string all;
      for (const auto& piece : pieces) all += piece;
      return all;
    }
  };
  // Reads a stream as every LanguageModel promises it: pieces that are never empty, one end, then nothing.
  Written read(LanguageModel& model, Prompt prompt, Cancellation cancellation = {}) {
    const auto stream = model.write(std::move(prompt), cancellation);
    Written written;
    while (true) {
      const auto event = testing::await(io_, stream->next());
      if (!event) throw std::logic_error("the stream ended without its end");
      if (const auto* end = std::get_if<WriterEnd>(&*event)) {
        written.end = *end;
        EXPECT_FALSE(testing::await(io_, stream->next()));
        return written;
      }
      EXPECT_FALSE(std::get<TextDelta>(*event).text.empty());
      written.pieces.push_back(std::get<TextDelta>(*event).text);
    }
  }
  Written run_script(const std::string& script, Cancellation cancellation = {}) {
    ScriptedModel model(parse_script(script));
    return read(model, prompt_of("Q?", {passage("First."), passage("Second.")}), cancellation);
  }
  ErrorCode failure(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }
  std::string temporary(const std::string& name) {
    const auto folder = std::filesystem::temp_directory_path() / ("jackdaw-providers-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    return (folder / name).string();
  }

  boost::asio::io_context io_;
  testing::RerankerByWords reranker_;
  Compute compute_{{.name = "compute", .threads = 2}};
  ExtractiveModel extractive_{reranker_, compute_};
  std::string message_;
};

TEST_F(ProvidersTest, QuotesTheAnswerWithFileAndPage) {
  const auto written = read(
      extractive_,
      prompt_of(
          "What is the list price?",
          {passage("Weight: 12 kg\nThe list price\nis €68,400 per unit. Delivery takes six weeks from the order.")}));
  EXPECT_EQ(written.text(),
            "Quoted from your documents (no language model configured):\n\n"
            "\"The list price is €68,400 per unit.\" (magpie-7.pdf, page 2) [1]");
  EXPECT_EQ(written.end.reason, FinishReason::kStop);
  EXPECT_GT(written.pieces.size(), 10U) << "word by word";
  EXPECT_EQ(extractive_.provider(), "extractive");
}

TEST_F(ProvidersTest, QuotesARowOfADataSheet) {
  const auto written = read(extractive_, prompt_of("What is the list price per unit?",
                                                   {passage("Prices\nList price: €68,400 per unit\nWeight: 12 kg")}));
  EXPECT_NE(written.text().find("\"List price: €68,400 per unit\" (magpie-7.pdf, page 2) [1]"), std::string::npos)
      << written.text();
}

TEST_F(ProvidersTest, QuotesWhatAPronounPointsTo) {
  const auto written = read(
      extractive_,
      prompt_of("What costs 68,400 euro", {passage("The Magpie-7 is a robot arm. It costs 68,400 euro per unit.")}));
  EXPECT_NE(written.text().find("\"The Magpie-7 is a robot arm. It costs 68,400 euro per unit.\""), std::string::npos)
      << written.text();
}

TEST_F(ProvidersTest, QuotesOnlyWhatAnswersNearlyAsWellAsTheBest) {
  const auto written = read(
      extractive_, prompt_of("What is the list price of the Magpie-7?",
                             {passage("Price, delivery and warranty\n\nThe list price of the Magpie-7 is €68,400 per "
                                      "unit, and that buys a complete system:\nthe aircraft, two battery packs, the "
                                      "camera pod, the ground station with its tablet, the\ncharging case and two days "
                                      "of training for two operators.\n1\n\nOptions\n"),
                              passage("The Magpie-7 is a battery-electric tail-sitter: it takes off and lands like a "
                                      "helicopter and\ncruises like a glider.",
                                      1)}));
  EXPECT_EQ(written.text(),
            "Quoted from your documents (no language model configured):\n\n"
            "\"The list price of the Magpie-7 is €68,400 per unit, and that buys a complete system: the aircraft, two "
            "battery packs, the camera pod, the ground station with its tablet, the charging case and two days of "
            "training for two operators.\" (magpie-7.pdf, page 2) [1]");
}

TEST_F(ProvidersTest, SaysHonestlyThatNothingAnswers) {
  reranker_.logit = [](auto, auto) { return -5.0F; };
  const auto written = read(extractive_, prompt_of("Why?", {passage("The list price is €68,400 per unit.")}));
  EXPECT_EQ(written.text(), "Nothing in the documents answers this.");
  EXPECT_EQ(written.end.reason, FinishReason::kNoEvidence);
  EXPECT_EQ(read(extractive_, prompt_of("Why?", {})).end.reason, FinishReason::kNoEvidence);
}

TEST_F(ProvidersTest, StopsScoringWhenCancelled) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "This is the sentence number " + std::to_string(i) + ". ";
  const Cancellation cancellation;
  reranker_.before_batch = [&] { cancellation.cancel(CancelReason::kClient); };
  EXPECT_EQ(failure([&] { read(extractive_, prompt_of("Why?", {passage(text)}), cancellation); }),
            ErrorCode::kCancelled);
  EXPECT_LE(reranker_.calls, 2);
}

TEST_F(ProvidersTest, FollowsItsScript) {
  const auto written = run_script(
      "# a comment\n\n{\"text\": \"The \"}\n{\"text\": \"w \", \"times\": 3}\n"
      "{\"echo\": \"question\"}\n{\"echo\": \"passages\"}\n{\"pause_ms\": 1}\n"
      "{\"end\": \"length\", \"input_tokens\": 10, \"output_tokens\": 3}\n");
  EXPECT_EQ(written.pieces, (Words{"The ", "w ", "w ", "w ", "Q?", "First.\nSecond.\n"}));
  EXPECT_EQ(written.end.reason, FinishReason::kLength);
  EXPECT_EQ(written.end.usage.output_tokens, 3);
  EXPECT_EQ(run_script("{\"echo\": \"prompt\"}").text(), "Rules.\nPassages.\n");
  EXPECT_EQ(run_script("").end.reason, FinishReason::kStop);
}

TEST_F(ProvidersTest, FailsAndBreaksOffAsTheScriptSays) {
  EXPECT_EQ(
      failure([&] { run_script("{\"text\": \"x\"}\n{\"error\": \"provider_overloaded\", \"message\": \"Full.\"}"); }),
      ErrorCode::kProviderOverloaded);
  EXPECT_EQ(message_, "Full.");
  EXPECT_EQ(failure([&] { run_script("{\"text\": \"x\"}\n{\"cut\": true}"); }), ErrorCode::kProviderBadStream);
}

TEST_F(ProvidersTest, WaitsForAFileAndForBytesOfAFifo) {
  const std::string fifo = temporary("fifo");
  const std::string go = temporary("go");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ScriptedModel model(parse_script("{\"wait_for_byte\": \"" + fifo + "\"}\n{\"text\": \"a\"}\n{\"wait_for_file\": \"" +
                                   go + "\"}\n{\"text\": \"b\"}"));
  std::string said;
  const auto stream = model.write({}, {});
  const auto next = [&] {
    boost::asio::co_spawn(io_, stream->next(), [&](std::exception_ptr failed, std::optional<WriterEvent> event) {
      if (!failed && std::holds_alternative<TextDelta>(*event)) said += std::get<TextDelta>(*event).text;
    });
  };
  const auto run = [&] {
    io_.restart();
    io_.run_for(std::chrono::milliseconds(30));
  };
  next();
  run();
  EXPECT_EQ(said, "");
  std::ofstream(fifo) << "." << std::flush;
  run();
  EXPECT_EQ(said, "a");
  next();
  run();
  EXPECT_EQ(said, "a");
  std::ofstream(go) << "go";
  run();
  EXPECT_EQ(said, "ab");
  std::filesystem::remove_all(std::filesystem::path(fifo).parent_path());
}

TEST_F(ProvidersTest, StopsWaitingWhenCancelled) {
  const std::string fifo = temporary("fifo2");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& script : {"{\"wait_for_byte\": \"" + fifo + "\"}", std::string("{\"pause_ms\": 60000}"),
                                    std::string("{\"wait_for_file\": \"/no/such\"}")}) {
    const Cancellation cancellation;
    std::jthread elsewhere([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      cancellation.cancel(CancelReason::kClient);
    });
    EXPECT_EQ(failure([&] { run_script(script, cancellation); }), ErrorCode::kCancelled);
  }
  std::filesystem::remove_all(std::filesystem::path(fifo).parent_path());
}

TEST_F(ProvidersTest, NamesTheBadLineOfAScript) {
  for (const char* bad : {"{\"text\": \"\"}", "{\"text\": 1}", "[]", "{", "{}", "{\"error\": \"nope\"}",
                          "{\"end\": \"nope\"}", "{\"echo\": \"nope\"}", "{\"pause_ms\": -1}"}) {
    EXPECT_EQ(failure([&] { parse_script(std::string("{\"text\": \"x\"}\n") + bad); }), ErrorCode::kInvalidArgument)
        << bad;
    EXPECT_NE(message_.find("Line 2"), std::string::npos) << message_;
  }
}

}  // namespace
}  // namespace jackdaw::providers
