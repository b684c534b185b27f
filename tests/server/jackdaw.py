"""Starts the real program for black-box tests and talks to it: plain sockets and http.client, nothing else."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tarfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("JACKDAW_BINARY", ROOT / "build" / "dev" / "jackdaw"))
DATA = pathlib.Path(os.environ.get("JACKDAW_TEST_DATA", ROOT.parent / "shared" / "data"))
SAMPLE = ROOT / "samples" / "magpie-7.pdf"
QUESTION = "What is the list price of the Magpie-7?"
SOAK = os.environ.get("JACKDAW_SOAK", "") != ""
START_SECONDS = 120  # a sanitized program on a busy machine


def environment(**settings):
    """The settings of one test alone: nothing of the person who runs it."""
    theirs = ("JACKDAW_", "LLM_", "GROQ_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "OLLAMA_")
    kept = {name: value for name, value in os.environ.items()
            if name == "JACKDAW_TEST_DATA" or not name.startswith(theirs) and not name.lower().endswith("_proxy")}
    models = os.environ.get("JACKDAW_TEST_MODELS")
    if models:
        kept["JACKDAW_MODELS"] = models
    kept.update({name: str(value) for name, value in settings.items()})
    return kept


def run(*words, data=None, cwd=None, timeout=300, **settings):
    """Runs one command to its end."""
    words = [str(word) for word in words]
    if data is not None:
        words += ["--data", str(data)]
    return subprocess.run([str(BINARY), *words], env=environment(**settings), cwd=cwd or ROOT / "tests",
                          capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["code"]


class Server:
    """A running server on a free port."""

    def __init__(self, data, wait=True, host="127.0.0.1", flags=(), **settings):
        self.data = pathlib.Path(data)
        self.log_path = self.data.parent / f"{self.data.name}-{uuid.uuid4().hex[:6]}.log"
        self.log_file = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--port", "0", "--host", host, "--data", str(data), *flags],
            env=environment(**settings), cwd=ROOT / "tests", stdin=subprocess.DEVNULL,
            stdout=self.log_file, stderr=self.log_file)
        self.port = None
        try:
            self._find_port()
            if wait:
                self.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def log(self):
        return self.log_path.read_text(errors="replace")

    def _find_port(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"jackdaw serves http://[^ ]*?:(\d+) ", self.log())
            if found:
                self.port = int(found.group(1))
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log()}")

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self.get("/health").status == 200:
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not become ready:\n{self.log()}")

    def connect(self, timeout=120):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=120):
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post_json(self, path, value, headers=None):
        body = value if isinstance(value, (bytes, str)) else json.dumps(value)
        return self.request("POST", path, body=body, headers={"Content-Type": "application/json", **(headers or {})})

    def upload(self, *files, headers=None, timeout=300):
        """Each file is a path, or (name, bytes)."""
        return self.form("POST", "/upload", *files, headers=headers, timeout=timeout)

    def form(self, method, path, *files, headers=None, timeout=300, **fields):
        """multipart/form-data: files as for upload(), fields with one value or several."""
        boundary = uuid.uuid4().hex
        body = b""
        for name, values in fields.items():
            for value in [values] if isinstance(values, str) else values:
                body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for file in files:
            name, content = (file.name, file.read_bytes()) if isinstance(file, pathlib.Path) else file
            quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "%0A")
            body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
                     f"Content-Type: application/pdf\r\n\r\n").encode() + content + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        return self.request(method, path, body=body, timeout=timeout,
                            headers={"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})})

    def socket(self, timeout=60):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def terminate(self, timeout=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self.log_file.close()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.log())
            self.kill()
        else:
            code = self.terminate()
            assert code == 0, f"exit code {code}:\n{self.log()}"
            assert "ERROR: " not in self.log(), self.log()


def read_events(response):
    """The events of a stream by the WHATWG rules, as they arrive: (event name, data)."""
    data, name, line = [], "", b""
    first, skip_lf = True, False
    while True:
        byte = response.read(1)
        if not byte:
            return
        if skip_lf:
            skip_lf = False
            if byte == b"\n":
                continue
        if byte not in b"\r\n":
            line += byte
            continue
        skip_lf = byte == b"\r"
        text, line = line.decode("utf-8", "replace"), b""
        if first:
            text, first = text.removeprefix("\ufeff"), False
        if text == "":
            if data:
                yield name or "message", "\n".join(data)
            data, name = [], ""
        elif not text.startswith(":"):
            field, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value


@contextlib.contextmanager
def stream(server, question, **fields):
    """POST /query/stream; gives the response while it arrives."""
    connection = server.connect()
    try:
        connection.request("POST", "/query/stream", body=json.dumps({"question": question, **fields}),
                           headers={"Content-Type": "application/json"})
        yield connection.getresponse()
    finally:
        connection.close()


def corpus_pdfs(folder, name="py-pdf-sample-files"):
    """The PDFs of one set of the shared data (the everyday ones), unpacked below `folder`; nothing when it is absent."""
    archive = DATA / "pdf" / f"{name}.tar.xz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as packed:
        members = [member for member in packed if member.isfile() and ".." not in member.name]
        packed.extractall(folder, members=members)
    return sorted(pathlib.Path(folder).rglob("*.pdf"))
