"""Asks through each door and reads what comes back strictly: anything the contract of a stream forbids is an error."""

import codecs
import contextlib
import dataclasses
import itertools
import json

import jackdaw
from dialects import settings_for

TERMINAL = ("final", "error", "cancelled")
STAGES = ("resolving", "searching", "reranking", "prompting", "waiting", "answering")
_runs = itertools.count(1)


def new_run():
    """A name that no other question has."""
    return f"r{next(_runs)}"


def question_for(scenario, run):
    return f"{jackdaw.QUESTION} scenario:{scenario}.{run}"


@dataclasses.dataclass
class Event:
    id: str
    name: str
    text: str  # its data as it came

    @property
    def data(self):
        return json.loads(self.text)

    @property
    def sequence(self):
        return int(self.id.rpartition(":")[2])


class EventParser:
    """The events of a stream, from bytes cut anywhere. Only what Jackdaw sends: LF, one line of data, UTF-8."""

    def __init__(self):
        self._decode = codecs.getincrementaldecoder("utf-8")()  # strict
        self._rest = ""
        self.comments = []

    def feed(self, data):
        self._rest += self._decode.decode(data)
        events = []
        while "\n\n" in self._rest:
            block, self._rest = self._rest.split("\n\n", 1)
            event = self._parse(block)
            if event:
                events.append(event)
        return events

    def end(self):
        self._decode.decode(b"", final=True)
        assert self._rest == "", f"the stream ends inside an event: {self._rest!r}"

    def _parse(self, block):
        fields = {}
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments.append(line)
                continue
            name, colon, value = line.partition(":")
            assert colon and name in ("id", "event", "data", "retry") and name not in fields, block
            fields[name] = value.removeprefix(" ")
        if not fields:
            return None
        assert "data" in fields, block
        return Event(fields.get("id", ""), fields.get("event", "message"), fields["data"])


def events_of(response, parser=None):
    """The events while they arrive. The body must end as its framing says."""
    parser = parser or EventParser()
    while data := response.read1(1 << 16):
        yield from parser.feed(data)
    parser.end()


@contextlib.contextmanager
def open_stream(server, path, method="POST", headers=None, **body):
    """A response while it arrives."""
    connection = server.connect()
    try:
        text = json.dumps(body) if method == "POST" else None
        connection.request(method, path, body=text, headers={"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        response.socket = connection.sock
        yield response
    finally:
        connection.close()


@contextlib.contextmanager
def open_answer(server, question, **fields):
    """The full door's stream: (response, its events as they arrive)."""
    with open_stream(server, "/v1/answers", question=question, stream=True, **fields) as response:
        assert response.status == 200, response.read()
        yield response, events_of(response)


def replay(server, answer_id, after=None):
    headers = {} if after is None else {"Last-Event-ID": after}
    with open_stream(server, f"/v1/answers/{answer_id}/events", "GET", headers) as response:
        assert response.status == 200, response.read()
        return list(events_of(response))


def check_events(events):
    """The contract of the full door's stream (docs/http_api.md); gives its one terminal event."""
    names = [event.name for event in events]
    assert names[0] == "meta", names
    answer_id = events[0].data["answer_id"]
    assert [event.id for event in events] == [f"{answer_id}:{number}" for number in range(1, len(events) + 1)]
    assert [name for name in names if name in TERMINAL] == names[-1:], names
    meta = events[0].data
    assert meta["protocol"] == 1 and meta["provider"] and meta["model"] is not None
    assert all(event.data["stage"] in STAGES for event in events if event.name == "status")
    if "token" in names:
        first = names.index("token")
        assert names.count("sources") == 1 and names.index("sources") < first
        assert "provider" not in names[first:]
        assert all(event.data["text"] for event in events if event.name == "token")
    known = {"meta", "status", "query", "sources", "provider", "token", "citation", "timing", *TERMINAL}
    assert set(names) <= known, names
    last = events[-1]
    if last.name == "final":
        assert names[-2] == "timing" and names.count("timing") == 1
        assert last.data["answer"] == text_of(events)
        assert {"answer", "sources", "citations", "usage", "finish_reason", "index_version"} <= set(last.data)
    elif last.name == "error":
        assert {"code", "message", "retryable"} <= set(last.data)
    else:
        assert last.data["answer_so_far"] == text_of(events)
    return last


def text_of(events):
    return "".join(event.data["text"] for event in events if event.name == "token")


@dataclasses.dataclass
class Told:
    """What a reader was told about one answer, through whichever door."""
    text: str = ""
    finish: str | None = None  # None: it failed
    code: str | None = None
    message: str = ""
    retryable: bool | None = None
    retry_after: float | None = None
    usage: dict | None = None
    answer_id: str | None = None
    said: bytes = b""  # all of it, as it came

    def fail(self, error):
        self.code, self.message, self.retryable = error["code"], error["message"], error["retryable"]
        if error.get("retry_after_s") is not None:
            self.retry_after = error["retry_after_s"]
        return self

    def refuse(self, status, headers, body):
        problem = json.loads(body)
        assert headers["Content-Type"] == "application/problem+json" and problem["status"] == status
        self.said = body
        retry_after = headers["Retry-After"]
        return self.fail({"code": problem["code"], "message": problem["detail"], "retryable": problem["retryable"],
                          "retry_after_s": None if retry_after is None else int(retry_after)})


def by_full_stream(server, question, **fields):
    with open_answer(server, question, **fields) as (_, events):
        events = list(events)
    last = check_events(events)
    told = Told(text_of(events), answer_id=events[0].data["answer_id"],
                said="\n".join(event.text for event in events).encode())
    if last.name == "error":
        return told.fail(last.data)
    assert last.name == "final", last
    told.finish, told.usage = last.data["finish_reason"], last.data["usage"]
    return told


def by_full_json(server, question, **fields):
    answer = server.post_json("/v1/answers", {"question": question, "stream": False, **fields})
    if answer.status != 200:
        return Told(text=None).refuse(answer.status, answer.headers, answer.body)
    return from_json(answer.json(), answer.body)


def from_json(body, said=b""):
    """The answer's JSON form."""
    told = Told(body["answer"], answer_id=body["answer_id"], said=said, usage=body.get("usage"))
    if body["status"] == "complete":
        told.finish = body["finish_reason"]
        assert "error" not in body
    else:
        assert body["status"] == "failed" and body.get("finish_reason") is None, body
        told.fail(body["error"])
    return told


def by_simple_stream(server, question, **fields):
    with open_stream(server, "/query/stream", question=question, **fields) as response:
        if response.status != 200:
            return Told().refuse(response.status, response.headers, response.read())
        events = list(events_of(response))
    assert all(event.name == "message" and event.id == "" for event in events)
    values = [event.data for event in events]
    assert all(set(value) == {"token"} and value["token"] for value in values[:-1]), values
    last = values[-1]
    told = Told("".join(value["token"] for value in values[:-1]), said="\n".join(e.text for e in events).encode())
    if "error" in last:
        assert set(last) == {"error"}
        return told.fail(last["error"])
    told.finish = last.get("finish_reason", "stop")
    assert last["sources"]
    return told


def by_simple_json(server, question, **fields):
    answer = server.post_json("/query", {"question": question, **fields})
    if answer.status != 200:
        return Told(text=None).refuse(answer.status, answer.headers, answer.body)
    body = answer.json()
    assert body["sources"]
    return Told(body["answer"], body.get("finish_reason", "stop"), said=answer.body)


DOORS = {"full stream": by_full_stream, "full json": by_full_json, "simple stream": by_simple_stream,
         "simple json": by_simple_json}


@contextlib.contextmanager
def writing_server(data, url, **settings):
    """A server with the sample in it, whose writer is the provider of OpenAI's dialect at that URL."""
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash", **{**settings_for("openai", url), **settings}) as server:
        if not server.get("/v1/documents").json()["documents"]:
            assert server.upload(jackdaw.SAMPLE).status == 200
        yield server
