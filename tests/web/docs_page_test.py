#!/usr/bin/env python3
"""The API page in a real browser, against the real server.

    tests/web/docs_page_test.py --binary build/release/jackdaw [--screenshot PATH]
        starts a server of its own, on a free port and a data folder of its own, and ends it again
    tests/web/docs_page_test.py --url http://127.0.0.1:8000 --script-dir DIR [--screenshot PATH]
        uses a running one, without documents, that was started with LLM_PROVIDER=scripted and
        JACKDAW_SCRIPT=DIR/script.jsonl; `--write-script --script-dir DIR` writes that script

The script says one piece, waits for a file, says the next: the test lets a piece go only after it saw the one before on the
page, which proves that pieces arrive one by one; a blank at a piece's end may come with the next. Exit code: 0 passed, 1 failed, 77 skipped because there is no browser here.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from webdriver import Browser, BrowserError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLE = os.path.join(ROOT, "samples", "magpie-7.pdf")
QUESTION = "What is the list price of the Magpie-7?"
PIECES = ["The ", "list ", "price ", "is ", "€68,400", "."]
SKIPPED = 77


def go_ahead(folder, number):
    """The file that lets the piece after piece `number` go."""
    return os.path.join(folder, f"go-{number}")


def write_script(folder):
    path = os.path.join(folder, "script.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for number, piece in enumerate(PIECES):
            file.write(json.dumps({"text": piece}, ensure_ascii=False) + "\n")
            file.write(json.dumps({"wait_for_file": go_ahead(folder, number)}) + "\n")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_healthy(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url + "/health", timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def running_server(binary, folder):
    url, log = f"http://127.0.0.1:{free_port()}", os.path.join(folder, "server.log")
    environment = {**os.environ, "LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": write_script(folder)}
    with open(log, "w", encoding="utf-8") as out:
        server = subprocess.Popen([os.path.abspath(binary), "serve", "--port", url.rpartition(":")[2], "--data",
                                   os.path.join(folder, "data")], cwd=folder, env=environment, stdout=out, stderr=out,
                                  stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while not is_healthy(url):
            if server.poll() is not None or time.monotonic() > end:
                with open(log, encoding="utf-8") as file:
                    raise AssertionError(f"the server did not come up:\n{file.read()[-3000:]}")
            time.sleep(0.1)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            raise AssertionError("the server did not end within 30 s of SIGTERM") from None


def uploads_and_says_what_became_of_it(browser, folder):
    browser.type("#upload-input", SAMPLE)
    ready = browser.wait("the upload's result", lambda: browser.text("#upload-results .detail.good"), 120)
    assert ready.startswith("Ready: 5 pages"), ready
    browser.wait("the list of documents", lambda: browser.text("#documents .name") == "magpie-7.pdf")
    picture = os.path.join(folder, "picture.pdf")
    with open(picture, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(64))
    browser.type("#upload-input", picture)
    refused = browser.wait("the refusal", lambda: browser.text("#upload-results .detail.bad"), 60)
    assert "unsupported_media_type" in refused, refused


def shows_pieces_one_by_one(browser, folder, screenshot):
    browser.type("#question", QUESTION)
    browser.click("#ask-button")
    shown = ""
    for number, piece in enumerate(PIECES):
        shown += piece
        browser.wait(f"\"{shown}\" on the page", lambda: browser.text("#answer").rstrip() == shown.rstrip())
        time.sleep(0.1)
        assert browser.text("#answer").rstrip() == shown.rstrip(), f"{browser.text('#answer')!r} came before it was let go"
        if screenshot and number == len(PIECES) - 2:
            browser.screenshot(screenshot)
        assert browser.run("return document.querySelectorAll('#sources li').length") == 0, "sources before the end"
        with open(go_ahead(folder, number), "w", encoding="utf-8"):
            pass
    browser.wait("the sources", lambda: browser.text("#sources li .name") == "magpie-7.pdf")
    status = browser.text("#ask-status")
    assert status.startswith("First token after") and f"{len(PIECES)} pieces" in status, status


def stops_when_asked(browser, folder):
    for number in range(len(PIECES)):
        os.remove(go_ahead(folder, number))
    browser.click("#ask-button")
    browser.wait("the first piece", lambda: browser.text("#answer").rstrip() == PIECES[0].rstrip())
    browser.click("#stop-button")
    browser.wait("the stop", lambda: browser.text("#ask-status").startswith("Stopped."))
    assert browser.text("#answer").rstrip() == PIECES[0].rstrip()
    assert not browser.run("return document.querySelector('#ask-button').disabled")


def describes_every_route(browser):
    shown = set(map(tuple, browser.run("return [...document.querySelectorAll('.route')].map(route =>"
                                       " [route.querySelector('.method').textContent, route.querySelector('.path').textContent])")))
    paths = browser.run("return fetch('/openapi.json').then(response => response.json()).then(api => api.paths)")
    routes = {(method.upper(), path) for path, item in paths.items() for method in item if method in ("get", "post", "delete", "put", "patch")}
    assert shown == routes and routes, f"shown {sorted(shown ^ routes)} but not described, or the other way round"
    browser.run("document.querySelector('#get-health').open = true")
    browser.wait("the form", lambda: browser.run("return document.querySelector('#get-health .try') !== null"))
    browser.click("#get-health .try button[type=submit]")
    browser.wait("the answer of GET /health", lambda: (browser.text("#get-health .line") or "").startswith("200"))


def deletes_and_says_that_nothing_is_left(browser):
    browser.click("#documents button")
    browser.click("#documents button")
    browser.wait("the empty list", lambda: (browser.text("#documents-status") or "").startswith("No documents yet"))
    browser.click("#ask-button")
    browser.wait("the refusal", lambda: "not_ready" in browser.text("#ask-status"))


def talks_to_its_own_server_only(browser, url):
    names = browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert names and all(name.startswith(url + "/") for name in names), names
    # What the server refused above is in the console too; a breach of the page's policy or a script's error must not be.
    wrong = [entry for entry in browser.log() if entry["source"] != "network"]
    assert not wrong, wrong


def fits_a_phone(browser):
    browser.resize(500, 900)
    over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{over} pixels wider than a narrow window"


def run(url, folder, screenshot):
    with Browser() as browser:
        browser.open(url + "/docs")
        browser.wait("the server's health", lambda: browser.text("#health") == "Ready", 60)
        uploads_and_says_what_became_of_it(browser, folder)
        shows_pieces_one_by_one(browser, folder, screenshot)
        stops_when_asked(browser, folder)
        describes_every_route(browser)
        deletes_and_says_that_nothing_is_left(browser)
        fits_a_phone(browser)
        talks_to_its_own_server_only(browser, url)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary")
    parser.add_argument("--url")
    parser.add_argument("--script-dir")
    parser.add_argument("--write-script", action="store_true")
    parser.add_argument("--screenshot", help="a PNG of the page in the middle of an answer")
    arguments = parser.parse_args()
    if arguments.write_script and arguments.script_dir:
        print(write_script(arguments.script_dir))
        return 0
    if bool(arguments.binary) == bool(arguments.url) or (arguments.url and not arguments.script_dir):
        parser.error("give either --binary, or --url with --script-dir")
    if not shutil.which("chromedriver"):
        print("skipped: chromedriver is not installed (Debian packages chromium, chromium-driver)")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="jackdaw-page-") as folder:
        try:
            if arguments.url:
                run(arguments.url.rstrip("/"), arguments.script_dir, arguments.screenshot)
            else:
                with running_server(arguments.binary, folder) as url:
                    run(url, folder, arguments.screenshot)
        except (AssertionError, BrowserError) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    print("the API page: uploads, streams piece by piece, stops, describes every route, deletes, stays at home")
    return 0


if __name__ == "__main__":
    sys.exit(main())
