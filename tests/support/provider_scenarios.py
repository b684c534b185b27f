"""What a provider can do to us, as a table: each scenario with its responses and with what a reader must be told then.

`scenarios(dialect)` is the table of one dialect. Where a protocol has no such thing a scenario is left out.
"""

import dataclasses
import email.utils
import gzip
import json
import time
import zlib

from dialects import USAGE, dump, encode, encode_all, events_of, frames_of
from fake_provider import (LAST_CHUNK, STREAM_HEAD, Close, Endless, HalfClose, Hold, Paced, Reset, Slowly, Wait, chunk,
                           chunked, head, whole)

PIECES = ["The list price", " of the Magpie-7 is ", "€68,400", " — “gross”.\n\n", "1. naïve 😀 👩‍👩‍👧 क्षि",
          "\t\"quoted\" \\ back \u2028\u2029\u0085 ends no line", " [1]."]
TEXT = "".join(PIECES)
BEGUN = PIECES[0] + PIECES[1]  # what some scenarios say before they fail
CANARY = "RAW-7f3a-provider-bytes"  # what a provider says that nobody may be shown
LONG = "Out of memory. " + "Words and words. " * 60 + CANARY  # only the beginning of a message may be quoted

LONG_LINE = b"data: " + b"x" * (16 << 20) + b"\n\n"
BOMB = gzip.compress(b"data: " + b"0" * (64 << 20), 1)

ERROR, AUTH, OVERLOADED = "provider_error", "provider_auth", "provider_overloaded"
BAD_STREAM, TIMEOUT = "provider_bad_stream", "provider_timeout"


@dataclasses.dataclass
class Scenario:
    name: str
    responses: list
    text: str = TEXT
    finish: str | None = "stop"  # None: the answer fails
    code: str | None = None  # of the error, when it fails
    retryable: bool | None = None  # what the error says of it, where that is checked
    requests: tuple = (1, 1)  # fewest and most that reach the provider
    closes: bool = False  # the provider leaves the connection open: we must close it
    usage: dict | None = None
    retry_after: tuple = ()  # shortest and longest that is passed on, seconds
    short: bool = False  # played to a server with short timeouts

    def __str__(self):
        return self.name


def fails(name, *responses, code=BAD_STREAM, text="", **more):
    return Scenario(name, list(responses), text=text, finish=None, code=code, **more)


class Parts:
    """An answer of a dialect, cut where scenarios need it."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.frames = frames_of(dialect, PIECES)
        self.body = b"".join(self.frames)
        self.good = [chunked(*self.frames)]
        self.begun = [encode(event) for event in [*dialect.begin(), *map(dialect.text, PIECES[:2])]]
        self.texts = [encode(event) for event in [*dialect.begin(), *map(dialect.text, PIECES)]]
        self.finish = [encode(event) for event in dialect.finish()]
        self.tail = [encode(event) for event in dialect.tail()]

    def opened(self, *frames):
        """The head and these frames; the body does not end."""
        return STREAM_HEAD + b"".join(map(chunk, frames))


def plain_answers(p):
    """Well-formed answers, however their bytes are cut and framed."""
    d, body = p.dialect, p.body
    in_character = body.index("€".encode()) + 1
    crlf = encode_all(events_of(d, PIECES), newline="\r\n")
    between = crlf.index(b"\r\n") + 1
    indented = [(name, json.dumps(json.loads(data), ensure_ascii=False, indent=1) if data != "[DONE]" else data)
                for name, data in events_of(d, PIECES)]
    extra = b"foo: bar\nid: 7\nretry: 10\nDATA: x\n: comment\nnothing\n"
    return [
        Scenario("one_write", [p.good], usage=USAGE),
        Scenario("frame_by_frame", [[STREAM_HEAD, Paced([chunk(frame) for frame in p.frames], 100), LAST_CHUNK]]),
        Scenario("byte_by_byte", [[Slowly(chunked(body))]]),
        Scenario("a_chunk_for_each_byte", [[chunked(*(body[i:i + 1] for i in range(len(body))))]]),
        Scenario("cut_inside_a_character", [[p.opened(body[:in_character]), Wait(0.05), chunk(body[in_character:]),
                                             LAST_CHUNK]]),
        Scenario("cut_between_cr_and_lf", [[p.opened(crlf[:between]), Wait(0.05), chunk(crlf[between:]), LAST_CHUNK]]),
        Scenario("crlf", [[chunked(crlf)]]),
        Scenario("cr_alone", [[chunked(encode_all(events_of(d, PIECES), newline="\r"))]]),
        Scenario("byte_order_mark", [[chunked(b"\xef\xbb\xbf" + body)]]),
        Scenario("content_length", [[whole(200, body, "text/event-stream")]]),
        Scenario("ends_with_the_connection", [[head(Connection="close"), body, Close()]]),
        Scenario("half_closed_at_the_end", [[head(Connection="close"), body, HalfClose()]]),
        Scenario("chunk_extensions_and_trailers", [[STREAM_HEAD + b"%x;name=value\r\n" % len(body) + body +
                                                   b"\r\n0\r\nX-Trailer: x\r\n\r\n"]]),
        Scenario("informational_response_first", [[b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + p.good[0]]]),
        Scenario("other_charset", [[head(content_type="Text/Event-Stream; charset=ISO-8859-1",
                                         Content_Length=len(body)) + body]]),
        Scenario("gzip", [[whole(200, gzip.compress(body), "text/event-stream", Content_Encoding="gzip")]]),
        Scenario("deflate", [[whole(200, zlib.compress(body), "text/event-stream", Content_Encoding="deflate")]]),
        Scenario("no_space_after_the_colon", [[chunked(encode_all(events_of(d, PIECES), space=""))]]),
        Scenario("data_over_several_lines", [[chunked(encode_all(indented))]]),
        Scenario("unknown_fields", [[chunked(*(extra + frame for frame in p.frames))]]),
        Scenario("comments_and_empty_data", [[chunked(
            b": keep-alive\n\n:\n\n:\ndata:\n\ndata: \n\n", *(b": OPENROUTER PROCESSING\n\n" + frame
                                                              for frame in p.frames))]]),
        Scenario("comments_turned_into_data", [[chunked(b"data: : OPENROUTER PROCESSING\n\n", *p.frames)]]),
        Scenario("plain_text_that_is_sse", [[whole(200, body, "text/plain")]]),
        Scenario("octet_stream_that_is_sse", [[whole(200, body, "application/octet-stream")]]),
        Scenario("no_content_type", [[whole(200, body, None)]]),
        Scenario("unknown_events", [[chunked(b"event: whatever\ndata: {\"type\": \"whatever\"}\n\n", *p.frames)]]),
        Scenario("json_instead_of_a_stream", [[whole(200, d.blocking(TEXT))]], usage=USAGE),
        Scenario("json_after_blank_lines", [[whole(200, b"\n\n \r\n" + d.blocking(TEXT))]]),
        Scenario("reasoning_stays_hidden", [[chunked(*(encode(event) for event in [
            *d.begin(), d.reasoning(CANARY), d.reasoning(CANARY), *map(d.text, PIECES), *d.finish(), *d.tail()]))]]),
        Scenario("ends_by_length", [[chunked(*frames_of(d, PIECES, d.length))]], finish="length"),
        Scenario("ends_by_content_filter", [[chunked(*frames_of(d, PIECES, d.content_filter))]],
                 finish="content_filter"),
        Scenario("ends_for_an_unknown_reason", [[chunked(*frames_of(d, PIECES, "weird"))]], finish="other"),
    ]


def ends_without_proof(p):
    """Streams that stop, and what counts as their end."""
    d = p.dialect
    texts, finish = b"".join(p.texts), b"".join(p.finish)
    whole_length = {"Content_Length": len(p.body)}
    return [
        Scenario("cut_after_the_proof", [[p.opened(*p.texts, *p.finish), Wait(0.2), Close()]]),
        Scenario("reset_after_the_proof", [[p.opened(*p.texts, *p.finish), Wait(0.5), Reset()]]),
        Scenario("proof_and_no_more", [[chunked(*p.texts, *p.finish)]]),
        fails("zero_chunk_without_proof", [chunked(*p.begun)], text=BEGUN),
        fails("cut_without_zero_chunk", [p.opened(*p.begun), Wait(0.1), Close()], text=BEGUN),
        fails("cut_inside_a_frame", [p.opened(*p.begun, p.texts[-1][:20]), Wait(0.1), Close()], text=BEGUN),
        fails("cut_inside_the_proof", [p.opened(*p.texts, finish[:-1]), LAST_CHUNK, Close()], text=TEXT),
        fails("reset_in_the_middle", [p.opened(*p.begun), Wait(0.5), Reset()], text=BEGUN),
        fails("shorter_than_content_length", [head(**whole_length) + b"".join(p.begun), Wait(0.1), Close()],
              text=BEGUN),
        fails("ends_with_the_connection_without_proof", [head(Connection="close"), b"".join(p.begun), Close()],
              text=BEGUN),
        fails("an_empty_stream", [chunked()]),
        fails("an_empty_stream_by_length", [whole(200, b"", "text/event-stream")]),
        fails("only_comments", [chunked(b": ping\n\n", b": ping\n\n")]),
        fails("bad_chunk_size", [STREAM_HEAD + chunk(b"".join(p.begun)) + b"zz\r\nnonsense\r\n", Hold()], text=BEGUN,
              closes=True),
        fails("not_a_word", [chunked(*(encode(event) for event in [*d.begin(), *d.finish(), *d.tail()]))],
              code=ERROR),
        fails("only_reasoning_until_the_limit", [chunked(*(encode(event) for event in [
            *d.begin(), d.reasoning(CANARY), *d.finish(d.length), *d.tail()]))], code=ERROR),
        fails("no_more_frames_than_the_first", [chunked(*p.begun[:1])],
              text=PIECES[0] if not d.begin() else ""),
    ]


def error_events(p):
    """Errors in a stream whose status was 200."""
    d = p.dialect
    error = encode(d.error(LONG))
    flat = dump({"code": 500, "message": "Broken.", "type": "server_error", "detail": CANARY})
    raw = json.dumps({"error": {"code": 503, "message": "Model busy.", "status": "UNAVAILABLE", "details": [CANARY]}},
                     indent=2).encode()
    return [
        fails("error_first", [chunked(error)], code=ERROR, requests=(3, 3)),
        fails("error_after_text", [chunked(*p.begun, error)], code=ERROR, text=BEGUN),
        fails("error_after_text_then_silence", [p.opened(*p.begun, error), Hold()], code=ERROR, text=BEGUN,
              closes=True),
        fails("error_then_done", [chunked(*p.begun, error, b"data: [DONE]\n\n")], code=ERROR, text=BEGUN),
        fails("error_field_of_sse", [chunked(*p.begun, b"error: " + flat.encode() + b"\n\n", b"data: [DONE]\n\n")],
              code=ERROR, text=BEGUN),
        fails("error_event_nested", [chunked(*p.begun, encode(("error", dump({"error": json.loads(flat)}))))],
              code=ERROR, text=BEGUN),
        fails("error_event_flat", [chunked(*p.begun, encode(("error", flat)))], code=ERROR, text=BEGUN),
        fails("error_event_in_plain_words", [chunked(*p.begun, encode(("error", LONG)))],
              code=ERROR, text=BEGUN),
        fails("error_string", [chunked(*p.begun, encode((None, dump({"error": LONG}))))],
              code=ERROR, text=BEGUN),
        fails("raw_json_tail", [chunked(*p.begun, raw)], code=OVERLOADED, text=BEGUN),
        Scenario("overloaded_first_and_then_fine", [[chunked(encode(d.overloaded()))], p.good], requests=(2, 2)),
        fails("overloaded_in_the_middle", [chunked(*p.begun, encode(d.overloaded()))], code=OVERLOADED, text=BEGUN),
    ]


def nonsense(p):
    """Bytes that make no sense, or too many of them."""
    d = p.dialect
    many = encode(d.text("word " * 40))
    table = [
        fails("bad_json", [chunked(*p.begun, b"data: {\"" + CANARY.encode() + b"\n\n", *p.finish)], text=BEGUN),
        fails("bad_json_first", [chunked(b"data: {\"" + CANARY.encode() + b"\n\n", *p.frames)]),
        fails("a_line_without_end", [p.opened(*p.begun), chunk(LONG_LINE), Hold()], text=BEGUN, closes=True),
        fails("a_compressed_bomb", [head(Content_Encoding="gzip", Transfer_Encoding="chunked"),
                                    chunk(gzip.compress(b"".join(p.begun)) + BOMB), Hold()],
              text=None, closes=True),
        fails("damaged_gzip", [whole(200, gzip.compress(b"".join(p.begun))[:-20] + b"x" * 40, "text/event-stream",
                                     Content_Encoding="gzip")], text=None),
        fails("unknown_encoding", [whole(200, p.body, "text/event-stream", Content_Encoding="br")], text=None),
        fails("deep_json", [chunked(*p.begun, b"data: " + b"[" * 100_000 + b"\n\n", *p.finish)], text=BEGUN),
        fails("an_answer_without_end", [p.opened(*p.begun), Endless(chunk(many))], code="too_large",
              text=None, closes=True),
        fails("a_page", [whole(200, b"<html><body>" + CANARY.encode() + b"</body></html>", "text/html")]),
        fails("nonsense_instead_of_http", [b"SSH-2.0-" + CANARY.encode() + b"\r\n\r\n", Hold()], closes=True),
        fails("a_head_without_end", [b"HTTP/1.1 200 OK\r\n", Endless(b"X-Long: " + b"x" * 4000 + b"\r\n")],
              closes=True),
        fails("no_content", [head(204, None)]),
        fails("a_redirect", [whole(302, b"", "text/html", Location="/elsewhere")], code=ERROR),
        # Three attempts, and each may have begun on an idle connection, which may just have been closed.
        fails("closed_at_once", [Close()], code=ERROR, requests=(1, 6)),
        fails("reset_at_once", [Reset()], code=ERROR, requests=(1, 6)),
        fails("cut_inside_the_head", [b"HTTP/1.1 200 OK\r\nContent-Ty", Close()]),
    ]
    for number, value in enumerate(["[]", "42", '"words"', "null", "{}", '{"choices": 7, "candidates": 7, "type": 7}',
                                    '{"choices": [{"delta": []}], "candidates": [{"content": []}]}']):
        # Shapes that no dialect has: ignored or refused, but never a proof.
        table.append(fails(f"other_shape_{number}", [chunked(*p.begun, b"data: " + value.encode() + b"\n\n")],
                           text=BEGUN))
    return table


def statuses(p):
    """A refusal in the status line."""
    d = p.dialect
    said = d.error_body

    def refused(status, code, requests=(1, 1), retryable=None):
        return fails(f"status_{status}", [whole(status, said(status, LONG, details=[CANARY]))], code=code,
                     requests=requests, retryable=retryable)

    bodies = {
        "string": dump({"error": "boom", "more": CANARY}).encode(),
        "flat": dump({"object": "error", "message": "boom", "type": "x", "code": None, "raw": CANARY}).encode(),
        "page": b"<html><script>" + CANARY.encode() + b"</script></html>",
        "empty": b"",
        "list": dump([{"error": {"code": 400, "message": "boom", "details": CANARY}}]).encode(),
        "nested": dump({"error": dump({"message": "boom", "raw": CANARY})}).encode(),
        "bytes": b"\xff\xfe\x00\x01" * 100,
        "huge": b"[" * (8 << 20),
    }
    return [
        *(refused(status, ERROR, retryable=False) for status in (400, 402, 404, 413, 418, 422)),
        *(refused(status, AUTH, retryable=False) for status in (401, 403)),
        *(refused(status, OVERLOADED, (3, 3), True) for status in (429, 503, 529)),
        *(refused(status, ERROR, (3, 3), True) for status in (500, 502)),
        refused(504, TIMEOUT, retryable=True),
        *(fails(f"refused_with_{name}", [whole(400, body, "text/html" if name == "page" else "application/json")],
                code=ERROR, retryable=False) for name, body in bodies.items()),
        fails("error_at_status_200", [whole(200, said(500, LONG))], code=ERROR, requests=(1, 3)),
        fails("error_string_at_status_200", [whole(200, bodies["string"])], code=ERROR, requests=(1, 3)),
    ]


def retries(p):
    """What is tried again, when, and what is not."""
    d, good = p.dialect, p.good

    def refusal(status, message="Later.", **headers):
        return [whole(status, d.error_body(status, message), **headers)]

    def date():
        when = email.utils.formatdate(time.time() + 2, usegmt=True)
        return whole(429, d.error_body(429, "Later."), Retry_After=when)

    quota = {"groq": {"type": "insufficient_quota", "code": "insufficient_quota"},
             "openai": {"type": "insufficient_quota", "code": "insufficient_quota"},
             "anthropic": {"details": {"error_code": "enforced_spend_limit_reached"}}}.get(d.name)
    table = [
        Scenario("fine_after_a_500", [refusal(500), good], requests=(2, 2)),
        Scenario("fine_after_502_and_503", [refusal(502), refusal(503), good], requests=(3, 3)),
        Scenario("fine_after_529", [refusal(529), good], requests=(2, 2)),
        fails("unwell_for_longer", refusal(503), refusal(503), refusal(503), good, code=OVERLOADED, requests=(3, 3)),
        Scenario("retry_after_ms", [refusal(429, Retry_After_Ms="120.5", Retry_After="20"), good], requests=(2, 2)),
        Scenario("retry_after_seconds", [refusal(429, Retry_After="1"), good], requests=(2, 2)),
        Scenario("retry_after_float", [refusal(503, Retry_After="0.25"), good], requests=(2, 2)),
        Scenario("retry_after_date", [[date], good], requests=(2, 2)),
        *(Scenario(f"retry_after_nonsense_{number}", [refusal(429, Retry_After=value), good], requests=(2, 2))
          for number, value in enumerate(["-5", "nan", "soon", "-1e400"])),
        fails("retry_after_hours", refusal(429, Retry_After="7200"), good, code=OVERLOADED,
              retry_after=(7100, 7200)),
        Scenario("told_to_retry", [refusal(400, X_Should_Retry="true"), good], requests=(2, 2)),
        fails("told_not_to_retry", refusal(500, X_Should_Retry="false"), good, code=ERROR),
    ]
    if quota:
        table.append(fails("out_of_money", [whole(429, d.error_body(429, "No credit.", **quota))], good, code=ERROR,
                           retryable=False))
    return table


def openai_only(p):
    """What servers that speak the OpenAI dialect add to it."""
    d = p.dialect

    def answer(*events):
        return [chunked(*(encode(event) for event in [*d.begin(), *events, *d.finish(), *d.tail()]))]

    texts = [d.text(piece) for piece in PIECES]
    azure = (None, dump({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [
        {"prompt_index": 0, "content_filter_results": {}}]}))
    late = (None, dump({"id": "", "choices": [{"finish_reason": None, "index": 0, "content_filter_offsets": {}}]}))
    together = d.chunk({"content": PIECES[-1]}, "stop", usage=d.usage())
    middle = len("".join(PIECES[:3]))
    thoughts = ["<thi", "nk>" + CANARY, CANARY + "</th", "ink>", "\n\n"]
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": CANARY}]}]
    router = (None, dump({"id": "gen-1", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
                          "error": {"code": 502, "message": "Upstream disconnected", "metadata": {"raw": CANARY}}}))
    no_reason = [encode(event) for event in [*d.begin(), *texts, (None, "[DONE]")]]
    empty_reason = [d.chunk({"content": piece}, "") for piece in PIECES]
    return [
        Scenario("azure_prefix_and_late_choice", [answer(azure, *texts, late)]),
        Scenario("text_and_usage_in_the_finish_chunk", [[chunked(*map(encode, [
            *d.begin(), *texts[:-1], together, (None, "[DONE]")]))]], usage=USAGE),
        Scenario("content_as_a_list", [answer(d.chunk({"content": thinking}), d.chunk(
            {"content": [{"type": "text", "text": TEXT[:middle]}]}), d.text(TEXT[middle:]))]),
        Scenario("content_null_or_missing", [answer(d.chunk({"content": None}), d.chunk({}), *texts)]),
        Scenario("reasoning_under_both_names", [answer(
            d.chunk({"content": None, "reasoning_content": CANARY}), d.chunk({"reasoning": CANARY, "content": ""}),
            *texts)]),
        Scenario("thoughts_inside_the_text", [answer(*map(d.text, thoughts), *texts)]),
        Scenario("role_in_every_chunk", [answer(*(d.chunk({"role": "", "content": piece}) for piece in PIECES))]),
        Scenario("empty_finish_reasons", [answer(*empty_reason)]),
        Scenario("an_eos_of_together", [[chunked(*frames_of(d, PIECES, "eos"))]]),
        Scenario("bare_usage_values", [[chunked(*map(encode, [*d.begin(), *texts, *d.finish(), (None, dump(
            {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": -4, "prompt_tokens_details": 3}}))]
        ))]]),
        Scenario("kept_open_after_done", [[p.opened(*p.frames), Hold()]], closes=True),
        fails("done_alone", [chunked(b"data: [DONE]\n\n")]),
        fails("done_without_finish_reason", [chunked(*no_reason)], text=TEXT),
        fails("an_error_of_openrouter", [chunked(*p.begun, encode(router), b"data: [DONE]\n\n")],
              code=ERROR, text=BEGUN),
        fails("finish_reason_error", [chunked(*p.begun, encode(d.chunk({}, "error")), b"data: [DONE]\n\n")],
              code=ERROR, text=BEGUN),
    ]


def groq_only(p):
    d = p.dialect
    usage_hidden = [*d.begin(), *map(d.text, PIECES), d.chunk({}, "stop", x_groq={"usage": d.groq_usage()}),
                    (None, "[DONE]")]
    early = d.chunk({}, None, x_groq={"id": "req_01", "error": "over capacity"})
    return [
        Scenario("usage_under_x_groq", [[chunked(*map(encode, usage_hidden))]], usage=USAGE),
        fails("error_under_x_groq", [chunked(*p.begun, encode(early))], code=ERROR,
              text=BEGUN),
        Scenario("fine_after_498", [[whole(498, d.error_body(498, "Flex tier is full."))], p.good], requests=(2, 2)),
    ]


def anthropic_only(p):
    d = p.dialect

    def message(*events, reason="stop"):
        return [chunked(*map(encode, [d.start(), *events, d.message_delta(reason), d.event("message_stop")]))]

    texts = [d.text(piece) for piece in PIECES]
    citation = d.delta(0, type="citations_delta", citation={"type": "char_location", "cited_text": CANARY})
    thinking = [d.block(0, type="thinking", thinking=""), d.delta(0, type="thinking_delta", thinking=CANARY),
                d.delta(0, type="signature_delta", signature=CANARY), d.block_stop(0),
                d.block(1, type="redacted_thinking", data=CANARY), d.block_stop(1),
                d.block(2, type="brand_new", value=CANARY), d.delta(2, type="brand_new_delta", value=CANARY),
                d.block_stop(2)]
    stopped = [*p.texts, encode(d.block_stop()), encode(d.message_delta())]
    return [
        Scenario("citations_before_text", [message(d.block(), citation, *texts, d.block_stop())]),
        Scenario("several_text_blocks", [message(*(event for index, piece in enumerate(PIECES) for event in (
            d.block(index), d.text(piece, index), d.block_stop(index))))]),
        Scenario("thinking_redacted_and_unknown_blocks", [message(
            *thinking, d.block(3), *(d.text(piece, 3) for piece in PIECES), d.block_stop(3))], usage=USAGE),
        Scenario("a_refusal_without_blocks", [message(d.event("ping"), reason="refusal")], text="",
                 finish="content_filter"),
        Scenario("the_same_start_twice", [[chunked(encode(d.start()), *p.frames)]]),
        fails("another_message_spliced_in", [chunked(*p.begun, encode(d.start("msg_2")), *p.texts, *p.finish)],
              text=BEGUN),
        fails("no_message_stop", [chunked(*stopped)], text=TEXT),
        Scenario("context_window_exceeded", [[chunked(*frames_of(d, PIECES, "model_context_window_exceeded"))]],
                 finish="length"),
        Scenario("kept_open_after_message_stop", [[p.opened(*p.frames), Hold()]], closes=True),
        Scenario("type_only_in_the_event_name", [[chunked(*(
            encode((name, data.replace(f'"type":"{name}",', "", 1))) for name, data in events_of(d, PIECES)))]]),
    ]


def gemini_only(p):
    d = p.dialect
    raw = json.dumps({"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE", "x": CANARY}}, indent=2)
    blocked = dump({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}).encode()
    last_with_text = [encode(event) for event in map(d.text, PIECES[:-1])]
    last_with_text.append(encode(d.frame([{"text": PIECES[-1]}], "STOP")))
    return [
        Scenario("text_in_the_last_frame", [[chunked(*last_with_text)]], usage=USAGE),
        Scenario("thoughts_and_signatures", [[chunked(
            encode(d.frame([{"text": CANARY, "thought": True}, {"text": "", "thoughtSignature": CANARY}])),
            *p.frames)]]),
        Scenario("several_parts", [[chunked(encode(d.frame([{"text": piece} for piece in PIECES])), *p.finish)]]),
        fails("raw_tail_without_text", [chunked(raw.encode())], code=OVERLOADED, requests=(3, 3)),
        Scenario("a_blocked_prompt", [[chunked(b"data: " + blocked + b"\r\n\r\n")]], text="", finish="content_filter"),
        fails("malformed_function_call", [chunked(*p.begun, encode(d.frame(None, "MALFORMED_FUNCTION_CALL")))],
              code=ERROR, text=BEGUN),
        Scenario("filtered_while_reciting", [[chunked(*frames_of(d, PIECES, "RECITATION"))]], finish="content_filter"),
        fails("error_in_a_list", [whole(400, b"[" + d.error_body(400, "No.") + b"]")], code=ERROR),
    ]


def slow(p):
    """Silence, played to a server whose limits are: first byte and gaps SHORT_MS, the whole TOTAL_MS."""
    ping = chunk(b": ping\n\n")
    patient = [step for _ in range(28) for step in (ping, Wait(0.25))]
    return [
        fails("no_response", [Hold()], code=TIMEOUT, requests=(1, 3), closes=True, short=True),
        fails("silence_after_the_head", [STREAM_HEAD, Hold()], code=TIMEOUT, requests=(1, 3), closes=True,
              short=True),
        fails("silence_in_the_middle", [p.opened(*p.begun), Hold()], code=TIMEOUT, text=BEGUN, closes=True,
              short=True),
        fails("pings_for_ever", [p.opened(*p.begun), Endless(ping, 0.2)], code=TIMEOUT, text=BEGUN, closes=True,
              short=True),
        fails("a_head_byte_by_byte", [Slowly(STREAM_HEAD * 50, 1, 0.2), Hold()], code=TIMEOUT, requests=(1, 3),
              closes=True, short=True),
        Scenario("pings_before_the_first_token", [[STREAM_HEAD, *patient, *map(chunk, p.frames), LAST_CHUNK]],
                 short=True),
        Scenario("silence_after_the_proof", [[p.opened(*p.texts, *p.finish), Hold()]], closes=True, short=True),
    ]


SHORT_MS, TOTAL_MS = 5_000, 16_000


def scenarios(dialect):
    p = Parts(dialect)
    tables = [plain_answers, ends_without_proof, error_events, nonsense, statuses, retries, slow]
    own = {"openai": [openai_only], "groq": [openai_only, groq_only], "anthropic": [anthropic_only],
           "gemini": [gemini_only]}
    found = [scenario for table in tables + own[dialect.name] for scenario in table(p)]
    assert len({scenario.name for scenario in found}) == len(found)
    return found
