#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/answer_store.h"

namespace jackdaw::store {

// Gives every citation what its source says now, and the last event all of them.
inline void cite_again(StoredAnswer& answer) {
  std::span<const RetrievedPassage> sources;
  std::vector<Citation> all;
  for (AnswerEvent& event : answer.events) {
    if (const auto* list = std::get_if<AnswerSources>(&event)) sources = list->passages;
    if (auto* last = std::get_if<AnswerFinal>(&event)) last->citations = all;
    auto* const told = std::get_if<AnswerCitation>(&event);
    if (told == nullptr) continue;
    Citation& citation = told->citation;
    const Passage& source = sources[static_cast<std::size_t>(citation.source) - 1].passage;
    const bool inside = citation.quote_end <= source.text.size();
    citation.quote =
        inside ? source.text.substr(citation.quote_begin, citation.quote_end - citation.quote_begin) : std::string();
    citation.page = source.span.page;
    citation.paged = source.paged;
    all.push_back(citation);
  }
}

// Made-up answers: every kind of event, every optional field there or not, any bytes in every text, any bits in every
// floating-point number.
class AnswerMaker {
 public:
  // `passages` are what the answers may return.
  AnswerMaker(unsigned seed, std::vector<Passage> passages) : random_(seed), passages_(std::move(passages)) {}

  StoredAnswer answer() {
    StoredAnswer made{.id = {random_id()}, .question = text(300), .created_at = {}, .ended_at = {}, .events = {}};
    made.created_at = std::chrono::system_clock::now() - std::chrono::nanoseconds(below(1'000'000'000));
    made.ended_at = made.created_at + std::chrono::nanoseconds(below(1'000'000'000));
    if (below(8) != 0) made.events.push_back(AnswerMeta{made.id, text(20), text(20), place()});
    for (std::size_t n = below(6); n > 0; --n) made.events.push_back(AnswerStatus{one_of(kStages)});
    if (below(2) == 0) made.events.push_back(AnswerQuery{text(300), turns(), one_of(kOrigins)});
    std::vector<RetrievedPassage> list;
    if (below(4) != 0) made.events.push_back(AnswerSources{list = passages(), one_of(kSkips)});
    for (std::size_t n = below(3); n > 0; --n) {
      made.events.push_back(AnswerProvider{text(20), text(20), text(20), text(200)});
    }
    std::string said;
    for (std::size_t n = below(60); n > 0; --n) {
      made.events.push_back(AnswerToken{text(below(100) == 0 ? 40'000 : 12)});
      said += std::get<AnswerToken>(made.events.back()).text;
      if (!list.empty() && below(8) == 0) made.events.push_back(AnswerCitation{citation(list.size())});
    }
    if (below(3) != 0) made.events.push_back(AnswerTiming{timings()});
    if (below(8) == 0) said = text(100);
    if (below(8) == 0) list = passages();
    made.events.push_back(end(std::move(said), std::move(list)));
    cite_again(made);
    return made;
  }

  // A list of passages, none twice.
  std::vector<RetrievedPassage> passages() {
    std::vector<RetrievedPassage> list;
    for (const Passage& passage : passages_) {
      if (below(2) != 0) continue;
      RetrievedPassage& each = list.emplace_back();
      each.passage = passage;
      each.score = any_float();
      each.score_kind = below(2) == 0 ? ScoreKind::kRerank : ScoreKind::kCosine;
      each.reasons.fused = any_float();
      if (below(2) == 0) each.reasons.keyword = Place{any_float(), static_cast<int>(random_())};
      if (below(2) == 0) each.reasons.vector = Place{any_float(), 1 + static_cast<int>(below(50))};
      if (below(2) == 0) each.reasons.rerank = any_float();
    }
    return list;
  }

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

 private:
  static constexpr AnswerStage kStages[] = {AnswerStage::kResolving, AnswerStage::kSearching, AnswerStage::kReranking,
                                            AnswerStage::kPrompting, AnswerStage::kWaiting,   AnswerStage::kAnswering};
  static constexpr RerankSkipped kSkips[] = {RerankSkipped::kNo, RerankSkipped::kDeadline, RerankSkipped::kOff};
  static constexpr FinishReason kFinishes[] = {FinishReason::kStop, FinishReason::kLength, FinishReason::kContentFilter,
                                               FinishReason::kNoEvidence, FinishReason::kOther};
  static constexpr QueryOrigin kOrigins[] = {QueryOrigin::kAsAsked, QueryOrigin::kRules, QueryOrigin::kModel};
  static constexpr CancelReason kCancels[] = {CancelReason::kNone, CancelReason::kClient, CancelReason::kDisconnect,
                                              CancelReason::kShutdown, CancelReason::kDeadline};

  template <class Value, std::size_t count>
  Value one_of(const Value (&list)[count]) {
    return list[below(count)];
  }
  std::uint64_t bits() { return std::uint64_t{random_()} << 32 | random_(); }
  float any_float() { return std::bit_cast<float>(static_cast<std::uint32_t>(random_())); }
  // Every size up to `most` and every byte occurs, NUL and what is not UTF-8 among them.
  std::string text(std::size_t most) {
    std::string made(below(most + 1), ' ');
    for (char& c : made) c = static_cast<char>(random_());
    return made;
  }
  std::optional<ConversationPlace> place() {
    if (below(2) == 0) return std::nullopt;
    return ConversationPlace{{text(30)}, {text(30)}, {text(30)}};
  }
  std::vector<MessageId> turns() {
    std::vector<MessageId> made(below(4));
    for (MessageId& each : made) each = {text(30)};
    return made;
  }
  // Its quote may be any part of the source, or beyond it.
  Citation citation(std::size_t sources) {
    Citation made{.number = static_cast<int>(below(1000)), .source = 1 + static_cast<int>(below(sources))};
    made.begin = below(5000);
    made.end = made.begin + below(300);
    made.quote_begin = static_cast<std::uint32_t>(below(10) == 0 ? random_() / 2 : below(12));
    made.quote_end = made.quote_begin + static_cast<std::uint32_t>(below(10));
    for (std::size_t n = below(4); n > 0; --n) {
      const float at = static_cast<float>(below(50'000)) / 64;
      made.boxes.push_back({at, at / 3, at + 17.5F, at + 1});
    }
    made.verified = below(2) == 0;
    return made;
  }
  std::optional<std::int64_t> maybe_number() {
    if (below(3) == 0) return std::nullopt;
    return static_cast<std::int64_t>(bits() >> below(64)) * (below(2) == 0 ? 1 : -1);
  }
  AnswerTimings timings() {
    AnswerTimings made;
    for (auto* each : {&made.queue_ms, &made.resolve_ms, &made.embed_ms, &made.keyword_ms, &made.vector_ms,
                       &made.fuse_ms, &made.rerank_ms, &made.prompt_ms, &made.first_token_ms, &made.total_ms}) {
      if (below(3) != 0) *each = std::bit_cast<double>(bits());
    }
    return made;
  }
  AnswerEvent end(std::string said, std::vector<RetrievedPassage> list) {
    switch (below(3)) {
      case 0: {
        const Usage usage{maybe_number(), maybe_number(), maybe_number()};
        AnswerFinal made{std::move(said), std::move(list), one_of(kSkips), usage, one_of(kFinishes), bits()};
        made.dropped_marks = static_cast<int>(below(5));
        return made;
      }
      case 1: {
        const auto code = static_cast<ErrorCode>(below(static_cast<std::size_t>(ErrorCode::kUnavailable) + 1));
        return AnswerError{code, text(200), maybe_number(), below(2) == 0};
      }
      default: return AnswerCancelled{one_of(kCancels), std::move(said)};
    }
  }

  std::mt19937 random_;
  std::vector<Passage> passages_;
};

// An answer as a person would get it: eight passages, 200 tokens. Every token contains `mark`.
inline StoredAnswer typical_answer(const std::string& mark, std::span<const Passage> passages) {
  StoredAnswer made{
      .id = {random_id()}, .question = "What about " + mark + "?", .created_at = {}, .ended_at = {}, .events = {}};
  made.created_at = made.ended_at = std::chrono::system_clock::now();
  std::vector<RetrievedPassage> list;
  for (std::size_t i = 0; i < passages.size() && i < 8; ++i) {
    const Reasons reasons{.keyword = Place{7.5F, 1}, .vector = Place{0.75F, 2}, .fused = 0.03F, .rerank = 2.5F};
    list.push_back({passages[i], 0.9F, ScoreKind::kRerank, reasons, false});
  }
  made.events.push_back(AnswerMeta{made.id, "groq", "a-model-of-ordinary-name"});
  for (const auto stage : {AnswerStage::kSearching, AnswerStage::kReranking, AnswerStage::kPrompting}) {
    made.events.push_back(AnswerStatus{stage});
  }
  made.events.push_back(AnswerSources{list, RerankSkipped::kNo});
  std::string said;
  for (int i = 0; i < 200; ++i) {
    const std::string token = " " + mark + std::to_string(i % 10);
    made.events.push_back(AnswerToken{token});
    said += token;
  }
  AnswerTimings timings;
  timings.embed_ms = timings.rerank_ms = timings.first_token_ms = timings.total_ms = 12.345;
  made.events.push_back(AnswerTiming{timings});
  AnswerFinal last;
  last.answer = said;
  last.passages = list;
  last.usage.input_tokens = 2345;
  last.usage.output_tokens = 200;
  last.index_version = 17;
  made.events.push_back(last);
  return made;
}

// Changes what `change` says of every passage of an answer, and its citations accordingly.
template <class Change>
void for_each_passage(StoredAnswer& answer, Change change) {
  for (AnswerEvent& event : answer.events) {
    if (auto* sources = std::get_if<AnswerSources>(&event)) std::ranges::for_each(sources->passages, change);
    if (auto* last = std::get_if<AnswerFinal>(&event)) std::ranges::for_each(last->passages, change);
  }
  cite_again(answer);
}

// What is left of a passage whose document is gone.
inline void delete_passage(RetrievedPassage& passage) {
  passage.passage = {.chunk = passage.passage.chunk,
                     .document = passage.passage.document,
                     .filename = {},
                     .page_label = {},
                     .text = {},
                     .span = {}};
  passage.deleted = true;
}

// All that an answer says, as text, to the bit: two answers are the same when their descriptions are.
class Description {
 public:
  static std::string of(const StoredAnswer& answer) {
    Description description;
    description.add(answer.id.value, answer.question, answer.created_at.time_since_epoch().count(),
                    answer.ended_at.time_since_epoch().count());
    for (const AnswerEvent& event : answer.events) {
      description.out_ << "\n" << event.index() << ":";
      std::visit([&](const auto& each) { description.event(each); }, event);
    }
    return description.out_.str();
  }

 private:
  template <class... Values>
  void add(const Values&... values) {
    (one(values), ...);
  }
  void one(const std::string& value) {
    out_ << " '";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f)
        out_ << c;
      else
        out_ << "\\" << static_cast<int>(byte) << ";";
    }
    out_ << "'";
  }
  void one(float value) { out_ << " f" << std::bit_cast<std::uint32_t>(value); }
  void one(double value) { out_ << " d" << std::bit_cast<std::uint64_t>(value); }
  template <class Number>
    requires std::is_integral_v<Number>
  void one(Number value) {
    out_ << " " << +value;
  }
  template <class Word>
    requires std::is_enum_v<Word>
  void one(Word word) {
    out_ << " e" << static_cast<int>(word);
  }
  template <class Value>
  void one(const std::optional<Value>& value) {
    if (value)
      one(*value);
    else
      out_ << " -";
  }
  void one(const Place& place) { add(place.score, place.rank); }
  void one(const Reasons& reasons) { add(reasons.keyword, reasons.vector, reasons.fused, reasons.rerank); }
  void one(const Box& box) { add(box.x0, box.y0, box.x1, box.y1); }
  void one(const RetrievedPassage& each) {
    const Passage& passage = each.passage;
    out_ << "\n   ";
    add(passage.chunk.value, passage.document.value, passage.filename, passage.page_label, passage.text);
    add(passage.span.page, passage.span.begin, passage.span.end, passage.span.boxes);
    add(each.score, each.score_kind, each.reasons, each.deleted);
  }
  template <class Value>
  void one(const std::vector<Value>& values) {
    out_ << " " << values.size();
    for (const Value& each : values) one(each);
  }

  void one(const MessageId& id) { one(id.value); }
  void one(const ConversationPlace& place) {
    add(place.conversation.value, place.question_message.value, place.answer_message.value);
  }
  void one(const Citation& each) {
    out_ << "\n   ";
    add(each.number, each.source, each.begin, each.end, each.quote_begin, each.quote_end, each.quote);
    add(each.page, each.paged, each.boxes, each.verified);
  }

  void event(const AnswerMeta& e) { add(e.answer.value, e.provider, e.model, e.place); }
  void event(const AnswerStatus& e) { add(e.stage); }
  void event(const AnswerSources& e) { add(e.passages, e.rerank_skipped); }
  void event(const AnswerProvider& e) { add(e.from, e.to, e.model, e.reason); }
  void event(const AnswerToken& e) { add(e.text); }
  void event(const AnswerTiming& e) {
    const AnswerTimings& t = e.timings;
    add(t.queue_ms, t.resolve_ms, t.embed_ms, t.keyword_ms, t.vector_ms, t.fuse_ms, t.rerank_ms, t.prompt_ms,
        t.first_token_ms, t.total_ms);
  }
  void event(const AnswerFinal& e) {
    add(e.answer, e.passages, e.rerank_skipped, e.usage.input_tokens, e.usage.output_tokens,
        e.usage.cached_input_tokens, e.finish_reason, e.index_version, e.citations, e.dropped_marks);
  }
  void event(const AnswerError& e) { add(e.code, e.message, e.retry_after_s, e.retryable); }
  void event(const AnswerCancelled& e) { add(e.reason, e.answer_so_far); }
  void event(const AnswerQuery& e) { add(e.standalone_question, e.used_turns, e.origin); }
  void event(const AnswerCitation& e) { one(e.citation); }

  std::ostringstream out_;
};

inline std::string describe(const StoredAnswer& answer) {
  return Description::of(answer);
}

}  // namespace jackdaw::store
