"""Start, restart, stop, crash: what was acknowledged is there, what was not leaves nothing behind."""

import json
import os
import random
import signal
import sqlite3
import threading
import time

import jackdaw
from jackdaw import QUESTION, SAMPLE, read_events, stream


def variant(number):
    """The sample with other bytes: another document."""
    return (f"copy-{number}.pdf", SAMPLE.read_bytes() + b"\n%% copy " + str(number).encode() + b"\n")


def test_everything_is_there_again_after_a_restart(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        uploaded = server.upload(SAMPLE).json()
        before = server.post_json("/query", {"question": QUESTION}).json()
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        assert server.post_json("/query", {"question": QUESTION}).json() == before
        document = server.get(f"/v1/documents/{uploaded['document_id']}").json()
        assert document["chunks"] == uploaded["chunks"] and document["media_type"] == "application/pdf"
        assert document["bytes"] == SAMPLE.stat().st_size and document["status"] == "ready"


def test_a_deleted_document_is_found_no_more(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        kept = server.upload(variant(1)).json()
        gone = server.upload(variant(2)).json()
        assert server.request("DELETE", f"/v1/documents/{gone['document_id']}").status == 204
        sources = server.post_json("/query", {"question": QUESTION, "top_k": 50}).json()["sources"]
        assert {source["document_id"] for source in sources} == {kept["document_id"]}
        assert server.get(f"/v1/documents/{gone['document_id']}").status == 404
        assert server.request("DELETE", f"/v1/documents/{gone['document_id']}").status == 404
        assert server.request("DELETE", f"/v1/documents/{kept['document_id']}").status == 204
        assert server.post_json("/query", {"question": QUESTION}).code == "not_ready"
    data = tmp_path / "data"
    text = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"Magpie" not in text
    assert not [path for path in (data / "originals").rglob("*") if path.is_file()]


def test_lists_go_page_by_page(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        ids = [server.upload(variant(n)).json()["document_id"] for n in range(5)]
        seen, after = [], ""
        while True:
            page = server.get(f"/v1/documents?limit=2{after}").json()
            assert len(page["documents"]) <= 2
            seen += [document["document_id"] for document in page["documents"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == ids
        found = server.get("/v1/documents?q=COPY-3").json()["documents"]
        assert [document["filename"] for document in found] == ["copy-3.pdf"]
        assert server.get("/v1/documents?status=failed").json()["documents"] == []


def test_questions_are_answered_while_files_come_in(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        server.upload(SAMPLE)
        failures = []

        def upload(number):
            answer = server.upload(variant(number))
            if answer.status != 200:
                failures.append(answer.body)

        threads = [threading.Thread(target=upload, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            answer = server.post_json("/query", {"question": QUESTION})
            if answer.status != 200 or not answer.json()["sources"]:
                failures.append(answer.body)
        for thread in threads:
            thread.join()
        assert not failures
        assert len(server.get("/v1/documents?limit=200").json()["documents"]) == 9


def check_whole(server, acknowledged):
    """Every acknowledged document is there, every document is whole, and the index knows exactly what the store knows."""
    deadline = time.monotonic() + 120
    while True:  # what was taken in is read in the end
        documents = server.get("/v1/documents?limit=200").json()["documents"]
        if all(document["status"] == "ready" for document in documents):
            break
        assert time.monotonic() < deadline, documents
        time.sleep(0.02)
    assert acknowledged <= {document["document_id"] for document in documents}
    with sqlite3.connect(f"file:{server.data / 'jackdaw.db'}?mode=ro", uri=True) as database:
        counts = dict(database.execute("SELECT document, COUNT(*) FROM chunks GROUP BY document"))
    assert sum(counts.values()) == sum(document["chunks"] for document in documents)
    assert len(counts) == len(documents)
    health = server.get("/health").json()
    assert health["documents"] == len(documents)
    assert health["chunks"] == sum(document["chunks"] for document in documents)
    originals = [path for path in (server.data / "originals").rglob("*") if path.is_file()]
    assert len(originals) == len(documents)
    assert not [path for path in (server.data / "spool").iterdir()]


def test_kill_in_the_middle_of_uploads_leaves_no_half_document(tmp_path):
    chance = random.Random()  # a soak tries other moments each time
    if not jackdaw.SOAK:
        chance.seed(20)
    acknowledged = set()
    number = 0
    for _ in range(200 if jackdaw.SOAK else 4):
        server = jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash")
        stop = threading.Event()

        def feed():
            nonlocal number
            while not stop.is_set():
                number += 1
                try:
                    acknowledged.add(server.upload(variant(number)).json()["document_id"])
                except Exception:
                    return

        thread = threading.Thread(target=feed)
        thread.start()
        goal = number + chance.randint(1, 4)
        while number < goal and thread.is_alive():
            time.sleep(0.001)
        time.sleep(chance.random() * 0.3)
        server.process.send_signal(signal.SIGKILL)
        stop.set()
        thread.join()
        server.kill()
        with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as again:
            check_whole(again, acknowledged)


def test_sigterm_ends_a_stream_with_a_last_event(tmp_path):
    script = tmp_path / "script"
    script.write_text('{"text": "Half of"}\n{"wait_for_file": "%s"}\n' % (tmp_path / "never"))
    server = jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted", JACKDAW_SCRIPT=script,
                            JACKDAW_SHUTDOWN_GRACE_MS=200)
    server.upload(SAMPLE)
    with stream(server, QUESTION) as response:
        events = read_events(response)
        assert json.loads(next(events)[1]) == {"token": "Half of"}
        server.process.send_signal(signal.SIGTERM)
        last = json.loads(list(events)[-1][1])
        assert last["error"]["code"] == "shutting_down" and last["error"]["retryable"] is True
    assert server.terminate() == 0


def test_sigterm_lets_a_running_answer_end(tmp_path, go_script):
    script, pieces, let_go = go_script
    server = jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted", JACKDAW_SCRIPT=script,
                            JACKDAW_SHUTDOWN_GRACE_MS=60000)
    server.upload(SAMPLE)
    with stream(server, QUESTION) as response:
        events = read_events(response)
        next(events)
        server.process.send_signal(signal.SIGTERM)
        for number in range(len(pieces)):
            let_go(number)
        assert "sources" in json.loads(list(events)[-1][1])
    assert server.terminate() == 0


def test_a_second_owner_is_refused_with_the_first_ones_pid(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        done = jackdaw.run("serve", "--port", "0", data=tmp_path / "data", JACKDAW_EMBEDDER="hash")
        assert done.returncode == 1 and str(server.process.pid) in done.stderr


def test_data_of_a_newer_version_is_refused_untouched(tmp_path):
    data = tmp_path / "data"
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash"):
        pass
    with sqlite3.connect(data / "jackdaw.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    before = (data / "jackdaw.db").read_bytes()
    done = jackdaw.run("documents", data=data)
    assert done.returncode == 1 and "newer" in done.stderr and "999" in done.stderr
    assert (data / "jackdaw.db").read_bytes() == before


def test_a_client_that_goes_away_stops_its_answer(tmp_path):
    script = tmp_path / "script"
    script.write_text('{"text": "word"}\n{"wait_for_file": "%s"}\n' % (tmp_path / "never"))
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted", JACKDAW_SCRIPT=script,
                        JACKDAW_MAX_ANSWERS=1, JACKDAW_MAX_QUEUED_ANSWERS=0) as server:
        server.upload(SAMPLE)
        for _ in range(5):
            # The one place is free again each time: the answer before was stopped with its connection.
            while True:
                with stream(server, QUESTION) as response:
                    if response.status == 429:
                        assert response.headers["Retry-After"]
                        continue
                    assert response.status == 200
                    assert json.loads(next(read_events(response))[1]) == {"token": "word"}
                    busy = server.post_json("/query", {"question": QUESTION})
                    assert (busy.status, busy.code) == (429, "overloaded")
                    break


def test_eight_large_uploads_at_once_do_not_grow_the_server(tmp_path):
    size = 100 * 1024 * 1024 - 4096
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        head = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="large.pdf"\r\n\r\n')
        tail = b"\r\n--b--\r\n"
        block = os.urandom(1 << 20)
        before = server.memory_bytes()
        highest = [before]
        statuses = []

        def send():
            with server.socket(timeout=300) as connection:
                connection.sendall(b"POST /upload HTTP/1.1\r\nHost: localhost\r\n"
                                   b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n"
                                   % (len(head) + size + len(tail)) + head)
                sent = 0
                while sent < size:
                    part = block[:min(len(block), size - sent)]
                    connection.sendall(part)
                    sent += len(part)
                connection.sendall(tail)
                statuses.append(connection.recv(65536).split(b" ")[1])

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            highest[0] = max(highest[0], server.memory_bytes())
            time.sleep(0.01)
        assert statuses == [b"415"] * 8
        assert highest[0] - before < 64 * 1024 * 1024


def test_a_file_beyond_the_limit_gets_its_413(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        answer = server.upload(("large.pdf", b"%PDF-1.7\n" + b"0" * (101 * 1024 * 1024)))
        assert (answer.status, answer.code) == (413, "too_large")
        assert "100 MiB" in answer.json()["detail"]
        assert not list((tmp_path / "data" / "spool").iterdir())
