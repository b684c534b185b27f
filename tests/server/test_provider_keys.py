"""Keys stay where they belong: in the header of a request to the one host they are for. Eight of them are planted, and
after everything that can go wrong went wrong they are searched for everywhere else. And a configuration that cannot
work is refused at the start, with a sentence that names the variable."""

import concurrent.futures
import contextlib
import os
import pathlib
import threading
import time

import pytest

import doors
import jackdaw
from dialects import DIALECTS, encode, frames_of, settings_for
from fake_provider import Close, FakeProvider, Hold, Reset, Wait, chunked, head, whole

WAIT_SECONDS = 60
PROVIDER_KEYS = {"groq": "gsk_canary1groqA8fK2mQ9", "openai": "sk-canary2-openaiB7dJ3nR8",
                 "anthropic": "sk-ant-canary3anthropicC6sH4pT7", "gemini": "AIzaCanary4geminiD5aG5qV6xy"}
DOOR_KEY = "canary5-door-E4zF6rW5"
URL_PASSWORD = "canary6UrlPasswordF3xD7sX4"
FILE_KEY = "sk-canary7-envfileG2cS8tY3"
PROXY_PASSWORD = "canary8ProxyPasswordH1vA9uZ2"
CANARIES = [*PROVIDER_KEYS.values(), DOOR_KEY, URL_PASSWORD, FILE_KEY, PROXY_PASSWORD]
DOOR = {"Authorization": f"Bearer {DOOR_KEY}"}


def find_canaries(text, where):
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogateescape")
    for canary in CANARIES:
        # The last half alone would already be too much.
        for secret in (canary, canary[len(canary) // 2:]):
            assert secret.encode() not in text, f"{secret} shows in {where}: {text[:2000]!r}"


def echoing_scenarios(dialect):
    """Failures that all say the key that was sent, in every place that a provider has for words."""
    key = PROVIDER_KEYS.get(dialect.name, FILE_KEY)
    message = f"Incorrect API key provided: {key}. Header was 'Bearer {key}'."
    error = encode(dialect.error(message))
    begun = [encode(event) for event in [*dialect.begin(), dialect.text("The list price")]]
    url = f"http://user:{key}@elsewhere/?key={key}"
    table = {f"status{status}": [[whole(status, dialect.error_body(status, message, code=key), X_Key=key)]]
             for status in (400, 401, 403, 404, 413, 422, 429, 500, 503)}
    table.update({
        "flat": [[whole(400, f'{{"message": "{message}"}}'.encode())]],
        "string": [[whole(400, f'{{"error": "{message}"}}'.encode())]],
        "words": [[whole(400, message.encode(), "text/plain")]],
        "page": [[whole(200, message.encode(), f"text/html; key={key}")]],
        "type": [[whole(200, message.encode(), f"application/{key}")]],
        "redirect": [[whole(307, message.encode(), Location=url)]],
        "error_first": [[chunked(error)]],
        "error_later": [[chunked(*begun, error)]],
        "error_words": [[chunked(*begun, encode(("error", message)))]],
        "bad_json": [[chunked(*begun, f"data: {{\"{message}\n\n".encode())]],
        "bad_type": [[chunked(*begun, f"data: \"{message}\"\n\n".encode())]],
        "raw_tail": [[chunked(*begun, dialect.error_body(500, message))]],
        "bad_http": [[f"{message}\r\n\r\n".encode(), Close()]],
        "bad_encoding": [[whole(200, b"x", "text/event-stream", Content_Encoding=key)]],
        "cut": [[head() + b"".join(begun), Wait(0.1), Reset()]],
        "good": [[chunked(*frames_of(dialect, ["The list price ", "is €68,400 [1]."]))]],
        "hold": [[chunked(*begun, last=False), Hold()]],
    })
    return table


@contextlib.contextmanager
def guarded_server(data, *flags, **settings):
    """A server with a key of its own at the door."""
    with jackdaw.Server(data, wait=False, flags=flags, JACKDAW_EMBEDDER="hash", JACKDAW_API_KEY=DOOR_KEY,
                        JACKDAW_LOG="debug", **settings) as server:
        server.wait_until_ready()
        yield server


def ask_everywhere(server, name):
    """All that the server says about one question, whichever way it goes."""
    said = []
    for path, stream in (("/v1/answers", True), ("/v1/answers", False), ("/query", None), ("/query/stream", None)):
        body = {"question": doors.question_for(name, doors.new_run())}
        if stream is not None:
            body["stream"] = stream
        answer = server.post_json(path, body, headers=DOOR)
        said.append(answer.body + str(answer.headers).encode())
        for line in answer.body.decode().split("\n"):
            if line.startswith("id: "):
                answer_id = line[4:].partition(":")[0]
                for suffix in ("", "/events"):
                    said.append(server.get(f"/v1/answers/{answer_id}{suffix}", DOOR).body)
                break
    return said


def family_of(process_id):
    """The process and all below it."""
    found = [process_id]
    for task in pathlib.Path(f"/proc/{process_id}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += family_of(int(child))
    return found


class ProcessWatch:
    """Looks at the command lines of the server's processes, and at the environment of its children, while they live."""

    def __init__(self, server):
        self._server, self._stop = server, threading.Event()
        self.problems, self.environments, self.command_lines = [], [], set()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        own = self._server.process.pid
        while not self._stop.is_set():
            for process in family_of(own):
                with contextlib.suppress(OSError, AssertionError):
                    self.command_lines.add(pathlib.Path(f"/proc/{process}/cmdline").read_bytes())
                    if process != own and self._is_parser(process):
                        self.environments.append(pathlib.Path(f"/proc/{process}/environ").read_bytes())
            time.sleep(0.05 if self.environments else 0.002)

    @staticmethod
    def _is_parser(process):
        """Between fork and exec a child is still a copy of its parent."""
        return "jackdaw-parse" in os.readlink(f"/proc/{process}/exe")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(WAIT_SECONDS)


def upload_until(server, condition):
    """Feeds documents until the condition holds."""
    deadline = time.monotonic() + WAIT_SECONDS
    number = 0
    while not condition():
        assert time.monotonic() < deadline, "no parser was ever seen"
        number += 1
        content = jackdaw.SAMPLE.read_bytes() + b"\n%% " + str(number).encode() + b"\n"
        answer = server.upload((f"copy-{number}.pdf", content), headers=DOOR)
        assert answer.status == 200
        find_canaries(answer.body, "the answer to an upload")


def everything_below(folder):
    return {path: path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def settings_of_all(urls):
    settings = {}
    for provider, url in urls.items():
        settings.update(settings_for(provider, url, PROVIDER_KEYS[provider]))
    return settings


def search_everywhere(folder, name, fakes):
    """Plays all that can go wrong with one provider, and looks for keys in all that came of it."""
    fake, data = fakes[name], folder / "data"
    env_file = folder / "settings.env"
    env_file.write_text(f"OPENAI_API_KEY={FILE_KEY}\n")
    settings = {**settings_of_all({each: fakes[each].url for each in fakes}), "LLM_PROVIDER": name}
    if name == "openai":
        del settings["OPENAI_API_KEY"]  # it comes from the file
    with guarded_server(data, "--env-file", str(env_file), **settings) as server, ProcessWatch(server) as watch:
        upload_until(server, lambda: watch.environments)
        names = list(fake.scenarios)
        names.remove("hold")
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            for scenario, said in zip(names, pool.map(lambda each: ask_everywhere(server, each), names)):
                for part in said:
                    find_canaries(part, f"what {name} {scenario} became")
        for path in ("/health", "/readyz", "/v1/documents", "/openapi.json", "/nowhere", "/v1/status"):
            answer = server.get(path, DOOR)
            find_canaries(answer.body + str(answer.headers).encode(), path)
    for environment in watch.environments:
        find_canaries(environment, "the environment of the parser")
    for line in watch.command_lines:
        find_canaries(line, "a command line")
    find_canaries(server.log(), "the log")
    for path, content in everything_below(data).items():
        find_canaries(content, path)

    # The key did arrive where it belongs, and no other.
    key = FILE_KEY if name == "openai" else PROVIDER_KEYS[name]
    sent = [value for exchange in fake.exchanges for value in exchange.headers.values()]
    assert any(key in value for value in sent)
    assert not [value for value in sent for canary in CANARIES if canary in value and canary != key]
    assert not [canary for exchange in fake.exchanges for canary in CANARIES
                if canary.encode() in exchange.body or canary in exchange.path]


def test_no_key_shows_anywhere_after_everything_went_wrong(tmp_path):
    with contextlib.ExitStack() as stack:
        fakes = {name: stack.enter_context(FakeProvider(echoing_scenarios(dialect)))
                 for name, dialect in DIALECTS.items()}
        with concurrent.futures.ThreadPoolExecutor(len(fakes)) as pool:
            jobs = []
            for name in fakes:
                (tmp_path / name).mkdir()
                jobs.append(pool.submit(search_everywhere, tmp_path / name, name, fakes))
            for job in jobs:
                job.result()


def test_keys_in_flight_are_not_in_what_is_stored_or_listed(tmp_path):
    """While an answer is being written, too."""
    with FakeProvider(echoing_scenarios(DIALECTS["openai"])) as fake:
        settings = settings_for("openai", fake.url, PROVIDER_KEYS["openai"])
        with guarded_server(tmp_path / "data", **settings) as server:
            upload_until(server, lambda: server.get("/v1/documents", DOOR).json()["documents"])
            run = doors.new_run()
            with doors.open_stream(server, "/v1/answers", headers=DOOR, stream=True,
                                   question=doors.question_for("hold", run)) as response:
                exchange = fake.wait_for(run)
                find_canaries(response.read1(65536), "a stream")
                for path, content in everything_below(tmp_path).items():
                    find_canaries(content, path)
                for process in family_of(server.process.pid):
                    find_canaries(pathlib.Path(f"/proc/{process}/cmdline").read_bytes(), "a command line")
            assert exchange.closed_within()


def test_the_password_of_a_proxy_goes_to_the_proxy_alone(tmp_path):
    """The fake is the proxy here: it gets the whole URL, and answers itself."""
    table = {"good": [[chunked(*frames_of(DIALECTS["openai"], ["Fine."]))]],
             "bad": [[whole(407, f"Wrong: {PROXY_PASSWORD}".encode(), "text/plain",
                            Proxy_Authenticate=f'Basic realm="{PROXY_PASSWORD}"')]]}
    with FakeProvider(table) as proxy, FakeProvider(table) as direct:
        through = {"http_proxy": f"http://user:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}", "no_proxy": "",
                   **settings_for("openai", "http://models.example", PROVIDER_KEYS["openai"])}
        with guarded_server(tmp_path / "data", **through) as server:
            upload_until(server, lambda: server.get("/v1/documents", DOOR).json()["documents"])
            for part in ask_everywhere(server, "bad"):
                find_canaries(part, "an answer")
            said = ask_everywhere(server, "good")
            assert b"Fine." in said[0]
            assert {exchange.path for exchange in proxy.exchanges} == {"http://models.example/v1/chat/completions"}
            assert all(exchange.headers["proxy-authorization"].startswith("Basic ") for exchange in proxy.exchanges)
        find_canaries(server.log(), "the log")
        assert "http://models.example" in server.log() and "warn" in server.log().lower()
        # A loopback host is always reached directly.
        with guarded_server(tmp_path / "data", **{**through, **settings_for("openai", direct.url)}) as server:
            before = len(proxy.exchanges)
            assert b"Fine." in ask_everywhere(server, "good")[0]
            assert len(proxy.exchanges) == before and direct.exchanges


def refused(tmp_path, **settings):
    """What the program says when it refuses to start."""
    done = jackdaw.run("serve", "--port", 0, data=tmp_path / "data", timeout=60, JACKDAW_EMBEDDER="hash", **settings)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.count("\n") <= 3, done.stderr
    find_canaries(done.stderr + done.stdout, "the refusal")
    return done.stderr


@pytest.mark.parametrize("provider", list(DIALECTS))
def test_a_missing_key_is_named_at_the_start(tmp_path, provider):
    variable = f"{provider.upper()}_API_KEY"
    said = refused(tmp_path, LLM_PROVIDER=provider, **{variable: ""})
    assert variable in said
    if provider != "openai":  # whose dialect is spoken by servers without keys
        assert variable in refused(tmp_path, LLM_PROVIDER="extractive", LLM_FALLBACK=provider, **{variable: ""})


@pytest.mark.parametrize("settings, words", [
    ({"LLM_PROVIDER": "grok"}, ["LLM_PROVIDER", "grok", "groq", "openai", "anthropic", "gemini", "ollama",
                                "extractive"]),
    ({"LLM_PROVIDER": "openai", "LLM_FALLBACK": "anthropic,claude"}, ["LLM_FALLBACK", "claude", "anthropic"]),
    ({"LLM_CONNECT_TIMEOUT_MS": "-1"}, ["LLM_CONNECT_TIMEOUT_MS", "-1", "1"]),
    ({"LLM_CONNECT_TIMEOUT_MS": "0"}, ["LLM_CONNECT_TIMEOUT_MS"]),
    ({"LLM_FIRST_BYTE_TIMEOUT_MS": "-5"}, ["LLM_FIRST_BYTE_TIMEOUT_MS", "-5"]),
    ({"LLM_IDLE_TIMEOUT_MS": "soon"}, ["LLM_IDLE_TIMEOUT_MS", "soon"]),
    ({"LLM_TOTAL_TIMEOUT_MS": "99999999999999999999"}, ["LLM_TOTAL_TIMEOUT_MS", "99999999999999999999"]),
    ({"LLM_MAX_TOKENS": "-800"}, ["LLM_MAX_TOKENS", "-800"]),
    ({"LLM_TEMPERATURE": "-0.1"}, ["LLM_TEMPERATURE", "-0.1"]),
    ({"JACKDAW_MAX_ANSWERS": "-1"}, ["JACKDAW_MAX_ANSWERS", "-1"]),
    ({"JACKDAW_MAX_QUEUED_ANSWERS": "-1"}, ["JACKDAW_MAX_QUEUED_ANSWERS", "-1"]),
    ({"JACKDAW_ANSWER_RETENTION": "-1"}, ["JACKDAW_ANSWER_RETENTION", "-1"]),
    ({"LLM_STREAM": "perhaps"}, ["LLM_STREAM", "perhaps"]),
    ({"LLM_HTTP2": "2"}, ["LLM_HTTP2", "2"]),
    ({"LLM_CA_FILE": "/nowhere/ca.pem"}, ["LLM_CA_FILE", "/nowhere/ca.pem"]),
    ({"GROQ_BASE_URL": "ftp://models.example"}, ["GROQ_BASE_URL", "ftp://models.example", "http"]),
    ({"GROQ_BASE_URL": "not a url"}, ["GROQ_BASE_URL", "\"not"]),
    ({"GROQ_BASE_URL": "https://"}, ["GROQ_BASE_URL"]),
    ({"GROQ_BASE_URL": "https://models.example:99999"}, ["GROQ_BASE_URL", "99999"]),
    ({"GROQ_BASE_URL": f"https://user:{URL_PASSWORD}@models.example"}, ["GROQ_BASE_URL"]),
    ({"GROQ_BASE_URL": f"https://{URL_PASSWORD}@models.example/x"}, ["GROQ_BASE_URL"]),
    ({"GROQ_BASE_URL": "https://models.example/?x=1"}, ["GROQ_BASE_URL"]),
    ({"GROQ_BASE_URL": "https://models.example/#x"}, ["GROQ_BASE_URL"]),
    ({"GROQ_API_KEY": PROVIDER_KEYS["groq"] + "\n"}, ["GROQ_API_KEY"]),
    ({"GROQ_API_KEY": PROVIDER_KEYS["groq"] + " é"}, ["GROQ_API_KEY"]),
    ({"LLM_PROVIDER": "ollama", "OLLAMA_HOST": "http://127.0.0.1:x"}, ["OLLAMA_HOST"]),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_a_configuration_that_cannot_work_is_refused(tmp_path, settings, words):
    said = refused(tmp_path, **{"LLM_PROVIDER": "groq", "GROQ_API_KEY": PROVIDER_KEYS["groq"], **settings})
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("line", ["GROQ_API_KEY", f"{PROVIDER_KEYS['groq']}", f"= {FILE_KEY}", f"A B={FILE_KEY}",
                                  f"OPENAI_API_KEY='{FILE_KEY}", "\0\1\2"])
def test_an_unreadable_settings_line_is_refused_by_its_number(tmp_path, line):
    env_file = tmp_path / "settings.env"
    env_file.write_text(f"# a comment\nLLM_PROVIDER=groq\n{line}\n")
    done = jackdaw.run("serve", "--port", 0, "--env-file", env_file, data=tmp_path / "data", JACKDAW_EMBEDDER="hash")
    assert done.returncode == 2 and f"{env_file}, line 3" in done.stderr, done.stderr
    find_canaries(done.stderr + done.stdout, "the refusal")


def test_the_log_says_whom_it_will_talk_to(tmp_path):
    with FakeProvider() as fake:
        settings = {**settings_for("anthropic", fake.url, PROVIDER_KEYS["anthropic"]), "LLM_FALLBACK": "extractive"}
        with guarded_server(tmp_path / "data", **settings) as server:
            assert f"127.0.0.1:{fake.port}" in server.log() and "anthropic" in server.log()
        find_canaries(server.log(), "the log")
