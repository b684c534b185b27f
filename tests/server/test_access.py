"""Who may ask: Host, Origin, key, and the limits of connections that misbehave."""

import re
import socket

import jackdaw
from jackdaw import QUESTION
from test_errors import check_problem


def test_a_foreign_host_name_is_refused(hash_server):
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil"):
        check_problem(hash_server.get("/health", {"Host": host}), 403, "forbidden_host")
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8000", "127.8.8.8"):
        assert hash_server.get("/health", {"Host": host}).status == 200


def test_pages_of_other_sites_are_refused(hash_server):
    host = f"127.0.0.1:{hash_server.port}"
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        check_problem(hash_server.post_json("/query", {"question": QUESTION}, {"Origin": origin}), 403,
                      "forbidden_origin")
    check_problem(hash_server.get("/v1/documents", {"Sec-Fetch-Site": "cross-site"}), 403, "forbidden_origin")
    same = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert hash_server.post_json("/query", {"question": QUESTION}, same).status == 200


def test_a_refusal_comes_before_the_body_is_read(hash_server):
    with hash_server.socket() as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000000\r\n\r\n")
        assert b"HTTP/1.1 403 " in connection.recv(4096)


def test_a_key_is_asked_for_and_listed_names_and_origins_are_taken(tmp_path):
    key = "canary-key-5f1c"
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_API_KEY=key,
                        JACKDAW_ALLOWED_HOSTS="docs.example", JACKDAW_CORS_ORIGINS="https://app.example") as server:
        answer = server.get("/v1/documents")
        check_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        for wrong in ("Bearer x", f"Bearer {key}x", f"Basic {key}", key, "Bearer "):
            check_problem(server.get("/v1/documents", {"Authorization": wrong}), 401, "unauthenticated")
        good = {"Authorization": f"Bearer {key}"}
        assert server.get("/v1/documents", good).status == 200
        assert server.get("/health").status == 200
        assert server.get("/v1/documents", {**good, "Host": "docs.example"}).status == 200
        listed = server.get("/v1/documents", {**good, "Origin": "https://app.example"})
        assert listed.headers["Access-Control-Allow-Origin"] == "https://app.example"
        preflight = server.request("OPTIONS", "/query", headers={
            "Origin": "https://app.example", "Access-Control-Request-Method": "POST"})
        assert preflight.status == 204 and "POST" in preflight.headers["Access-Control-Allow-Methods"]
        check_problem(server.get("/v1/documents", {**good, "Origin": "https://evil.example"}), 403, "forbidden_origin")
        assert key not in server.log()
        listing = jackdaw.run("documents", "--json", data=tmp_path / "data", JACKDAW_API_KEY=key)
        assert listing.returncode == 0, listing.stderr
        assert jackdaw.run("documents", data=tmp_path / "data").returncode == 1


def test_another_address_needs_a_key_or_a_word(tmp_path):
    done = jackdaw.run("serve", "--host", "0.0.0.0", "--port", "0", data=tmp_path / "data", JACKDAW_EMBEDDER="hash")
    assert done.returncode == 2 and "JACKDAW_API_KEY" in done.stderr
    with jackdaw.Server(tmp_path / "data", host="0.0.0.0", flags=["--allow-unauthenticated"],
                        JACKDAW_EMBEDDER="hash") as server:
        assert server.get("/health").status == 200


def read_all(connection):
    data = b""
    while True:
        try:
            got = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not got:
            return data
        data += got


def test_slow_heads_and_bodies_are_ended_with_a_408(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_HEADER_TIMEOUT_MS=300,
                        JACKDAW_BODY_TIMEOUT_MS=300) as server:
        with server.socket() as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: loc")
            answer = read_all(connection)
            assert answer.startswith(b"HTTP/1.1 408 ") and b'"request_timeout"' in answer
        with server.socket() as connection:
            connection.sendall(b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               b"Content-Length: 100\r\n\r\n{")
            answer = read_all(connection)
            assert answer.startswith(b"HTTP/1.1 408 ") and b'"request_timeout"' in answer


def test_long_heads_and_targets(hash_server):
    with hash_server.socket() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")
    with hash_server.socket() as connection:
        connection.sendall(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 414 ")


def test_nonsense_gets_an_answer(hash_server):
    for head in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"nonsense\r\n\r\n",
                 b"GET /health HTTP/1.1\r\n\r\n",
                 b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with hash_server.socket() as connection:
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            assert b"HTTP/1.1 400 " in read_all(connection), head
    assert hash_server.get("/health").status == 200


def test_every_answer_forbids_sniffing_and_the_page_forbids_strangers(hash_server):
    page = hash_server.get("/docs")
    assert page.status == 200 and "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    text = page.body.decode()
    assert "<script>" not in text and not re.search(r'(src|href)="(https?:)?//', text)
    for path in ("/docs", "/openapi.json", "/health", "/nowhere"):
        assert hash_server.get(path).headers["X-Content-Type-Options"] == "nosniff"
    assert hash_server.get("/").status == 200
    again = hash_server.get("/docs", {"If-None-Match": page.headers["ETag"]})
    assert again.status == 304 and not again.body


def test_port_in_use_names_the_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = jackdaw.run("serve", "--port", port, data=tmp_path / "data", JACKDAW_EMBEDDER="hash")
    assert done.returncode == 1 and str(port) in done.stderr and done.stderr.count("\n") <= 3
