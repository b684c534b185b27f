"""The real program with a writer that follows a script, and its page in a real browser, as the tests of the page need them."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from webdriver import Browser, BrowserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("JACKDAW_BINARY", ROOT / "build" / "dev" / "jackdaw"))
SAMPLE = ROOT / "samples" / "magpie-7.pdf"
AXE = ROOT / "third_party" / "axe" / "axe.min.js"
QUESTION = "What is the list price of the Magpie-7?"
WAIT = 120  # a sanitized program on a busy machine


def settings_of_nobody():
    """The environment without a person's settings."""
    theirs = ("JACKDAW_", "LLM_", "GROQ_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "OLLAMA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs) and not name.lower().endswith("_proxy")}
    kept["JACKDAW_MODELS"] = os.environ.get("JACKDAW_TEST_MODELS", str(ROOT / "third_party" / "models"))
    return kept


class Program:
    """A server on a port of its own, which it keeps when it is killed and started again."""

    def __init__(self, folder, steps, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = {"JACKDAW_EMBEDDER": "hash", "LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": str(self.folder / "script.jsonl"), **settings}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = self.folder / "server.log"
        self.process = None
        self.write_script(steps)
        self.start()

    def write_script(self, steps):
        """Counts from the next start."""
        (self.folder / "script.jsonl").write_text("".join(json.dumps(step, ensure_ascii=False) + "\n" for step in steps), encoding="utf-8")

    def gate(self, name):
        """A step that waits until open_gate(name)."""
        return {"wait_for_file": str(self.folder / f"go-{name}")}

    def open_gate(self, name):
        (self.folder / f"go-{name}").touch()

    def close_gates(self):
        for gate in self.folder.glob("go-*"):
            gate.unlink()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", "--port", str(self.port), "--data", str(self.folder / "data")], cwd=self.folder,
                env={**settings_of_nobody(), **self.settings}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + WAIT
        while not self.is_ready():
            assert self.process.poll() is None and time.monotonic() < end, f"the server did not come up:\n{self.log()}"
            time.sleep(0.05)

    def is_ready(self):
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def request(self, method, path, value=None):
        """(status, the JSON of the body or None)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            body = None if value is None else json.dumps(value)
            key = self.settings.get("JACKDAW_API_KEY")
            headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if "json" in (response.headers["Content-Type"] or "") else None
        finally:
            connection.close()

    def get(self, path):
        status, value = self.request("GET", path)
        assert status == 200, (path, status, value)
        return value

    def request_bytes(self, method, path, content):
        """request() with a file as its body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            connection.request(method, path, content, {"Content-Type": "application/octet-stream"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def head_of(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.headers
        finally:
            connection.close()

    def add(self, name, content):
        """Takes a file in and waits until it is searchable; its id."""
        status, body = self.request_bytes("POST", f"/v1/documents?wait=true&filename={name}", content)
        assert status == 200, body
        return body["document_id"]

    def add_sample(self):
        return self.add("magpie-7.pdf", SAMPLE.read_bytes())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the server did not end within 60 s of SIGTERM") from None


def by(testid):
    return f'[data-testid="{testid}"]'


class Page(Browser):
    """The page of a program. Elements are named by their data-testid."""

    def go(self, program, place="#/"):
        self.open("about:blank")
        self.open(f"{program.url}/{place}")
        self.until("the page", lambda: self.run("return document.querySelector('[data-testid=composer]') !== null"))

    def until(self, what, condition, seconds=WAIT):
        return self.wait(what, condition, seconds)

    def click(self, css):
        """Clicks once it is to be seen; one that is drawn anew just then is looked for again."""
        self.until(f"{css} to be clicked", lambda: self.is_shown(css) and self.tried(super(Page, self).click, css))

    def type(self, css, text):
        self.until(f"{css} to be typed in", lambda: self.count(css) and self.tried(super(Page, self).type, css, text))

    @staticmethod
    def tried(action, *words):
        try:
            action(*words)
        except BrowserError as error:
            if not re.search("stale element|no such element|not interactable|click intercepted", str(error)):
                raise
            return False
        return True

    def count(self, css):
        return self.run("return document.querySelectorAll(arguments[0]).length", css)

    def is_shown(self, css):
        return self.run("const found = document.querySelector(arguments[0]); return Boolean(found && found.checkVisibility())", css)

    def texts(self, css):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)", css)

    def shown(self, css):
        """Waits until it is to be seen; its text."""
        self.until(f"{css} on the page", lambda: self.is_shown(css))
        return self.text(css)

    def touch(self, css):
        """A click by script: for what is shown under the mouse alone."""
        self.until(f"{css} on the page", lambda: self.count(css))
        self.run("document.querySelector(arguments[0]).click()", css)

    def ask(self, question=QUESTION):
        self.type(by("composer"), question)
        self.click(by("send"))

    def answer(self):
        """The text of the last answer."""
        found = self.texts(by("answer-text"))
        return found[-1] if found else ""

    def last_status(self):
        return self.run("return [...document.querySelectorAll('[data-testid=answer]')].at(-1)?.dataset.status ?? null")

    def ends(self, status="complete"):
        self.until(f"the answer to be {status}", lambda: self.last_status() == status)

    def choose_in_menu(self, label):
        self.until("the menu", lambda: self.count(by("menu")))
        self.run("[...document.querySelectorAll('[data-testid=menu] button')].find((item) => item.textContent === arguments[0]).click()", label)

    def breaches(self):
        """What the console holds beside refused requests: scripts' errors, breaches of the page's policy."""
        return [entry for entry in self.log() if entry["source"] != "network"]

    def axe(self):
        """What axe-core finds that is serious or critical."""
        found = self.run(AXE.read_text(encoding="utf-8") + ";return window.axe.run(document, {resultTypes: ['violations']}).then((all) => all.violations"
                         ".filter((each) => ['serious', 'critical'].includes(each.impact))"
                         ".map((each) => `${each.id}: ${each.nodes.slice(0, 4).map((node) => node.html.slice(0, 160) + ' ' + node.any.map((why) => why.message).join('; ')).join(' | ')}`))")
        return found
