"""The simple door, word for word: /health, /upload, /query, /query/stream."""

import json
import subprocess

import jackdaw
from jackdaw import QUESTION, SAMPLE, read_events, stream


def test_health_says_ok_once_it_can_answer(hash_server):
    answer = hash_server.get("/health")
    assert answer.status == 200
    assert answer.json()["status"] == "ok"
    assert hash_server.get("/healthz").json()["status"] == "alive"
    ready = hash_server.get("/readyz").json()
    assert ready["status"] == "ready"
    assert any("quoted" in reason for reason in ready["degraded"])


def test_an_upload_answers_when_the_file_is_searchable_and_the_same_bytes_are_the_same_document(hash_server):
    first = hash_server.upload(SAMPLE).json()
    again = hash_server.upload(("another name.pdf", SAMPLE.read_bytes())).json()
    assert set(first) == {"document_id", "filename", "pages", "chunks", "status"}
    assert first["status"] == "ready" and first["pages"] == 5 and 15 <= first["chunks"] <= 25
    assert again == first


def test_a_query_answers_with_its_sources(hash_server):
    answer = hash_server.post_json("/query", {"question": QUESTION, "top_k": 3})
    assert answer.status == 200, answer.body
    body = answer.json()
    assert isinstance(body["answer"], str) and body["answer"]
    assert len(body["sources"]) == 3
    for source in body["sources"]:
        assert {"chunk_id", "text", "page", "score", "document_id", "filename"} <= set(source)
        assert source["filename"] == "magpie-7.pdf" and 1 <= source["page"] <= 5
        assert 0 <= source["score"] <= 1 and source["score_kind"] == "rerank"
    assert {"embed", "keyword", "vector", "rerank", "total"} <= {
        part.split(";")[0].strip() for part in answer.headers["Server-Timing"].split(",")}


def test_top_k_and_rerank_are_obeyed_and_unknown_fields_ignored(hash_server):
    for top_k in (1, 5, 50):
        body = hash_server.post_json("/query", {"question": QUESTION, "top_k": top_k, "colour": "red"}).json()
        assert 1 <= len(body["sources"]) <= top_k
    plain = hash_server.post_json("/query", {"question": QUESTION, "rerank": False}).json()
    assert plain["rerank_skipped"] == "off"
    assert {source["score_kind"] for source in plain["sources"]} == {"cosine"}
    assert len(hash_server.post_json("/query", {"question": QUESTION}).json()["sources"]) == 3


def test_a_stream_gives_tokens_and_then_the_sources(hash_server):
    with stream(hash_server, QUESTION, top_k=3) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store, no-transform"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["X-Request-Id"]
        events = list(read_events(response))
    assert {name for name, _ in events} == {"message"}
    values = [json.loads(data) for _, data in events]
    assert all(set(value) == {"token"} for value in values[:-1]) and len(values) > 3
    whole = hash_server.post_json("/query", {"question": QUESTION, "top_k": 3}).json()
    assert "".join(value["token"] for value in values[:-1]) == whole["answer"]
    assert [source["chunk_id"] for source in values[-1]["sources"]] == [
        source["chunk_id"] for source in whole["sources"]]


def test_the_documented_curl_command_works_as_it_is(hash_server):
    done = subprocess.run(
        ["curl", "-sN", "-X", "POST", f"http://localhost:{hash_server.port}/query/stream",
         "-H", "Content-Type: application/json",
         "-d", json.dumps({"question": QUESTION, "top_k": 3}, ensure_ascii=False)],
        capture_output=True, timeout=60, check=True)
    lines = [line for line in done.stdout.decode().split("\n") if line]
    assert lines[0].startswith('data: {"token": "')
    assert lines[-1].startswith('data: {"sources": [{"chunk_id": ')
    assert "€" in done.stdout.decode()


def test_tokens_arrive_one_by_one(tmp_path, go_script):
    script, pieces, let_go = go_script
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        assert server.upload(SAMPLE).status == 200
        with stream(server, QUESTION) as response:
            events = read_events(response)
            for number, piece in enumerate(pieces):
                # The writer says the next piece only after this one was read here.
                assert json.loads(next(events)[1]) == {"token": piece}
                let_go(number)
            assert "sources" in json.loads(next(events)[1])
            assert next(events, None) is None


def test_a_writer_that_fails_at_once_gets_a_status_and_one_that_fails_later_an_event(tmp_path):
    script = tmp_path / "script"
    script.write_text('{"error": "provider_overloaded", "message": "The model is busy. Ask again."}\n')
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        server.upload(SAMPLE)
        with stream(server, QUESTION) as response:
            assert response.status == 502
            assert json.loads(response.read())["code"] == "provider_overloaded"
        answer = server.post_json("/query", {"question": QUESTION})
        assert (answer.status, answer.code) == (502, "provider_overloaded")
    script.write_text('{"text": "Half of"}\n{"cut": true}\n')
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        with stream(server, QUESTION) as response:
            assert response.status == 200
            values = [json.loads(data) for _, data in read_events(response)]
        assert values[0] == {"token": "Half of"}
        assert set(values[-1]) == {"error"} and set(values[-1]["error"]) == {"code", "message", "retryable"}


def test_an_answer_that_was_cut_by_its_length_says_so(tmp_path):
    script = tmp_path / "script"
    script.write_text('{"text": "Too long"}\n{"end": "length"}\n')
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        server.upload(SAMPLE)
        assert server.post_json("/query", {"question": QUESTION}).json()["finish_reason"] == "length"
        with stream(server, QUESTION) as response:
            last = [json.loads(data) for _, data in read_events(response)][-1]
        assert last["finish_reason"] == "length" and last["sources"]


def test_search_explains_each_place(hash_server):
    body = hash_server.post_json("/v1/search", {"question": QUESTION}).json()
    assert set(body) == {"passages", "timings", "index_version"}
    assert len(body["passages"]) == 10
    first = body["passages"][0]
    assert {"chunk_id", "document_id", "filename", "page", "text", "score", "score_kind", "boxes",
            "reasons"} <= set(first)
    assert first["boxes"] and all(len(box) == 4 and box[0] <= box[2] and box[1] <= box[3] for box in first["boxes"])
    assert set(first["reasons"]) <= {"keyword", "vector", "fused", "rerank"}
    assert first["reasons"]["vector"]["rank"] >= 1
    scores = [passage["score"] for passage in body["passages"]]
    assert scores == sorted(scores, reverse=True)
    document = hash_server.get("/v1/documents").json()["documents"][0]["document_id"]
    only = {"question": QUESTION, "filter": {"document_ids": [document]}}
    assert hash_server.post_json("/v1/search", only).json()["passages"]
    other = {"question": QUESTION, "filter": {"document_ids": ["a" * 26]}}
    assert hash_server.post_json("/v1/search", other).json()["passages"] == []
