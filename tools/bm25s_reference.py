#!/usr/bin/env python3
"""Computes nDCG@10 of bm25s over the same terms as the index: the reference numbers of docs/quality.md and of
src/server/eval_bm25s_test.cpp.

To repeat it:

  python3 -m venv /tmp/bm25s && /tmp/bm25s/bin/pip install bm25s==0.3.16
  cmake --build build/dev --target jackdaw_terms
  /tmp/bm25s/bin/python tools/bm25s_reference.py build/dev/src/index/jackdaw_terms ../shared/data/retrieval [SET...]

bm25s does the ranking (method "lucene", k1 = 1.2, b = 0.75); the terms come from jackdaw_terms, so that a difference can
only be one of BM25 or of ranking. A title stands before its text. The sets are those that `jackdaw eval` knows by name.
"""

import json
import math
import pathlib
import subprocess
import sys

import bm25s
import numpy

SPLITS = {"scifact": ("train", "queries_train.jsonl", "text"), "mtrag": ("human", "human_queries.jsonl", "rewrite"),
          "clapnq": ("test", "queries.jsonl", "text"), "xquad": ("test", "queries.jsonl", "text"),
          "vespa-rag-blueprint": None}


def lines_of(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def titled(entry):
    return (entry["title"] + " " if entry.get("title") else "") + entry["text"]


def read_set(folder):
    """Texts by id, questions by id, and gains by question and text."""
    if SPLITS[folder.name] is None:
        fields = [line["fields"] for line in lines_of(folder / "dataset" / "docs.jsonl")]
        asked = [query for name in ("queries.json", "test_queries.json")
                 for query in json.loads((folder / "queries" / name).read_text(encoding="utf-8"))]
        return ([(entry["id"], titled(entry)) for entry in fields],
                [(query["query_id"], query["query_text"]) for query in asked],
                {query["query_id"]: dict.fromkeys(query["relevant_document_ids"], 1) for query in asked})
    split, queries, field = SPLITS[folder.name]
    return ([(entry["_id"], titled(entry)) for entry in lines_of(folder / "corpus.jsonl")],
            [(entry["_id"], entry[field]) for entry in lines_of(folder / queries)],
            judgements(folder / "qrels" / f"{split}.tsv"))


def terms(program, entries):
    lines = "\n".join(text.replace("\n", " ") for _, text in entries) + "\n"
    done = subprocess.run([str(program)], input=lines.encode("utf-8"), stdout=subprocess.PIPE, check=True)
    return [line.split(" ") if line else [] for line in done.stdout.decode("utf-8").split("\n")[: len(entries)]]


def judgements(path):
    relevant = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, gain = line.split("\t")
        relevant.setdefault(query, {})[document] = int(gain)
    return relevant


def discounted(gains):
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def measure(program, folder):
    corpus, queries, relevant = read_set(folder)
    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    retriever.index(terms(program, corpus), show_progress=False)
    results = []
    for (query, _), query_terms in zip(queries, terms(program, queries)):
        if not any(gain > 0 for gain in relevant.get(query, {}).values()):
            continue
        # Words that no text holds are no part of bm25s's vocabulary.
        scores = retriever.get_scores(query_terms) if query_terms else numpy.zeros(len(corpus))
        best = numpy.lexsort((numpy.arange(len(scores)), -scores))[:10]
        gains = [relevant[query].get(corpus[place][0], 0) for place in best if scores[place] > 0]
        results.append(discounted(gains) / discounted(sorted(relevant[query].values(), reverse=True)))
    print(f"bm25s {bm25s.__version__}, {folder.name}, {len(corpus)} texts, {len(results)} queries: "
          f"nDCG@10 {sum(results) / len(results):.5f}")


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for name in sys.argv[3:] or SPLITS:
        measure(program, folder / name)


if __name__ == "__main__":
    main()
