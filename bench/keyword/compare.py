#!/usr/bin/python3
"""Keyword search beside bm25s (numba backend) and SQLite FTS5: the same chunks, the same questions, one run.

    bench/grow/corpus.py --data ../shared/data --chunks 1000000 FOLDER
    bench/keyword/compare.py FOLDER --program build/bench/bench/keyword/keyword_bench --chunks 100000

Each asks for the best 50 chunks of a question that is given as text, one question after another, on one thread; its
own analysis of the question is part of the time. All three stem English (Snowball or Porter) and leave out stop words.
In each round all three answer all questions, in turn, and who is first changes; of each question each one's fastest
round counts. The first run installs bm25s into ~/.cache/jackdaw-keyword.
"""

import argparse
import contextlib
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

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def round(self):
        return self.ask(str(LIMIT))

    def top(self):
        return self.ask(f"top {LIMIT}")


class Bm25s:
    name = "bm25s"

    def __init__(self, folder, chunks, questions, scratch):
        import bm25s
        import Stemmer

        self.library, self.stemmer, self.questions = bm25s, Stemmer.Stemmer("english"), questions
        texts = [chunk["text"] for chunk in read_lines(os.path.join(folder, "corpus.jsonl"), chunks)]
        begin = time.perf_counter()
        self.index = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        self.index.index(self.tokens(texts), show_progress=False)
        self.build_seconds = time.perf_counter() - begin
        self.index.save(os.path.join(scratch, "bm25s"), show_progress=False)
        self.bytes = sum(entry.stat().st_size for entry in os.scandir(os.path.join(scratch, "bm25s")))
        self.search(questions[0])  # compiles

    def tokens(self, texts):
        return self.library.tokenize(texts, stopwords="en", stemmer=self.stemmer, show_progress=False)

    def search(self, question):
        tokens = self.tokens([question])
        if not tokens.vocab:
            return []
        found, _ = self.index.retrieve(tokens, k=LIMIT, show_progress=False, n_threads=1)
        return [int(row) + 1 for row in found[0]]

    def round(self):
        return [timed(self.search, question) for question in self.questions]

    def top(self):
        return [self.search(question) for question in self.questions]


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
        self.database.execute("PRAGMA cache_size = -2000000")
        begin = time.perf_counter()
        self.database.execute("CREATE VIRTUAL TABLE chunks USING fts5(text, content='', tokenize='porter unicode61')")
        rows = read_lines(os.path.join(folder, "corpus.jsonl"), chunks)
        self.database.executemany("INSERT INTO chunks(rowid, text) VALUES(?, ?)", ((c["id"], c["text"]) for c in rows))
        self.database.execute("INSERT INTO chunks(chunks) VALUES('optimize')")
        self.database.commit()
        self.build_seconds = time.perf_counter() - begin
        self.bytes = os.path.getsize(path)

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


def measure(engines, rounds):
    """Each engine's fastest time for each question, in microseconds."""
    best = {engine.name: None for engine in engines}
    for number in range(rounds):
        for turn in range(len(engines)):
            engine = engines[(number + turn) % len(engines)]
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
    parser.add_argument("folder", help="as bench/grow/corpus.py made it")
    parser.add_argument("--program", default="build/bench/bench/keyword/keyword_bench")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400, help="the first so many")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", default=os.path.join(os.path.expanduser("~"), ".cache", "jackdaw-keyword"))
    options = parser.parse_args()
    use_own_environment(options.cache)
    questions = [query["text"] for query in read_lines(os.path.join(options.folder, "queries.jsonl"), options.queries)]
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="jackdaw-keyword-"))
        engines = [
            Ours(options.program, options.folder, options.chunks, questions),
            Bm25s(options.folder, options.chunks, questions, scratch),
            Fts5(options.folder, options.chunks, questions, scratch),
        ]
        best = measure(engines, options.rounds)
        tops = [engine.top() for engine in engines]
        engines[0].process.stdin.close()
        engines[0].process.wait()
    print(f"{options.chunks} chunks, {len(questions)} questions, {options.rounds} rounds\n")
    print("| | queries/s | p50 ms | p99 ms | build s | index MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for engine in engines:
        times = sorted(best[engine.name])
        print(f"| {engine.name} | {1e6 / statistics.mean(times):.0f} | {statistics.median(times) / 1e3:.3f} | "
              f"{times[len(times) * 99 // 100] / 1e3:.2f} | {engine.build_seconds:.0f} | {engine.bytes / 1e6:.0f} |")
    for engine, top in zip(engines[1:], tops[1:]):
        print(f"\n{engine.name} shares {100 * overlap(tops[0], top):.0f}% of the first ten.", end="")
    print()


if __name__ == "__main__":
    main()
