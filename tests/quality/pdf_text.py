#!/usr/bin/env python3
"""How good is the text that jackdaw-parse reads from PDFs?

    pdf_text.py JACKDAW_PARSE [--data FOLDER]

Reads the PDFs of pdf/docling.tar.xz of the evaluation data that have a stored Markdown beside them and compares the
words: F1 of the two bags of words, and order, the Indel similarity of the two sequences (twice the length of their
longest common subsequence over the sum of their lengths). The Markdown is a tool's output too (no page headers, tables
as pipes), so neither reaches 1. Ends with 1 when a mean is below what is required, with 77 when the data is absent.
"""
import argparse
import collections
import html
import os
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import unicodedata

REQUIRED_F1 = 0.965
REQUIRED_ORDER = 0.93
PDFS = 11
SKIPPED = 77
ARCHIVE = "pdf/docling.tar.xz"
SOURCES = "docling/tests/data/pdf/sources/"
TRUTHS = "docling/tests/data/pdf/groundtruth/"

MAGIC = b"jdparse2"
PAGE, END, FAILURE = 2, 3, 4


def pairs_of(archive):
    """Name, PDF and Markdown of each document that has both."""
    pdfs, truths = {}, {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = pathlib.PurePosixPath(member.name)
            if member.name.startswith(SOURCES) and path.suffix == ".pdf":
                pdfs[path.stem] = tar.extractfile(member).read()
            elif member.name.startswith(TRUTHS) and path.suffix == ".md":
                truths[path.stem] = tar.extractfile(member).read().decode()
    return [(name, pdfs[name], truths[name]) for name in sorted(pdfs.keys() & truths.keys())]


def frames(stream):
    """The frames of src/extract/confined/protocol.h."""
    assert stream.startswith(MAGIC), "the parser speaks another version of the protocol"
    at = len(MAGIC)
    while at < len(stream):
        kind, length = struct.unpack_from("<BI", stream, at)
        at += 5
        yield kind, stream[at:at + length]
        at += length


def page_text(payload):
    at = 4 + 4 + 4 + 1  # number, width, height, pictures
    label_bytes, = struct.unpack_from("<I", payload, at)
    at += 4 + label_bytes
    text_bytes, = struct.unpack_from("<I", payload, at)
    return payload[at + 4:at + 4 + text_bytes].decode()


def read_pdf(parser, pdf, scratch):
    scratch.seek(0)
    scratch.truncate()
    scratch.write(pdf)
    scratch.flush()
    scratch.seek(0)
    stream = subprocess.run([parser, "read", "5000", "20000000"], stdin=scratch, stdout=subprocess.PIPE, check=True,
                            env={}).stdout
    texts, ended = [], False
    for kind, payload in frames(stream):
        assert kind != FAILURE, f"the parser gave up: {payload!r}"
        ended = ended or kind == END
        if kind == PAGE:
            texts.append(page_text(payload))
    assert ended, "the parser stopped before the end"
    return "\n\n".join(texts)


def words_of(text):
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def words_of_markdown(markdown):
    markdown = re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL)
    markdown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return words_of(html.unescape(re.sub(r"\\([\\`*_{}\[\]()#+.!|<>-])", r"\1", markdown)))


def f1(found, expected):
    common = sum((collections.Counter(found) & collections.Counter(expected)).values())
    return 2 * common / (len(found) + len(expected))


def longest_common_subsequence(a, b):
    """Bit-parallel (Hyyro 2004): one bit for each word of `a`."""
    places = collections.defaultdict(int)
    for i, word in enumerate(a):
        places[word] |= 1 << i
    everywhere = (1 << len(a)) - 1
    rest = everywhere
    for word in b:
        hits = rest & places.get(word, 0)
        rest = ((rest + hits) | (rest - hits)) & everywhere
    return len(a) - rest.bit_count()


def order(found, expected):
    return 2 * longest_common_subsequence(found, expected) / (len(found) + len(expected))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("parser", help="the program jackdaw-parse")
    arguments.add_argument("--data", type=pathlib.Path, help="the evaluation data; default: $JACKDAW_TEST_DATA")
    options = arguments.parse_args()
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    data = options.data or pathlib.Path(os.environ.get("JACKDAW_TEST_DATA") or beside)
    if not (data / ARCHIVE).exists():
        print(f"skipped: {ARCHIVE} is not in {data}")
        return SKIPPED

    scores = []
    with tempfile.TemporaryFile() as scratch:
        for name, pdf, markdown in pairs_of(data / ARCHIVE):
            found, expected = words_of(read_pdf(options.parser, pdf, scratch)), words_of_markdown(markdown)
            scores.append((f1(found, expected), order(found, expected)))
            print(f"{name:32} words {len(found):6} of {len(expected):6}   F1 {scores[-1][0]:.3f}   "
                  f"order {scores[-1][1]:.3f}")
    assert len(scores) == PDFS, f"{len(scores)} documents with a Markdown, not {PDFS}"
    mean_f1, mean_order = (sum(column) / len(scores) for column in zip(*scores))
    print(f"mean: F1 {mean_f1:.4f} (required {REQUIRED_F1}), order {mean_order:.4f} (required {REQUIRED_ORDER})")
    return 0 if mean_f1 >= REQUIRED_F1 and mean_order >= REQUIRED_ORDER else 1


if __name__ == "__main__":
    sys.exit(main())
