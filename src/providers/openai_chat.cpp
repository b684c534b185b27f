#include "providers/openai_chat.h"

#include <boost/json.hpp>

#include <array>
#include <cctype>
#include <utility>

#include "providers/json_fields.h"

namespace jackdaw::providers {

namespace json = boost::json;

namespace {

using MaxTokensField = RequestShape::MaxTokensField;

struct HostProfile {
  std::string_view host;  // or the end of one, from its dot on
  MaxTokensField max_tokens_field;
  bool stream_options;
};
constexpr std::array kKnownHosts = {
    HostProfile{"api.openai.com", MaxTokensField::kMaxCompletionTokens, true},
    HostProfile{".openai.azure.com", MaxTokensField::kMaxCompletionTokens, true},
    HostProfile{"api.groq.com", MaxTokensField::kMaxCompletionTokens, false},  // tells usage without being asked
    HostProfile{"api.mistral.ai", MaxTokensField::kMaxTokens, false},          // 422 for what it does not know
    HostProfile{"api.deepseek.com", MaxTokensField::kMaxTokens, false},        // tells usage without being asked
};

// `o` and digits, or gpt-5 and later but not their chat variants.
bool is_reasoning_model(std::string_view model) {
  const auto digit_at = [model](std::size_t at) {
    return at < model.size() && std::isdigit(static_cast<unsigned char>(model[at])) != 0;
  };
  if (model.starts_with('o')) return digit_at(1);
  if (!model.starts_with("gpt-") || model.starts_with("gpt-5-chat") || !digit_at(4)) return false;
  return digit_at(5) || model[4] >= '5';
}

json::string_view role_name(Role role, const RequestShape& shape) {
  switch (role) {
    case Role::kSystem: return shape.developer_role ? "developer" : "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
  }
  return "user";
}

class OpenAiChatFrames : public FrameReader {
 public:
  void read_frame(const json::object& frame, std::string_view, AnswerReading& reading) override {
    read(frame, "delta", reading);
  }

  void read_answer(const json::object& answer, AnswerReading& reading) override {
    read(answer, "message", reading);
    if (!array_at(answer, "choices")) reading.contradict("its answer has no choices");
  }

 private:
  static void read(const json::object& frame, std::string_view part, AnswerReading& reading) {
    const json::array* choices = array_at(frame, "choices");
    if (!choices && (says_something(frame, "message") || says_something(frame, "detail"))) {
      return reading.fail(read_error(frame));  // some hosts report errors flat
    }
    if (choices) {
      for (const json::value& value : *choices) {
        const json::object* choice = value.if_object();
        if (choice && count_at(*choice, "index").value_or(0) == 0) read_choice(*choice, part, reading);
      }
    }
    read_usage(frame, reading.usage);
    if (const json::object* groq = object_at(frame, "x_groq")) read_usage(*groq, reading.usage);
  }

  static void read_choice(const json::object& choice, std::string_view part, AnswerReading& reading) {
    const json::object* said = object_at(choice, part);
    if (!said) said = object_at(choice, part == "delta" ? "message" : "delta");
    if (said) read_words(*said, reading);
    // The last words may stand beside the reason; "" means none, like null.
    const std::string_view reason = text_at(choice, "finish_reason");
    if (reason.empty()) return;
    reading.finish(reason);
    reading.prove();
  }

  static void read_words(const json::object& said, AnswerReading& reading) {
    for (const std::string_view name : {"reasoning_content", "reasoning", "reasoning_details", "thinking"}) {
      if (says_something(said, name)) reading.note_reasoning();
    }
    reading.add_text_with_thinking(text_at(said, "content"));
    if (const json::array* parts = array_at(said, "content")) read_parts(*parts, reading);
    reading.add_refusal(text_at(said, "refusal"));
  }

  static void read_parts(const json::array& parts, AnswerReading& reading) {
    for (const json::value& value : parts) {
      const json::object* part = value.if_object();
      if (!part) continue;
      const std::string_view type = text_at(*part, "type");
      if (type == "thinking" || type == "reasoning") {
        reading.note_reasoning();
      } else if (type == "refusal") {
        reading.add_refusal(text_at(*part, "refusal"));
      } else {
        reading.add_text_with_thinking(text_at(*part, "text"));
      }
    }
  }

  static void read_usage(const json::object& frame, Usage& usage) {
    const json::object* told = object_at(frame, "usage");
    if (!told) return;
    if (const auto count = count_at(*told, "prompt_tokens")) usage.input_tokens = count;
    if (const auto count = count_at(*told, "completion_tokens")) usage.output_tokens = count;
    if (const auto count = count_at(*told, "prompt_cache_hit_tokens")) usage.cached_input_tokens = count;
    const json::object* details = object_at(*told, "prompt_tokens_details");
    if (!details) return;
    if (const auto count = count_at(*details, "cached_tokens")) usage.cached_input_tokens = count;
  }
};

class OpenAiChat : public Dialect {
 public:
  explicit OpenAiChat(OpenAiChatOptions options) : options_(std::move(options)) {}

  RequestShape usual_shape() const override {
    RequestShape shape;
    if (options_.is_ollama) return shape;  // ignores max_completion_tokens without a word
    const std::string_view host = options_.is_groq ? std::string_view("api.groq.com") : options_.host;
    for (const HostProfile& known : kKnownHosts) {
      const bool is_end = known.host.front() == '.';
      if (is_end ? !host.ends_with(known.host) : host != known.host) continue;
      shape.max_tokens_field = known.max_tokens_field;
      shape.stream_options = known.stream_options;
    }
    const bool is_openai = host == "api.openai.com" || host.ends_with(".openai.azure.com");
    if (is_openai && is_reasoning_model(options_.model)) {
      shape.temperature = false;
      shape.developer_role = true;
    }
    return shape;
  }

  WireRequest request(const Prompt& prompt, const RequestShape& shape, bool stream) const override {
    json::array messages;
    for (const Message& message : prompt.messages) {
      messages.push_back({{"role", role_name(message.role, shape)}, {"content", message.content}});
    }
    json::object body{{"model", options_.model}, {"messages", std::move(messages)}, {"stream", stream}};
    const bool is_old_field = shape.max_tokens_field == MaxTokensField::kMaxTokens;
    body[is_old_field ? "max_tokens" : "max_completion_tokens"] = prompt.max_tokens;
    if (shape.temperature) body["temperature"] = prompt.temperature;
    if (stream && shape.stream_options) body["stream_options"] = {{"include_usage", true}};

    WireRequest request;
    request.url = options_.base_url + "/chat/completions";
    request.body = json::serialize(body);
    if (!options_.api_key.empty()) request.headers.set("Authorization", "Bearer " + options_.api_key);
    return request;
  }

  std::unique_ptr<FrameReader> frames() const override { return openai_chat_frames(); }

 private:
  const OpenAiChatOptions options_;
};

}  // namespace

std::unique_ptr<FrameReader> openai_chat_frames() {
  return std::make_unique<OpenAiChatFrames>();
}

std::unique_ptr<Dialect> make_openai_chat(OpenAiChatOptions options) {
  return std::make_unique<OpenAiChat>(std::move(options));
}

}  // namespace jackdaw::providers
