#!/usr/bin/env python3
"""Runs retrieval cases (tests/retrieval/*.case; the format is in tests/retrieval/README.md) through a door of Jackdaw.

    tools/run_case.py --url http://127.0.0.1:8000 CASE...             POST /query and POST /query/stream of a running server
    tools/run_case.py --binary build/release/jackdaw --data DIR CASE...        the command line, on the data folder DIR

Prints one line per expectation. Exit code: 0 all met, 1 some not met, 2 the case could not be run.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class CannotRun(Exception):
    """The case is malformed, or the door failed where a case expects it to work."""


# ---- the case file --------------------------------------------------------------------------------------------------

EXPECTATIONS = [
    ("page", re.compile(r"page (?P<page>\d+) in first (?P<n>\d+)$")),
    ("answer", re.compile(r"answer contains (?P<text>\S.*)$")),
    ("source", re.compile(r"source contains (?P<text>\S.*)$")),
    ("no_evidence", re.compile(r"no evidence$")),
    ("nothing", re.compile(r"nothing from (?P<name>\S.*)$")),
    ("document", re.compile(r"(?P<name>\S.*) in first (?P<n>\d+)$")),
]


def parse_expectation(text, where):
    for kind, pattern in EXPECTATIONS:
        if match := pattern.match(text):
            return {"kind": kind, "line": where, "words": text, **match.groupdict()}
    raise CannotRun(f"{where}: no expectation reads \"{text}\"")


def parse_case(path):
    """A list of steps: ("document", name, text or None), ("ask", question, [expectation]), ("delete", name)."""
    steps = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            where = f"{os.path.basename(path)}:{number}"
            line = line.rstrip()
            if not line.strip() or line.startswith("#"):
                continue
            if line[0] == " ":
                if not steps or steps[-1][0] != "document":
                    raise CannotRun(f"{where}: an indented line belongs under \"document\"")
                steps[-1][2].append(line.strip())
                continue
            word, _, rest = line.partition(" ")
            if word == "expect" and steps and steps[-1][0] == "ask":
                steps[-1][2].append(parse_expectation(rest, where))
            elif word in ("document", "ask") and rest:
                steps.append((word, rest, []))
            elif word == "delete" and rest:
                steps.append((word, rest))
            else:
                raise CannotRun(f"{where}: cannot read \"{line}\"")
    return steps


# ---- the doors ------------------------------------------------------------------------------------------------------

def read_events(stream):
    """The data of every server-sent event, decoded from JSON, until the stream ends (WHATWG HTML, 9.2.6)."""
    data = []
    for raw in re.split(r"\r\n|\n|\r", stream.decode("utf-8"))[:-1]:
        if raw == "":
            if data:
                yield json.loads("\n".join(data))
            data = []
        elif raw.startswith("data:"):
            data.append(raw[5:].removeprefix(" "))


class HttpDoor:
    def __init__(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise CannotRun(f"--url must look like http://127.0.0.1:8000, got {url}")
        self.host, self.port, self.timeout = parts.hostname, parts.port or 80, timeout

    def send(self, method, path, body=None, content_type=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if content_type else {})
            response = connection.getresponse()
            got = response.read()
        except OSError as error:
            raise CannotRun(f"{method} {path} at {self.host}:{self.port} failed: {error}") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise CannotRun(f"{method} {path} answered {response.status}: {got.decode('utf-8', 'replace')[:600]}")
        return got

    def add(self, path):
        boundary = uuid.uuid4().hex
        with open(path, "rb") as file:
            content = file.read()
        head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
                f"filename=\"{os.path.basename(path)}\"\r\nContent-Type: application/octet-stream\r\n\r\n")
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        answer = json.loads(self.send("POST", "/upload", body, f"multipart/form-data; boundary={boundary}"))
        if answer.get("status") != "ready":
            raise CannotRun(f"POST /upload of {path} answered {answer}")

    def ask(self, question, top_k):
        body = json.dumps({"question": question, "top_k": top_k}).encode()
        yield "query", json.loads(self.send("POST", "/query", body, "application/json"))
        events = list(read_events(self.send("POST", "/query/stream", body, "application/json")))
        if not events or "sources" not in events[-1]:
            raise CannotRun(f"the last event of POST /query/stream holds no sources: {events[-1:]}")
        if strange := [event for event in events[:-1] if set(event) != {"token"}]:
            raise CannotRun(f"POST /query/stream sent {strange[0]} before its last event")
        yield "stream", {"answer": "".join(event["token"] for event in events[:-1]), **events[-1]}

    def delete(self, name):
        listing = json.loads(self.send("GET", "/v1/documents?" + urllib.parse.urlencode({"q": name, "limit": 200})))
        for document in only_named(listing["documents"], name):
            self.send("DELETE", f"/v1/documents/{document['document_id']}")


class CommandDoor:
    def __init__(self, binary, data, timeout):
        self.binary, self.data, self.timeout = binary, data, timeout

    def run(self, *arguments):
        command = [self.binary, "--data", self.data, *arguments, "--json"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=self.timeout, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotRun(f"{' '.join(command)}: {error}") from error
        if done.returncode != 0:
            raise CannotRun(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-600:]}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise CannotRun(f"{' '.join(command)} printed no JSON: {done.stdout[:300]!r}") from error

    def add(self, path):
        answer = self.run("ingest", path)
        if [document["status"] for document in answer["documents"]] != ["ready"]:
            raise CannotRun(f"ingest of {path} said {answer}")

    def ask(self, question, top_k):
        yield "ask", self.run("ask", question, "--top-k", str(top_k))

    def delete(self, name):
        for document in only_named(self.run("documents")["documents"], name):
            self.run("documents", "--delete", document["document_id"])


def only_named(documents, name):
    if not (found := [document for document in documents if document["filename"] == os.path.basename(name)]):
        raise CannotRun(f"delete {name}: no such document")
    return found


# ---- checking -------------------------------------------------------------------------------------------------------

def plain(text):
    return " ".join(text.split())


def met(expectation, answer):
    """Whether it holds, and what was found, for a person."""
    kind, sources = expectation["kind"], answer["sources"]
    if kind == "page":
        pages = [source["page"] for source in sources[:int(expectation["n"])]]
        return int(expectation["page"]) in pages, f"pages {pages}"
    if kind in ("document", "nothing"):
        names = [source["filename"] for source in sources[:int(expectation.get("n", len(sources)))]]
        return (os.path.basename(expectation["name"]) in names) == (kind == "document"), f"files {names}"
    if kind == "no_evidence":
        return answer.get("finish_reason") == "no_evidence", f"{answer.get('finish_reason')}: {plain(answer['answer'])[:200]}"
    if kind == "source":
        texts = [plain(source["text"]) for source in sources]
        return any(plain(expectation["text"]) in text for text in texts), f"sources {texts}"
    return plain(expectation["text"]) in plain(answer["answer"]), f"the answer {plain(answer['answer'])[:300]}"


def check(question, expectations, door):
    """The number of expectations that were not met."""
    failures = 0
    top_k = max([3] + [int(expectation["n"]) for expectation in expectations if "n" in expectation])
    for way, answer in door.ask(question, top_k):
        for expectation in expectations:
            good, found = met(expectation, answer)
            failures += not good
            print(f"{'ok    ' if good else 'FAILED'} {expectation['line']} [{way}] {question} -> {expectation['words']}"
                  + ("" if good else f"\n       found {found}"), flush=True)
    return failures


def add_document(name, text, door):
    if not text:
        path = os.path.join(ROOT, name)
        if not os.path.exists(path):
            raise CannotRun(f"document {name}: there is no {path}")
        return door.add(path)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(name))
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")
        door.add(path)


def run_case(path, door):
    failures = 0
    for step in parse_case(path):
        if step[0] == "document":
            add_document(step[1], step[2], door)
        elif step[0] == "delete":
            door.delete(step[1])
        else:
            failures += check(step[1], step[2], door)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running server")
    parser.add_argument("--binary", help="the program, for its command line")
    parser.add_argument("--data", help="the data folder of the command line")
    parser.add_argument("--timeout", type=float, default=120, help="seconds that one request or command may take")
    parser.add_argument("cases", nargs="+", metavar="CASE")
    arguments = parser.parse_args()
    if bool(arguments.url) == bool(arguments.binary) or bool(arguments.binary) != bool(arguments.data):
        parser.error("give either --url, or --binary with --data")
    begin, failures = time.monotonic(), 0
    try:
        door = (HttpDoor(arguments.url, arguments.timeout) if arguments.url
                else CommandDoor(arguments.binary, arguments.data, arguments.timeout))
        for path in arguments.cases:
            failures += run_case(path, door)
    except (CannotRun, OSError) as error:
        print(f"run_case: {error}", file=sys.stderr)
        return 2
    print(f"{failures} expectations not met, {time.monotonic() - begin:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
