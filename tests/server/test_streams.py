"""The full door's stream: resumed after a cut, replayed later, cancelled, shut down, refused. Nothing is lost, nothing
comes twice, and one event ends it."""

import concurrent.futures
import random
import signal
import sqlite3
import threading
import time

import pytest

import doors
import jackdaw
from dialects import DIALECTS, encode, settings_for
from fake_provider import LAST_CHUNK, STREAM_HEAD, FakeProvider, Gate, Hold, Paced, chunk

DIALECT = DIALECTS["openai"]
WAIT_SECONDS = 60
CUTS = 1_000 if jackdaw.SOAK else 100


def response_of(pieces, per_second=None, gate=False):
    """A whole answer: at once, by the clock, or with its end behind a gate."""
    begin = [chunk(encode(event)) for event in [*DIALECT.begin(), *map(DIALECT.text, pieces)]]
    end = [chunk(encode(event)) for event in [*DIALECT.finish(), *DIALECT.tail()]]
    middle = [Paced(begin, per_second)] if per_second else begin
    return [STREAM_HEAD, *middle, *([Gate()] if gate else []), *end, LAST_CHUNK]


def random_pieces(seed, count=60):
    chance = random.Random(seed)
    words = ["Magpie", " 7", "€", " naïve", "😀", "\n\n", " क्षि", "\"", "\\", "\u2028", " [1].", " x" * 40]
    return [chance.choice(words) for _ in range(count)]


PIECES = random_pieces(0)
SCENARIOS = {
    "whole": [response_of(PIECES)],
    "gated": [response_of(PIECES, gate=True)],
    "silent": [[STREAM_HEAD, Hold()]],
    "begun": [[*response_of(PIECES)[:-4], Hold()]],
    "paced": lambda exchange: [response_of(random_pieces(exchange.run), per_second=100)],
}


@pytest.fixture(scope="module")
def fake():
    with FakeProvider(SCENARIOS) as provider:
        yield provider


@pytest.fixture(scope="module")
def server(tmp_path_factory, fake):
    with doors.writing_server(tmp_path_factory.mktemp("streams") / "data", fake.url) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def silence(server):
    """Streams of both doors on which nothing is said for longer than ten seconds, begun before the other tests."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield [pool.submit(pings, server, path) for path in ("/v1/answers", "/query/stream")]


def pings(server, path):
    """Seconds of silence before the first ping of a stream."""
    quiet_since = time.monotonic()
    question = doors.question_for("silent", doors.new_run())
    with doors.open_stream(server, path, question=question, stream=True) as response:
        assert response.status == 200
        parser = doors.EventParser()
        while not parser.comments:
            data = response.read1(65536)
            assert data, "the stream ended"
            if parser.feed(data):
                quiet_since = time.monotonic()
        assert parser.comments == [": ping"]
        return time.monotonic() - quiet_since


def start(server, scenario, **fields):
    """Starts an answer and goes away at once: its id. It goes on."""
    run = doors.new_run()
    question = doors.question_for(scenario, run)
    with doors.open_answer(server, question, on_disconnect="continue", **fields) as (_, events):
        return next(events).data["answer_id"], run


def wait_for_end(server, answer_id):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        body = server.get(f"/v1/answers/{answer_id}").json()
        if body["status"] != "running":
            return body
        time.sleep(0.02)
    raise AssertionError(f"answer {answer_id} does not end")


def cancel(server, answer_id):
    """Whether the answer was still running."""
    answer = server.request("POST", f"/v1/answers/{answer_id}/cancel")
    assert answer.status == 200 and answer.json()["answer_id"] == answer_id, answer.body
    return answer.json()["cancelled"]


def read_and_cut(server, method, path, chance, headers=None, **body):
    """The events that came before the connection was cut at a random byte; and whether the stream had ended."""
    with doors.open_stream(server, path, method, headers, **body) as response:
        assert response.status == 200, response.read()
        parser, events = doors.EventParser(), []
        left = chance.choice([chance.randint(1, 400), chance.randint(1, 4_000), chance.randint(1, 40_000)])
        while left > 0:
            data = response.read1(min(left, chance.choice([1, 7, 100, 4096])))
            if not data:
                parser.end()
                return events, True
            left -= len(data)
            events += parser.feed(data)
        return events, bool(events) and events[-1].name in doors.TERMINAL


def read_with_cuts(server, seed):
    """One answer, read in pieces: each time the connection is cut at a random byte and taken up again."""
    chance = random.Random(seed)
    run = doors.new_run()
    answer_id, run = start(server, "paced")
    events, cuts, ended = [], 0, False
    while not ended:
        headers = {"Last-Event-ID": events[-1].id} if events else {}
        more, ended = read_and_cut(server, "GET", f"/v1/answers/{answer_id}/events", chance, headers)
        events += more
        cuts += not ended
        if chance.random() < 0.2:
            time.sleep(0.05)
    return answer_id, run, events, cuts


def test_a_stream_cut_anywhere_is_taken_up_again_without_gap_or_repeat(server):
    cuts, seed = 0, 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        while cuts < CUTS:
            jobs = [pool.submit(read_with_cuts, server, seed + number) for number in range(8)]
            seed += 8
            for job in jobs:
                answer_id, run, events, more = job.result()
                cuts += more
                last = doors.check_events(events)
                assert last.name == "final" and last.data["answer"] == "".join(random_pieces(run))
                whole = doors.replay(server, answer_id)
                assert [(event.id, event.name, event.text) for event in whole] == [
                    (event.id, event.name, event.text) for event in events]


def test_a_cut_in_the_post_itself_is_taken_up_again(server, fake):
    chance = random.Random(1)
    for _ in range(8):
        run = doors.new_run()
        question = doors.question_for("gated", run)
        with doors.open_answer(server, question, on_disconnect="continue") as (_, events):
            seen = [next(events) for _ in range(chance.randint(1, 30))]
        fake.open_gate(run)
        rest = doors.replay(server, seen[0].data["answer_id"], seen[-1].id)
        assert doors.check_events(seen + rest).data["answer"] == "".join(PIECES)


def test_several_readers_get_the_same(server, fake):
    run = doors.new_run()
    question = doors.question_for("gated", run)
    with doors.open_answer(server, question) as (_, events):
        first = next(events)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            others = [pool.submit(doors.replay, server, first.data["answer_id"]) for _ in range(4)]
            fake.wait_for(run)
            fake.open_gate(run)
            own = [first, *events]
            for other in others:
                assert other.result() == own
    doors.check_events(own)


def test_any_event_can_be_resumed_from(server):
    answer_id, _ = start(server, "whole")
    assert wait_for_end(server, answer_id)["status"] == "complete"
    whole = doors.replay(server, answer_id)
    doors.check_events(whole)
    for number, event in enumerate(whole[:-1]):
        assert doors.replay(server, answer_id, event.id) == whole[number + 1:]
    # 204 tells an EventSource to stop asking.
    after_the_last = server.get(f"/v1/answers/{answer_id}/events", {"Last-Event-ID": whole[-1].id})
    assert (after_the_last.status, after_the_last.body) == (204, b"")


def test_ids_that_make_no_sense_are_refused(server):
    answer_id, _ = start(server, "whole")
    wait_for_end(server, answer_id)
    path = f"/v1/answers/{answer_id}/events"
    last = doors.replay(server, answer_id)[-1].sequence
    for wrong in ("x", "1", ":", f"{answer_id}", f"{answer_id}:", f"{answer_id}:x", f"{answer_id}:-1",
                  f"{answer_id}:1.5", f"{answer_id}:99999999999999999999999", f"{answer_id}:{last + 1}",
                  f"{'a' * 26}:1", "é" * 20, "x" * 4000):
        answer = server.get(path, {"Last-Event-ID": wrong.encode()})
        assert (answer.status, answer.code) == (400, "invalid_argument"), (wrong, answer.body)
    unknown = "a" * 26
    for path, method in ((f"/v1/answers/{unknown}", "GET"), (f"/v1/answers/{unknown}/events", "GET"),
                         (f"/v1/answers/{unknown}/cancel", "POST"), ("/v1/answers/x", "GET"),
                         ("/v1/answers/x/events", "GET"), ("/v1/answers/..%2fx/cancel", "POST")):
        answer = server.request(method, path)
        assert (answer.status, answer.code) == (404, "not_found"), (path, answer.body)
    answer = server.request("DELETE", f"/v1/answers/{answer_id}")
    assert (answer.status, answer.code) == (405, "method_not_allowed") and "GET" in answer.headers["Allow"]


def test_a_replay_after_a_restart_is_the_same_byte_for_byte(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        ids = [start(server, "whole")[0] for _ in range(3)]
        failing = doors.by_full_stream(server, doors.question_for("no-such-scenario", doors.new_run())).answer_id
        running, run = start(server, "begun")
        fake.wait_for(run)
        assert cancel(server, running)
        before = {answer_id: (wait_for_end(server, answer_id), raw_replay(server, answer_id))
                  for answer_id in [*ids, failing, running]}
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        for answer_id, (body, stream) in before.items():
            assert raw_replay(server, answer_id) == stream
            assert server.get(f"/v1/answers/{answer_id}").json() == body
            events = doors.EventParser().feed(stream)
            half = events[len(events) // 2]
            assert doors.replay(server, answer_id, half.id) == events[len(events) // 2 + 1:]
        assert [before[answer_id][0]["status"] for answer_id in [*ids, failing, running]] == [
            "complete", "complete", "complete", "failed", "cancelled"]


def raw_replay(server, answer_id):
    return server.get(f"/v1/answers/{answer_id}/events").body


def test_after_a_crash_no_unfinished_answer_looks_like_one(tmp_path, fake):
    server = jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", **settings_for("openai", fake.url))
    try:
        server.upload(jackdaw.SAMPLE)
        finished, _ = start(server, "whole")
        assert wait_for_end(server, finished)["status"] == "complete"
        whole = raw_replay(server, finished)
        running, run = start(server, "begun")
        fake.wait_for(run)
    finally:
        server.kill()
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        kept = server.get(f"/v1/answers/{finished}")
        if kept.status == 200:  # a finished answer may be told before it is on the disk
            assert raw_replay(server, finished) == whole
        lost = server.get(f"/v1/answers/{running}")
        assert lost.status == 404 or lost.json()["status"] in ("failed", "cancelled")


def test_passages_of_deleted_documents_are_gone_from_stored_answers(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        answer_id, _ = start(server, "whole")
        wait_for_end(server, answer_id)
        for document in server.get("/v1/documents").json()["documents"]:
            assert server.request("DELETE", f"/v1/documents/{document['document_id']}").status == 204
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", **settings_for("openai", fake.url)) as server:
        body = server.get(f"/v1/answers/{answer_id}").json()
        assert body["answer"] == "".join(PIECES) and body["sources"]
        assert all(source["deleted"] is True and not source.get("text") for source in body["sources"])


def test_a_forgotten_answer_is_gone_and_not_unknown(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        answer_id, _ = start(server, "whole")
        wait_for_end(server, answer_id)
    with sqlite3.connect(tmp_path / "data" / "jackdaw.db") as database:  # as if it were older
        changed = database.execute("UPDATE answers SET created_ns = created_ns - ?1, ended_ns = ended_ns - ?1",
                                   (40 * 24 * 3600 * 10**9,))
        assert changed.rowcount == 1
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", **settings_for("openai", fake.url)) as server:
        for path in (f"/v1/answers/{answer_id}", f"/v1/answers/{answer_id}/events"):
            deadline = time.monotonic() + WAIT_SECONDS
            while (answer := server.get(path)).status == 200 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert (answer.status, answer.code) == (410, "gone"), answer.body


def test_without_retention_nothing_is_stored(tmp_path, fake):
    secret = "".join(PIECES)[:20]
    with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_ANSWER_RETENTION=0) as server:
        answer_id, run = start(server, "gated")
        fake.wait_for(run)
        fake.open_gate(run)
        assert wait_for_end(server, answer_id)["answer"] == "".join(PIECES)  # while the program remembers it
        doors.by_full_stream(server, doors.question_for("whole", doors.new_run()))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert secret.encode() not in stored and answer_id.encode() not in stored
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        assert server.get(f"/v1/answers/{answer_id}").status == 404


def test_an_answer_that_may_continue_does_and_another_one_stops(server, fake):
    for wish, status in (("continue", "complete"), ("cancel", "cancelled"), (None, "cancelled")):
        run = doors.new_run()
        fields = {"on_disconnect": wish} if wish else {}
        with doors.open_answer(server, doors.question_for("gated", run), **fields) as (_, events):
            answer_id = next(events).data["answer_id"]
            exchange = fake.wait_for(run)
        if status == "cancelled":
            assert exchange.closed_within()
        fake.open_gate(run)
        body = wait_for_end(server, answer_id)
        assert body["status"] == status
        last = doors.check_events(doors.replay(server, answer_id))
        assert last.name == {"complete": "final", "cancelled": "cancelled"}[status]
        if last.name == "cancelled":
            assert last.data["reason"] == "disconnect"


def test_an_abandoned_answer_ends(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_ABANDONED_AFTER_MS=300) as server:
        answer_id, run = start(server, "begun")
        assert fake.wait_for(run).closed_within()
        assert wait_for_end(server, answer_id)["status"] == "cancelled"


def test_an_answer_takes_no_longer_than_it_may(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_ANSWER_TIMEOUT_MS=1500) as server:
        run = doors.new_run()
        with doors.open_answer(server, doors.question_for("begun", run)) as (_, events):
            last = doors.check_events(list(events))
        assert (last.name, last.data["reason"]) == ("cancelled", "deadline")
        assert fake.wait_for(run).closed_within()


def test_the_cancel_route(server, fake):
    run = doors.new_run()
    with doors.open_answer(server, doors.question_for("begun", run)) as (_, events):
        seen = [event for event in take_text(events, "".join(PIECES))]
        answer_id = seen[0].data["answer_id"]
        assert cancel(server, answer_id)
        seen += events
    last = doors.check_events(seen)
    assert last.name == "cancelled" and last.data == {"reason": "client", "answer_so_far": "".join(PIECES)}
    assert fake.wait_for(run).closed_within()
    body = server.get(f"/v1/answers/{answer_id}").json()
    assert (body["status"], body["answer"]) == ("cancelled", "".join(PIECES))
    assert not cancel(server, answer_id)
    finished, _ = start(server, "whole")
    assert wait_for_end(server, finished)["status"] == "complete"
    assert not cancel(server, finished)
    assert server.get(f"/v1/answers/{finished}").json()["status"] == "complete"


def take_text(events, text):
    """Events until they have said this much."""
    said = ""
    for event in events:
        yield event
        said += event.data["text"] if event.name == "token" else ""
        if said == text:
            return


def test_the_json_form(server):
    run = doors.new_run()
    question = doors.question_for("whole", run)
    answer = server.post_json("/v1/answers", {"question": question, "stream": False})
    assert answer.status == 200 and "Server-Timing" in answer.headers
    body = answer.json()
    assert {"answer_id", "status", "question", "answer", "sources", "citations", "usage", "finish_reason", "provider",
            "model", "created_at", "timings"} <= set(body)
    assert (body["status"], body["question"], body["answer"], body["finish_reason"], body["provider"]) == (
        "complete", question, "".join(PIECES), "stop", "openai")
    assert server.get(f"/v1/answers/{body['answer_id']}").json() == body
    events = doors.replay(server, body["answer_id"])
    sources = next(event.data["sources"] for event in events if event.name == "sources")
    assert sources == body["sources"] == events[-1].data["sources"]
    assert [source["n"] for source in sources] == list(range(1, len(sources) + 1))


def test_a_running_answer_can_be_looked_at(server, fake):
    answer_id, run = start(server, "begun")
    fake.wait_for(run)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        body = server.get(f"/v1/answers/{answer_id}").json()
        if body["answer"] == "".join(PIECES):
            break
        time.sleep(0.02)
    assert (body["status"], body["answer"]) == ("running", "".join(PIECES))
    assert cancel(server, answer_id)
    wait_for_end(server, answer_id)


def test_the_heads_of_streams(server):
    answer_id, _ = start(server, "whole")
    for method, path in (("POST", "/v1/answers"), ("GET", f"/v1/answers/{answer_id}/events")):
        question = doors.question_for("whole", doors.new_run())
        with doors.open_stream(server, path, method, question=question, stream=True) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert response.headers["Cache-Control"] == "no-store, no-transform"
            assert response.headers["X-Accel-Buffering"] == "no" and response.headers["X-Request-Id"]
            assert response.headers["Content-Length"] is None
            assert list(doors.events_of(response))


def test_more_than_the_server_can_do_is_refused_at_once(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_MAX_ANSWERS=1, JACKDAW_MAX_QUEUED_ANSWERS=1) as server:
        first = doors.new_run()
        with doors.open_answer(server, doors.question_for("gated", first)) as (_, runs):
            fake.wait_for(first)
            with doors.open_answer(server, doors.question_for("whole", doors.new_run())) as (_, waits):
                for path in ("/v1/answers", "/query", "/query/stream"):
                    answer = server.post_json(path, {"question": jackdaw.QUESTION})
                    assert (answer.status, answer.code) == (429, "overloaded"), answer.body
                    assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["retryable"]
                fake.open_gate(first)
                for events in (runs, waits):
                    assert doors.check_events(list(events)).data["answer"] == "".join(PIECES)
        assert server.post_json("/query", {"question": doors.question_for("whole", doors.new_run())}).status == 200


def test_sigterm_ends_each_stream_with_one_last_event(tmp_path, fake):
    with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_SHUTDOWN_GRACE_MS=1500) as server:
        begun = threading.Semaphore(0)

        def read(scenario, run):
            with doors.open_answer(server, doors.question_for(scenario, run)) as (_, events):
                seen = [next(events)]
                begun.release()
                return seen + list(events)

        runs = [(scenario, doors.new_run()) for scenario in ("begun", "begun", "silent", "gated")]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(read, *run) for run in runs]
            simple = doors.new_run()
            simple_job = pool.submit(doors.by_simple_stream, server, doors.question_for("begun", simple))
            for run in [*(run for _, run in runs), simple]:
                fake.wait_for(run)
            for _ in jobs:
                assert begun.acquire(timeout=WAIT_SECONDS)
            server.process.send_signal(signal.SIGTERM)
            fake.open_gate(runs[-1][1])  # this one still ends as it should
            streams = [job.result() for job in jobs]
            assert simple_job.result().code == "shutting_down"
        assert server.terminate() == 0
        for (scenario, run), events in zip(runs, streams):
            last = doors.check_events(events)
            if scenario == "gated":
                assert last.name == "final" and last.data["answer"] == "".join(PIECES)
            else:
                assert last.name == "cancelled" and last.data["reason"] == "shutdown"
                assert fake.wait_for(run).closed_within()
        ids = [events[0].data["answer_id"] for events in streams]
    with doors.writing_server(tmp_path / "data", fake.url) as server:
        for answer_id, events in zip(ids, streams):
            assert doors.replay(server, answer_id) == events


def test_silence_is_broken_by_pings_every_ten_seconds(silence):
    for job in silence:
        assert job.result(timeout=180) > 9
