"""Every error that applies: a status, a stable code, and a sentence that says what to do."""

import json

import pytest

import jackdaw
from jackdaw import QUESTION, SAMPLE


def check_problem(answer, status, code):
    assert (answer.status, answer.code) == (status, code), answer.body
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id", "retryable"} <= set(body)
    assert body["status"] == status and len(body["detail"]) > 10
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


@pytest.mark.parametrize("path", ["/query", "/query/stream", "/v1/search"])
@pytest.mark.parametrize("body, status, code, field", [
    ("{", 400, "invalid_json", None),
    ("[]", 400, "invalid_json", None),
    ("", 400, "invalid_json", None),
    ('{"question": "\ud800"}'.encode("utf-8", "surrogatepass"), 400, "invalid_json", None),
    ("[" * 100_000, 400, "invalid_json", None),
    ({}, 400, "invalid_argument", "question"),
    ({"question": 7}, 400, "invalid_argument", "question"),
    ({"question": ""}, 400, "empty_question", None),
    ({"question": " \n\t "}, 400, "empty_question", None),
    ({"question": "q" * 8001}, 413, "too_large", None),
    ({"question": QUESTION, "top_k": 0}, 400, "invalid_argument", "top_k"),
    ({"question": QUESTION, "top_k": 51}, 400, "invalid_argument", "top_k"),
    ({"question": QUESTION, "top_k": "3"}, 400, "invalid_argument", "top_k"),
    ({"question": QUESTION, "top_k": 1.5}, 400, "invalid_argument", "top_k"),
    ({"question": QUESTION, "rerank": "yes"}, 400, "invalid_argument", "rerank"),
    ({"question": QUESTION, "filter": []}, 400, "invalid_argument", "filter"),
    ({"question": QUESTION, "filter": {"document_ids": ["../x"]}}, 400, "invalid_argument", "filter.document_ids"),
])
def test_a_bad_question_is_refused(hash_server, path, body, status, code, field):
    problem = check_problem(hash_server.post_json(path, body), status, code)
    if field:
        assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize("fields, field", [
    ({"temperature": 3}, "temperature"), ({"max_tokens": 0}, "max_tokens"), ({"max_tokens": 9000}, "max_tokens"),
    ({"provider": "openai"}, "provider"), ({"model": "gpt"}, "model"), ({"on_disconnect": "maybe"}, "on_disconnect"),
])
def test_optional_fields_are_checked(hash_server, fields, field):
    problem = check_problem(hash_server.post_json("/query", {"question": QUESTION, **fields}), 400, "invalid_argument")
    assert problem["errors"][0]["field"] == field


def test_the_longest_question_is_taken(hash_server):
    assert hash_server.post_json("/query", {"question": "price " * 1333 + "é?"}).status == 200


def test_a_body_beyond_the_limit_is_refused(hash_server):
    check_problem(hash_server.post_json("/query", {"question": QUESTION, "x": "x" * (1 << 20)}), 413, "too_large")


def test_json_routes_want_json(hash_server):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = hash_server.request("POST", "/query", body='{"question": "x"}',
                                     headers={"Content-Type": content_type} if content_type else {})
        check_problem(answer, 415, "unsupported_media_type")
    answer = hash_server.request("POST", "/query", body=json.dumps({"question": QUESTION}),
                                 headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status == 200


def test_unknown_paths_and_methods(hash_server):
    check_problem(hash_server.get("/nowhere"), 404, "not_found")
    check_problem(hash_server.get("/v1/answers/x"), 404, "not_found")
    answer = hash_server.get("/query")
    check_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    check_problem(hash_server.request("PUT", "/v1/documents"), 405, "method_not_allowed")
    check_problem(hash_server.get("/v1/documents/" + "a" * 26), 404, "not_found")
    check_problem(hash_server.get("/v1/documents/..%2f..%2fetc%2fpasswd"), 404, "not_found")
    check_problem(hash_server.request("DELETE", "/v1/documents/" + "a" * 26), 404, "not_found")


def test_bad_lists(hash_server):
    for query in ("limit=0", "limit=201", "limit=x", "status=happy", "after=%00", "after=nonsense"):
        check_problem(hash_server.get("/v1/documents?" + query), 400, "invalid_argument")


@pytest.mark.parametrize("name, content, status, code", [
    ("empty.pdf", b"", 415, "unsupported_media_type"),
    ("picture.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, 415, "unsupported_media_type"),
    ("program.pdf", b"\x7fELF\x02\x01\x01" + b"\0" * 200, 415, "unsupported_media_type"),
    ("archive.pdf", b"PK\x03\x04" + b"\0" * 100, 422, "damaged_document"),
    ("damaged.pdf", b"%PDF-1.7\n" + b"nonsense " * 100, 422, "damaged_document"),
])
def test_files_that_cannot_be_read(hash_server, name, content, status, code):
    check_problem(hash_server.upload((name, content)), status, code)


def test_no_file_and_no_form(hash_server):
    check_problem(hash_server.upload(), 400, "invalid_argument")
    answer = hash_server.request("POST", "/upload", body=b"x", headers={"Content-Type": "application/pdf"})
    check_problem(answer, 415, "unsupported_media_type")
    answer = hash_server.request("POST", "/upload", body=b"x",
                                 headers={"Content-Type": "multipart/form-data; boundary=b"})
    check_problem(answer, 400, "invalid_argument")


def test_several_files_answer_one_by_one(hash_server):
    answer = hash_server.upload(SAMPLE, ("bad.pdf", b"%PDF-1.7 nonsense"), ("no.txt", b"wo\0rds" * 9),
                                ("words.txt", b"Only words, whatever their name."))
    assert answer.status == 200
    outcomes = answer.json()["documents"]
    assert [outcome["status"] for outcome in outcomes] == ["ready", "failed", "failed", "ready"]
    assert [outcome.get("error", {}).get("code") for outcome in outcomes] == [
        None, "damaged_document", "unsupported_media_type", None]
    assert hash_server.request("DELETE", f"/v1/documents/{outcomes[3]['document_id']}").status == 204


def test_too_many_files(hash_server):
    check_problem(hash_server.upload(*[(f"{n}.txt", b"x") for n in range(21)]), 413, "too_large")


@pytest.mark.parametrize("name, kept", [
    ("../../etc/passwd.pdf", "passwd.pdf"),
    ("C:\\papers\\x.pdf", "x.pdf"),
    ('a "quoted" name.pdf', 'a "quoted" name.pdf'),
    ("two\nlines 🐦 é.pdf", "two lines 🐦 é.pdf"),
])
def test_names_are_made_safe(tmp_path, name, kept):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        body = server.upload((name, SAMPLE.read_bytes())).json()
        assert body["filename"] == kept
        assert server.get("/v1/documents").json()["documents"][0]["filename"] == kept
        assert server.post_json("/query", {"question": QUESTION}).json()["sources"][0]["filename"] == kept


def test_a_question_before_the_first_document(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        for path in ("/query", "/query/stream", "/v1/search"):
            problem = check_problem(server.post_json(path, {"question": QUESTION}), 409, "not_ready")
            assert "upload" in problem["detail"].lower()


def test_a_missing_model_says_which_command_fetches_it(tmp_path):
    server = jackdaw.Server(tmp_path / "data", wait=False, JACKDAW_MODELS=tmp_path / "none")
    with server:
        while "cannot answer questions" not in server.log():
            assert server.process.poll() is None
        answer = server.post_json("/query", {"question": QUESTION})
        assert "jackdaw models pull" in check_problem(answer, 503, "unavailable")["detail"]
        assert answer.headers["Retry-After"]
        health = server.get("/health")
        assert health.status == 503 and "jackdaw models pull" in health.json()["detail"]
        assert server.get("/healthz").status == 200
