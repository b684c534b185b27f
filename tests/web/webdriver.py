"""A headless Chromium, driven through chromedriver by the W3C WebDriver protocol, with the standard library alone.

    with Browser(width=1280) as browser:
        browser.open("http://127.0.0.1:8000/docs")
        browser.type("#question", "How long is it?")
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element reference, from the standard

KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "Shift": "\ue008", "Down": "\ue015", "Up": "\ue013", "Space": " "}

CHROMIUM_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                      "--disable-background-networking", "--disable-component-update", "--disable-sync",
                      "--disable-dev-shm-usage", "--no-proxy-server", "--force-prefers-reduced-motion"]


class BrowserError(Exception):
    """What the driver refused, in its own words."""


class Browser:
    def __init__(self, width=1280, height=1000, arguments=()):
        self.profile = tempfile.mkdtemp(prefix="jackdaw-browser-")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.session = None
        try:
            self.base = f"http://127.0.0.1:{self._port()}"
            self._start(width, height, arguments)
        except BaseException:
            self.close()
            raise

    def _port(self):
        for line in self.driver.stdout:
            if match := re.search(r"started successfully on port (\d+)", line):
                return int(match[1])
        raise BrowserError("chromedriver did not start")

    def _start(self, width, height, arguments):
        options = {"args": [*CHROMIUM_ARGUMENTS, f"--user-data-dir={self.profile}", f"--window-size={width},{height}", *arguments]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            try:
                self._command("DELETE", "")
            except (BrowserError, OSError):
                pass  # it is ended below either way
        self.driver.terminate()
        self.driver.wait()
        # A browser that does not answer any more would outlive its driver.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.driver.pid, signal.SIGKILL)
        self.driver.stdout.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if method == "GET" or method == "DELETE" else json.dumps(body or {}).encode())
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"]) from None

    def _command(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def _element(self, css):
        return self._command("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def open(self, url):
        self._command("POST", "/url", {"url": url})

    def click(self, css):
        """Brings it to the middle first: at the window's edge something fixed may lie over it."""
        self.run("document.querySelector(arguments[0])?.scrollIntoView({block: 'center'})", css)
        self._command("POST", f"/element/{self._element(css)}/click")

    def type(self, css, text):
        """Adds text; for a file input, the path of a file to choose."""
        self._command("POST", f"/element/{self._element(css)}/value", {"text": text})

    def run(self, script, *arguments):
        """What the script returns; its arguments are `arguments[0]` and so on."""
        return self._command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *keys):
        """Keys for whatever has the focus: letters, and the names in KEYS; "Shift+Tab" holds Shift."""
        actions = []
        for key in keys:
            *held, last = key.split("+") if len(key) > 1 else [key]
            held, last = [KEYS[name] for name in held], KEYS.get(last, last)
            actions += [{"type": "keyDown", "value": value} for value in [*held, last]]
            actions += [{"type": "keyUp", "value": value} for value in [last, *reversed(held)]]
        self._command("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def point(self, css):
        """Moves the mouse over it."""
        origin = {ELEMENT: self._element(css)}
        move = {"type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0}
        self._command("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                                        "actions": [move]}]})

    def reload(self):
        self._command("POST", "/refresh")

    def emulate(self, width, height, scale=1):
        """A screen of that size, however narrow, unlike a window."""
        self._command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}})

    def prefer(self, **features):
        """prefer(color_scheme="dark"): what the media features prefers-... say."""
        wanted = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self._command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": wanted}})

    def text(self, css):
        """textContent: unlike the rendered text it keeps blanks at the end."""
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", css)

    def wait(self, what, condition, seconds=20):
        """The first true value of condition(); raises AssertionError saying `what` did not come."""
        end = time.monotonic() + seconds
        while True:
            if value := condition():
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} s")
            time.sleep(0.02)

    def log(self):
        """The console's entries since the last call: [{level, message, ...}]."""
        return self._command("POST", "/se/log", {"type": "browser"})

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._command("GET", "/screenshot")))

    def resize(self, width, height):
        self._command("POST", "/window/rect", {"width": width, "height": height})
