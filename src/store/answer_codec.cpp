#include "store/answer_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "core/error.h"
#include "store/byte_codec.h"
#include "store/citation_codec.h"
#include "store/enum_codec.h"
#include "store/score_codec.h"

namespace jackdaw::store {
namespace {

constexpr std::byte kVersion{2};
// Without conversations and citations: what programs of the formats 2 and 3 wrote.
constexpr std::byte kVersionWithoutCitations{1};
constexpr const char* kDamage = "The events of a stored answer are damaged.";

// The number that begins an event; a token's is kToken plus its length, so that most tokens take one byte.
enum class Kind : std::uint8_t {
  kMeta,
  kStatus,
  kSources,
  kProvider,
  kTiming,
  kFinal,
  kError,
  kCancelled,
  kQuery,
  kCitation,
  kToken
};
constexpr auto kToken = static_cast<std::uint64_t>(Kind::kToken);
constexpr auto kTokenWithoutCitations = static_cast<std::uint64_t>(Kind::kQuery);

constexpr std::array kStages{AnswerStage::kResolving, AnswerStage::kSearching, AnswerStage::kReranking,
                             AnswerStage::kPrompting, AnswerStage::kWaiting,   AnswerStage::kAnswering};
constexpr std::array kSkips{RerankSkipped::kNo, RerankSkipped::kDeadline, RerankSkipped::kOff};
constexpr std::array kFinishes{FinishReason::kStop, FinishReason::kLength, FinishReason::kContentFilter,
                               FinishReason::kNoEvidence, FinishReason::kOther};
constexpr std::array kCancels{CancelReason::kNone, CancelReason::kClient, CancelReason::kDisconnect,
                              CancelReason::kShutdown, CancelReason::kDeadline};
constexpr std::array kOrigins{QueryOrigin::kAsAsked, QueryOrigin::kRules, QueryOrigin::kModel};

// The optional numbers of an event, in the order in which they are stored.
constexpr std::array kTimings{&AnswerTimings::queue_ms,   &AnswerTimings::resolve_ms, &AnswerTimings::embed_ms,
                              &AnswerTimings::keyword_ms, &AnswerTimings::vector_ms,  &AnswerTimings::fuse_ms,
                              &AnswerTimings::rerank_ms,  &AnswerTimings::prompt_ms,  &AnswerTimings::first_token_ms,
                              &AnswerTimings::total_ms};
constexpr std::array kUsages{&Usage::input_tokens, &Usage::output_tokens, &Usage::cached_input_tokens};

// Bits of an error's mask.
constexpr std::size_t kHasRetryAfter = 1;
constexpr std::size_t kIsRetryable = 2;
constexpr std::size_t kErrorMasks = 4;

constexpr std::size_t kDroppedMarks = std::size_t{std::numeric_limits<int>::max()} + 1;

[[noreturn]] void not_storable(const std::string& what) {
  throw Error(ErrorCode::kInternal, "The answer cannot be stored: " + what + ".");
}

void check_order(std::span<const AnswerEvent> events) {
  const auto terminals = std::count_if(events.begin(), events.end(), is_terminal);
  if (terminals != 1 || !is_terminal(events.back())) {
    not_storable("it has " + std::to_string(terminals) + " events that end it, or one that is not the last");
  }
}

using Passages = std::span<const RetrievedPassage>;

bool same_list(Passages one, Passages other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), same_reference);
}

// One call for each event, in order.
class EventWriter {
 public:
  explicit EventWriter(const AnswerId& answer) : answer_(answer) {}

  void operator()(const AnswerMeta& event) {
    if (event.answer != answer_) not_storable("its meta event names another answer");
    kind(Kind::kMeta);
    bytes_.text(event.provider);
    bytes_.text(event.model);
    bytes_.number(event.place ? 1 : 0);
    if (!event.place) return;
    bytes_.text(event.place->conversation.value);
    bytes_.text(event.place->question_message.value);
    bytes_.text(event.place->answer_message.value);
  }
  void operator()(const AnswerStatus& event) {
    kind(Kind::kStatus);
    bytes_.number(place_of(event.stage, kStages));
  }
  void operator()(const AnswerQuery& event) {
    kind(Kind::kQuery);
    bytes_.text(event.standalone_question);
    bytes_.number(event.used_turns.size());
    for (const MessageId& each : event.used_turns) bytes_.text(each.value);
    bytes_.number(place_of(event.origin, kOrigins));
  }
  void operator()(const AnswerSources& event) {
    kind(Kind::kSources);
    list(event.passages);
    bytes_.number(place_of(event.rerank_skipped, kSkips));
  }
  void operator()(const AnswerProvider& event) {
    kind(Kind::kProvider);
    for (const std::string* each : {&event.from, &event.to, &event.model, &event.reason}) bytes_.text(*each);
  }
  void operator()(const AnswerToken& event) {
    bytes_.number(kToken + event.text.size());
    parts_.text += event.text;
  }
  void operator()(const AnswerCitation& event) {
    kind(Kind::kCitation);
    write_citation(bytes_, event.citation, last_list());
    citations_.push_back(event.citation);
  }
  void operator()(const AnswerTiming& event) {
    kind(Kind::kTiming);
    optionals(event.timings, kTimings, [this](double value) { bytes_.bits(std::bit_cast<std::uint64_t>(value)); });
  }
  void operator()(const AnswerFinal& event) {
    if (!std::ranges::equal(event.citations, citations_, same_citation)) {
      not_storable("its last event has other citations than were told before");
    }
    if (event.dropped_marks < 0) not_storable("it left out fewer than no marks");
    kind(Kind::kFinal);
    said(event.answer);
    list(event.passages);
    bytes_.number(place_of(event.rerank_skipped, kSkips));
    optionals(event.usage, kUsages, [this](std::int64_t value) { bytes_.signed_number(value); });
    bytes_.number(place_of(event.finish_reason, kFinishes));
    bytes_.number(event.index_version);
    bytes_.number(static_cast<std::uint64_t>(event.dropped_marks));
  }
  void operator()(const AnswerError& event) {
    kind(Kind::kError);
    bytes_.text(to_string(event.code));
    bytes_.text(event.message);
    bytes_.number((event.retry_after_s ? kHasRetryAfter : 0) | (event.retryable ? kIsRetryable : 0));
    if (event.retry_after_s) bytes_.signed_number(*event.retry_after_s);
  }
  void operator()(const AnswerCancelled& event) {
    kind(Kind::kCancelled);
    bytes_.number(place_of(event.reason, kCancels));
    said(event.answer_so_far);
  }

  EncodedEvents take() {
    parts_.bytes = bytes_.take();
    return std::move(parts_);
  }

 private:
  void kind(Kind kind) { bytes_.number(static_cast<std::uint64_t>(kind)); }

  // Almost always what the tokens said.
  void said(const std::string& text) {
    const bool own = text != parts_.text;
    bytes_.number(own ? 1 : 0);
    if (own) bytes_.text(text);
  }

  Passages last_list() const { return Passages(parts_.passages).subspan(list_begin_); }

  // 0 for the list before once more (an empty one at first), else 1 + how many passages follow.
  void list(const std::vector<RetrievedPassage>& passages) {
    if (same_list(last_list(), passages)) return bytes_.number(0);
    bytes_.number(1 + passages.size());
    list_begin_ = parts_.passages.size();
    parts_.passages.insert(parts_.passages.end(), passages.begin(), passages.end());
  }

  template <class Values, class Members, class Write>
  void optionals(const Values& values, const Members& members, Write write) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < members.size(); ++i) mask |= std::uint64_t{(values.*members[i]).has_value()} << i;
    bytes_.number(mask);
    for (const auto member : members) {
      if (values.*member) write(*(values.*member));
    }
  }

  const AnswerId& answer_;
  ByteWriter bytes_{kVersion};
  EncodedEvents parts_;
  std::vector<Citation> citations_;
  std::size_t list_begin_ = 0;  // of the last list, which ends where the passages end
};

class EventReader {
 public:
  EventReader(const AnswerId& answer, const EncodedEvents& parts)
      : answer_(answer), parts_(parts), is_old_(is_old(parts)), bytes_(parts.bytes, version_of(is_old_), kDamage) {}

  std::vector<AnswerEvent> events() {
    std::vector<AnswerEvent> events;
    while (!bytes_.at_end()) {
      if (!events.empty() && is_terminal(events.back())) bytes_.refuse();
      events.push_back(event());
    }
    const bool all_used = text_at_ == parts_.text.size() && list_end_ == parts_.passages.size();
    if (events.empty() || !is_terminal(events.back()) || !all_used) bytes_.refuse();
    return events;
  }

 private:
  static bool is_old(const EncodedEvents& parts) {
    return !parts.bytes.empty() && parts.bytes[0] == kVersionWithoutCitations;
  }
  static std::byte version_of(bool old) { return old ? kVersionWithoutCitations : kVersion; }

  AnswerEvent event() {
    const std::uint64_t kind = bytes_.number();
    const std::uint64_t first_token = is_old_ ? kTokenWithoutCitations : kToken;
    if (kind >= first_token) return token(kind - first_token);
    switch (static_cast<Kind>(kind)) {
      case Kind::kMeta: return meta();
      case Kind::kStatus: return AnswerStatus{read_one_of(bytes_, kStages)};
      case Kind::kSources: return sources();
      case Kind::kProvider: return provider();
      case Kind::kTiming: return timing();
      case Kind::kFinal: return finished();
      case Kind::kError: return failed();
      case Kind::kCancelled: return cancelled();
      case Kind::kQuery: return query();
      case Kind::kCitation: return citation();
      case Kind::kToken: break;
    }
    bytes_.refuse();
  }

  // In each of these the order of the statements is the order of the bytes.
  AnswerMeta meta() {
    AnswerMeta event{.answer = answer_, .provider = {}, .model = {}};
    event.provider = bytes_.text();
    event.model = bytes_.text();
    if (is_old_ || bytes_.number_below(2) == 0) return event;
    ConversationPlace& place = event.place.emplace();
    place.conversation.value = bytes_.text();
    place.question_message.value = bytes_.text();
    place.answer_message.value = bytes_.text();
    return event;
  }
  AnswerQuery query() {
    AnswerQuery event;
    event.standalone_question = bytes_.text();
    for (std::size_t left = bytes_.count(1); left > 0; --left) event.used_turns.push_back({bytes_.text()});
    event.origin = read_one_of(bytes_, kOrigins);
    return event;
  }
  AnswerCitation citation() {
    citations_.push_back(read_citation(bytes_, last_list()));
    return {citations_.back()};
  }
  AnswerSources sources() {
    AnswerSources event;
    event.passages = list();
    event.rerank_skipped = read_one_of(bytes_, kSkips);
    return event;
  }
  AnswerProvider provider() {
    AnswerProvider event;
    for (std::string* each : {&event.from, &event.to, &event.model, &event.reason}) *each = bytes_.text();
    return event;
  }
  AnswerToken token(std::uint64_t size) {
    if (size > parts_.text.size() - text_at_) bytes_.refuse();
    AnswerToken event{parts_.text.substr(text_at_, static_cast<std::size_t>(size))};
    text_at_ += static_cast<std::size_t>(size);
    return event;
  }
  AnswerTiming timing() {
    AnswerTiming event;
    optionals(event.timings, kTimings, [this] { return std::bit_cast<double>(bytes_.bits64()); });
    return event;
  }
  AnswerFinal finished() {
    AnswerFinal event;
    event.answer = said();
    event.passages = list();
    event.rerank_skipped = read_one_of(bytes_, kSkips);
    optionals(event.usage, kUsages, [this] { return bytes_.signed_number(); });
    event.finish_reason = read_one_of(bytes_, kFinishes);
    event.index_version = bytes_.number();
    if (!is_old_) event.dropped_marks = static_cast<int>(bytes_.number_below(kDroppedMarks));
    event.citations = std::move(citations_);
    return event;
  }
  AnswerError failed() {
    const std::optional<ErrorCode> code = error_code_from(bytes_.text());
    if (!code) bytes_.refuse();
    AnswerError event;
    event.code = *code;
    event.message = bytes_.text();
    const std::size_t mask = bytes_.number_below(kErrorMasks);
    event.retryable = (mask & kIsRetryable) != 0;
    if ((mask & kHasRetryAfter) != 0) event.retry_after_s = bytes_.signed_number();
    return event;
  }
  AnswerCancelled cancelled() {
    AnswerCancelled event;
    event.reason = read_one_of(bytes_, kCancels);
    event.answer_so_far = said();
    return event;
  }

  std::string said() {
    if (bytes_.number_below(2) == 0) return parts_.text;
    std::string own = bytes_.text();
    if (own == parts_.text) bytes_.refuse();
    return own;
  }

  Passages last_list() const { return Passages(parts_.passages).subspan(list_begin_, list_end_ - list_begin_); }

  std::vector<RetrievedPassage> list() {
    const Passages all = parts_.passages;
    const Passages last = last_list();
    const std::size_t head = bytes_.number_below(all.size() - list_end_ + 2);
    if (head == 0) return {last.begin(), last.end()};
    const Passages next = all.subspan(list_end_, head - 1);
    if (same_list(last, next)) bytes_.refuse();
    list_begin_ = list_end_;
    list_end_ += next.size();
    return {next.begin(), next.end()};
  }

  template <class Values, class Members, class Read>
  void optionals(Values& values, const Members& members, Read read) {
    const std::size_t mask = bytes_.number_below(std::size_t{1} << members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      if ((mask >> i & 1) != 0) values.*members[i] = read();
    }
  }

  const AnswerId& answer_;
  const EncodedEvents& parts_;
  const bool is_old_;
  ByteReader bytes_;
  std::vector<Citation> citations_;
  std::size_t text_at_ = 0;     // of the next token
  std::size_t list_begin_ = 0;  // of the last list
  std::size_t list_end_ = 0;
};

}  // namespace

EncodedEvents encode_events(const AnswerId& answer, std::span<const AnswerEvent> events) {
  check_order(events);
  EventWriter writer(answer);
  for (const AnswerEvent& event : events) std::visit(writer, event);
  return writer.take();
}

std::vector<AnswerEvent> decode_events(const AnswerId& answer, const EncodedEvents& encoded) {
  return EventReader(answer, encoded).events();
}

}  // namespace jackdaw::store
