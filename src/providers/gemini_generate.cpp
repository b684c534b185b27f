#include "providers/gemini_generate.h"

#include <boost/json.hpp>

#include <utility>

#include "http/uri.h"
#include "providers/json_fields.h"

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

// The family that thinks unless told not to, and takes it out of maxOutputTokens: with the usual 800 an answer may have
// no room left. Others refuse a budget of nothing.
constexpr std::string_view kMayStopThinking = "gemini-2.5-flash";

class GeminiFrames : public FrameReader {
 public:
  void read_frame(const json::object& frame, std::string_view, AnswerReading& reading) override {
    if (const json::array* candidates = array_at(frame, "candidates")) {
      for (const json::value& value : *candidates) {
        const json::object* candidate = value.if_object();
        if (candidate && count_at(*candidate, "index").value_or(0) == 0) read_candidate(*candidate, reading);
      }
    }
    if (const json::object* feedback = object_at(frame, "promptFeedback")) {
      if (!text_at(*feedback, "blockReason").empty()) {
        reading.finish("content_filter");
        reading.prove();
      }
    }
    read_usage(frame, reading.usage);
  }

  void read_answer(const json::object& answer, AnswerReading& reading) override {
    read_frame(answer, {}, reading);
    if (!array_at(answer, "candidates") && !object_at(answer, "promptFeedback")) {
      reading.contradict("its answer has no candidates");
    }
  }

 private:
  static void read_candidate(const json::object& candidate, AnswerReading& reading) {
    const json::object* content = object_at(candidate, "content");
    const json::array* parts = content ? array_at(*content, "parts") : nullptr;
    if (parts) {
      for (const json::value& value : *parts) {
        const json::object* part = value.if_object();
        if (!part) continue;
        if (object_at(*part, "functionCall")) reading.note_tool_call();
        if (says_something(*part, "thought")) {
          reading.note_reasoning();
        } else {
          reading.add_text(text_at(*part, "text"));
        }
      }
    }
    const std::string_view reason = text_at(candidate, "finishReason");
    if (reason.empty()) return;
    reading.finish(reason);
    reading.prove();
  }

  static void read_usage(const json::object& frame, Usage& usage) {
    const json::object* told = object_at(frame, "usageMetadata");
    if (!told) return;
    if (const auto count = count_at(*told, "promptTokenCount")) usage.input_tokens = count;
    if (const auto count = count_at(*told, "cachedContentTokenCount")) usage.cached_input_tokens = count;
    const auto written = count_at(*told, "candidatesTokenCount");
    const auto thought = count_at(*told, "thoughtsTokenCount");
    if (written || thought) usage.output_tokens = written.value_or(0) + thought.value_or(0);
  }
};

class GeminiGenerate : public Dialect {
 public:
  explicit GeminiGenerate(GeminiGenerateOptions options) : options_(std::move(options)) {}

  RequestShape usual_shape() const override {
    RequestShape shape;
    shape.thinking_budget = options_.model.starts_with(kMayStopThinking);
    return shape;
  }

  WireRequest request(const Prompt& prompt, const RequestShape& shape, bool stream) const override {
    json::array contents;
    json::array rules;
    for (const Message& message : prompt.messages) {
      json::object part{{"text", message.content}};
      if (message.role == Role::kSystem) {
        rules.push_back(std::move(part));
        continue;
      }
      const char* role = message.role == Role::kAssistant ? "model" : "user";
      contents.push_back({{"role", role}, {"parts", json::array{std::move(part)}}});
    }
    json::object generation{{"maxOutputTokens", prompt.max_tokens}};
    if (shape.temperature) generation["temperature"] = prompt.temperature;
    if (shape.thinking_budget) generation["thinkingConfig"] = {{"thinkingBudget", 0}};
    json::object body{{"contents", std::move(contents)}, {"generationConfig", std::move(generation)}};
    if (!rules.empty()) body["systemInstruction"] = {{"parts", std::move(rules)}};

    WireRequest request;
    request.url = options_.base_url + "/v1beta/models/" + http::percent_encode(options_.model) +
                  (stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
    request.body = json::serialize(body);
    request.headers.set("x-goog-api-key", options_.api_key);
    return request;
  }

  std::unique_ptr<FrameReader> frames() const override { return gemini_generate_frames(); }

 private:
  const GeminiGenerateOptions options_;
};

}  // namespace

std::unique_ptr<FrameReader> gemini_generate_frames() {
  return std::make_unique<GeminiFrames>();
}

std::unique_ptr<Dialect> make_gemini_generate(GeminiGenerateOptions options) {
  return std::make_unique<GeminiGenerate>(std::move(options));
}

}  // namespace jackdaw::providers
