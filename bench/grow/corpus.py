#!/usr/bin/python3
"""Makes a large collection of chunks for benchmarks out of the sentences of the test sets.

    bench/grow/corpus.py --data ../shared/data --chunks 1000000 FOLDER

FOLDER/corpus.jsonl: a JSON line a chunk, {"id": 1.., "document": "d000001", "text": about 500 characters}.
FOLDER/queries.jsonl: the questions of the sets in a shuffled order, {"id": "clapnq:123", "text": ...}.

The same seed gives the same bytes, and a smaller collection is the beginning of a larger one. Words are distributed as
in text that was written: a document takes its sentences from a few sources, so that words occur together, and common
words are as common as there. Drawing again would repeat rare words only as often as their sentences, so the
vocabulary would end where the sets end; a collection that grows has new names, numbers and terms on every page (Heaps'
law). So a word that occurs once in all the sets is a slot: each time its sentence is drawn, the slot takes a word
from a Pitman-Yor process (discount 0.65: a tail as that of English), and digits of numbers are drawn anew.
"""

import argparse
import collections
import json
import os
import random
import re
import sys

MAX_CHUNKS = 1_000_000
CHUNK_CHARACTERS = 500
DOCUMENT_CHUNKS = (3.2, 0.9)  # mean and deviation of the logarithm: half of the documents have up to 24 chunks
TOPICS = 3  # sources that a document takes its sentences from
DISCOUNT = 0.65
STRENGTH = 1000
SETS = {
    "scifact": "queries_train.jsonl",
    "clapnq": "queries.jsonl",
    "xquad": "queries.jsonl",
    "mtrag": "human_queries.jsonl",
}
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def sentences_of(text):
    """Sentences of 20 to 400 characters; longer ones are cut between words."""
    for sentence in SENTENCE_END.split(" ".join(text.split())):
        while len(sentence) > 400:
            cut = sentence.rfind(" ", 200, 400)
            cut = cut if cut > 0 else 400
            yield sentence[:cut]
            sentence = sentence[cut:].lstrip()
        if len(sentence) >= 20:
            yield sentence


def read_sources(folder):
    sources = []
    for name in SETS:
        for passage in read_lines(os.path.join(folder, name, "corpus.jsonl")):
            found = list(sentences_of(passage["text"]))
            if found:
                sources.append(found)
    return sources


def read_queries(folder, draw):
    queries = []
    for name, file in SETS.items():
        for query in read_lines(os.path.join(folder, name, file)):
            queries.append({"id": f"{name}:{query['_id']}", "text": query.get("text") or query["rewrite"]})
    draw.shuffle(queries)
    return queries


class Speller:
    """Writes words that nobody wrote before, letter by letter, as the words that it was taught."""

    ORDER = 3

    def __init__(self, words):
        self.next = collections.defaultdict(list)
        for word in words:
            padded = "^" * self.ORDER + word.lower() + "$"
            for at in range(self.ORDER, len(padded)):
                self.next[padded[at - self.ORDER : at]].append(padded[at])

    def spell(self, draw):
        while True:
            word = "^" * self.ORDER
            while not word.endswith("$") and len(word) < 20:
                word += draw.choice(self.next[word[-self.ORDER :]])
            word = word.strip("^$")
            if len(word) > 3:
                return word


class RareWords:
    """A Pitman-Yor process: the n-th word is new with probability (strength + discount * distinct) / (strength + n),
    else one of those before, each in proportion to its count less the discount."""

    def __init__(self, speller):
        self.speller = speller
        self.drawn = []  # each earlier word as often as it came
        self.distinct = 0

    def next(self, draw):
        n = len(self.drawn)
        if draw.random() * (STRENGTH + n) < STRENGTH + DISCOUNT * self.distinct:
            word = self.speller.spell(draw)
            self.distinct += 1
        else:
            word = draw.choice(self.drawn)
        self.drawn.append(word)
        return word


class Template:
    """A sentence whose slots are filled each time that it is drawn."""

    def __init__(self, sentence, is_rare):
        self.pieces, self.slots = [], []
        end = 0
        for found in WORD.finditer(sentence):
            word = found.group()
            number = any(c.isdecimal() for c in word)
            if not number and not is_rare(word):
                continue
            self.pieces.append(sentence[end : found.start()])
            self.slots.append(word if number else word[0].isupper())
            end = found.end()
        self.pieces.append(sentence[end:])

    def fill(self, draw, rare):
        out = [self.pieces[0]]
        for slot, piece in zip(self.slots, self.pieces[1:]):
            if slot is True or slot is False:
                word = rare.next(draw)
                out.append(word.capitalize() if slot else word)
            else:
                # Small numbers stay what they are: "2" is a common word.
                redrawn = len(slot) > 2
                out.append("".join(draw.choice("0123456789") if redrawn and c.isdecimal() else c for c in slot))
            out.append(piece)
        return "".join(out)


def make_templates(sources):
    counts = collections.Counter(word.lower() for source in sources for text in source for word in WORD.findall(text))
    once = {word for word, count in counts.items() if count == 1 and word.isascii() and word.isalpha()}
    templates = [[Template(text, lambda word: word.lower() in once) for text in source] for source in sources]
    return templates, Speller(sorted(once))


def chunks(templates, speller, count, draw):
    """Texts with the number of the document that each belongs to."""
    rare = RareWords(speller)
    document, left, own = 0, 0, []
    for _ in range(count):
        if left == 0:
            document += 1
            left = max(1, min(2000, int(draw.lognormvariate(*DOCUMENT_CHUNKS))))
            own = [template for _ in range(TOPICS) for template in draw.choice(templates)]
        left -= 1
        parts, length = [], 0
        while length < CHUNK_CHARACTERS - 60:
            # Half of a document's sentences are on its topics, the others are whatever it touches.
            template = draw.choice(own) if draw.random() < 0.5 else draw.choice(draw.choice(templates))
            parts.append(template.fill(draw, rare))
            length += len(parts[-1]) + 1
        yield document, " ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the files are written; made if it is not there")
    parser.add_argument("--data", default=os.environ.get("JACKDAW_TEST_DATA", "../shared/data"))
    parser.add_argument("--chunks", type=int, default=100_000, help=f"at most {MAX_CHUNKS}")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 1 <= options.chunks <= MAX_CHUNKS:
        parser.error(f"--chunks must be from 1 to {MAX_CHUNKS}")
    sets = os.path.join(options.data, "retrieval")
    if not os.path.isdir(sets):
        sys.exit(f"corpus: there is no folder {sets}. Name the folder of the test sets with --data.")
    os.makedirs(options.folder, exist_ok=True)
    queries = read_queries(sets, random.Random(options.seed))
    with open(os.path.join(options.folder, "queries.jsonl"), "w", encoding="utf-8") as file:
        for query in queries:
            file.write(json.dumps(query, ensure_ascii=False) + "\n")
    templates, speller = make_templates(read_sources(sets))
    total = 0
    with open(os.path.join(options.folder, "corpus.jsonl"), "w", encoding="utf-8") as file:
        drawn = chunks(templates, speller, options.chunks, random.Random(options.seed))
        for number, (document, text) in enumerate(drawn, 1):
            chunk = {"id": number, "document": f"d{document:06}", "text": text}
            file.write(json.dumps(chunk, ensure_ascii=False) + "\n")
            total += len(text)
    print(f"{options.chunks} chunks of {total / options.chunks:.0f} characters, {len(queries)} queries")


if __name__ == "__main__":
    main()
