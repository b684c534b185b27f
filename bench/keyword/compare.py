#!/usr/bin/python3
"""Keyword search beside bm25s and SQLite FTS5: the same chunks, the same questions, one run.

    bench/grow/corpus.py --data ../shared/data --chunks 1000000 FOLDER
    bench/keyword/compare.py FOLDER --program build/bench/bench/keyword/keyword_bench --chunks 100000
    bench/keyword/compare.py --scifact ../shared/data/retrieval/scifact --rounds 10

Each asks for the best 50 chunks of a question that is given as text, one question after another, on one thread; its
own analysis of the question is part of the time. All three stem English (Snowball or Porter) and leave out stop words.
In each round all answer all questions, in turn, and who is first changes; of each question each one's fastest round
counts. The first run installs bm25s into ~/.cache/jackdaw-keyword.

bm25s is asked in each way that its documentation offers: with its numba backend (compiled beforehand) and with its
default, numpy; with the question's tokens made beforehand, so that only its search is timed; and with the tokens of all
questions in one call, which is how its authors measure, but no question has a time of its own then. FTS5 keeps no copy
of the text (content=''), is optimized after the build, has room for all its pages in memory, and is given a question
whose stop words are gone and whose words are in quotes already.

Building is told in seconds of the processor, since the machines are shared. --realtime asks while answers are timed for
the processor before other programs (needs root); it gives it back after each engine's round.
"""

import argparse
import contextlib
import copy
import hashlib
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 50
WORD = re.compile(r"[^\W_]+")


def read_lines(path, most):
    with open(path, encoding="utf-8") as file:
        for _, line in zip(range(most), file):
            yield json.loads(line)


def use_own_environment(cache):
    """Starts this script again in an environment that holds what requirements.txt names, made at need."""
    with open(os.path.join(HERE, "requirements.txt"), "rb") as file:
        stamp = hashlib.sha256(file.read()).hexdigest()
    folder = os.path.join(cache, stamp[:16])
    python = os.path.join(folder, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(folder):
        return
    if not os.path.exists(os.path.join(folder, "complete")):
        print(f"-- installing bm25s into {folder}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        for command in (
            ["/usr/bin/python3", "-m", "venv", folder],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "-r",
             os.path.join(HERE, "requirements.txt")],
        ):
            if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
                sys.exit(f"keyword: {' '.join(command)} failed. Run the same command again once that is dealt with.")
        open(os.path.join(folder, "complete"), "w", encoding="ascii").close()
    sys.stdout.flush()
    os.execv(python, [python, *sys.argv])


def scifact(folder, scratch):
    """SciFact in the form of bench/grow/corpus.py; a document is a chunk: its title and its text."""
    with open(os.path.join(scratch, "corpus.jsonl"), "w", encoding="utf-8") as file:
        for number, line in enumerate(read_lines(os.path.join(folder, "corpus.jsonl"), sys.maxsize), 1):
            chunk = {"id": number, "document": line["_id"], "text": f"{line['title']} {line['text']}"}
            file.write(json.dumps(chunk) + "\n")
    shutil.copyfile(os.path.join(folder, "queries_train.jsonl"), os.path.join(scratch, "queries.jsonl"))
    return number


class Ours:
    name = "Jackdaw"

    def __init__(self, program, folder, chunks, questions):
        self.process = subprocess.Popen([program, folder, str(chunks), str(len(questions))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        about = self.read()
        self.build_seconds, self.bytes = about["build_seconds"], about["bytes"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("keyword: the program ended early")
        return json.loads(line)

    def processes(self):
        return [self.process.pid]

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def round(self):
        return self.ask(str(LIMIT))

    def top(self):
        return self.ask(f"top {LIMIT}")


class Bm25s:
    """bm25s with its numba backend; `from_tokens` and `numpy` are the same index asked in other ways."""

    name = "bm25s, numba"

    def __init__(self, folder, chunks, questions, scratch):
        import bm25s
        import Stemmer

        self.library, self.stemmer, self.questions = bm25s, Stemmer.Stemmer("english"), questions
        texts = [chunk["text"] for chunk in read_lines(os.path.join(folder, "corpus.jsonl"), chunks)]
        self.index = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        self.index.compile(activate_numba=True, warmup=True)
        begin = time.process_time()
        self.index.index(self.tokens(texts), show_progress=False)
        self.build_seconds = time.process_time() - begin
        self.index.save(os.path.join(scratch, "bm25s"), show_progress=False)
        self.bytes = sum(entry.stat().st_size for entry in os.scandir(os.path.join(scratch, "bm25s")))
        self.search(questions[0])  # compiles

    def processes(self):
        return [os.getpid()]

    def tokens(self, texts):
        return self.library.tokenize(texts, stopwords="en", stemmer=self.stemmer, show_progress=False)

    def search(self, question):
        tokens = self.tokens([question])
        return self.retrieve(tokens) if tokens.vocab else []

    def retrieve(self, tokens):
        threads = 1 if self.index.backend == "numba" else 0
        found, _ = self.index.retrieve(tokens, k=LIMIT, show_progress=False, n_threads=threads)
        return [int(row) + 1 for row in found[0]]

    def round(self):
        return [timed(self.search, question) for question in self.questions]

    def top(self):
        return [self.search(question) for question in self.questions]

    def numpy(self):
        twin = copy.copy(self)
        twin.name, twin.index = "bm25s, numpy", copy.copy(self.index)
        twin.index.backend = "numpy"
        vars(twin.index).pop("_compute_relevance_from_scores", None)  # the compiled one
        return twin

    def from_tokens(self):
        twin = copy.copy(self)
        twin.name = "bm25s, numba, tokens made beforehand"
        known = [self.index.get_tokens_ids(words) for words in self.words()]
        twin.questions = [[ids] for ids in known]
        twin.search = lambda ids: twin.retrieve(ids) if ids[0] else []
        return twin

    def in_one_call(self):
        """Of each question the mean is told."""
        twin = copy.copy(self)
        twin.name = "bm25s, numba, tokens of all questions in one call"
        asked = [ids for ids in (self.index.get_tokens_ids(words) for words in self.words()) if ids]
        count = len(self.questions)
        twin.round = lambda: [timed(twin.retrieve, asked) / count] * count
        return twin

    def words(self):
        made = [self.tokens([question]) for question in self.questions]
        return [self.library.tokenization.convert_tokenized_to_string_list(tokens)[0] for tokens in made]


class Fts5:
    name = "SQLite FTS5"

    def __init__(self, folder, chunks, questions, scratch):
        from bm25s.stopwords import STOPWORDS_EN

        stop_words = set(STOPWORDS_EN)
        self.questions = [
            " OR ".join(f'"{word}"' for word in dict.fromkeys(WORD.findall(text.lower())) if word not in stop_words)
            for text in questions
        ]
        path = os.path.join(scratch, "fts5.db")
        self.database = sqlite3.connect(path)
        self.database.execute("PRAGMA cache_size = -4000000")
        rows = [(c["id"], c["text"]) for c in read_lines(os.path.join(folder, "corpus.jsonl"), chunks)]
        begin = time.process_time()
        self.database.execute("CREATE VIRTUAL TABLE chunks USING fts5(text, content='', tokenize='porter unicode61')")
        self.database.executemany("INSERT INTO chunks(rowid, text) VALUES(?, ?)", rows)
        self.database.execute("INSERT INTO chunks(chunks) VALUES('optimize')")
        self.database.commit()
        self.build_seconds = time.process_time() - begin
        self.bytes = os.path.getsize(path)

    def processes(self):
        return [os.getpid()]

    def search(self, question):
        if not question:
            return []
        found = self.database.execute("SELECT rowid FROM chunks WHERE chunks MATCH ? ORDER BY rank LIMIT ?",
                                      (question, LIMIT))
        return [row for (row,) in found]

    def round(self):
        return [timed(self.search, question) for question in self.questions]

    def top(self):
        return [self.search(question) for question in self.questions]


def timed(work, argument):
    begin = time.perf_counter()
    work(argument)
    return (time.perf_counter() - begin) * 1e6


@contextlib.contextmanager
def before_others(pids):
    """While it is held, the kernel runs these processes before those of ordinary priority."""
    for pid in pids:
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    try:
        yield
    finally:
        for pid in pids:
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        time.sleep(0.5)


def measure(engines, rounds, is_realtime):
    """Each engine's fastest time for each question, in microseconds."""
    best = {engine.name: None for engine in engines}
    for number in range(rounds):
        for turn in range(len(engines)):
            engine = engines[(number + turn) % len(engines)]
            with before_others(engine.processes()) if is_realtime else contextlib.nullcontext():
                times = engine.round()
            known = best[engine.name]
            best[engine.name] = times if known is None else [min(pair) for pair in zip(known, times)]
    return best


def overlap(one, other):
    """The mean part of the first ten that two engines share."""
    shares = [len(set(a[:10]) & set(b[:10])) / len(a[:10]) for a, b in zip(one, other) if a]
    return statistics.mean(shares)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="as bench/grow/corpus.py made it")
    parser.add_argument("--scifact", metavar="FOLDER", help="this set instead, all of it")
    parser.add_argument("--program", default="build/bench/bench/keyword/keyword_bench")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400, help="the first so many")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-fts5", dest="fts5", action="store_false", help="without FTS5, which takes nearly all the time")
    parser.add_argument("--realtime", action="store_true", help="time the answers at real-time priority")
    parser.add_argument("--cache", default=os.path.join(os.path.expanduser("~"), ".cache", "jackdaw-keyword"))
    options = parser.parse_args()
    if (options.folder is None) == (options.scifact is None):
        parser.error("name a folder or --scifact")
    use_own_environment(options.cache)
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="jackdaw-keyword-"))
        if options.scifact:
            options.folder, options.chunks = scratch, scifact(options.scifact, scratch)
        lines = read_lines(os.path.join(options.folder, "queries.jsonl"), options.queries)
        questions = [query["text"] for query in lines]
        bm25s = Bm25s(options.folder, options.chunks, questions, scratch)
        engines = [Ours(options.program, options.folder, options.chunks, questions), bm25s]
        if options.fts5:
            engines.append(Fts5(options.folder, options.chunks, questions, scratch))
        compared = len(engines)
        engines += [bm25s.numpy(), bm25s.from_tokens(), bm25s.in_one_call()]
        best = measure(engines, options.rounds, options.realtime)
        tops = [engine.top() for engine in engines[:compared]]
        engines[0].process.stdin.close()
        engines[0].process.wait()
    print(f"{options.chunks} chunks, {len(questions)} questions, {options.rounds} rounds\n")
    print("| | queries/s | Jackdaw / it | p50 ms | p99 ms | build s | index MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    own = statistics.mean(best["Jackdaw"])
    for engine in engines:
        times = sorted(best[engine.name])
        print(f"| {engine.name} | {1e6 / statistics.mean(times):.0f} | {statistics.mean(times) / own:.1f}x | {statistics.median(times) / 1e3:.3f} | "
              f"{times[len(times) * 99 // 100] / 1e3:.2f} | {engine.build_seconds:.0f} | {engine.bytes / 1e6:.0f} |")
    for engine, top in zip(engines[1:compared], tops[1:]):
        print(f"\n{engine.name} shares {100 * overlap(tops[0], top):.0f}% of the first ten.", end="")
    print()


if __name__ == "__main__":
    main()
