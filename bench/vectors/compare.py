#!/usr/bin/env python3
"""Vector search beside faiss-cpu: Jackdaw's engines and FAISS's Flat, HNSW and IVF, one thread each, query by query in turn.

    PYTHON bench/vectors/compare.py --vectors vectors.f32 --queries queries.f32 --rows 10000,100000 \\
        --program build/bench/bench/vectors/vector_search

Needs faiss-cpu and numpy from PyPI. vectors.f32 holds real embeddings (bare floats, made by bench/grow/embed_corpus) of
`--dimensions` numbers; when fewer are there than rows are asked for, the rest are made of them: a row, plus up to half
of another one, plus noise of 0.6 of a row's length, brought to length 1. The table says how many are real.

For each size and engine: recall of the 50 nearest against exact fp32 (FAISS Flat), the median and the 99th percentile of
a query's time, seconds of building, and MiB that the process grew by.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy

LIMIT = 50
NOISE = 0.6
HNSW_NEIGHBOURS = 32
HNSW_BREADTHS = (64, 256)
IVF_PROBES = (8, 32)


def memory_bytes():
    """Without the pages of files, which the vectors are read from."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon:"))


def make_rows(real, count, path):
    """Writes `count` rows, the real ones first."""
    random = numpy.random.default_rng(1)
    with open(path, "wb") as file:
        for begin in range(0, count, 10_000):
            number = min(10_000, count - begin)
            rows = real[begin : begin + number].copy()
            missing = number - len(rows)
            if missing > 0:
                some = real[random.integers(len(real), size=missing)]
                others = real[random.integers(len(real), size=missing)]
                part = random.uniform(0, 0.5, size=(missing, 1)).astype(numpy.float32)
                noise = random.standard_normal(some.shape, dtype=numpy.float32)
                noise *= NOISE / numpy.sqrt(some.shape[1])
                made = some + part * others + noise
                made /= numpy.linalg.norm(made, axis=1, keepdims=True)
                rows = numpy.concatenate([rows, made.astype(numpy.float32)])
            file.write(rows.tobytes())


class Faiss:
    def __init__(self, name, make, data):
        before = memory_bytes()
        begin = time.perf_counter()
        self.name = name
        self.index = make(data)
        self.seconds = time.perf_counter() - begin
        self.bytes = memory_bytes() - before

    def search(self, query, _number):
        begin = time.perf_counter_ns()
        _, found = self.index.search(query, LIMIT)
        return time.perf_counter_ns() - begin, found[0].tolist()


class WithSetting:
    """The same index at another setting."""

    def __init__(self, base, name, setting, value):
        self.base, self.name, self.setting, self.value = base, name, setting, value
        self.seconds, self.bytes = base.seconds, base.bytes

    def search(self, query, number):
        target = self.base.index.hnsw if self.setting == "efSearch" else self.base.index
        setattr(target, self.setting, self.value)
        return self.base.search(query, number)


class Ours:
    def __init__(self, engine, arguments, dimensions, vectors, rows, queries):
        self.name = f"Jackdaw {engine}"
        command = [arguments.program, engine, str(dimensions), vectors, str(rows), queries, str(LIMIT)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        _, seconds, size = self.process.stdout.readline().split()
        self.seconds, self.bytes = float(seconds), int(size)

    def search(self, _query, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        answer = [int(word) for word in self.process.stdout.readline().split()]
        return answer[0], answer[1:]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def flat(data):
    index = faiss.IndexFlatIP(data.shape[1])
    index.add(data)
    return index


def hnsw(data):
    index = faiss.IndexHNSWFlat(data.shape[1], HNSW_NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 100
    index.add(data)
    return index


def ivf(data):
    lists = max(16, int(4 * len(data) ** 0.5) // 2)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(data.shape[1]), data.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 5
    index.train(data[:: max(1, len(data) // (lists * 40))])
    index.add(data)
    return index


def contenders(arguments, data, vectors, queries):
    faiss_flat = Faiss("FAISS Flat", flat, data)
    made = [faiss_flat]
    made += [Ours(engine, arguments, data.shape[1], vectors, len(data), queries) for engine in arguments.engines.split(",")]
    if len(data) <= arguments.most_ivf:
        base = Faiss("FAISS IVF", ivf, data)
        made += [WithSetting(base, f"FAISS IVF, {n} probes", "nprobe", n) for n in IVF_PROBES]
    if len(data) <= arguments.most_hnsw:
        base = Faiss("FAISS HNSW", hnsw, data)
        made += [WithSetting(base, f"FAISS HNSW, breadth {n}", "efSearch", n) for n in HNSW_BREADTHS]
    return made


def measure(arguments, made, asked, rounds):
    times = {each.name: [] for each in made}
    recall = {each.name: [] for each in made}
    for turn in range(rounds):
        for number, query in enumerate(asked):
            exact = None
            for each in made:
                nanoseconds, found = each.search(query.reshape(1, -1), number)
                exact = set(found) if exact is None else exact
                if turn > 0:
                    times[each.name].append(nanoseconds / 1e6)
                recall[each.name].append(len(exact & set(found)) / len(exact))
    return times, recall


def report(made, times, recall):
    base = statistics.median(times[made[0].name])
    for each in made:
        own = sorted(times[each.name])
        median = statistics.median(own)
        last = own[min(len(own) - 1, len(own) * 99 // 100)]
        print(
            f"| {each.name} | {statistics.mean(recall[each.name]):.4f} | {median:.3f} ms | {last:.3f} ms "
            f"| {base / median:.1f}x | {each.bytes / 2**20:.0f} MiB | {each.seconds:.1f} s |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--program", required=True)
    parser.add_argument("--engines", default="int8,int8-approximate,flat")
    parser.add_argument("--asked", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="the first one only warms up")
    parser.add_argument("--most-ivf", type=int, default=1_000_000)
    parser.add_argument("--most-hnsw", type=int, default=100_000)
    parser.add_argument("--folder", help="where the rows are written; a temporary folder")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    real = numpy.fromfile(arguments.vectors, dtype=numpy.float32).reshape(-1, arguments.dimensions)
    asked = numpy.fromfile(arguments.queries, dtype=numpy.float32).reshape(-1, arguments.dimensions)[: arguments.asked]
    print(f"faiss-cpu {faiss.__version__} ({faiss.get_compile_options().strip()}), one thread each", flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for rows in (int(number) for number in arguments.rows.split(",")):
            path = os.path.join(folder, "rows.f32")
            make_rows(real, rows, path)
            data = numpy.memmap(path, dtype=numpy.float32, mode="r", shape=(rows, arguments.dimensions))
            made = contenders(arguments, numpy.asarray(data), path, arguments.queries)
            print(f"\n{rows} rows, {min(rows, len(real))} of them real; load {os.getloadavg()[0]:.1f}\n", flush=True)
            print("| engine | recall@50 | p50 | p99 | FAISS Flat's p50 / own | memory | build |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            report(made, *measure(arguments, made, asked, arguments.rounds))
            for each in made:
                if isinstance(each, Ours):
                    each.close()
            del made, data


if __name__ == "__main__":
    main()
