"""The vectors of a collection made anew with another embedder: alone, and inside a running server that goes on."""

import json
import threading
import time

import jackdaw
from jackdaw import SAMPLE


def run(*words, data, embedder, **settings):
    return jackdaw.run(*words, data=data, JACKDAW_EMBEDDER=embedder, **settings)


def ok(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def collection(tmp_path, embedder="hash", notes=40):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "magpie.pdf").write_bytes(SAMPLE.read_bytes())
    for number in range(notes):
        (folder / f"{number}.txt").write_text(f"The jay number {number} hides acorns under oak {number * 7}.\n")
    data = tmp_path / "data"
    ok(run("ingest", folder, data=data, embedder=embedder))
    return data


def ended(server, patience=300):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status = server.request("GET", "/v1/reindex").json()
        if status["state"] != "running":
            return status
        time.sleep(0.2)
    raise AssertionError("the reindex did not end")


def nearness(server, question, word):
    """The best inner product of the question with a passage that has the word. Words that are no others' stems are 0 in
    the stand-in's space."""
    found = server.post_json("/v1/search", {"question": question, "rerank": False}).json()
    return max(passage["reasons"]["vector"]["score"] for passage in found["passages"] if word in passage["text"])


def test_other_vectors_are_refused_by_name_with_the_command_and_that_command_helps(tmp_path):
    data = collection(tmp_path, notes=5)
    done = run("search", "acorns", data=data, embedder="minilm-int8")
    assert done.returncode == 1
    assert "jackdaw reindex" in done.stderr and "all-MiniLM-L6-v2" in done.stderr and "hash" in done.stderr
    said = ok(run("reindex", data=data, embedder="minilm-int8"))
    assert "all-MiniLM-L6-v2" in said
    found = json.loads(ok(run("search", "where do birds keep nuts", "--json", data=data, embedder="minilm-int8")))
    assert any("acorns" in passage["text"] for passage in found["passages"])
    refused = run("search", "acorns", data=data, embedder="hash")
    assert refused.returncode == 1 and "all-MiniLM-L6-v2" in refused.stderr
    code = run("verify", data=data, embedder="minilm-int8")
    assert code.returncode == 0, code.stdout
    # Again, with the same embedder: what changed may be the text that is embedded.
    assert json.loads(ok(run("reindex", "--json", data=data, embedder="minilm-int8")))["state"] == "done"


def test_an_unknown_embedder_is_refused(tmp_path):
    data = collection(tmp_path, notes=1)
    assert run("reindex", "--embedder", "word2vec", data=data, embedder="hash").returncode == 2
    assert run("reindex", data=tmp_path / "nothing", embedder="hash").returncode == 1
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        answer = server.request("POST", "/v1/reindex", b'{"embedder": "word2vec"}', {"Content-Type": "application/json"})
        problem = answer.json()
        assert (answer.status, problem["errors"][0]["field"]) == (400, "embedder") and "minilm-int8" in problem["detail"]
        assert server.request("GET", "/v1/reindex").json()["state"] == "idle"


def test_a_server_answers_and_takes_documents_while_its_vectors_are_made_anew(tmp_path):
    data = collection(tmp_path)
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        before = server.request("GET", "/v1/reindex").json()
        assert before["state"] == "idle" and before["embedder"].startswith("hash") and before["new_embedder"] is None
        began = server.request("POST", "/v1/reindex", b'{"embedder": "minilm-int8"}',
                               {"Content-Type": "application/json"})
        assert began.status == 202 and began.json()["state"] in ("running", "done")
        failures = []

        def ask():
            while not stop.is_set():
                answer = server.request("POST", "/v1/search", json.dumps({"question": "acorns under oak"}).encode(),
                                        {"Content-Type": "application/json"})
                if answer.status != 200 or not answer.json()["passages"]:
                    failures.append(answer.body)
                    return

        stop = threading.Event()
        asking = threading.Thread(target=ask)
        asking.start()
        try:
            for number in range(5):
                added = server.upload((f"late-{number}.txt", f"The kestrel {number} hovers over meadows.\n".encode()))
                assert added.status == 200, added.body
            status = ended(server)
        finally:
            stop.set()
            asking.join()
        assert not failures, failures
        assert status["state"] == "done" and status["embedder"].startswith("all-MiniLM-L6-v2"), status
        assert nearness(server, "meadow falcon", "kestrel") > 0.35
        # The new vectors are what later documents get too.
        assert server.upload(("last.txt", b"The otter sleeps on its back.\n")).status == 200
        assert nearness(server, "otters asleep", "otter") > 0.35
    with jackdaw.Server(data, JACKDAW_EMBEDDER="minilm-int8") as server:
        assert server.request("GET", "/health").json()["documents"] == 47
    assert run("verify", data=data, embedder="minilm-int8").returncode == 0


def test_the_command_goes_through_the_running_server(tmp_path):
    data = collection(tmp_path, notes=3)
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        said = json.loads(ok(run("reindex", "--embedder", "minilm-int8", "--json", data=data, embedder="hash")))
        assert said["state"] == "done" and said["embedder"].startswith("all-MiniLM-L6-v2")
        assert said["made"] == said["chunks"] > 3
        assert server.request("GET", "/v1/reindex").json()["embedder"] == said["embedder"]


def test_a_stopped_run_leaves_all_as_it_was_and_the_next_goes_on(tmp_path):
    data = collection(tmp_path, notes=200)
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        body = b'{"embedder": "minilm-int8"}'
        assert server.request("POST", "/v1/reindex", body, {"Content-Type": "application/json"}).status == 202
        second = server.request("POST", "/v1/reindex", body, {"Content-Type": "application/json"})
        stopped = server.request("DELETE", "/v1/reindex")
        assert second.status in (202, 409) and stopped.status == 202
        status = ended(server)
        assert status["state"] in ("stopped", "done")
        if status["state"] == "stopped":
            assert status["embedder"].startswith("hash")
        assert server.request("POST", "/v1/reindex", body, {"Content-Type": "application/json"}).status == 202
        assert ended(server)["state"] == "done"
