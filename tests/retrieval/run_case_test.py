#!/usr/bin/env python3
"""The runner of retrieval cases, without a server: what it reads, what it counts as met, what it refuses."""

import glob
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import run_case  # noqa: E402 (found through the line above)


class FakeDoor:
    """Answers every question from one source for each document it holds."""

    def __init__(self):
        self.names = []

    def add(self, path):
        self.names.append(os.path.basename(path))

    def delete(self, name):
        self.names.remove(os.path.basename(name))

    def ask(self, question, top_k):
        sources = [{"page": 2, "filename": name, "text": "costs\n€5 a day"} for name in self.names]
        yield "fake", {"answer": "It  costs\n€5.", "sources": sources[:top_k]}


def failures_of(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.case")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        with redirect_stdout(io.StringIO()):
            return run_case.run_case(path, FakeDoor())


class RunCase(unittest.TestCase):
    def test_met_expectations_count_no_failure(self):
        self.assertEqual(0, failures_of("document a.txt\n  Its text.\nask How much?\nexpect page 2 in first 1\n"
                                        "expect a.txt in first 3\nexpect answer contains It costs €5\n"
                                        "expect source contains €5 a day\n"))

    def test_each_unmet_expectation_counts(self):
        self.assertEqual(5, failures_of("document a.txt\n  Its text.\nask How much?\nexpect page 3 in first 1\n"
                                        "expect b.txt in first 3\nexpect answer contains €6\nexpect no evidence\n"
                                        "expect nothing from a.txt\n"))

    def test_what_was_deleted_is_expected_no_more(self):
        self.assertEqual(0, failures_of("document a.txt\n  x\ndocument b.txt\n  y\ndelete a.txt\nask Q?\n"
                                        "expect nothing from a.txt\nexpect b.txt in first 1\n"))

    def test_a_line_that_it_cannot_read_is_named(self):
        for text in ("expect page 1 in first 3\n", "ask Q?\nexpect page one\n", "  loose text\n", "shout\n", "document\n"):
            with self.assertRaisesRegex(run_case.CannotRun, r"a\.case:\d"):
                failures_of(text)

    def test_events_are_read_as_the_standard_says(self):
        stream = ': ping\n\ndata: {"token": "é"}\r\n\r\ndata:{"a":\rdata: 1}\r\rid: 7\n\ndata: "cut off"\n'.encode()
        self.assertEqual([{"token": "é"}, {"a": 1}], list(run_case.read_events(stream)))

    def test_every_case_of_the_project_can_be_read(self):
        cases = glob.glob(os.path.join(ROOT, "tests", "retrieval", "*.case"))
        self.assertTrue(cases)
        for case in cases:
            for step in run_case.parse_case(case):
                self.assertTrue(step[0] != "document" or step[2] or os.path.exists(os.path.join(ROOT, step[1])), step)


if __name__ == "__main__":
    unittest.main()
