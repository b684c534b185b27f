#include "core/conversation_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {
namespace {

using namespace std::chrono_literals;

class ConversationStoreTest : public testing::Test {
 protected:
  SqliteStoreOptions options() const { return {.data_dir = folder_.path(), .embedder_name = "e", .on_step = {}}; }
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(options());
  }

  ConversationId begin_conversation(const std::string& title = "") { return store_->create_conversation(title).id; }

  // A question and the place of its answer. `parent` empty: behind the newest message.
  struct Asked {
    AnswerId answer;
    Turn turn;
  };
  Asked ask(const ConversationId& conversation, const std::string& question, const MessageId& parent = {},
            bool at_start = false) {
    NewTurn turn{.conversation = conversation, .question = question, .answer = {random_id()}};
    if (!parent.value.empty()) turn.parent = parent;
    turn.at_start = at_start;
    return {turn.answer, store_->begin_turn(turn)};
  }

  // What ends an answer.
  static StoredAnswer ended(const AnswerId& id, const std::string& text, const std::string& standalone = "") {
    StoredAnswer answer{.id = id, .question = "", .created_at = {}, .ended_at = {}, .events = {}};
    answer.created_at = answer.ended_at = std::chrono::system_clock::now();
    answer.events.push_back(AnswerMeta{id, "p", "m"});
    if (!standalone.empty()) answer.events.push_back(AnswerQuery{standalone, {}, QueryOrigin::kRules});
    answer.events.push_back(AnswerToken{text});
    AnswerFinal last;
    last.answer = text;
    answer.events.push_back(last);
    return answer;
  }
  void keep(const StoredAnswer& answer) { store_->keep({&answer, 1}); }
  // A whole turn.
  Asked say(const ConversationId& conversation, const std::string& question, const std::string& answer,
            const MessageId& parent = {}, bool at_start = false) {
    Asked asked = ask(conversation, question, parent, at_start);
    keep(ended(asked.answer, answer));
    return asked;
  }

  static std::optional<ErrorCode> code_of(const std::function<void()>& call, std::string* field = nullptr) {
    try {
      call();
    } catch (const Error& error) {
      if (field != nullptr) *field = error.field();
      return error.code();
    }
    return std::nullopt;
  }

  // "question > answer" of each turn.
  static std::string spoken(const std::vector<PastTurn>& history) {
    std::string all;
    for (const PastTurn& each : history) all += each.question + " > " + each.answer + "\n";
    return all;
  }

  std::vector<std::string> titles(const std::string& text = "") {
    std::vector<std::string> all;
    ConversationQuery query{.limit = 200, .after = "", .text = text};
    do {
      const ConversationPage page = store_->list_conversations(query);
      for (const Conversation& each : page.conversations) all.push_back(each.title);
      query.after = page.next;
    } while (!query.after.empty());
    return all;
  }

  bool files_hold(const std::string& text) const {
    for (const char* name : {"jackdaw.db", "jackdaw.db-wal"}) {
      if (bytes_of(folder_.path() / name).find(text) != std::string::npos) return true;
    }
    return false;
  }

  const TemporaryFolder folder_;
  std::mt19937 random_{29};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(ConversationStoreTest, GivesBackConversationsAndTheirMessagesAlsoAfterReopening) {
  const Conversation made = store_->create_conversation("On birds");
  EXPECT_EQ(made.title, "On birds");
  EXPECT_EQ(made.messages, 0);
  EXPECT_EQ(made.created_at, made.updated_at);
  Spool spool = spool_of(folder_.path(), "original");
  SampleDocument sample = sample_document(spool, "alpha", random_);
  const std::vector<Passage> passages = store_->passages(add(*store_, sample));
  AnswerMaker maker(3, passages);
  std::vector<Asked> asked;
  std::vector<StoredAnswer> answers;
  for (int i = 0; i < 30; ++i) {
    asked.push_back(ask(made.id, "Question " + std::to_string(i)));
    StoredAnswer answer = maker.answer();
    answer.id = asked.back().answer;
    for (AnswerEvent& event : answer.events) {
      if (auto* meta = std::get_if<AnswerMeta>(&event)) meta->answer = answer.id;
    }
    answers.push_back(answer);
    if (i % 3 != 0) keep(answer);
  }
  for (int opening = 0; opening < 2; ++opening) {
    const Conversation found = store_->find_conversation(made.id).value();
    EXPECT_EQ(found.title, made.title);
    EXPECT_EQ(found.messages, 60);
    EXPECT_EQ(found.created_at, made.created_at);
    EXPECT_GE(found.updated_at, found.created_at);
    const auto messages = store_->messages_of(made.id).value();
    ASSERT_EQ(messages.size(), 60U);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const ConversationMessage& question = messages[2 * i];
      const ConversationMessage& answer = messages[2 * i + 1];
      EXPECT_EQ(question.role, Role::kUser);
      EXPECT_EQ(question.id, asked[i].turn.question_message);
      EXPECT_EQ(question.question, "Question " + std::to_string(i));
      EXPECT_EQ(question.parent, i == 0 ? std::nullopt : std::optional(asked[i - 1].turn.answer_message));
      EXPECT_EQ(question.answer, AnswerId{});
      EXPECT_EQ(answer.role, Role::kAssistant);
      EXPECT_EQ(answer.id, asked[i].turn.answer_message);
      EXPECT_EQ(answer.parent, question.id);
      EXPECT_EQ(answer.answer, asked[i].answer);
      ASSERT_EQ(answer.ended.has_value(), i % 3 != 0);
      if (!answer.ended) continue;
      ASSERT_EQ(describe(*answer.ended), describe(answers[i]));
    }
    reopen();
  }
}

TEST_F(ConversationStoreTest, KnowsNothingOfConversationsThatAreNotThere) {
  const ConversationId none{random_id()};
  EXPECT_FALSE(store_->find_conversation(none));
  EXPECT_FALSE(store_->messages_of(none));
  EXPECT_FALSE(store_->rename_conversation(none, "title"));
  EXPECT_FALSE(store_->remove_conversation(none));
  EXPECT_EQ(code_of([&] { ask(none, "Why?"); }), ErrorCode::kNotFound);
  EXPECT_TRUE(store_->list_conversations({}).conversations.empty());
}

TEST_F(ConversationStoreTest, TakesItsTitleFromTheFirstQuestionUntilAPersonGivesOne) {
  const ConversationId conversation = begin_conversation();
  const auto title = [&] { return store_->find_conversation(conversation).value().title; };
  EXPECT_EQ(title(), "");
  ask(conversation, "  What\n\tis\x01 a   jackdaw?\n");
  EXPECT_EQ(title(), "What is a jackdaw?");
  ask(conversation, "And a rook?");
  EXPECT_EQ(title(), "What is a jackdaw?");
  EXPECT_EQ(store_->rename_conversation(conversation, " Birds \n").value().title, "Birds");
  ask(conversation, "And a crow?");
  EXPECT_EQ(title(), "Birds");
  const ConversationId given = begin_conversation("Given");
  ask(given, "What?");
  EXPECT_EQ(store_->find_conversation(given).value().title, "Given");
}

TEST_F(ConversationStoreTest, CutsATitleBetweenTwoCharacters) {
  const ConversationId conversation = begin_conversation();
  std::string question(78, 'x');
  question += "e\xCC\x81\xCC\xA3";  // one character of three code points, the last of which would be the 81st
  ask(conversation, question + " and so on");
  EXPECT_EQ(store_->find_conversation(conversation).value().title, std::string(78, 'x'));
}

TEST_F(ConversationStoreTest, RefusesTitlesThatAreNone) {
  const ConversationId conversation = begin_conversation("First");
  std::string longest;
  for (std::size_t i = 0; i < kMaxConversationTitleCharacters; ++i) longest += "\xC3\xA9";
  EXPECT_EQ(store_->rename_conversation(conversation, longest).value().title, longest);
  for (const std::string& title : {std::string(" \n"), std::string(), longest + "x", std::string("\xFF"),
                                   std::string("a\x07z"), std::string("a\nz")}) {
    std::string field;
    EXPECT_EQ(code_of([&] { store_->rename_conversation(conversation, title); }, &field), ErrorCode::kInvalidArgument);
    EXPECT_EQ(field, "title");
    if (text::trim(title).empty()) continue;
    EXPECT_EQ(code_of([&] { begin_conversation(title); }), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(titles(), std::vector{longest});
}

TEST_F(ConversationStoreTest, MakesBranchesAndOverwritesNothing) {
  const ConversationId conversation = begin_conversation();
  const Asked first = say(conversation, "First?", "One.");
  const Asked second = say(conversation, "Second?", "Two.");
  EXPECT_EQ(spoken(second.turn.history), "First? > One.\n");
  const Asked again = say(conversation, "Second?", "Two again.", second.turn.question_message);
  EXPECT_EQ(again.turn.question_message, second.turn.question_message) << "another answer to the same question";
  EXPECT_NE(again.turn.answer_message, second.turn.answer_message);
  EXPECT_EQ(spoken(again.turn.history), "First? > One.\n");
  const Asked edited = say(conversation, "Second, in other words?", "Too.", first.turn.answer_message);
  EXPECT_EQ(spoken(edited.turn.history), "First? > One.\n");
  const Asked start = say(conversation, "Anew?", "New.", {}, true);
  EXPECT_TRUE(start.turn.history.empty());
  const Asked start_again = say(conversation, "Anew?", "Newer.", start.turn.question_message);
  EXPECT_TRUE(start_again.turn.history.empty());
  EXPECT_EQ(spoken(ask(conversation, "Next?").turn.history), "Anew? > Newer.\n") << "behind the newest message";
  EXPECT_EQ(spoken(ask(conversation, "Third?", again.turn.answer_message).turn.history),
            "First? > One.\nSecond? > Two again.\n");

  std::vector<std::string> lines;
  const auto messages = store_->messages_of(conversation).value();
  for (const ConversationMessage& each : messages) {
    const bool asks = each.role == Role::kUser;
    lines.push_back(asks ? each.question : each.ended ? std::get<AnswerFinal>(each.ended->events.back()).answer : "-");
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"First?", "One.", "Second?", "Two.", "Two again.", "Second, in other words?",
                                      "Too.", "Anew?", "New.", "Newer.", "Next?", "-", "Third?", "-"}));
  EXPECT_EQ(store_->find_conversation(conversation).value().messages, 14);
}

TEST_F(ConversationStoreTest, RefusesParentsThatAreNone) {
  const ConversationId conversation = begin_conversation();
  const ConversationId other = begin_conversation();
  const Asked first = say(conversation, "First?", "One.");
  const Asked elsewhere = say(other, "First?", "One.");
  for (const MessageId& parent : {MessageId{random_id()}, MessageId{"' OR 1=1"}, elsewhere.turn.answer_message,
                                  elsewhere.turn.question_message}) {
    std::string field;
    EXPECT_EQ(code_of([&] { ask(conversation, "First?", parent); }, &field), ErrorCode::kInvalidArgument);
    EXPECT_EQ(field, "parent_message_id");
  }
  EXPECT_EQ(code_of([&] { ask(conversation, "first?", first.turn.question_message); }), ErrorCode::kInvalidArgument)
      << "another question";
  EXPECT_EQ(store_->find_conversation(conversation).value().messages, 2);
}

TEST_F(ConversationStoreTest, TellsWhatWasSaidBeforeWhateverItsEnd) {
  const ConversationId conversation = begin_conversation();
  keep(ended(ask(conversation, "Plain?").answer, "As asked."));
  keep(ended(ask(conversation, "And it?").answer, "Resolved.", "And the jackdaw?"));
  const auto end_with = [&](const std::string& question, const AnswerEvent& last) {
    StoredAnswer answer = ended(ask(conversation, question).answer, "As far as it came");
    answer.events.back() = last;
    keep(answer);
  };
  end_with("Failed?", AnswerError{ErrorCode::kProviderError, "No.", std::nullopt, true});
  end_with("Stopped?", AnswerCancelled{CancelReason::kClient, "As far"});
  const Asked lost = ask(conversation, "Lost?");
  reopen();
  const auto history = ask(conversation, "Now?").turn.history;
  ASSERT_EQ(history.size(), 5U);
  EXPECT_EQ(spoken(history),
            "Plain? > As asked.\nAnd it? > Resolved.\nFailed? > As far as it came\nStopped? > As far\nLost? > \n");
  EXPECT_EQ(history[0].standalone_question, "Plain?");
  EXPECT_EQ(history[1].standalone_question, "And the jackdaw?");
  EXPECT_EQ(history[4].standalone_question, "Lost?");
  EXPECT_EQ(history[4].question_message, lost.turn.question_message);
}

TEST_F(ConversationStoreTest, TellsOfTheNewestTurnsOnly) {
  const ConversationId conversation = begin_conversation();
  for (std::size_t i = 0; i < kMaxPastTurns + 5; ++i) ask(conversation, std::to_string(i));
  const auto history = ask(conversation, "now").turn.history;
  ASSERT_EQ(history.size(), kMaxPastTurns / 2 + 5);
  EXPECT_EQ(history.front().question, std::to_string(kMaxPastTurns / 2));
  EXPECT_EQ(history.back().question, std::to_string(kMaxPastTurns + 4));
  const auto next = ask(conversation, "next").turn.history;
  EXPECT_EQ(next.front().question, history.front().question) << "the beginning stays";
}

TEST_F(ConversationStoreTest, HasRoomForSoManyMessagesAndCanStillBeRemoved) {
  const ConversationId conversation = begin_conversation();
  const Asked first = ask(conversation, "q");
  MessageId newest = first.turn.answer_message;
  for (std::int64_t i = 2; i < kMaxConversationMessages - 1; i += 2)
    newest = ask(conversation, "q", newest).turn.answer_message;
  EXPECT_EQ(store_->find_conversation(conversation).value().messages, kMaxConversationMessages);
  EXPECT_EQ(code_of([&] { ask(conversation, "q"); }), ErrorCode::kTooLarge);
  EXPECT_EQ(code_of([&] { ask(conversation, "q", first.turn.question_message); }), ErrorCode::kTooLarge);
  EXPECT_EQ(store_->messages_of(conversation).value().size(), static_cast<std::size_t>(kMaxConversationMessages));
  EXPECT_TRUE(store_->remove_conversation(conversation)) << "a chain of as many parents";
  EXPECT_FALSE(store_->find_conversation(conversation));
}

TEST_F(ConversationStoreTest, RefusesATurnOfWhichOnlyTheQuestionHasRoom) {
  const ConversationId conversation = begin_conversation();
  const Asked first = ask(conversation, "q");
  store_.reset();
  Database(folder_.path() / "jackdaw.db", Database::Access::kReadWrite)
      .execute("UPDATE conversations SET messages = " + std::to_string(kMaxConversationMessages - 1));
  reopen();
  EXPECT_EQ(code_of([&] { ask(conversation, "q"); }), ErrorCode::kTooLarge);
  ask(conversation, "q", first.turn.question_message);
}

TEST_F(ConversationStoreTest, TakesAnAnswerOnce) {
  const ConversationId conversation = begin_conversation();
  const Asked begun = ask(conversation, "Begun?");
  const StoredAnswer kept = ended({random_id()}, "Kept.");
  keep(kept);
  for (const AnswerId& answer : {begun.answer, kept.id}) {
    NewTurn turn{.conversation = conversation, .question = "Again?", .answer = answer};
    EXPECT_EQ(code_of([&] { store_->begin_turn(turn); }), ErrorCode::kConflict);
  }
  EXPECT_EQ(store_->find_conversation(conversation).value().messages, 2);
}

TEST_F(ConversationStoreTest, ListsTheOneThatChangedLastFirst) {
  std::vector<ConversationId> ids;
  for (const char* title : {"a", "b", "c", "d"}) ids.push_back(begin_conversation(title));
  EXPECT_EQ(titles(), (std::vector<std::string>{"d", "c", "b", "a"}));
  ask(ids[1], "Why?");
  store_->rename_conversation(ids[0], "A");
  EXPECT_EQ(titles(), (std::vector<std::string>{"A", "b", "d", "c"}));
  reopen();
  EXPECT_EQ(titles(), (std::vector<std::string>{"A", "b", "d", "c"}));
  store_->remove_conversation(ids[0]);
  ask(ids[2], "Why?");
  EXPECT_EQ(titles(), (std::vector<std::string>{"c", "b", "d"}));
}

TEST_F(ConversationStoreTest, PagesThroughAllOfThemWhateverChangesMeanwhile) {
  std::vector<ConversationId> ids;
  for (int i = 0; i < 57; ++i) ids.push_back(begin_conversation("t" + std::to_string(i)));
  std::set<std::string> seen;
  ConversationQuery query{.limit = 5, .after = "", .text = ""};
  std::size_t at = ids.size();
  do {
    const ConversationPage page = store_->list_conversations(query);
    EXPECT_LE(page.conversations.size(), 5U);
    for (const Conversation& each : page.conversations) {
      EXPECT_TRUE(seen.insert(each.title).second) << each.title << " came twice";
      EXPECT_EQ(each.id, ids[--at]);
    }
    query.after = page.next;
    ask(ids.back(), "Why?");  // seen already: moves to the front
    begin_conversation("new" + std::to_string(at));
  } while (!query.after.empty());
  EXPECT_EQ(seen.size(), ids.size());
}

TEST_F(ConversationStoreTest, RefusesWhatIsNoPage) {
  std::string field;
  EXPECT_EQ(code_of([&] { store_->list_conversations({.limit = 0}); }, &field), ErrorCode::kInvalidArgument);
  EXPECT_EQ(field, "limit");
  EXPECT_EQ(code_of([&] { store_->list_conversations({.limit = 201}); }), ErrorCode::kInvalidArgument);
  for (const char* after : {"x", "d1", "v", "v0", "v-1", "v1x", "v99999999999999999999"}) {
    EXPECT_EQ(code_of([&] { store_->list_conversations({.after = after}); }, &field), ErrorCode::kInvalidArgument);
    EXPECT_EQ(field, "after");
  }
}

TEST_F(ConversationStoreTest, FindsPartsOfTitlesQuestionsAndAnswers) {
  say(begin_conversation("Corvids of Europe"), "What is a rook?", "A bird of 100% black.");
  say(begin_conversation("Gro\xC3\x9F"), "Wie gro\xC3\x9F?", "Sehr.");
  ask(begin_conversation("under_score"), "Lost?");
  keep(ended({random_id()}, "A jackdaw that nobody talked about."));
  const auto found = [&](const std::string& text) { return titles(text); };
  using Titles = std::vector<std::string>;
  const std::string corvids = "Corvids of Europe";
  const std::string gross = "Gro\xC3\x9F";
  EXPECT_EQ(found("corvids"), Titles{corvids});
  EXPECT_EQ(found("IS A ROOK"), Titles{corvids});
  EXPECT_EQ(found("100%"), Titles{corvids});
  EXPECT_EQ(found("10%"), Titles{}) << "no wildcard";
  EXPECT_EQ(found("under_"), Titles{"under_score"});
  EXPECT_EQ(found("_ook"), Titles{});
  EXPECT_EQ(found("GROSS"), Titles{gross});
  EXPECT_EQ(found("\xEF\xBC\xB3\xEF\xBD\x85hr"), Titles{gross}) << "full-width letters";
  EXPECT_EQ(found("lost"), Titles{"under_score"});
  EXPECT_EQ(found("jackdaw"), Titles{});
  EXPECT_EQ(found("'; DROP TABLE messages"), Titles{});
  EXPECT_EQ(found("of"), Titles{corvids});
  EXPECT_EQ(found("o").size(), 3U);
  EXPECT_EQ(found("\xC2\xAD").size(), 3U) << "nothing that can be matched";
}

TEST_F(ConversationStoreTest, LooksThroughABoundedPartOnEachPage) {
  // Each more than a third of what one page looks through.
  const std::string long_text(kMaxSearchedBytes * 2 / 5, 'x');
  for (int i = 0; i < 7; ++i) {
    say(begin_conversation("t" + std::to_string(i)), "q", long_text + (i == 1 ? "needle" : ""));
  }
  ConversationQuery query{.limit = 10, .after = "", .text = "NEEDLE"};
  std::vector<std::string> found;
  int pages = 0;
  do {
    const ConversationPage page = store_->list_conversations(query);
    for (const Conversation& each : page.conversations) found.push_back(each.title);
    query.after = page.next;
    ++pages;
  } while (!query.after.empty());
  EXPECT_EQ(found, std::vector<std::string>{"t1"});
  EXPECT_EQ(pages, 3) << "three conversations of seven on each";
}

TEST_F(ConversationStoreTest, RemovingLeavesNoByteInTheFiles) {
  const ConversationId stays = begin_conversation("stays");
  std::vector<ConversationId> removed;
  std::vector<AnswerId> answers;
  std::uniform_int_distribution<std::size_t> bytes(1, 9000);
  for (int i = 0; i < 12; ++i) {
    removed.push_back(begin_conversation("canary title " + std::to_string(i)));
    for (int turn = 0; turn < 6; ++turn) {
      std::string text;
      for (const std::size_t size = bytes(random_); text.size() < size;) text += "canary answer ";
      answers.push_back(say(removed.back(), "canary question", text).answer);
      say(stays, "another question", std::string(bytes(random_), 'y'));
    }
  }
  store_->rename_conversation(removed[0], "canary renamed");
  ASSERT_TRUE(files_hold("canary"));
  std::ranges::shuffle(removed, random_);
  for (const ConversationId& id : removed) {
    EXPECT_TRUE(store_->remove_conversation(id));
    EXPECT_FALSE(store_->remove_conversation(id));
    EXPECT_FALSE(store_->messages_of(id));
    EXPECT_FALSE(files_hold(id.value));
  }
  EXPECT_FALSE(files_hold("canary"));
  for (int opening = 0; opening < 2; ++opening) {
    for (const AnswerId& id : answers) {
      EXPECT_EQ(code_of([&] { store_->find_answer(id); }), ErrorCode::kGone);
    }
    const auto messages = store_->messages_of(stays).value();
    for (const ConversationMessage& each : messages) {
      EXPECT_EQ(each.ended.has_value(), each.role == Role::kAssistant);
    }
    reopen();
  }
}

TEST_F(ConversationStoreTest, AnAnswerThatEndsAfterItsConversationWasRemovedIsNotKept) {
  const ConversationId conversation = begin_conversation();
  const Asked running = ask(conversation, "Running?");
  EXPECT_TRUE(store_->remove_conversation(conversation));
  EXPECT_EQ(code_of([&] { store_->find_answer(running.answer); }), ErrorCode::kGone);
  const std::vector<StoredAnswer> both{ended(running.answer, "canary"), ended({random_id()}, "Another.")};
  store_->keep(both);
  EXPECT_FALSE(files_hold("canary"));
  EXPECT_EQ(code_of([&] { store_->find_answer(running.answer); }), ErrorCode::kGone);
  EXPECT_TRUE(store_->find_answer(both[1].id)) << "its neighbour is kept";
  EXPECT_EQ(code_of([&] { keep(both[0]); }), ErrorCode::kConflict) << "an answer ends once";
}

TEST_F(ConversationStoreTest, KeepsAnswersAsLongAsTheirConversation) {
  const ConversationId conversation = begin_conversation();
  StoredAnswer old = ended(ask(conversation, "Old?").answer, "Old.");
  StoredAnswer stray = ended({random_id()}, "Stray.");
  old.ended_at = stray.ended_at = std::chrono::system_clock::now() - 24h * 365 * 20;
  store_->keep(std::vector{old, stray});
  EXPECT_EQ(store_->forget_answers_before(WallTime::max(), 1'000'000), 1U);
  EXPECT_EQ(describe(store_->find_answer(old.id).value()), describe(old));
  EXPECT_EQ(code_of([&] { store_->find_answer(stray.id); }), ErrorCode::kGone);
  EXPECT_TRUE(store_->messages_of(conversation).value().at(1).ended);
}

TEST_F(ConversationStoreTest, ADamagedAnswerIsNamed) {
  const ConversationId conversation = begin_conversation();
  const Asked asked = say(conversation, "q", "a");
  store_.reset();
  Database(folder_.path() / "jackdaw.db", Database::Access::kReadWrite).execute("UPDATE answers SET events = x'02'");
  reopen();
  try {
    store_->messages_of(conversation);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    EXPECT_NE(std::string(error.what()).find(asked.answer.value), std::string::npos) << error.what();
  }
}

TEST_F(ConversationStoreTest, ManyTalkWhileOthersReadSearchAndRemove) {
  constexpr int kTalkers = 3;
  constexpr int kTurns = 12;
  std::atomic<int> talking = kTalkers;
  std::atomic<int> wrong = 0;
  std::vector<ConversationId> ids;
  for (int i = 0; i < kTalkers; ++i) ids.push_back(begin_conversation("talk"));
  std::vector<std::thread> threads;
  for (int i = 0; i < kTalkers; ++i) {
    threads.emplace_back([&, i] {
      const ConversationId& id = ids[static_cast<std::size_t>(i)];
      for (int turn = 0; turn < kTurns; ++turn) {
        const Asked asked = say(id, "Question " + std::to_string(turn), "Answer " + std::to_string(turn));
        if (asked.turn.history.size() != static_cast<std::size_t>(turn)) ++wrong;
        const ConversationId other = begin_conversation();
        const Asked running = ask(other, "Gone?");
        if (!store_->remove_conversation(other)) ++wrong;
        keep(ended(running.answer, "Too late."));
      }
      --talking;
    });
  }
  threads.emplace_back([&] {
    do {
      for (const ConversationId& id : ids) {
        const auto messages = store_->messages_of(id);
        if (!messages || messages->size() % 2 != 0) ++wrong;
      }
      std::set<std::string> seen;
      ConversationQuery query{.limit = 2, .after = "", .text = "TALK"};
      do {
        const ConversationPage page = store_->list_conversations(query);
        for (const Conversation& each : page.conversations) {
          if (!seen.insert(each.id.value).second) ++wrong;
        }
        query.after = page.next;
      } while (!query.after.empty());
    } while (talking > 0);
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  for (const ConversationId& id : ids) {
    EXPECT_EQ(store_->find_conversation(id).value().messages, 2 * kTurns);
  }
  EXPECT_EQ(titles().size(), static_cast<std::size_t>(kTalkers));
}

TEST_F(ConversationStoreTest, AFullCollectionRefusesTurnsReadsOnAndStillRemoves) {
  SqliteStoreOptions tight = options();
  tight.max_database_bytes = 400 * 1024;
  store_.reset();
  store_ = std::make_unique<SqliteStore>(tight);
  const ConversationId conversation = begin_conversation("Full");
  const std::string long_question(5000, 'q');
  std::optional<ErrorCode> refused;
  std::int64_t begun = 0;
  for (; !refused && begun < 200; ++begun) refused = code_of([&] { ask(conversation, long_question); });
  EXPECT_EQ(refused, ErrorCode::kStorageFull);
  ASSERT_GT(begun, 10);
  EXPECT_EQ(store_->find_conversation(conversation).value().messages, 2 * (begun - 1));
  EXPECT_TRUE(store_->remove_conversation(conversation));
  ask(begin_conversation(), long_question);
}

}  // namespace
}  // namespace jackdaw::store
