"""The whole program with the real models: the sample's questions through both doors, everyday PDFs, the API page."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import jackdaw
from jackdaw import ROOT, SAMPLE

CASES = sorted(str(path) for path in (ROOT / "tests" / "retrieval").glob("*.case"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with jackdaw.Server(tmp_path_factory.mktemp("real") / "data", JACKDAW_RERANK_DEADLINE_MS=0) as started:
        yield started


def run_script(*words, **settings):
    done = subprocess.run([sys.executable, *map(str, words)], env=jackdaw.environment(**settings), text=True,
                          capture_output=True, timeout=900, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_cases_pass_over_http(server):
    run_script(ROOT / "tools" / "run_case.py", "--url", f"http://127.0.0.1:{server.port}", *CASES)


def test_the_sample_case_passes_on_the_command_line(tmp_path):
    run_script(ROOT / "tools" / "run_case.py", "--binary", jackdaw.BINARY, "--data", tmp_path / "data",
               ROOT / "tests" / "retrieval" / "magpie-7.case", JACKDAW_RERANK_DEADLINE_MS=0)


def test_the_price_is_answered_with_its_page(server):
    server.upload(SAMPLE)
    body = server.post_json("/query", {"question": jackdaw.QUESTION, "top_k": 3}).json()
    assert "€68,400" in body["answer"] and "page 2" in body["answer"]
    assert body["sources"][0]["page"] == 2 and "finish_reason" not in body
    unknown = server.post_json("/query", {"question": "Who won the chess world championship in 1972?"}).json()
    assert unknown["finish_reason"] == "no_evidence"


def test_a_deadline_that_passes_is_told(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_RERANK_DEADLINE_MS=1) as server:
        server.upload(SAMPLE)
        body = server.post_json("/query", {"question": jackdaw.QUESTION}).json()
        assert body["rerank_skipped"] == "deadline"
        assert {source["score_kind"] for source in body["sources"]} == {"cosine"}


def test_everyday_pdfs_end_in_text_or_a_reason(server, tmp_path):
    files = jackdaw.corpus_pdfs(tmp_path)
    if not files:
        pytest.skip(f"no PDF files in {jackdaw.DATA}")
    outcomes = {}
    small = [file for file in files if file.stat().st_size < 3_000_000]
    for file in small:
        answer = server.upload(file)
        outcomes[file.name] = answer.json()["status"] if answer.status == 200 else answer.code
    assert len(outcomes) >= 25
    assert set(outcomes.values()) <= {"ready", "encrypted_document", "no_text", "damaged_document"}
    assert sum(outcome == "ready" for outcome in outcomes.values()) >= 20, outcomes
    assert "encrypted_document" in outcomes.values(), outcomes


def test_the_api_page_shows_tokens_one_by_one_in_a_browser(tmp_path):
    if not pathlib.Path("/usr/bin/chromedriver").exists():
        pytest.skip("no chromedriver here (tools/setup.sh test installs it)")
    words = [ROOT / "tests" / "web" / "docs_page_test.py", "--binary", jackdaw.BINARY]
    if shot := os.environ.get("JACKDAW_SCREENSHOT"):
        words += ["--screenshot", shot]
    run_script(*words, JACKDAW_MODELS=os.environ.get("JACKDAW_TEST_MODELS", ROOT / "third_party" / "models"))
