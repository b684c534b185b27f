#include "relay/answer_reader.h"

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "relay/token.h"

namespace jackdaw::bench {
namespace {

constexpr std::size_t kLongestReason = 160;

// 0 where the field is missing.
double number_of(std::string_view json, std::string_view field) {
  const std::size_t at = json.find(field);
  if (at == json.npos) return 0;
  return std::strtod(std::string(json.substr(at + field.size(), 32)).c_str(), nullptr);
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

void AnswerReader::start(std::int64_t asked_ns) {
  response_.start_next();
  asked_ns_ = asked_ns;
  next_ = 0;
  proven_ = ended_ = false;
  event_.clear();
  error_.clear();
  ++tally_.asked;
}

void AnswerReader::feed(std::string_view bytes, std::int64_t received_ns) {
  received_ns_ = received_ns;
  if (ended_) return;
  try {
    response_.feed(bytes, *this);
  } catch (const std::exception& error) {
    fail(error.what());
    return end();
  }
  if (response_.complete()) end();
}

void AnswerReader::end_of_connection(const std::string& why) {
  if (ended_) return;
  if (!response_.ends_with_connection() || !proven_) fail(why);
  end();
}

void AnswerReader::cut_by_us() {
  if (ended_) return;
  ++tally_.held;
  ended_ = true;
}

void AnswerReader::fail(const std::string& what) {
  if (error_.empty()) error_ = what.substr(0, kLongestReason);
}

void AnswerReader::end() {
  ended_ = true;
  if (response_.status() != 0 && response_.status() != 200) {
    fail("status " + std::to_string(response_.status()) + ": " + response_.unfinished_line());
  }
  if (!proven_) fail("ended without the mark of a complete answer");
  if (error_.empty()) {
    ++tally_.ended;
  } else {
    ++tally_.errors[error_];
  }
  tally_.lost += tokens_ - std::min(tokens_, next_);
}

void AnswerReader::take_line(std::string_view line) {
  constexpr std::string_view kEvent = "event: ";
  constexpr std::string_view kData = "data: ";
  if (response_.status() != 200) {
    return fail("status " + std::to_string(response_.status()) + ": " + std::string(line));
  }
  if (line.starts_with(kEvent)) {
    event_ = line.substr(kEvent.size());
  } else if (line.starts_with(kData)) {
    line.remove_prefix(kData.size());
    switch (door_) {
      case Door::kChat: return take_chat(line);
      case Door::kAnswers: return take_answers(line);
      case Door::kQuery: return take_query(line);
    }
  }
}

void AnswerReader::take_chat(std::string_view data) {
  if (data == "[DONE]") {
    proven_ = true;
  } else if (data.starts_with(R"({"error")")) {
    fail(std::string(data));
  } else {
    take_tokens(data);
  }
}

void AnswerReader::take_answers(std::string_view data) {
  if (event_ == "token") {
    take_tokens(data);
  } else if (event_ == "timing") {
    take_timing(data);
  } else if (event_ == "final") {
    proven_ = has(data, R"("finish_reason": "stop")") || has(data, R"("finish_reason":"stop")");
    if (!proven_) fail("final without stop");
  } else if (event_ == "error" || event_ == "cancelled") {
    fail(event_ + " " + std::string(data));
  }
}

void AnswerReader::take_query(std::string_view data) {
  if (data.starts_with(R"({"token")")) {
    take_tokens(data);
  } else if (data.starts_with(R"({"sources")")) {
    proven_ = !has(data, R"("finish_reason")");
    if (!proven_) fail("sources with a finish_reason");
  } else {
    fail(std::string(data));
  }
}

void AnswerReader::take_tokens(std::string_view data) {
  read_tokens(data, [this](std::uint32_t index, std::int64_t sent_ns) { take_token(index, sent_ns); });
}

void AnswerReader::take_token(std::uint32_t index, std::int64_t sent_ns) {
  tally_.token_ns.push_back(received_ns_ - sent_ns);
  if (next_ == 0) {
    first_ns_ = received_ns_ - asked_ns_;
    tally_.first_token_ns.push_back(first_ns_);
    tally_.request_ns.push_back(sent_ns - asked_ns_);
  }
  if (index < next_) {
    ++tally_.out_of_order;
    return;
  }
  tally_.lost += index - next_;
  next_ = index + 1;
}

// Keyword and vector search run side by side: the longer one counts, so that none of our own time passes for retrieval.
void AnswerReader::take_timing(std::string_view data) {
  const double vector = number_of(data, R"("embed_ms":)") + number_of(data, R"("vector_ms":)");
  double ms = std::max(vector, number_of(data, R"("keyword_ms":)"));
  for (const char* field :
       {R"("queue_ms":)", R"("resolve_ms":)", R"("fuse_ms":)", R"("rerank_ms":)", R"("prompt_ms":)"}) {
    ms += number_of(data, field);
  }
  const auto retrieval_ns = static_cast<std::int64_t>(ms * 1e6);
  tally_.retrieval_ns.push_back(retrieval_ns);
  tally_.beyond_ns.push_back(first_ns_ - retrieval_ns);
}

}  // namespace jackdaw::bench
