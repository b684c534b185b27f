#!/usr/bin/env python3
"""Computes nDCG@10 of bm25s over the same terms as the index: the reference number in src/index/scifact_test.cpp.

To repeat it:

  python3 -m venv /tmp/bm25s && /tmp/bm25s/bin/pip install bm25s==0.3.16
  cmake --build build/dev --target jackdaw_terms
  /tmp/bm25s/bin/python tools/bm25s_reference.py build/dev/src/index/jackdaw_terms ../shared/data/retrieval/scifact

bm25s does the ranking (method "lucene", k1 = 1.2, b = 0.75); the terms come from jackdaw_terms, so that a difference can
only be one of BM25 or of ranking.
"""

import json
import math
import pathlib
import subprocess
import sys

import bm25s
import numpy


def texts(path):
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            title = entry.get("title")
            yield entry["_id"], (title + " " if title is not None else "") + entry["text"]


def terms(program, entries):
    lines = "\n".join(text.replace("\n", " ") for _, text in entries) + "\n"
    done = subprocess.run([program], input=lines.encode("utf-8"), stdout=subprocess.PIPE, check=True)
    return [line.split(" ") if line else [] for line in done.stdout.decode("utf-8").split("\n")[: len(entries)]]


def judgements(path):
    relevant = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, gain = line.split("\t")
        relevant.setdefault(query, {})[document] = int(gain)
    return relevant


def discounted(gains):
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    corpus = list(texts(folder / "corpus.jsonl"))
    queries = list(texts(folder / "queries_train.jsonl"))
    relevant = judgements(folder / "qrels" / "train.tsv")

    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    retriever.index(terms(program, corpus), show_progress=False)
    results = []
    for (query, _), query_terms in zip(queries, terms(program, queries)):
        if query not in relevant:
            continue
        scores = retriever.get_scores(query_terms)
        best = numpy.lexsort((numpy.arange(len(scores)), -scores))[:10]
        gains = [relevant[query].get(corpus[place][0], 0) for place in best if scores[place] > 0]
        results.append(discounted(gains) / discounted(sorted(relevant[query].values(), reverse=True)))
    print(f"bm25s {bm25s.__version__}, {len(corpus)} texts, {len(results)} queries: "
          f"nDCG@10 {sum(results) / len(results):.5f}")


if __name__ == "__main__":
    main()
