"""What travels in pieces: the progress of a document as events, its original with ranges."""

import http.client
import json
import socket

import pytest

import jackdaw
from doors import events_of, open_stream
from made_files import facts, long_pdf, pdf

STAGES = ["queued", "extracting", "embedding"]
ENDS = ("ready", "failed", "cancelled")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with jackdaw.Server(tmp_path_factory.mktemp("streams") / "data", JACKDAW_EMBEDDER="hash",
                        JACKDAW_OCR="off") as running:
        yield running


def added(server, name, content, wait=True):
    answer = server.form("POST", f"/v1/documents?wait={str(wait).lower()}", (name, content))
    return answer.headers["Location"]


# ---- events ----------------------------------------------------------------------------------------------------------


def events(server, path):
    with open_stream(server, path + "/events", "GET") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store, no-transform"
        assert response.headers["X-Accel-Buffering"] == "no"
        return list(events_of(response))


def check(told):
    """The contract of the stream; gives its one end."""
    names = [event.name for event in told]
    assert [name for name in names if name in ENDS] == names[-1:], names
    stages = [STAGES.index(name) for name in names[:-1]]
    assert stages == sorted(stages), names
    for name, field in (("extracting", "page"), ("embedding", "chunk")):
        values = [event.data[field] for event in told if event.name == name]
        assert values == sorted(values)
    for event in told:
        assert {"pages_per_s", "eta_s"} <= set(event.data), event
        if event.name == "extracting":
            assert event.data["pages"] is None or 0 <= event.data["page"] <= event.data["pages"]
        if event.name == "embedding":
            assert 0 <= event.data["chunk"] <= event.data["chunks"]
    return told[-1]


def test_progress_comes_in_order_and_ends_with_the_document(server):
    path = added(server, "long.pdf", long_pdf("events", pages=400), wait=False)
    told = events(server, path)
    end = check(told)
    assert end.name == "ready" and end.data["document"]["status"] == "ready"
    assert end.data["document"] == server.get(path).json()
    assert len(told) > 2, [event.name for event in told]
    again = events(server, path)
    assert [event.name for event in again] == ["ready"], "of what has ended only the end is told"


def test_a_failure_is_told_with_its_reason(server):
    path = added(server, "junk.pdf", b"\0\1\2\3" * 400, wait=False)
    end = check(events(server, path))
    assert end.name == "failed" and end.data["code"] == "unsupported_media_type" and end.data["message"]
    assert end.data["page"] is None
    assert server.request("DELETE", path).status == 204


def test_cancelling_and_deleting_end_the_stream(server):
    for end, reason in (("cancel", "client"), ("delete", "deleted")):
        path = added(server, "long.pdf", long_pdf(end), wait=False)
        with open_stream(server, path + "/events", "GET") as response:
            stream = events_of(response)
            told = [next(stream)]
            assert told[0].name in STAGES
            stopped = server.request("POST", path + "/cancel") if end == "cancel" else server.request("DELETE", path)
            assert stopped.status in (200, 204)
            told += list(stream)
        assert check(told).name == "cancelled" and told[-1].data["reason"] == reason


def test_a_reader_that_leaves_disturbs_nobody(server):
    path = added(server, "long.pdf", long_pdf("leaving", pages=300), wait=False)
    for _ in range(5):
        with open_stream(server, path + "/events", "GET") as response:
            next(events_of(response))
    assert check(events(server, path)).name == "ready"


def test_at_the_end_of_the_server_the_stream_is_cut_and_the_document_is_read_at_the_next_start(tmp_path):
    settings = {"JACKDAW_EMBEDDER": "hash", "JACKDAW_OCR": "off"}
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        path = added(server, "long.pdf", long_pdf("end"), wait=False)
        with open_stream(server, path + "/events", "GET") as response:
            stream = events_of(response)
            names = [next(stream).name]
            server.process.terminate()
            with pytest.raises((OSError, http.client.HTTPException)):
                for event in stream:
                    names.append(event.name)
        assert not set(names) & set(ENDS), names
        assert server.process.wait(60) == 0
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        assert check(events(server, path)).name == "ready"


# ---- the original ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def original(server):
    content = pdf(facts("range", 5))
    return added(server, "rängé.pdf", content) + "/content", content


def test_the_original_comes_back_with_the_headers_that_keep_it_harmless(server, original):
    path, content = original
    answer = server.get(path)
    assert answer.status == 200 and answer.body == content
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf" and headers["Content-Length"] == str(len(content))
    assert headers["Content-Disposition"] == "inline; filename=\"r_ng_.pdf\"; filename*=UTF-8''r%C3%A4ng%C3%A9.pdf"
    assert headers["Accept-Ranges"] == "bytes" and len(headers["ETag"]) == 66
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    head = server.request("HEAD", path)
    assert head.status == 200 and head.body == b"" and head.headers["Content-Length"] == str(len(content))
    junk = b"\0<script>alert(1)</script>" * 100
    unknown = server.get(added(server, "page.html", junk, wait=True) + "/content")
    assert unknown.body == junk and unknown.headers["Content-Type"] == "application/octet-stream"
    assert unknown.headers["Content-Disposition"].startswith("attachment;")


def test_a_range_gets_what_it_asks_for(server, original):
    path, content = original
    size = len(content)
    for field, first, end in (("bytes=0-9", 0, 10), ("bytes=10-", 10, size), ("bytes=-7", size - 7, size),
                              (f"bytes=5-{size * 9}", 5, size), (f"bytes={size - 1}-{size - 1}", size - 1, size)):
        answer = server.get(path, {"Range": field})
        assert answer.status == 206 and answer.body == content[first:end], field
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
        assert answer.headers["Content-Length"] == str(end - first)
    for field in (f"bytes={size}-", "bytes=-0"):
        answer = server.get(path, {"Range": field})
        assert (answer.status, answer.code) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{size}"
    for field in ("bytes=1-2,4-5", "lines=1-2", "bytes=9-2", "nonsense"):
        answer = server.get(path, {"Range": field})
        assert answer.status == 200 and answer.body == content
    assert server.request("HEAD", path, headers={"Range": "bytes=0-9"}).status == 200


def test_conditions_are_obeyed(server, original):
    path, content = original
    tag = server.get(path).headers["ETag"]
    for field in (tag, f'"other", W/{tag}', "*"):
        answer = server.get(path, {"If-None-Match": field})
        assert answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == tag
    assert server.get(path, {"If-None-Match": '"other"'}).status == 200
    assert server.get(path, {"Range": "bytes=0-3", "If-Range": tag}).body == content[:4]
    for stale in ('"other"', f"W/{tag}", "Mon, 23 Nov 2026 00:00:00 GMT"):
        assert server.get(path, {"Range": "bytes=0-3", "If-Range": stale}).status == 200


def test_a_download_that_has_begun_ends_whole_although_the_document_is_deleted(server):
    content = b"\0\1\2\3\4\5\6\7" * (4 << 20)  # more than any socket holds
    path = added(server, "large.bin", content, wait=True)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(f"GET {path}/content HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        begin = connection.recv(65536)
        assert b" 200 " in begin
        assert server.request("DELETE", path).status == 204
        assert server.get(path + "/content").status == 404
        rest = [begin]
        while part := connection.recv(1 << 20):
            rest.append(part)
    assert b"".join(rest).partition(b"\r\n\r\n")[2] == content


def test_many_downloads_at_once_do_not_grow_the_server(server):
    content = b"\7\6\5\4\3\2\1\0" * (4 << 20)
    path = added(server, "large.bin", content, wait=True)
    before = server.memory_bytes()
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(32)]
    for connection in connections:
        connection.sendall(f"GET {path}/content HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    for connection in connections:
        assert connection.recv(1024)
    assert server.memory_bytes() - before < 64 * 1024 * 1024
    for connection in connections:
        connection.close()
    assert server.request("DELETE", path).status == 204
    assert json.loads(server.get("/health").body)["status"] == "ok"
