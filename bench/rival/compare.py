#!/usr/bin/env python3
"""Measures Jackdaw beside the usual Python stack, interleaved in one run, on this machine.

    bench/rival/compare.py [--binary build/release/jackdaw] [--cache DIR] [--rounds N] [--json FILE] [--only ours|rival]
                          [--realtime]

The first run installs the Python stack (about 6 GB) into the cache folder, ~/.cache/jackdaw-rival by default. With less than 10 GB free
it says "skipped" and ends with 0. What is measured, and how it is kept fair, is in README.md beside this file.
"""

import argparse
import contextlib
import http.client
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid

from install import default_cache, install, python_of

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SAMPLE = os.path.join(ROOT, "samples", "magpie-7.pdf")
LONG_PDF = ("py-pdf-sample-files.tar.xz", "py-pdf-sample-files/009-pdflatex-geotopo/GeoTopo-komprimiert.pdf")
RERANKED = 20  # passages
CPU_QUESTIONS = 10  # of each kind, one after another

QUESTIONS = [
    "What is the list price of the Magpie-7?", "Wann ist ein topologischer Raum hausdorffsch?", "How far can the aircraft fly on one charge?",
    "Was ist eine Subbasis der Topologie?", "What happens when the radio link is lost?", "Was ist eine differenzierbare Mannigfaltigkeit?",
    "How long does delivery take?", "Was besagt der Satz von Gauß-Bonnet?", "What does the laser scanner pod cost?",
    "Wie ist die Fundamentalgruppe definiert?", "How are batteries stored?", "Wann ist eine Abbildung stetig?",
    "At which height can the parachute open?", "Was ist eine Überlagerung?", "How loud is it in cruise?",
    "Welche Axiome gelten in einer euklidischen Ebene?", "Who may borrow a demonstration aircraft?", "Was ist ein Homöomorphismus?",
    "How precise is the position in the air?", "Wann heißt ein Raum kompakt?",
]
# Around a question, so that it is never asked twice in the same words: Jackdaw remembers the last questions.
OPENINGS = ["", "Please: ", "I ask: ", "Tell me: ", "Once more: ", "In short: ", "Bitte: ", "Now: ", "Next: ", "Well: "]
CLOSINGS = ["", " Thanks.", " Danke.", " Please.", " Briefly.", " Exactly."]


class Wordings:
    """Gives a question in words that it was not yet given in."""

    def __init__(self):
        self.given = {}

    def next(self, question):
        number = self.given[question] = self.given.get(question, -1) + 1
        if number >= len(OPENINGS) * len(CLOSINGS):
            sys.exit("compare: no further wording of a question is left. Ask for fewer rounds.")
        return OPENINGS[number % len(OPENINGS)] + question + CLOSINGS[number // len(OPENINGS)]


# ---- the servers ----------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_bytes(pid):
    """VmRSS of a process and of all its children."""
    total = 0
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    for child in children:
        try:
            total += resident_bytes(child)
        except OSError:
            pass  # it ended in between
    return total


def processes(pid):
    """A process and all its children."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            for child in file.read().split():
                found += processes(int(child))
    return found


def processor_seconds(pid):
    """User and system time of a process and its children, those that ended included."""
    ticks = 0
    for one in processes(pid):
        with open(f"/proc/{one}/stat", encoding="utf-8") as file:
            ticks += sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def before_others(servers):
    """While it is held, the kernel runs the servers and this script before programs of ordinary priority."""
    def change(policy, priority):
        for pid in [os.getpid()] + [one for server in servers for one in processes(server.process.pid)]:
            for task in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(ProcessLookupError):  # a thread that ended in between
                    os.sched_setscheduler(int(task), policy, os.sched_param(priority))

    change(os.SCHED_RR, 1)
    try:
        yield
    finally:
        change(os.SCHED_OTHER, 0)
        time.sleep(1)


class Server:
    """One of the two programs: started, asked over one kept-alive connection, stopped."""

    def __init__(self, name, command, folder, environment):
        self.name, self.command, self.folder, self.environment = name, command, folder, environment
        self.process = self.connection = None

    def start(self):
        """Seconds from the start of the process until GET /health answers 200."""
        port = free_port()
        begin = time.perf_counter()
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([*self.command, "--port", str(port)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, **self.environment})
        while True:
            probe = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                probe.request("GET", "/health")
                if probe.getresponse().status == 200:
                    break
            except OSError:
                pass
            finally:
                probe.close()
            if self.process.poll() is not None or time.perf_counter() - begin > 300:
                self.fail("did not start")
            time.sleep(0.01)
        seconds = time.perf_counter() - begin
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        return seconds

    def fail(self, what):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            sys.exit(f"compare: {self.name} {what}:\n{log.read()[-3000:]}")

    def stop(self):
        if self.process is None:
            return
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def reconnect(self):
        """The next request takes a new connection: servers close those that nobody used for some seconds."""
        self.connection.close()

    def memory(self):
        return resident_bytes(self.process.pid)

    def upload(self, path):
        """(seconds, the answer)"""
        boundary = uuid.uuid4().hex
        with open(path, "rb") as file:
            content = file.read()
        head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{os.path.basename(path)}\"\r\n"
                f"Content-Type: application/pdf\r\n\r\n")
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        begin = time.perf_counter()
        self.connection.request("POST", "/upload", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200:
            self.fail(f"answered {response.status} to {path}: {answer[:500]!r}")
        return time.perf_counter() - begin, json.loads(answer)

    def ask(self, question, rerank):
        """Milliseconds from the first byte of the request to the first token."""
        body = json.dumps({"question": question, "top_k": 3, "rerank": rerank}).encode()
        begin = time.perf_counter()
        self.connection.request("POST", "/query/stream", body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        if response.status != 200:
            self.fail(f"answered {response.status} to a question: {response.read()[:500]!r}")
        line = response.readline()
        while line and not line.startswith(b"data:"):
            line = response.readline()
        took = (time.perf_counter() - begin) * 1000
        rest = response.read()
        if b'"token"' not in line or b'"sources"' not in rest or (rerank and b'"rerank_skipped"' in rest):
            self.fail(f"gave no complete answer: {line!r} {rest[:300]!r}")
        return took


def make_servers(arguments, folder):
    servers = []
    if arguments.only != "rival":
        script = os.path.join(folder, "script.jsonl")
        with open(script, "w", encoding="ascii") as file:
            file.write('{"text": "ok"}\n')
        for name, limits in (("ours", {}), ("ours, all", {"JACKDAW_RERANK_BUDGET_MS": "0", "JACKDAW_CANDIDATES": str(RERANKED)})):
            home = os.path.join(folder, name)
            servers.append(Server(name, [os.path.abspath(arguments.binary), "serve", "--data", os.path.join(home, "data")], home,
                                  {"LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": script, "JACKDAW_RERANK_DEADLINE_MS": "0",
                                   "JACKDAW_CHUNKS": "characters", "JACKDAW_EMBEDDED_CONTEXT": "none", **limits}))
    if arguments.only != "ours":
        servers.append(Server("rival", [python_of(arguments.cache), "-m", "uvicorn", "rival_server:app", "--app-dir", HERE,
                                        "--log-level", "warning"], os.path.join(folder, "rival"),
                              {"MODELS": os.path.join(arguments.cache, "models"), "HF_HUB_OFFLINE": "1",
                               "PYTHONDONTWRITEBYTECODE": "1"}))
    for server in servers:
        os.makedirs(server.folder)
    return servers


# ---- measuring ------------------------------------------------------------------------------------------------------

def measure(servers, long_pdf, rounds, is_realtime):
    """{measure: {server's name: number or [numbers]}}"""
    found = {}

    def note(what, server, value):
        found.setdefault(what, {})[server.name] = value

    for server in servers:
        say(f"starting {server.name}, twice")
        note("first start s", server, server.start())
        server.stop()
        note("second start s", server, server.start())
        time.sleep(1)
        note("idle memory bytes", server, server.memory())
    wordings = Wordings()
    for server in servers:
        note("chunks of the sample", server, server.upload(SAMPLE)[1]["chunks"])
    ask_all(servers, QUESTIONS[::2], rounds, is_realtime, wordings, "sample", found)
    for server in servers:
        server.reconnect()
        say(f"{server.name} reads {os.path.basename(long_pdf)}")
        seconds, answer = server.upload(long_pdf)
        note("ingest s", server, seconds)
        note("pages", server, answer["pages"])
        note("chunks", server, answer["chunks"])
        note("memory after ingest bytes", server, server.memory())
    ask_all(servers, QUESTIONS, rounds, is_realtime, wordings, "both", found)
    for server in servers:
        note("memory after reranked bytes", server, server.memory())
    return found


def asked_of(servers, rerank):
    """Without reranking there is nothing to tell our two servers apart."""
    return [server for server in servers if rerank or server.name != "ours, all"]


def ask_all(servers, questions, rounds, is_realtime, wordings, corpus, found):
    def times(rerank):
        return found.setdefault(f"{'reranked' if rerank else 'plain'} ms, {corpus}", {})

    for rerank in (False, True):
        question = wordings.next(questions[0])
        for server in asked_of(servers, rerank):
            server.reconnect()
            server.ask(question, rerank)  # the first of its kind pays for what is made lazily
            times(rerank)[server.name] = []
    for turn in range(rounds):
        say(f"asking about the {corpus}, round {turn + 1} of {rounds}")
        for server in servers:
            server.reconnect()
        with before_others(servers) if is_realtime else contextlib.nullcontext():
            for number, question in enumerate(questions):
                for rerank in (False, True):
                    wording = wordings.next(question)
                    asked = asked_of(servers, rerank)
                    first = (turn + number) % len(asked)
                    for server in asked[first:] + asked[:first]:
                        times(rerank)[server.name].append(server.ask(wording, rerank))
    for rerank in (False, True):
        asking = [wordings.next(questions[number % len(questions)]) for number in range(CPU_QUESTIONS)]
        for server in asked_of(servers, rerank):
            with before_others([server]) if is_realtime else contextlib.nullcontext():
                cpu = processor_time(server, asking, rerank)
            found.setdefault(f"{'reranked' if rerank else 'plain'} cpu ms, {corpus}", {})[server.name] = cpu


def processor_time(server, questions, rerank):
    """Milliseconds of a question."""
    server.reconnect()
    before = processor_seconds(server.process.pid)
    for question in questions:
        server.ask(question, rerank)
    time.sleep(0.3)  # what is done after the answer counts too
    return (processor_seconds(server.process.pid) - before) / len(questions) * 1000


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


# ---- telling --------------------------------------------------------------------------------------------------------

def percentile(values, part):
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


def summary(found):
    """[(label, unit, {name: value}, which ratio, mark to reach or None)]"""
    def each(what, make=lambda value: value):
        return {name: make(value) for name, value in found[what].items()}

    def p(part):
        return lambda values: percentile(values, part)

    def megabytes(value):
        return value / 1e6

    rows = []
    for corpus in ("sample", "both"):
        for name in ("plain", "reranked"):
            mark = 5.0 if corpus == "sample" else None
            rows.append((f"{name}, {corpus}, p50", "ms", each(f"{name} ms, {corpus}", p(50)), "faster", mark))
            rows.append((f"{name}, {corpus}, p95", "ms", each(f"{name} ms, {corpus}", p(95)), "faster", None))
            rows.append((f"{name}, {corpus}, processor time", "ms", found[f"{name} cpu ms, {corpus}"], "part", None))
        all_reranked = {("ours" if name == "ours, all" else name): value
                        for name, value in each(f"reranked ms, {corpus}", p(50)).items() if name != "ours"}
        all_cpu = {("ours" if name == "ours, all" else name): value
                   for name, value in found[f"reranked cpu ms, {corpus}"].items() if name != "ours"}
        rows.append((f"all {RERANKED} reranked, {corpus}, p50", "ms", all_reranked, "faster", None))
        rows.append((f"all {RERANKED} reranked, {corpus}, processor time", "ms", all_cpu, "part", None))
    return rows + [
        ("idle memory, models loaded", "MB", each("idle memory bytes", megabytes), "part", 0.45),
        ("memory after ingest", "MB", each("memory after ingest bytes", megabytes), "part", None),
        ("memory after reranked questions", "MB", each("memory after reranked bytes", megabytes), "part", None),
        ("first start until ready", "s", each("first start s"), "faster", None),
        ("second start until ready", "s", each("second start s"), "faster", None),
        (f"ingest of {max(found['pages'].values())} pages", "s", each("ingest s"), "faster", 2.0),
    ]


def verdict(values, kind, mark):
    if not {"ours", "rival"} <= values.keys():
        return ""
    ratio = values["rival"] / values["ours"] if kind == "faster" else values["ours"] / values["rival"]
    text = f"{ratio:.2f}x {'faster' if kind == 'faster' else 'of it'}"
    if mark is None:
        return text
    reached = ratio >= mark if kind == "faster" else ratio <= mark
    return f"{text}, {'reaches' if reached else 'MISSES'} {'>=' if kind == 'faster' else '<='} {mark}x"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = file.read().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    widest = next((flag for flag in ("avx512_vnni", "avx512f", "avx2", "sse4_2") if flag in flags), "baseline")
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} processors, {widest}"


def report(found, load_before):
    print(f"processor: {processor()}; load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after")
    if load_before > os.cpu_count() / 2:
        print("busy:      other programs were using this machine: trust ratios, not numbers")
    print(f"command:   {shlex.join(sys.argv)}")
    print(f"questions: {', '.join(f'{name} {len(values)}' for name, values in found['plain ms, both'].items())} of each kind; chunks of "
          f"the sample: {', '.join(f'{name} {count}' for name, count in found['chunks of the sample'].items())}; "
          f"of the long PDF: {', '.join(f'{name} {count}' for name, count in found['chunks'].items())}")
    print(f"\n{'':44}{'Jackdaw':>12}{'Python':>12}      ratio")
    for label, unit, values, kind, mark in summary(found):
        cells = "".join(f"{values[name]:12.1f}" if name in values else f"{'-':>12}" for name in ("ours", "rival"))
        print(f"{label:44}{cells} {unit:3}  {verdict(values, kind, mark)}")
    if "ours" in found["second start s"]:
        seconds = found["second start s"]["ours"]
        print(f"\nsecond start within 2 s: {'reached' if seconds <= 2 else 'MISSED'} ({seconds:.2f} s)")


def unpack_long_pdf(folder):
    data = os.environ.get("JACKDAW_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
    archive = os.path.join(data, "pdf", LONG_PDF[0])
    if not os.path.exists(archive):
        return None
    path = os.path.join(folder, os.path.basename(LONG_PDF[1]))
    with tarfile.open(archive) as tar, open(path, "wb") as out:
        out.write(tar.extractfile(LONG_PDF[1]).read())
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build", "release", "jackdaw"))
    parser.add_argument("--cache", default=default_cache(), help="where the Python stack lives (default: %(default)s)")
    parser.add_argument("--minilm", default=os.path.join(ROOT, "third_party", "models", "all-MiniLM-L6-v2"))
    parser.add_argument("--rounds", type=int, default=2, help=f"times that the {len(QUESTIONS)} questions are asked")
    parser.add_argument("--json", help="also write every number to this file")
    parser.add_argument("--realtime", action="store_true", help="time the answers at real-time priority; needs root")
    parser.add_argument("--only", choices=("ours", "rival"))
    arguments = parser.parse_args()
    if arguments.only != "rival" and not os.access(arguments.binary, os.X_OK):
        sys.exit(f"compare: there is no {arguments.binary}. Build it with make build.")
    if arguments.only != "ours" and not install(arguments.cache, os.path.abspath(arguments.minilm)):
        return
    with tempfile.TemporaryDirectory(prefix="jackdaw-rival-") as folder:
        long_pdf = unpack_long_pdf(folder)
        if long_pdf is None:
            print(f"skipped: the 117-page PDF is not here; JACKDAW_TEST_DATA must name the folder that holds pdf/{LONG_PDF[0]}")
            return
        load_before = os.getloadavg()[0]
        servers = make_servers(arguments, folder)
        try:
            found = measure(servers, long_pdf, arguments.rounds, arguments.realtime)
        finally:
            for server in servers:
                server.stop()
        report(found, load_before)
        if arguments.json:
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump({"processor": processor(), "command": shlex.join(sys.argv), "found": found}, file, indent=1)


if __name__ == "__main__":
    main()
