#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite_store.h"
#include "tests/support/document_store_samples.h"
#include "tests/support/stored_answer_samples.h"

namespace jackdaw::store {

// Does to a store what people and the queue do to it, in a random order that its seed decides. It knows of the
// collection only what the store says, and can therefore go on with any. Each document and each answer has a mark that
// stands in all of its text, and nowhere else.
class StoreWorkload {
 public:
  StoreWorkload(std::filesystem::path data_dir, std::function<void(StoreStep)> on_step, unsigned seed)
      : data_dir_(std::move(data_dir)), on_step_(std::move(on_step)), random_(seed), seed_(seed) {}

  void open() {
    store_ = std::make_unique<SqliteStore>(
        SqliteStoreOptions{.data_dir = data_dir_, .embedder_name = "e", .readers = 1, .on_step = on_step_});
  }
  void close() { store_.reset(); }

  // One thing that is done, or nothing where what was chosen cannot be done now.
  void act() { (this->*kActions[pick_action_(random_)].act)(); }

 private:
  struct Action {
    double weight;  // how often, beside the others
    void (StoreWorkload::*act)();
  };
  static constexpr std::size_t kMostDocuments = 8;
  static constexpr std::size_t kMostConversations = 5;

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  // Of equal length, so that none is part of another.
  std::string new_mark() { return "mk" + std::to_string(seed_) + "n" + std::to_string(100'000 + marks_++) + "q"; }

  std::optional<Document> any_document(const std::function<bool(const Document&)>& fits) {
    std::vector<Document> fitting;
    for (Document& each : store_->list({.limit = 200}).documents) {
      if (fits(each)) fitting.push_back(std::move(each));
    }
    if (fitting.empty()) return std::nullopt;
    return fitting[below(fitting.size())];
  }
  std::optional<Document> any_document() {
    return any_document([](const Document&) { return true; });
  }
  struct Waiting {
    std::int64_t job = 0;
    std::string mark;  // of what is to be read
  };
  std::optional<Waiting> any_waiting() {
    const auto document =
        any_document([this](const Document& each) { return store_->waiting_job_of(each.id).has_value(); });
    if (!document) return std::nullopt;
    return Waiting{.job = store_->waiting_job_of(document->id).value(),
                   .mark = mark_of(document->replacement ? document->replacement->filename : document->filename)};
  }

  static std::string bytes_named(const std::string& mark) { return "original of " + mark + std::string(3000, 'o'); }
  static std::string mark_of(const std::string& filename) { return filename.substr(0, filename.find('.')); }

  SampleDocument sample(Spool& spool, const std::string& mark) {
    const bool large = below(100) == 0;
    return sample_document(spool, mark, random_,
                           {.pages = large ? 20 : 2, .words_per_page = large ? 200 : 20, .chunk_bytes = 200});
  }
  void hand_in(const std::string& mark, const std::optional<DocumentId>& replaces) {
    Spool spool = spool_of(data_dir_, bytes_named(mark));
    NewUpload upload = sample(spool, mark).upload();
    upload.replaces = replaces;
    store_->accept(upload);
  }

  void accept() {
    if (store_->count() >= static_cast<std::int64_t>(kMostDocuments)) return remove();
    hand_in(new_mark(), std::nullopt);
  }
  void replace() {
    if (const auto document = any_document()) hand_in(new_mark(), document->id);
  }
  // The bytes that the document has, while a replacement waits.
  void withdraw_replacement() {
    const auto document = any_document([](const Document& each) { return each.replacement.has_value(); });
    if (document) hand_in(mark_of(document->filename), document->id);
  }
  void begin() { store_->begin_next(0); }
  void complete() {
    const auto waiting = any_waiting();
    if (!waiting) return;
    Spool unused = spool_of(data_dir_, "unused");  // a sample wants one
    store_->complete(waiting->job, sample(unused, waiting->mark).read());
  }
  void fail() {
    if (const auto waiting = any_waiting())
      store_->fail(waiting->job, {ErrorCode::kDamagedDocument, "It is damaged.", 3});
  }
  void cancel() {
    if (const auto waiting = any_waiting()) store_->cancel(waiting->job);
  }
  void put_back() {
    if (const auto waiting = any_waiting()) store_->put_back(waiting->job);
  }
  void retry() {
    const auto ended = [](DocumentStatus status) {
      return status == DocumentStatus::kFailed || status == DocumentStatus::kCancelled;
    };
    const auto document = any_document([&](const Document& each) {
      return ended(each.status) || (each.replacement && ended(each.replacement->status));
    });
    if (document) store_->retry(document->id);
  }
  void keep_page() {
    const auto waiting = any_waiting();
    if (!waiting) return;
    const int number = 1 + static_cast<int>(below(3));
    store_->keep_page(waiting->job, sample_page(number, waiting->mark, {.words_per_page = 20}, random_));
  }
  void edit() {
    const auto document = any_document();
    if (!document) return;
    DocumentEdit edit;
    if (below(2) == 0) edit.title = "Title " + std::to_string(below(1000));
    if (below(2) == 0) edit.tags = std::vector<std::string>{"tag " + std::to_string(below(1000)), "other"};
    store_->edit(document->id, edit);
  }
  void remove() {
    if (const auto document = any_document()) store_->remove(document->id);
  }
  void keep_answers() {
    std::vector<Passage> passages;
    if (const auto document = any_document()) passages = store_->chunks_of(document->id, 4, "").passages;
    std::vector<StoredAnswer> answers;
    for (std::size_t n = 1 + below(3); n > 0; --n) answers.push_back(typical_answer(new_mark(), passages));
    store_->keep(answers);
  }
  std::optional<Conversation> any_conversation() {
    const auto all = store_->list_conversations({.limit = 200}).conversations;
    if (all.empty()) return std::nullopt;
    return all[below(all.size())];
  }
  void begin_conversation() {
    if (store_->list_conversations({.limit = 200}).conversations.size() < kMostConversations) {
      store_->create_conversation(below(2) == 0 ? new_mark() : "");
    }
  }
  // Behind any message, in one branch or another.
  void ask() {
    const auto conversation = any_conversation();
    if (!conversation) return;
    NewTurn turn{.conversation = conversation->id, .question = "About " + new_mark(), .answer = {random_id()}};
    const auto messages = store_->messages_of(conversation->id).value();
    if (!messages.empty() && below(2) == 0) {
      const ConversationMessage& parent = messages[below(messages.size())];
      turn.parent = parent.id;
      if (parent.role == Role::kUser) turn.question = parent.question;
    }
    turn.at_start = below(8) == 0;
    store_->begin_turn(turn);
  }
  // The answers that a conversation still waits for.
  void end_answers() {
    const auto conversation = any_conversation();
    if (!conversation) return;
    const auto messages = store_->messages_of(conversation->id).value();
    std::vector<StoredAnswer> answers;
    for (const ConversationMessage& each : messages) {
      if (each.role != Role::kAssistant || each.ended) continue;
      StoredAnswer& answer = answers.emplace_back(typical_answer(new_mark(), {}));
      answer.id = std::get<AnswerMeta>(answer.events.front()).answer = each.answer;
    }
    store_->keep(answers);
  }
  // A title that is changed stays in the log for a while: one with a mark would look like deleted text.
  void rename_conversation() {
    const auto conversation = any_conversation();
    const bool marked = conversation && mark_stands_in(conversation->title);
    if (conversation && !marked) store_->rename_conversation(conversation->id, "Talk " + std::to_string(below(1000)));
  }
  static bool mark_stands_in(const std::string& text) { return text.find("mk") != std::string::npos; }
  void remove_conversation() {
    if (const auto conversation = any_conversation()) store_->remove_conversation(conversation->id);
  }
  void forget_answers() { store_->forget_answers_before(WallTime::max(), 1 + below(3)); }
  void begin_new_vectors() { store_->begin_new_vectors("e", below(3) == 0 ? "title" : "none"); }
  void make_new_vectors() {
    std::vector<std::pair<ChunkId, Embedding>> vectors;
    for (const ChunkToEmbed& chunk : store_->without_new_vector({0}, below(4) == 0 ? 3 : 1000)) {
      vectors.emplace_back(chunk.chunk, unit_vector(random_));
    }
    store_->keep_new_vectors(vectors);
  }
  void use_new_vectors() { store_->use_new_vectors(); }
  void reopen() {
    close();
    open();
  }

  static constexpr std::array kActions = {
      Action{5, &StoreWorkload::accept},
      Action{3, &StoreWorkload::replace},
      Action{1.5, &StoreWorkload::withdraw_replacement},
      Action{1, &StoreWorkload::begin},
      Action{5, &StoreWorkload::complete},
      Action{1, &StoreWorkload::fail},
      Action{1, &StoreWorkload::cancel},
      Action{1, &StoreWorkload::put_back},
      Action{2, &StoreWorkload::retry},
      Action{2, &StoreWorkload::keep_page},
      Action{1, &StoreWorkload::edit},
      Action{1.5, &StoreWorkload::remove},
      Action{2, &StoreWorkload::keep_answers},
      Action{1, &StoreWorkload::forget_answers},
      Action{1.5, &StoreWorkload::begin_conversation},
      Action{3, &StoreWorkload::ask},
      Action{1.5, &StoreWorkload::end_answers},
      Action{1, &StoreWorkload::rename_conversation},
      Action{1, &StoreWorkload::remove_conversation},
      Action{1, &StoreWorkload::begin_new_vectors},
      Action{2, &StoreWorkload::make_new_vectors},
      Action{2, &StoreWorkload::use_new_vectors},
      Action{1, &StoreWorkload::reopen},
  };
  static std::discrete_distribution<std::size_t> weights() {
    std::vector<double> each;
    for (const Action& action : kActions) each.push_back(action.weight);
    return {each.begin(), each.end()};
  }

  const std::filesystem::path data_dir_;
  const std::function<void(StoreStep)> on_step_;
  std::mt19937 random_;
  const unsigned seed_;
  std::discrete_distribution<std::size_t> pick_action_ = weights();
  int marks_ = 0;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace jackdaw::store
