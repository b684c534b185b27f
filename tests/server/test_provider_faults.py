"""Every way a provider can fail, against the real program and through every door: what the reader is told, what is
kept, and what becomes of the provider's connection."""

import concurrent.futures
import contextlib
import random
import re

import pytest

import doors
import jackdaw
from dialects import DIALECTS, INPUT_TOKENS, encode_all, frames_of, settings_for
from fake_provider import (Certificates, Close, DeafListener, FakeProvider, Gate, Hold, Slowly, Wait, chunk, chunked,
                           head, whole)
from provider_scenarios import CANARY, LONG, PIECES, SHORT_MS, TEXT, TOTAL_MS, scenarios

TABLES = {name: {scenario.name: scenario for scenario in scenarios(dialect)} for name, dialect in DIALECTS.items()}
CASES = [(dialect, name) for dialect, table in TABLES.items() for name in table]
WORKERS = 96  # most scenarios wait most of the time


def doors_for(dialect, number):
    """Both streams always; of the doors that answer in one piece one each time, all in a soak."""
    if jackdaw.SOAK:
        return list(doors.DOORS)
    return ["full stream", "simple stream", ("full json", "simple json")[(list(DIALECTS).index(dialect) + number) % 2]]


PLAYS = {(dialect, name): doors_for(dialect, number)
         for dialect, table in TABLES.items() for number, name in enumerate(table)}


@contextlib.contextmanager
def server_for(tmp_path_factory, provider, url, **settings):
    data = tmp_path_factory.mktemp(provider) / "data"
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash", **{**settings_for(provider, url), **settings}) as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        yield server


class Played:
    """One scenario through one door: what the reader was told, and the stored answer if that door names it."""

    def __init__(self, server, fake, scenario, door):
        self.run = doors.new_run()
        try:
            self.told = doors.DOORS[door](server, doors.question_for(scenario.name, self.run))
            self.failure = None
            self.stored = None
            if self.told.answer_id:
                self.stored = server.get(f"/v1/answers/{self.told.answer_id}")
        except Exception as failure:  # raised again by the test of this scenario
            self.failure = failure
        self.exchanges = fake.of_run(self.run)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One fake, one server for each dialect, and one with short timeouts."""
    with contextlib.ExitStack() as stack:
        stages = {}
        for name, table in TABLES.items():
            fake = stack.enter_context(FakeProvider({key: value.responses for key, value in table.items()}))
            patient = stack.enter_context(server_for(tmp_path_factory, name, fake.url))
            hasty = stack.enter_context(server_for(
                tmp_path_factory, name, fake.url, LLM_FIRST_BYTE_TIMEOUT_MS=SHORT_MS, LLM_IDLE_TIMEOUT_MS=SHORT_MS,
                LLM_TOTAL_TIMEOUT_MS=TOTAL_MS))
            stages[name] = (fake, patient, hasty)
        yield stages


@pytest.fixture(scope="module")
def played(stage, request):
    """All scenarios that this run of pytest asks for, played at once: most of them only wait."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = {params["case"] for params in asked if "case" in params}
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = {}
        # The longest first.
        for dialect, name in sorted(wanted, key=lambda case: not TABLES[case[0]][case[1]].short):
            scenario = TABLES[dialect][name]
            fake, patient, hasty = stage[dialect]
            for door in PLAYS[dialect, name]:
                server = hasty if scenario.short else patient
                jobs[dialect, name, door] = pool.submit(Played, server, fake, scenario, door)
        return {key: job.result() for key, job in jobs.items()}


def check_told(told, scenario, door):
    assert CANARY.encode() not in told.said
    if scenario.finish is not None:
        assert (told.code, told.finish) == (None, scenario.finish), told
        assert told.text == scenario.text
        if scenario.usage and told.usage is not None:
            assert told.usage == scenario.usage
        return
    assert (told.code, told.finish) == (scenario.code, None), told
    assert scenario.retryable in (None, told.retryable), told
    assert 10 < len(told.message) < 1000 and CANARY not in told.message
    assert not re.search(r"[\x00-\x1f\x7f]", told.message), told.message
    if scenario.text is not None and told.text is not None:
        assert told.text == scenario.text
    if scenario.retry_after:
        least, most = scenario.retry_after
        assert least <= told.retry_after <= most


def check_stored(answer, told, scenario):
    assert answer.status == 200, answer.body
    stored = doors.from_json(answer.json(), answer.body)
    assert CANARY.encode() not in answer.body
    assert (stored.text, stored.finish, stored.code) == (told.text, told.finish, told.code)
    assert stored.message == told.message and stored.answer_id == told.answer_id


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_scenario(case, played):
    scenario = TABLES[case[0]][case[1]]
    for door in PLAYS[case]:
        outcome = played[(*case, door)]
        try:
            if outcome.failure:
                raise outcome.failure
            check_told(outcome.told, scenario, door)
            if outcome.stored:
                check_stored(outcome.stored, outcome.told, scenario)
            fewest, most = scenario.requests
            assert fewest <= len(outcome.exchanges) <= most, len(outcome.exchanges)
            if scenario.closes or scenario.finish is None:
                last = outcome.exchanges[-1]
                assert last.finished_at or last.closed_within(), "the provider's connection stays open"
            if scenario.closes:
                assert last.closed_within(), "the provider's connection stays open"
        except Exception as failure:
            raise AssertionError(f"{case} through the {door}: {failure!r}") from failure


def good(dialect):
    return [chunked(*frames_of(DIALECTS[dialect], PIECES))]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def test_the_request_is_what_the_provider_expects(stage):
    paths = {"groq": "/openai/v1/chat/completions", "openai": "/v1/chat/completions", "anthropic": "/v1/messages",
             "gemini": "/v1beta/models/m-1:streamGenerateContent?alt=sse"}
    for name, (fake, server, _) in stage.items():
        run = doors.new_run()
        told = doors.by_full_stream(server, doors.question_for("one_write", run), temperature=0.5, max_tokens=77)
        assert told.text == TEXT
        exchange = fake.wait_for(run)
        assert (exchange.method, exchange.path) == ("POST", paths[name])
        headers, body = exchange.headers, exchange.json
        assert headers["content-type"] == "application/json"
        key = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}.get(name, "authorization")
        assert headers[key] == ("Bearer " if key == "authorization" else "") + "key-of-a-test"
        if name == "gemini":
            sampling = (body["generationConfig"]["temperature"], body["generationConfig"]["maxOutputTokens"])
            assert body["contents"][-1]["role"] == "user" and body["systemInstruction"]["parts"][0]["text"]
        else:
            limit = "max_tokens" if name == "anthropic" else "max_completion_tokens"
            sampling = (body["temperature"], body.get(limit, body.get("max_tokens")))
            assert body["model"] == "m-1" and body["stream"] is True and body["messages"][-1]["role"] == "user"
            if name == "anthropic":
                assert headers["anthropic-version"] == "2023-06-01" and isinstance(body["system"], (str, list))
        assert sampling == (0.5, 77)


def play_address(tmp_path_factory, provider, variable, address):
    """The path that is asked when a variable says so."""
    with FakeProvider() as fake:  # which knows no scenario: what is asked for is enough here
        settings = {**settings_for(provider, fake.url), variable: address.replace("URL", fake.url)}
        data = tmp_path_factory.mktemp("address") / "data"
        with jackdaw.Server(data, JACKDAW_EMBEDDER="hash", **settings) as server:
            server.upload(jackdaw.SAMPLE)
            assert doors.by_full_stream(server, doors.question_for("none", "none")).code == "provider_error"
        return fake.wait_for("none").path


def test_addresses_are_joined_as_people_write_them(tmp_path_factory):
    chat = "/v1/chat/completions"
    cases = [("groq", "GROQ_BASE_URL", "URL/", f"/openai{chat}"), ("groq", "GROQ_BASE_URL", "URL/openai/v1",
                                                                  f"/openai{chat}"),
             ("openai", "OPENAI_BASE_URL", "URL/v1/", chat), ("openai", "OPENAI_BASE_URL", "URL/api/v1", f"/api{chat}"),
             ("anthropic", "ANTHROPIC_BASE_URL", "URL/proxy/", "/proxy/v1/messages"),
             ("gemini", "GEMINI_BASE_URL", "URL/g", "/g/v1beta/models/m-1:streamGenerateContent?alt=sse"),
             ("ollama", "OLLAMA_HOST", "URL/", chat)]
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        jobs = [pool.submit(play_address, tmp_path_factory, *case[:3]) for case in cases]
        assert [job.result() for job in jobs] == [path for *_, path in cases]


def damaged(dialect, seed):
    """A good stream with a few bytes changed, lost, doubled or put in."""
    chance = random.Random(seed)
    body = bytearray(b"".join(frames_of(DIALECTS[dialect], PIECES)))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(body))
        until = min(len(body), at + chance.choice([1, 1, 2, 8, 200]))
        how = chance.randrange(4)
        if how == 0:
            body[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            del body[at:until]
        elif how == 2:
            body[at:at] = body[at:until]
        else:
            body[at:at] = chance.choice([b"\n\n", b"\0", b"\r", b"\xff\xfe", b"data: ", b'"', b"}", b"event: error\n"])
    return [chunked(bytes(body))]


def test_no_damage_breaks_the_contract(stage):
    """Whatever comes: one last event, and text that was said is not taken back."""
    count = 5_000 if jackdaw.SOAK else 60
    for name, (fake, server, _) in stage.items():
        fake.scenarios["damaged"] = lambda exchange, name=name: [damaged(name, exchange.run)]
        runs = [f"{name}damage{number}" for number in range(count)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for told in pool.map(lambda run: doors.by_full_stream(server, doors.question_for("damaged", run)), runs):
                assert told.finish or told.code in ("provider_bad_stream", "provider_error", "provider_overloaded",
                                                    "provider_auth"), told
        assert server.process.poll() is None


def test_only_writers_in_use_can_be_asked_for(stage):
    fake, server, _ = stage["groq"]
    for fields, field in (({"provider": "openai"}, "provider"), ({"provider": "http://127.0.0.1"}, "provider"),
                          ({"model": "m-2"}, "model"), ({"provider": "extractive", "model": "m-1"}, None)):
        run = doors.new_run()
        for path in ("/v1/answers", "/query", "/query/stream"):
            answer = server.post_json(path, {"question": doors.question_for("one_write", run), **fields})
            assert (answer.status, answer.code) == (400, "invalid_argument"), answer.body
            if field:
                assert answer.json()["errors"][0]["field"] == field
        assert not fake.of_run(run)
    run = doors.new_run()
    told = doors.by_full_stream(server, doors.question_for("one_write", run), provider="groq", model="m-1")
    assert told.text == TEXT


def test_a_reused_connection_that_is_dead_is_replaced_by_a_fresh_one(tmp_path_factory):
    for name, dialect in DIALECTS.items():
        end = {"stale": [[*good(name), Wait(0.1), Close()]],
               "reset": lambda exchange: [good(name)]}
        with FakeProvider(end) as fake, server_for(tmp_path_factory, name, fake.url) as server:
            for scenario in ("stale", "stale", "reset", "stale", "reset"):
                run = doors.new_run()
                assert doors.by_full_stream(server, doors.question_for(scenario, run)).text == TEXT
                assert len(fake.of_run(run)) == 1
                if scenario == "stale":
                    assert fake.of_run(run)[0].closed_within()


def test_connections_are_reused(stage):
    for fake, server, _ in stage.values():
        runs = [doors.new_run() for _ in range(3)]
        for run in runs:
            doors.by_full_stream(server, doors.question_for("one_write", run))
        assert len({fake.wait_for(run).connection for run in runs}) == 1


def blocking_scenarios(dialect):
    """For a provider that is asked for the whole answer at once: (responses, finish reason or error code)."""
    body = dialect.blocking(TEXT)
    slow = [step for _ in range(28) for step in (b"\n", Wait(0.25))]
    bad_stream = "provider_bad_stream"
    return {
        "whole": ([[whole(200, body)]], "stop"),
        "blank_lines_for_long": ([[head(200, "application/json", Content_Length=len(body) + 28), *slow, body]], "stop"),
        "fine_after_503": ([[whole(503, b"")], [whole(200, body)]], "stop"),
        "length": ([[whole(200, dialect.blocking(TEXT, dialect.length))]], "length"),
        "filtered": ([[whole(200, dialect.blocking("", dialect.content_filter))]], "content_filter"),
        "refused": ([[whole(401, dialect.error_body(401, LONG))]], "provider_auth"),
        "error_at_200": ([[whole(200, dialect.error_body(500, LONG))]], "provider_error"),
        "cut": ([[head(200, "application/json", Content_Length=len(body)), body[:-1], Close()]], bad_stream),
        "not_json": ([[whole(200, body[:-1])]], bad_stream),
        "page": ([[whole(200, b"<html>" + CANARY.encode(), "text/html")]], bad_stream),
        "huge": ([[whole(200, b'{"x": "' + b"x" * (8 << 20) + b'"}')]], bad_stream),
        "silence": ([[Hold()]], "provider_timeout"),
    }


def play_blocking(tmp_path_factory, name):
    table = blocking_scenarios(DIALECTS[name])
    settings = {"LLM_STREAM": "false", "LLM_FIRST_BYTE_TIMEOUT_MS": SHORT_MS, "LLM_IDLE_TIMEOUT_MS": SHORT_MS}
    with FakeProvider({key: responses for key, (responses, _) in table.items()}) as fake, \
            server_for(tmp_path_factory, name, fake.url, **settings) as server, \
            concurrent.futures.ThreadPoolExecutor(len(table)) as pool:
        jobs = {key: pool.submit(doors.by_full_stream, server, doors.question_for(key, f"{name}0")) for key in table}
        for key, job in jobs.items():
            told, expected = job.result(), table[key][1]
            assert (told.finish or told.code) == expected, (name, key, told)
            assert told.text == (TEXT if expected in ("stop", "length") else ""), (name, key)
            assert CANARY.encode() not in told.said
            assert told.finish is None or told.usage["input_tokens"] == INPUT_TOKENS, (name, key)
        for exchange in fake.exchanges:
            assert "stream" not in exchange.path and not exchange.json.get("stream"), (name, exchange.path)


def test_a_provider_that_cannot_stream_is_asked_for_the_whole_answer(tmp_path_factory):
    with concurrent.futures.ThreadPoolExecutor(len(DIALECTS)) as pool:
        for job in [pool.submit(play_blocking, tmp_path_factory, name) for name in DIALECTS]:
            job.result()


def test_a_prompt_that_was_cut_without_a_word_is_told_in_the_log(tmp_path_factory):
    with FakeProvider({"cut": [[whole(200, DIALECTS["openai"].blocking(TEXT, input_tokens=9))]]}) as fake:
        with server_for(tmp_path_factory, "ollama", fake.url) as server:
            assert doors.by_full_stream(server, doors.question_for("cut", "r")).text == TEXT
            assert re.search(r"(?i)warn.*prompt", server.log())


def test_a_parameter_that_is_refused_is_left_out(tmp_path_factory):
    for name in ("groq", "openai"):
        refusal = DIALECTS[name].error_body(400, "Unsupported parameter: 'temperature'.", code="unsupported_parameter",
                                            param="temperature")
        table = {"picky": lambda exchange: [[whole(400, refusal)] if "temperature" in exchange.json else good(name)]}
        with FakeProvider(table) as fake, server_for(tmp_path_factory, name, fake.url) as server:
            for requests in (2, 1):  # the second time it is known
                run = doors.new_run()
                assert doors.by_full_stream(server, doors.question_for("picky", run)).text == TEXT
                assert len(fake.of_run(run)) == requests


def test_ollama_speaks_the_openai_dialect_without_a_key(tmp_path_factory):
    dialect = DIALECTS["openai"]
    swallowed = [*dialect.begin(), dialect.text(PIECES[0]), dialect.chunk({"content": ""})]
    table = {"good": [good("openai")], "swallowed": [[chunked(encode_all(swallowed))]],
             "missing": [[whole(404, b'{"error": "model \'m-1\' not found"}')]]}
    with FakeProvider(table) as fake:
        with server_for(tmp_path_factory, "ollama", f"127.0.0.1:{fake.port}") as server:
            run = doors.new_run()
            assert doors.by_full_stream(server, doors.question_for("good", run)).text == TEXT
            exchange = fake.of_run(run)[0]
            assert exchange.path == "/v1/chat/completions"
            assert exchange.json["max_tokens"] == 800 and "max_completion_tokens" not in exchange.json
            told = doors.by_full_stream(server, doors.question_for("swallowed", doors.new_run()))
            assert (told.code, told.text) == ("provider_bad_stream", PIECES[0])
            told = doors.by_full_stream(server, doors.question_for("missing", doors.new_run()))
            assert told.code == "provider_error" and "m-1" in told.message
    with server_for(tmp_path_factory, "ollama", f"http://127.0.0.1:{fake.port}") as server:
        told = doors.by_full_stream(server, doors.question_for("good", doors.new_run()))
        assert told.code == "provider_error" and told.retryable  # nobody listens there any more


def test_another_provider_takes_over_before_the_first_word_and_says_so(tmp_path_factory):
    table = {"down": [[whole(401, b"{}")]], "broken": [[chunked(*frames_of(DIALECTS["groq"], PIECES)[:3])]],
             "good": [good("groq")], "all": [[whole(400, b"{}")]]}
    second = {"down": [good("anthropic")], "broken": [good("anthropic")], "all": [[whole(400, b"{}")]]}
    with FakeProvider(table) as groq, FakeProvider(second) as anthropic:
        settings = {**settings_for("anthropic", anthropic.url), **settings_for("groq", groq.url),
                    "LLM_FALLBACK": "anthropic,extractive"}
        data = tmp_path_factory.mktemp("failover") / "data"
        with jackdaw.Server(data, JACKDAW_EMBEDDER="hash", **settings) as server:
            server.upload(jackdaw.SAMPLE)
            with doors.open_answer(server, doors.question_for("down", "down")) as (_, events):
                events = list(events)
            assert doors.check_events(events).data["answer"] == TEXT
            assert events[0].data["provider"] == "groq"
            told = [event.data for event in events if event.name == "provider"]
            assert [(event["from"], event["to"]) for event in told] == [("groq", "anthropic")]
            assert len(told[0]["reason"]) > 10 and "GROQ_API_KEY" in told[0]["reason"]
            stored = server.get("/v1/answers/" + events[0].data["answer_id"]).json()
            assert (stored["provider"], stored["status"]) == ("anthropic", "complete")
            assert server.post_json("/query", {"question": doors.question_for("down", "q")}).json()["answer"] == TEXT

            # After the first word nobody takes over.
            told = doors.by_full_stream(server, doors.question_for("broken", "broken"))
            assert told.code == "provider_bad_stream" and told.text == PIECES[0] + PIECES[1]
            assert not anthropic.of_run("broken")
            assert doors.by_full_stream(server, doors.question_for("good", "good")).text == TEXT
            assert not anthropic.of_run("good")

            # To the end of the line: what quotes from the documents never fails.
            with doors.open_answer(server, doors.question_for("all", "all")) as (_, events):
                events = list(events)
            assert doors.check_events(events).name == "final"
            switches = [(event.data["from"], event.data["to"]) for event in events if event.name == "provider"]
            assert switches == [("groq", "anthropic"), ("anthropic", "extractive")]


def test_nobody_takes_over_unless_told_to(tmp_path_factory):
    with FakeProvider({"down": [[whole(401, b"{}")]]}) as groq, FakeProvider({"down": [good("openai")]}) as other:
        keys = {**settings_for("openai", other.url), **settings_for("anthropic", other.url),
                **settings_for("gemini", other.url), "OLLAMA_HOST": other.url}
        with server_for(tmp_path_factory, "groq", groq.url,
                        **{k: v for k, v in keys.items() if not k.startswith("LLM_")}) as server:
            told = doors.by_full_stream(server, doors.question_for("down", "down"))
            assert told.code == "provider_auth" and "GROQ_API_KEY" in told.message and not told.retryable
            assert other.connections == 0


def test_tls_carries_every_dialect(tmp_path_factory, certificates):
    trusted = {"LLM_CA_FILE": certificates.authority, "LLM_CONNECT_TIMEOUT_MS": 60_000}
    for provider, dialect in DIALECTS.items():
        frames = b"".join(frames_of(dialect, PIECES))
        table = {"good": [good(provider)], "bytes": [[Slowly(chunked(frames))]],
                 "cut": [[head(Connection="close") + frames[:200], Close()]],
                 "closed": [[head(Connection="close") + frames, Close()]]}
        with FakeProvider(table, tls=certificates.context()) as fake, \
                server_for(tmp_path_factory, provider, fake.url, **trusted) as server:
            for name in ("good", "bytes", "closed"):
                assert doors.by_full_stream(server, doors.question_for(name, doors.new_run())).text == TEXT
            told = doors.by_full_stream(server, doors.question_for("cut", doors.new_run()))
            assert told.code == "provider_bad_stream"


def test_http_2_may_be_allowed_to_a_server_that_does_not_speak_it(tmp_path_factory, certificates):
    with FakeProvider({"good": [good("groq")]}, tls=certificates.context()) as fake:
        settings = {"LLM_CA_FILE": certificates.authority, "LLM_HTTP2": "true"}
        with server_for(tmp_path_factory, "groq", fake.url, **settings) as server:
            assert doors.by_full_stream(server, doors.question_for("good", doors.new_run())).text == TEXT


def play_distrusted(tmp_path_factory, tls, settings):
    with FakeProvider({"good": [good("groq")]}, tls=tls) as fake:
        with server_for(tmp_path_factory, "groq", fake.url, **settings) as server:
            for door in (doors.by_full_stream, doors.by_simple_json):
                told = door(server, doors.question_for("good", doors.new_run()))
                assert told.code == "provider_error" and "certificate" in told.message.lower(), told
        assert not fake.exchanges


def test_certificates_are_checked(tmp_path_factory, certificates):
    trusted = {"LLM_CA_FILE": certificates.authority}
    kinds = [("good", {}), ("wrong", trusted), ("expired", trusted)]  # the first by an authority that nobody knows
    with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
        for job in [pool.submit(play_distrusted, tmp_path_factory, certificates.context(kind), settings)
                    for kind, settings in kinds]:
            job.result()


def play_unreachable(tmp_path_factory, url):
    with server_for(tmp_path_factory, "openai", url, LLM_CONNECT_TIMEOUT_MS=500) as server:
        return doors.by_full_stream(server, doors.question_for("none", "none"))


def test_who_cannot_be_reached_is_an_error_in_time(tmp_path_factory):
    with DeafListener() as hanging, DeafListener(accepts=False) as full, \
            concurrent.futures.ThreadPoolExecutor(3) as pool:
        urls = [f"https://127.0.0.1:{hanging.port}", f"http://127.0.0.1:{full.port}", "http://no-such-host.invalid"]
        mute, deaf, nowhere = pool.map(lambda url: play_unreachable(tmp_path_factory, url), urls)
        for told in (mute, deaf):
            assert told.code == "provider_timeout" and told.retryable
        assert nowhere.code in ("provider_error", "provider_timeout") and "no-such-host.invalid" in nowhere.message
        hanging.wait_until(lambda: len(hanging.closed_at) == hanging.accepted, "the closing of the connections")
        assert hanging.accepted == 3  # the first try and two more


def test_words_reach_the_reader_while_the_provider_still_writes(stage):
    for name, (fake, server, _) in stage.items():
        dialect = DIALECTS[name]
        steps = [head(Transfer_Encoding="chunked"), chunk(encode_all(dialect.begin()) or b":\n\n")]
        for number, piece in enumerate(PIECES):
            steps += [chunk(encode_all([dialect.text(piece)])), Gate(str(number))]
        steps.append(b"".join(chunk(encode_all([event])) for event in dialect.finish()) + b"0\r\n\r\n")
        fake.scenarios["gated"] = [steps]
        run = doors.new_run()
        with doors.open_answer(server, doors.question_for("gated", run)) as (_, events):
            heard = ""
            for number in range(len(PIECES)):
                # The provider says the next piece only after this one was read here; a blank at its end may come later.
                heard += next(event for event in events if event.name == "token").data["text"]
                assert heard.rstrip(" ") == "".join(PIECES[:number + 1]).rstrip(" ")
                fake.open_gate(run, str(number))
            assert list(events)[-1].data["answer"] == TEXT
