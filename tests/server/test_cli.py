"""The command line: alone and through a running server, for people and for scripts."""

import json
import re

import jackdaw
from jackdaw import QUESTION, SAMPLE


def ok(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_command_works_alone(tmp_path):
    data = tmp_path / "data"
    assert "ready, 5 pages" in ok(jackdaw.run("ingest", SAMPLE, data=data, JACKDAW_EMBEDDER="hash"))
    listed = json.loads(ok(jackdaw.run("documents", "--json", data=data)))["documents"]
    assert [document["filename"] for document in listed] == ["magpie-7.pdf"]
    answer = ok(jackdaw.run("ask", QUESTION, data=data, JACKDAW_EMBEDDER="hash"))
    assert "magpie-7.pdf, page" in answer and "\x1b" not in answer
    found = json.loads(ok(jackdaw.run("search", "list price", "--top-k", 2, "--json", data=data,
                                      JACKDAW_EMBEDDER="hash")))
    assert len(found["passages"]) == 2
    assert "magpie-7.pdf, page" in ok(jackdaw.run("search", "list price", data=data, JACKDAW_EMBEDDER="hash"))
    assert "Deleted." in ok(jackdaw.run("documents", "--delete", listed[0]["document_id"], data=data))
    assert jackdaw.run("documents", "--delete", listed[0]["document_id"], data=data).returncode == 1
    assert "No documents yet" in ok(jackdaw.run("documents", data=data))


def test_each_command_gives_the_same_through_a_running_server(tmp_path):
    data = tmp_path / "data"
    outcome = json.loads(ok(jackdaw.run("ingest", SAMPLE, "--json", data=data, JACKDAW_EMBEDDER="hash")))
    alone = {name: json.loads(ok(jackdaw.run(*words, "--json", data=data, JACKDAW_EMBEDDER="hash")))
             for name, words in {"ask": ["ask", QUESTION], "documents": ["documents"],
                                 "search": ["search", "price"]}.items()}
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        again = json.loads(ok(jackdaw.run("ingest", SAMPLE, "--json", data=data)))["documents"]
        assert again == [{**outcome["documents"][0], "outcome": "unchanged"}]
        assert json.loads(ok(jackdaw.run("ask", QUESTION, "--json", data=data))) == alone["ask"]
        assert json.loads(ok(jackdaw.run("documents", "--json", data=data))) == alone["documents"]
        through = json.loads(ok(jackdaw.run("search", "price", "--json", data=data)))
        assert through["passages"] == alone["search"]["passages"]
        body = server.post_json("/query", {"question": QUESTION}).json()
        assert body == alone["ask"]
        done = jackdaw.run("documents", data=data, JACKDAW_LOG="info")
        assert str(server.process.pid) in done.stderr


def test_failures_are_sentences_and_exit_codes(tmp_path):
    data = tmp_path / "data"
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
    done = jackdaw.run("ingest", bad, tmp_path / "missing.pdf", data=data, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 1 and "unsupported_media_type" in done.stderr and "missing.pdf" in done.stderr
    done = jackdaw.run("ingest", bad, SAMPLE, data=data, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 3 and "ready" in done.stdout
    assert jackdaw.run("ask", " ", data=data, JACKDAW_EMBEDDER="hash").returncode == 1
    for words in (["nonsense"], [], ["ask"], ["ask", "x", "--top-k", "0"], ["serve", "--port", "70000"],
                  ["models"], ["search", "x", "--no-such-flag"]):
        assert jackdaw.run(*words, data=data).returncode == 2, words
    done = jackdaw.run("ask", "x", data=data, JACKDAW_TOP_K="many")
    assert done.returncode == 2 and "JACKDAW_TOP_K" in done.stderr and "many" in done.stderr
    done = jackdaw.run("ask", "x", data=tmp_path / "empty", JACKDAW_EMBEDDER="hash")
    assert done.returncode == 1 and "upload" in done.stderr.lower() + done.stdout.lower()
    done = jackdaw.run("serve", data=data, LLM_PROVIDER="telepathy", JACKDAW_EMBEDDER="hash",
                       JACKDAW_PORT=0)
    assert done.returncode == 2 and "LLM_PROVIDER" in done.stderr and "extractive" in done.stderr


def test_settings_come_from_flags_environment_and_file_in_that_order(tmp_path):
    (tmp_path / ".env").write_text("JACKDAW_TOP_K=1\nexport JACKDAW_EMBEDDER='hash' # stand-in\n")
    data = tmp_path / "data"
    ok(jackdaw.run("ingest", SAMPLE, data=data, cwd=tmp_path))

    def sources(*words, **settings):
        done = ok(jackdaw.run("ask", QUESTION, "--json", *words, data=data, cwd=tmp_path, **settings))
        return len(json.loads(done)["sources"])

    assert sources() == 1
    assert sources(JACKDAW_TOP_K=2) == 2
    assert sources("--top-k", 3, JACKDAW_TOP_K=2) == 3
    (tmp_path / "other.env").write_text("JACKDAW_TOP_K=4\nJACKDAW_EMBEDDER=hash\n")
    assert sources("--env-file", tmp_path / "other.env") == 4
    (tmp_path / ".env").write_text("JACKDAW_TOP_K 1\n")
    done = jackdaw.run("documents", data=data, cwd=tmp_path)
    assert done.returncode == 2 and "line 1" in done.stderr
    assert jackdaw.run("documents", "--env-file", tmp_path / "none", data=data).returncode == 2


def test_help_teaches_and_version_is_said(tmp_path):
    text = ok(jackdaw.run("--help"))
    commands = ("serve", "ingest", "ask", "search", "documents", "verify", "backup", "restore", "models")
    for word in (*commands, "Exit codes", "--data"):
        assert word in text
    for command in commands:
        assert len(ok(jackdaw.run(command, "--help"))) > 100
    assert re.match(r"jackdaw \d+\.\d+\.\d+", ok(jackdaw.run("version")))
    assert json.loads(ok(jackdaw.run("version", "--json")))["version"]


def test_models_are_listed_and_verified(tmp_path):
    listed = json.loads(ok(jackdaw.run("models", "list", "--json")))["models"]
    assert {entry["state"] for entry in listed} == {"good"}
    assert {"all-MiniLM-L6-v2", "jackdaw-rerank-l6"} <= {entry["model"] for entry in listed}
    assert "good" in ok(jackdaw.run("models", "verify"))
    done = jackdaw.run("models", "verify", JACKDAW_MODELS=tmp_path)
    assert done.returncode == 1 and "missing" in done.stdout and "models pull" in done.stderr
