"""What each provider's protocol looks like on the wire: well-formed events and bodies, made from the text they carry.

An event is (name or None, data); `encode` makes bytes of it. All four dialects have the same functions, so that one
table of scenarios serves all.
"""

import json

INPUT_TOKENS, OUTPUT_TOKENS, CACHED_TOKENS = 4812, 24, 128
USAGE = {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS, "cached_input_tokens": CACHED_TOKENS}


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode(event, newline="\n", space=" "):
    name, data = event
    lines = [f"event:{space}{name}"] if name else []
    lines += [f"data:{space}{line}" for line in data.split("\n")]
    return (newline.join(lines) + newline * 2).encode()


def encode_all(events, **how):
    return b"".join(encode(event, **how) for event in events)


class OpenAiChat:
    """Chat completions, as OpenAI, Groq and Ollama speak them."""

    name = "openai"
    content_filter = "content_filter"
    length = "length"

    @staticmethod
    def chunk(delta, finish_reason=None, **more):
        return None, dump({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1770000000, "model": "m-1",
                           "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}], **more})

    @staticmethod
    def usage(input_tokens=INPUT_TOKENS):
        return {"prompt_tokens": input_tokens, "completion_tokens": OUTPUT_TOKENS,
                "total_tokens": input_tokens + OUTPUT_TOKENS,
                "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS}}

    def begin(self):
        return [self.chunk({"role": "assistant", "content": "", "refusal": None})]

    def text(self, piece):
        return self.chunk({"content": piece})

    def reasoning(self, piece):
        return self.chunk({"reasoning": piece})

    def finish(self, reason="stop"):
        """The dialect's proof that the answer is complete."""
        return [self.chunk({}, reason)]

    def tail(self):
        """What follows the proof."""
        return [(None, dump({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1770000000,
                             "model": "m-1", "choices": [], "usage": self.usage()})), (None, "[DONE]")]

    def error(self, message="Internal failure.", kind="server_error"):
        return None, dump({"error": {"message": message, "type": kind, "param": None, "code": None}})

    def overloaded(self):
        return None, dump({"error": {"message": "Slow down.", "type": "server_error", "code": 503}})

    def blocking(self, text, reason="stop", input_tokens=INPUT_TOKENS):
        return dump({"id": "chatcmpl-1", "object": "chat.completion", "created": 1770000000, "model": "m-1",
                     "choices": [{"index": 0, "finish_reason": reason,
                                  "message": {"role": "assistant", "content": text, "refusal": None}}],
                     "usage": self.usage(input_tokens)}).encode()

    def error_body(self, status, message, **more):
        return dump({"error": {"message": message, "type": "some_error", "param": None, "code": None, **more}}).encode()


class GroqChat(OpenAiChat):
    name = "groq"

    @staticmethod
    def groq_usage():
        return {"queue_time": 0.04, "prompt_tokens": INPUT_TOKENS, "prompt_time": 0.003,
                "completion_tokens": OUTPUT_TOKENS, "completion_time": 0.01,
                "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS, "total_time": 0.013,
                "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS}}

    def begin(self):
        return [self.chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_01", "seed": 77})]

    def finish(self, reason="stop"):
        return [self.chunk({}, reason, x_groq={"id": "req_01", "usage": self.groq_usage()}, usage=self.groq_usage())]

    def tail(self):
        return [(None, "[DONE]")]

    def error(self, message="Capacity lost.", kind="internal_server_error"):
        return "error", dump({"error": {"message": message, "type": kind, "code": kind}})


class AnthropicMessages:
    name = "anthropic"
    content_filter = "refusal"
    length = "max_tokens"
    stop = {"stop": "end_turn"}

    @staticmethod
    def event(kind, **fields):
        return kind, dump({"type": kind, **fields})

    @staticmethod
    def usage(output_tokens, input_tokens=INPUT_TOKENS):
        return {"input_tokens": max(input_tokens - CACHED_TOKENS - 12, 1), "cache_creation_input_tokens": 12,
                "cache_read_input_tokens": CACHED_TOKENS, "output_tokens": output_tokens}

    def start(self, id="msg_1"):
        return self.event("message_start", message={
            "id": id, "type": "message", "role": "assistant", "model": "m-1", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": self.usage(1)})

    def block(self, index=0, **content_block):
        return self.event("content_block_start", index=index, content_block=content_block or {"type": "text",
                                                                                             "text": ""})

    def block_stop(self, index=0):
        return self.event("content_block_stop", index=index)

    def begin(self):
        return [self.start(), self.block(), self.event("ping")]

    def delta(self, index=0, **delta):
        return self.event("content_block_delta", index=index, delta=delta)

    def text(self, piece, index=0):
        return self.delta(index, type="text_delta", text=piece)

    def reasoning(self, piece):
        return self.delta(0, type="thinking_delta", thinking=piece)

    def message_delta(self, reason="stop"):
        return self.event("message_delta", delta={"stop_reason": self.stop.get(reason, reason), "stop_sequence": None},
                          usage=self.usage(OUTPUT_TOKENS))

    def finish(self, reason="stop"):
        return [self.block_stop(), self.message_delta(reason), self.event("message_stop")]

    def tail(self):
        return []

    def error(self, message="Internal server error", kind="api_error"):
        return self.event("error", error={"details": None, "type": kind, "message": message})

    def overloaded(self):
        return self.error("Overloaded", "overloaded_error")

    def blocking(self, text, reason="stop", input_tokens=INPUT_TOKENS):
        return dump({"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1",
                     "content": [{"type": "text", "text": text}] if text else [],
                     "stop_reason": self.stop.get(reason, reason), "stop_sequence": None,
                     "usage": self.usage(OUTPUT_TOKENS, input_tokens)}).encode()

    def error_body(self, status, message, **more):
        kinds = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
                 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
        return dump({"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": message, **more},
                     "request_id": "req_1"}).encode()


class GeminiGenerate:
    name = "gemini"
    content_filter = "SAFETY"
    length = "MAX_TOKENS"
    stop = {"stop": "STOP"}

    @staticmethod
    def usage(input_tokens=INPUT_TOKENS):
        return {"promptTokenCount": input_tokens, "candidatesTokenCount": OUTPUT_TOKENS,
                "cachedContentTokenCount": CACHED_TOKENS, "totalTokenCount": input_tokens + OUTPUT_TOKENS}

    def frame(self, parts, reason=None, **more):
        candidate = {"index": 0}
        if parts is not None:
            candidate["content"] = {"parts": parts, "role": "model"}
        if reason:
            candidate["finishReason"] = reason
        return None, dump({"candidates": [candidate], "usageMetadata": self.usage(), "modelVersion": "m-1",
                           "responseId": "r1", **more})

    def begin(self):
        return []

    def text(self, piece):
        return self.frame([{"text": piece}])

    def reasoning(self, piece):
        return self.frame([{"text": piece, "thought": True}])

    def finish(self, reason="stop"):
        return [self.frame(None, self.stop.get(reason, reason))]

    def tail(self):
        return []

    def error(self, message="Internal error.", kind="INTERNAL", code=500):
        return None, dump({"error": {"code": code, "message": message, "status": kind}})

    def overloaded(self):
        return self.error("Model busy.", "UNAVAILABLE", 503)

    def blocking(self, text, reason="stop", input_tokens=INPUT_TOKENS):
        return dump({"candidates": [{"content": {"parts": [{"text": "Thinking.", "thought": True}, {"text": text}],
                                                 "role": "model"},
                                     "finishReason": self.stop.get(reason, reason), "index": 0}],
                     "usageMetadata": self.usage(input_tokens), "modelVersion": "m-1", "responseId": "r0"}).encode()

    def error_body(self, status, message, **more):
        kinds = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
        return dump({"error": {"code": status, "message": message, "status": kinds.get(status, "UNKNOWN"),
                               **more}}).encode()


DIALECTS = {dialect.name: dialect for dialect in (GroqChat(), OpenAiChat(), AnthropicMessages(), GeminiGenerate())}


def events_of(dialect, pieces, reason="stop"):
    """A whole answer in well-formed events."""
    return [*dialect.begin(), *map(dialect.text, pieces), *dialect.finish(reason), *dialect.tail()]


def frames_of(dialect, pieces, reason="stop", **how):
    return [encode(event, **how) for event in events_of(dialect, pieces, reason)]


# How the server is told to reach a fake at `url` with each provider.
def settings_for(provider, url, key="key-of-a-test"):
    settings = {"LLM_PROVIDER": provider, "LLM_MODEL": "m-1"}
    variables = {"groq": ("GROQ_BASE_URL", "", "GROQ_API_KEY"), "openai": ("OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
                 "anthropic": ("ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
                 "gemini": ("GEMINI_BASE_URL", "", "GEMINI_API_KEY"), "ollama": ("OLLAMA_HOST", "", None)}
    base, path, key_variable = variables[provider]
    settings[base] = url + path
    if key_variable:
        settings[key_variable] = key
    return settings
