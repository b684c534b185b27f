"""The full door's documents: uploads that wait or do not, replace, edit, cancel, retry, delete, what is listed."""

import http.client
import json
import threading
import time
import urllib.parse

import pytest

import jackdaw
from jackdaw import SAMPLE
from made_files import facts, long_pdf, pdf

PATIENCE = 120
ENDED = ("ready", "failed", "cancelled")


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited too long for {what}")


def document(server, document_id):
    answer = server.get(f"/v1/documents/{document_id}")
    assert answer.status == 200, answer.body
    return answer.json()


def wait_until_ended(server, document_id):
    def ended():
        now = document(server, document_id)
        return now if now["status"] in ENDED else None
    return wait_for(ended, f"the end of {document_id}")


def add(server, name, content, **fields):
    """Adds a document and waits until it is ready."""
    answer = server.form("POST", "/v1/documents?wait=true", (name, content), **fields)
    assert answer.status == 200, answer.body
    return answer.json()


def ids(answer):
    assert answer.status == 200, answer.body
    return [one["document_id"] for one in answer.json()["documents"]]


def search(server, question, **fields):
    answer = server.post_json("/v1/search", {"question": question, "rerank": False, "top_k": 50, **fields})
    assert answer.status == 200, answer.body
    return answer.json()["passages"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with jackdaw.Server(tmp_path_factory.mktemp("documents") / "data", JACKDAW_EMBEDDER="hash",
                        JACKDAW_OCR="off") as running:
        yield running


# ---- adding ----------------------------------------------------------------------------------------------------------


def test_an_upload_is_acknowledged_at_once_and_read_in_its_turn(server):
    content = pdf(facts("anvil", 11))
    answer = server.form("POST", "/v1/documents", ("anvil.pdf", content))
    assert answer.status == 202, answer.body
    accepted = answer.json()
    assert answer.headers["Location"] == f"/v1/documents/{accepted['document_id']}"
    assert accepted["status"] in ("queued", "extracting", "embedding")
    ready = wait_until_ended(server, accepted["document_id"])
    assert ready["status"] == "ready" and ready["pages"] == 1 and ready["chunks"] > 0
    assert ready["filename"] == "anvil.pdf" and ready["media_type"] == "application/pdf"
    assert ready["bytes"] == len(content) and ready["tags"] == []
    assert not {"error", "progress", "replacement", "source"} & set(ready)
    assert any(p["document_id"] == ready["document_id"] for p in search(server, "what does the anvil cost"))

    again = server.form("POST", "/v1/documents", ("other name.pdf", content))
    assert again.status == 200 and again.json() == ready


def test_the_body_may_be_the_file_itself(server):
    def send(path, content, **headers):
        return server.request("POST", path, body=content, headers={name.replace("_", "-"): value
                                                                   for name, value in headers.items()})
    named = send("/v1/documents?wait=true&title=About%20bells&tags=a,b&source=/tmp/bell.pdf", pdf(facts("bell", 1)),
                 Content_Type="application/pdf", Content_Disposition="attachment; filename*=UTF-8''gl%C3%B6ckchen.pdf")
    assert named.status == 200, named.body
    assert named.json()["filename"] == "glöckchen.pdf" and named.json()["title"] == "About bells"
    assert named.json()["tags"] == ["a", "b"] and named.json()["source"] == "/tmp/bell.pdf"
    by_query = send("/v1/documents?wait=1&filename=c%2Fd%2Fcymbal.pdf", pdf(facts("cymbal", 2)))
    assert by_query.status == 200 and by_query.json()["filename"] == "cymbal.pdf"
    nameless = send("/v1/documents?wait=true", pdf(facts("drum", 3)), Content_Type="text/html")
    assert nameless.status == 200 and nameless.json()["filename"] == "document"
    assert nameless.json()["media_type"] == "application/pdf", "by content"
    assert send("/v1/documents", b"").code == "invalid_argument"
    secret = send("/v1/documents?password=hunter2", pdf(facts("eagle", 4)))
    assert (secret.status, secret.code) == (400, "invalid_argument") and "hunter2" not in secret.body.decode()


def test_waiting_for_a_file_that_cannot_be_read_says_why_and_it_stays_listed(server):
    for waits in (True, False):
        content = bytes([0, 1, 2, 3, 254, 255]) * 500 + (b"w" if waits else b"n")
        answer = server.form("POST", f"/v1/documents?wait={str(waits).lower()}", ("picture.pdf", content))
        document_id = answer.headers["Location"].rpartition("/")[2]
        if waits:
            assert (answer.status, answer.code) == (415, "unsupported_media_type")
        failed = wait_until_ended(server, document_id)
        assert failed["status"] == "failed" and failed["error"]["code"] == "unsupported_media_type"
        assert failed["error"]["message"] and failed["error"]["page"] is None
        assert document_id in ids(server.get("/v1/documents?status=failed"))
        assert document_id not in ids(server.get("/v1/documents?status=ready"))
        assert server.get(f"/v1/documents/{document_id}/content").body == content
        again = server.post_json(f"/v1/documents/{document_id}/retry", {})
        assert again.status == 202 and again.headers["Location"] == f"/v1/documents/{document_id}"
        assert wait_until_ended(server, document_id)["status"] == "failed"
        assert server.request("DELETE", f"/v1/documents/{document_id}").status == 204


def test_several_files_have_an_outcome_each(server):
    files = [("fig.pdf", pdf(facts("fig", 1))), ("junk.pdf", b"\0\1\2" * 400), ("grape.pdf", pdf(facts("grape", 2)))]
    answer = server.form("POST", "/v1/documents?wait=true", *files, tags="fruit")
    assert answer.status == 200, answer.body
    outcomes = answer.json()["documents"]
    assert [one["status"] for one in outcomes] == ["ready", "failed", "ready"]
    assert outcomes[1]["error"]["code"] == "unsupported_media_type"
    assert outcomes[0]["tags"] == ["fruit"]
    fresh = server.form("POST", "/v1/documents", ("h.pdf", pdf(facts("hop", 1))), ("i.pdf", pdf(facts("ivy", 1))))
    assert fresh.status == 202 and len(fresh.json()["documents"]) == 2
    for one in fresh.json()["documents"]:
        assert wait_until_ended(server, one["document_id"])["status"] == "ready"
    for field in ("title", "source"):
        refused = server.form("POST", "/v1/documents", *files, **{field: "/one"})
        assert (refused.status, refused.code) == (400, "invalid_argument")


def test_bad_fields_are_named(server):
    content = pdf(facts("jackal", 1))
    for fields in ({"source": "relative/path"}, {"tags": "x" * 65}, {"tags": [f"t{n}" for n in range(33)]},
                   {"title": "t" * 501}, {"title": "a\x01b"}, {"partial": "perhaps"}, {"title": ["one", "two"]}):
        answer = server.form("POST", "/v1/documents", ("j.pdf", content), **fields)
        assert (answer.status, answer.code) == (400, "invalid_argument"), fields
        assert answer.json()["errors"][0]["field"] == next(iter(fields)), answer.body
    long = server.form("POST", "/v1/documents", ("j.pdf", content), password="p" * 10_000)
    assert (long.status, long.code) == (413, "too_large")
    assert server.form("POST", "/v1/documents?wait=perhaps", ("j.pdf", content)).code == "invalid_argument"
    assert server.form("POST", "/v1/documents", title="alone").code == "invalid_argument"


def test_hostile_names_are_made_harmless_and_come_back_in_headers_of_one_line(server):
    for number, (name, kept) in enumerate([("../../etc/passwd", "passwd"), ("C:\\evil\\k.pdf", "k.pdf"),
                                           ("a\r\nX-Evil: 1\r\n.pdf", None), ("\u202etxt.exe", None),
                                           ("l" * 600 + ".pdf", None), ("\"; rm -rf /; .pdf", None), ("", None)]):
        answer = server.request(
            "POST", "/v1/documents?wait=true&filename=" + urllib.parse.quote(name), body=pdf(facts(f"kite {number}", 5)))
        assert answer.status == 200, answer.body
        shown = answer.json()["filename"]
        assert kept in (None, shown)
        assert 0 < len(shown.encode()) <= 255 and not set("\r\n/\\\u202e\0") & set(shown), shown
        content = server.get(answer.headers["Location"] + "/content")
        assert content.status == 200 and content.headers["X-Evil"] is None
        assert content.headers["Content-Disposition"].startswith('inline; filename="')


def test_an_encrypted_file_opens_with_the_password_that_is_given_and_never_kept(tmp_path):
    pdfs = {path.name: path for path in jackdaw.corpus_pdfs(tmp_path / "pdfminer", "pdfminer")}
    if not pdfs:
        pytest.skip("the shared data (pdf/pdfminer.tar.xz) is not there")
    content = pdfs["aes-256-r6.pdf"].read_bytes()
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_OCR="off", JACKDAW_LOG="debug") as server:
        locked = server.form("POST", "/v1/documents?wait=true", ("locked.pdf", content))
        assert (locked.status, locked.code) == (422, "encrypted_document"), locked.body
        document_id = locked.headers["Location"].rpartition("/")[2]
        wrong = server.post_json(f"/v1/documents/{document_id}/retry", {"password": "wrong-unique-word"})
        assert wrong.status == 202
        failed = wait_until_ended(server, document_id)
        assert failed["status"] == "failed" and failed["error"]["code"] == "encrypted_document"
        right = server.post_json(f"/v1/documents/{document_id}/retry", {"password": "usersecret"})
        assert right.status == 202 and wait_until_ended(server, document_id)["status"] == "ready"
        assert server.request("DELETE", f"/v1/documents/{document_id}").status == 204
        at_once = server.form("POST", "/v1/documents?wait=true", ("locked.pdf", content), password="usersecret")
        assert at_once.status == 200, at_once.body
        simple = server.form("POST", "/upload", ("locked.pdf", content), password="usersecret")
        assert simple.status == 200
        listed = server.get("/v1/documents").body + at_once.body + right.body + failed["error"]["message"].encode()
        log = server.log()
    for password in ("usersecret", "wrong-unique-word"):
        assert password not in log and password.encode() not in listed
        kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert not [path for path in kept if password.encode() in path.read_bytes()]


def test_of_a_file_that_cannot_be_read_to_its_end_the_beginning_is_kept_where_wanted(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_OCR="off",
                        JACKDAW_MAX_CHARACTERS=2000) as server:
        content = pdf(*(facts(f"lynx {n}", n) for n in range(6)))
        refused = server.form("POST", "/v1/documents?wait=true", ("lynx.pdf", content))
        assert refused.status == 413, refused.body
        assert server.request("DELETE", refused.headers["Location"]).status == 204
        part = add(server, "lynx.pdf", content, partial="true")
        assert part["status"] == "ready" and part["error"]["code"] == "too_large" and part["chunks"] > 0
        assert any("lynx 0" in p["text"] for p in search(server, "what does lynx 0 cost"))


# ---- listing, editing, filtering -------------------------------------------------------------------------------------


def test_tags_title_and_source_are_kept_edited_and_found(server):
    one = add(server, "mole.pdf", pdf(facts("mole", 1)), tags=["red, green", "blue"], title="On moles",
              source="/home/a/mole.pdf")
    assert one["tags"] == ["red", "green", "blue"] and one["title"] == "On moles"
    assert one["source"] == "/home/a/mole.pdf"
    two = add(server, "newt.pdf", pdf(facts("newt", 2)), tags="green")
    assert ids(server.get("/v1/documents?tag=blue")) == [one["document_id"]]
    assert ids(server.get("/v1/documents?tag=green")) == [one["document_id"], two["document_id"]]
    assert ids(server.get("/v1/documents?tag=gree")) == []
    assert ids(server.get("/v1/documents?source=/home/a/mole.pdf")) == [one["document_id"]]
    assert one["document_id"] in ids(server.get("/v1/documents?q=moles"))

    path = f"/v1/documents/{one['document_id']}"

    def patch(value):
        body = value if isinstance(value, str) else json.dumps(value)
        return server.request("PATCH", path, body=body, headers={"Content-Type": "application/json"})

    edited = patch({"tags": ["blue", " comma, inside ", "blue"], "unknown": 1})
    assert edited.status == 200 and edited.json()["tags"] == ["blue", "comma, inside"]
    assert edited.json()["title"] == "On moles"
    assert patch({"title": "Of moles"}).json()["title"] == "Of moles"
    assert document(server, one["document_id"])["tags"] == ["blue", "comma, inside"]
    assert ids(server.get("/v1/documents?tag=" + urllib.parse.quote("comma, inside"))) == [one["document_id"]]
    for bad, field in (({"tags": [""]}, "tags"), ({"tags": "blue"}, "tags"), ({"tags": [1]}, "tags"),
                       ({"title": 3}, "title"), ({"title": "x" * 501}, "title")):
        answer = patch(bad)
        assert (answer.status, answer.code) == (400, "invalid_argument"), bad
        assert answer.json()["errors"][0]["field"] == field
    assert patch("{").code == "invalid_json"
    unknown = server.request("PATCH", "/v1/documents/" + "a" * 26, body="{}",
                             headers={"Content-Type": "application/json"})
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert server.request("PATCH", path, body="{}").status == 415


def test_lists_go_on_from_their_cursor(server):
    everything, after = [], ""
    while True:
        page = server.get(f"/v1/documents?limit=2&after={urllib.parse.quote(after)}").json()
        everything += [one["document_id"] for one in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert everything == ids(server.get("/v1/documents?limit=200")) and len(set(everything)) == len(everything)
    for bad in ("limit=0", "limit=201", "limit=x", "status=odd", "after=%21nonsense"):
        assert server.get("/v1/documents?" + bad).code == "invalid_argument", bad


def test_filters_choose_the_documents_that_answer(server):
    one = add(server, "otter.pdf", pdf(facts("otter", 7)), tags="water,fur")
    two = add(server, "owl.pdf", pdf(facts("otter and owl", 8)), tags="air")

    def found(**wanted):
        return {p["document_id"] for p in search(server, "what does the otter cost", filter=wanted)}

    both = {one["document_id"], two["document_id"]}
    assert both <= found()
    assert found(tags=["water"]) == {one["document_id"]}
    assert found(tags=["air", "fur"]) == both
    assert found(tags=["air"], document_ids=[one["document_id"]]) == set()
    assert both <= found(media_types=["application/pdf"]) and found(media_types=["text/html"]) == set()
    assert both <= found(created_from=one["created_at"]) and one["document_id"] not in found(
        created_before=one["created_at"])
    assert found(created_from="2100-01-01") == set()
    answer = server.post_json("/query", {"question": "what does the otter cost", "filter": {"tags": ["water"]}})
    assert {source["document_id"] for source in answer.json()["sources"]} == {one["document_id"]}
    for wanted, field in (({"tags": [""]}, "filter.tags"), ({"document_ids": ["x"]}, "filter.document_ids"),
                          ({"media_types": ["pdf"]}, "filter.media_types"),
                          ({"created_from": "yesterday"}, "filter.created_from"),
                          ({"created_before": 3}, "filter.created_before"), ("all", "filter")):
        refused = server.post_json("/query", {"question": "otter", "filter": wanted})
        assert (refused.status, refused.code) == (400, "invalid_argument"), wanted
        assert refused.json()["errors"][0]["field"] == field


def test_chunks_and_pages_say_what_was_read_and_where(server):
    one = add(server, "pig.pdf", pdf(facts("pig", 1), facts("piglet", 2), facts("boar", 3)))
    path = f"/v1/documents/{one['document_id']}"
    chunks, after = [], ""
    while after is not None:
        part = server.get(f"{path}/chunks?limit=2&after={urllib.parse.quote(after)}").json()
        chunks += part["chunks"]
        after = part["next"]
    assert len(chunks) == one["chunks"] and [c["page"] for c in chunks] == sorted(c["page"] for c in chunks)
    assert len({c["chunk_id"] for c in chunks}) == len(chunks) and all(c["text"] for c in chunks)
    page = server.get(f"{path}/pages/2").json()
    assert page["page"] == 2 and (page["width"], page["height"]) == (595, 842)
    shown = [page["text"][word["begin"]:word["end"]] for word in page["words"]]
    assert "piglet" in shown or "piglet:" in shown, shown
    for word in page["words"]:
        for x0, y0, x1, y1 in word["boxes"]:
            assert 0 <= x0 < x1 <= 595 and 0 <= y0 < y1 <= 842
    for missing in ("0", "4", "-1", "x", "99999999999"):
        assert server.get(f"{path}/pages/{missing}").status == 404
    assert server.get(f"{path}/chunks?limit=0").status == 400
    for route in ("/chunks", "/pages/1", "/content", "/events", ""):
        assert server.get("/v1/documents/" + "a" * 26 + route).status == 404
        assert server.get("/v1/documents/..%2f" + route).status == 404


# ---- replacing and deleting ------------------------------------------------------------------------------------------


def test_until_the_new_version_is_ready_the_old_one_answers_and_never_both(server):
    def version(number):
        return pdf(*(facts("quail", 1000 * number + page, sentences=25) for page in range(8)))

    def versions_in(passages, document_id):
        return {int(p["text"].partition(" zorkmids")[0].rpartition(" ")[2]) // 1000
                for p in passages if p["document_id"] == document_id and " zorkmids" in p["text"]}

    one = add(server, "quail.pdf", version(1))
    document_id = one["document_id"]
    seen, stop, failures = [], threading.Event(), []

    def ask():
        try:
            while not stop.is_set():
                seen.append(versions_in(search(server, "what does the quail cost",
                                               filter={"document_ids": [document_id]}), document_id))
        except BaseException as failure:  # the main thread says so
            failures.append(failure)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        for number in (2, 3, 4):
            wait_for(lambda: len(seen) > 5, "answers")
            replaced = server.form("PUT", f"/v1/documents/{document_id}?wait=true", (f"quail {number}.pdf",
                                                                                    version(number)))
            assert replaced.status == 200, replaced.body
            assert replaced.json()["document_id"] == document_id
            assert replaced.json()["filename"] == f"quail {number}.pdf"
            assert "replacement" not in replaced.json()
            now = versions_in(search(server, "what does the quail cost"), document_id)
            assert now == {number}
            seen.clear()
    finally:
        stop.set()
        for thread in asking:
            thread.join()
    assert not failures, failures
    assert all(len(versions) == 1 for versions in seen), seen
    assert server.get(f"/v1/documents/{document_id}/content").body == version(4)


def test_a_replacement_that_cannot_be_read_leaves_the_document_as_it_was(server):
    old = pdf(facts("raven", 1))
    one = add(server, "raven.pdf", old, tags="bird", title="Ravens")
    path = f"/v1/documents/{one['document_id']}"
    broken = server.form("PUT", path + "?wait=true", ("broken.pdf", b"\0\1\2\3" * 300))
    assert (broken.status, broken.code) == (415, "unsupported_media_type")
    now = document(server, one["document_id"])
    assert now["status"] == "ready" and now["replacement"]["status"] == "failed"
    assert now["replacement"]["error"]["code"] == "unsupported_media_type"
    assert now["replacement"]["filename"] == "broken.pdf"
    assert search(server, "what does the raven cost", filter={"document_ids": [one["document_id"]]})
    assert server.get(path + "/content").body == old

    same = server.form("PUT", path, ("raven.pdf", old))
    assert same.status == 200 and "replacement" not in same.json()
    other = add(server, "stork.pdf", pdf(facts("stork", 1)))
    conflict = server.form("PUT", path, ("stork.pdf", pdf(facts("stork", 1))))
    assert (conflict.status, conflict.code) == (409, "conflict"), conflict.body
    assert server.form("PUT", "/v1/documents/" + "a" * 26, ("x.pdf", old)).status == 404
    assert server.form("PUT", path, ("a.pdf", old), ("b.pdf", old)).code == "invalid_argument"
    accepted = server.form("PUT", path, ("raven.pdf", pdf(facts("raven", 2))))
    assert accepted.status == 202 and accepted.json()["status"] == "ready"

    def replaced():
        return "replacement" not in document(server, one["document_id"])
    wait_for(replaced, "the replacement")
    now = document(server, one["document_id"])
    assert now["tags"] == ["bird"] and now["title"] == "Ravens"
    assert document(server, other["document_id"])["status"] == "ready"


def test_nothing_of_a_deleted_document_is_found_or_left(server):
    secret = "xylophagous"
    one = add(server, "tapir.pdf", pdf(facts(f"tapir {secret}", 1)))
    path = f"/v1/documents/{one['document_id']}"
    assert server.request("DELETE", path).status == 204
    assert server.request("DELETE", path).status == 404
    assert not [p for p in search(server, f"tapir {secret}") if p["document_id"] == one["document_id"]]
    assert server.get(path + "/content").status == 404
    left = [file for file in server.data.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
    assert not left
    again = server.form("POST", "/v1/documents?wait=true", ("tapir.pdf", pdf(facts(f"tapir {secret}", 1))))
    assert again.status == 200 and again.json()["document_id"] != one["document_id"]


# ---- the queue -------------------------------------------------------------------------------------------------------


def test_what_is_read_or_waits_can_be_cancelled_and_read_again(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_OCR="off") as server:
        long = server.form("POST", "/v1/documents", ("long.pdf", long_pdf(1))).json()["document_id"]
        others = [server.form("POST", "/v1/documents", (f"{n}.pdf", pdf(facts(f"urn {n}", n)))).json()["document_id"]
                  for n in range(3)]
        stopped = server.request("POST", f"/v1/documents/{long}/cancel")
        assert stopped.status == 200 and stopped.json()["status"] == "cancelled", stopped.body
        assert long in ids(server.get("/v1/documents?status=cancelled"))
        again = server.request("POST", f"/v1/documents/{long}/cancel")
        assert (again.status, again.code) == (409, "conflict")
        for other in others:
            assert wait_until_ended(server, other)["status"] == "ready"
        assert server.request("POST", f"/v1/documents/{others[0]}/cancel").status == 409
        assert server.request("POST", f"/v1/documents/{others[0]}/retry").status == 409
        assert server.request("POST", "/v1/documents/" + "a" * 26 + "/cancel").status == 404
        assert server.request("POST", "/v1/documents/" + "a" * 26 + "/retry").status == 404
        assert document(server, long)["status"] == "cancelled"
        assert server.request("POST", f"/v1/documents/{long}/retry").status == 202
        assert server.request("DELETE", f"/v1/documents/{long}").status == 204, "while it is read"
        assert server.get(f"/v1/documents/{long}").status == 404


def test_a_full_queue_says_when_to_come_back(tmp_path):
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", JACKDAW_OCR="off",
                        JACKDAW_MAX_QUEUED_DOCUMENTS=1) as server:
        accepted = []
        for number in range(12):  # some are read, one waits
            answer = server.form("POST", "/v1/documents", (f"{number}.pdf", long_pdf(number, pages=1500)))
            if answer.status != 202:
                break
            accepted.append(answer.headers["Location"])
        assert accepted and (answer.status, answer.code) == (429, "overloaded"), answer.body
        assert int(answer.headers["Retry-After"]) >= 1
        for path in accepted:
            assert server.request("DELETE", path).status == 204
        assert server.form("POST", "/v1/documents?wait=true", ("next.pdf", pdf(facts("vole", 1)))).status == 200
        assert not list((tmp_path / "data" / "spool").iterdir())


def test_after_kill_minus_nine_the_queue_goes_on_where_it_was(tmp_path):
    settings = {"JACKDAW_EMBEDDER": "hash", "JACKDAW_OCR": "off"}
    server = jackdaw.Server(tmp_path / "data", **settings)
    try:
        accepted = [server.form("POST", "/v1/documents", (f"{n}.pdf", pdf(facts(f"wasp {n}", n), facts("hive", n))))
                    for n in range(20)]
    finally:
        server.kill()
    assert [answer.status for answer in accepted] == [202] * 20
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        for number, answer in enumerate(accepted):
            ended = wait_until_ended(server, answer.json()["document_id"])
            assert ended["status"] == "ready", ended
            found = search(server, f"what does wasp {number} cost", filter={"document_ids": [ended["document_id"]]})
            assert found
    assert (tmp_path / "data" / "index.snapshot").exists()
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        assert server.get("/health").json()["documents"] == 20


def test_a_server_that_dies_at_a_named_step_has_lost_nothing_that_it_acknowledged(tmp_path):
    settings = {"JACKDAW_EMBEDDER": "hash", "JACKDAW_OCR": "off"}
    for step in ("accept_committed", "complete_rows_written", "complete_committed:1"):
        # A folder of its own: what an earlier step left in the queue would end the program while it starts.
        data = tmp_path / step.partition(":")[0]
        server = jackdaw.Server(data, JACKDAW_CRASH_AT=step, **settings)
        try:
            server.form("POST", "/v1/documents", ("yak.pdf", pdf(facts("yak", 1))))
        except (OSError, http.client.HTTPException):
            pass  # it died before its answer
        finally:
            assert server.process.wait(PATIENCE) == -9, step
            server.log_file.close()
        with jackdaw.Server(data, **settings) as server:
            assert add(server, "again.pdf", pdf(facts("yak", 1)))["filename"] == "yak.pdf", "it was there"
    refused = jackdaw.run("serve", "--port", "0", data=tmp_path / "data", JACKDAW_CRASH_AT="nowhere", **settings)
    assert refused.returncode == 2 and "JACKDAW_CRASH_AT" in refused.stderr


# ---- the simple door -------------------------------------------------------------------------------------------------


def test_at_the_simple_door_a_file_that_fails_leaves_no_trace(server):
    before = ids(server.get("/v1/documents?limit=200"))
    refused = server.form("POST", "/upload", ("junk.bin", b"\7\0\1" * 500))
    assert (refused.status, refused.code) == (415, "unsupported_media_type")
    assert ids(server.get("/v1/documents?limit=200")) == before
    several = server.form("POST", "/upload", ("zebra.pdf", pdf(facts("zebra", 1))), ("junk.bin", b"\7\0\1" * 500),
                          ("sample.pdf", SAMPLE.read_bytes()), ("zebra again.pdf", pdf(facts("zebra", 1))), tags="z")
    assert several.status == 200
    outcomes = several.json()["documents"]
    assert [one["status"] for one in outcomes] == ["ready", "failed", "ready", "ready"]
    assert outcomes[0]["document_id"] == outcomes[3]["document_id"]
    assert document(server, outcomes[0]["document_id"])["tags"] == ["z"]
    assert len(ids(server.get("/v1/documents?limit=200"))) == len(before) + 2
