"""The web page in a real Chromium against the real program, whose writer follows a script (see app_page.py).

    python3 -m pytest tests/web/app_page_test.py        JACKDAW_BINARY names another program than build/dev/jackdaw

A piece of an answer comes when the test opens its gate, never by the clock.
"""

import shutil

import pytest

from app_page import AXE, QUESTION, SAMPLE, Page, Program, by
from pdf_files import locked_pdf, turned_pdf

pytestmark = pytest.mark.skipif(not shutil.which("chromedriver"), reason="chromedriver is not installed (Debian packages chromium, chromium-driver)")

PIECES = ["The list price is ", "**€68,400** ", "ex works [1]. ", "It flies to the moon in nine weeks [1].\n\n", "| Item | Price |\n|---|---:|\n| Magpie-7 | €68,400 |\n"]
SAID = ["The list price is", "The list price is €68,400", "The list price is €68,400 ex works 1."]


@pytest.fixture(scope="module")
def browser():
    with Page(width=1280, height=900) as page:
        yield page


@pytest.fixture
def page(browser):
    """The browser as a person would open it for the first time; nothing may have gone wrong in it in the end."""
    browser.emulate(1280, 900)
    browser.prefer(reduced_motion="reduce", color_scheme="light")
    browser.log()
    yield browser
    wrong = browser.breaches()
    browser.open("about:blank")
    assert not wrong, wrong


@pytest.fixture
def start(tmp_path, page):
    """start(steps) gives a program with that script; each is ended after the test, and the browser forgets its page."""
    programs = []

    def make(steps, sample=True, **settings):
        program = Program(tmp_path / f"p{len(programs)}", steps, **settings)
        programs.append(program)
        if sample:
            program.add_sample()
        return program

    yield make
    page.run("localStorage.clear(); sessionStorage.clear()")
    page.open("about:blank")
    for program in programs:
        program.stop()


def with_gates(program, pieces=PIECES):
    steps = []
    for number, piece in enumerate(pieces):
        steps += [{"text": piece}, program.gate(number)]
    program.stop()
    program.write_script(steps)
    program.start()
    return program


def test_a_new_person_is_led_to_the_first_answer(page, start):
    program = start([{"text": "It costs €68,400 [1]."}], sample=False)
    page.go(program)
    assert "Ask your documents anything" in page.shown(by("welcome-empty"))
    page.click(by("starters") + " a")
    assert "No documents yet" in page.shown(by("blank"))
    page.type("#file-input", str(SAMPLE))
    page.until("the document to be ready", lambda: page.count(by("document") + '[data-status="ready"]') == 1)
    assert page.text(by("document-name")) == "Magpie-7 survey aircraft: data sheet"
    assert "5 pages" in page.text(by("document"))
    page.click(".side-link")
    page.shown(by("welcome"))
    page.ask()
    page.ends()
    assert page.answer() == "It costs €68,400 1."
    page.until("the conversation in the list", lambda: page.texts(by("conversation") + " a") == [QUESTION])
    assert page.run("return location.hash").startswith("#/c/")


def test_words_arrive_one_by_one_and_are_shown_as_they_come(page, start):
    program = with_gates(start([{"text": "x"}]))
    page.go(program)
    page.ask()
    for number, said in enumerate(SAID):
        page.until(f"\"{said}\"", lambda: page.answer().strip() == said)
        assert page.last_status() == "running" and not page.is_shown(by("sources"))
        program.open_gate(number)
    for number in range(len(SAID), len(PIECES)):
        program.open_gate(number)
    page.ends()
    assert page.text(".prose table td:last-child") == "€68,400"
    assert page.text(".prose strong") == "€68,400"
    page.shown(by("sources"))


def test_an_answer_stops_before_its_first_word_and_in_the_middle(page, start):
    program = start([{"text": "x"}])
    program.stop()
    program.write_script([program.gate("first"), {"text": "The list price "}, program.gate("second"), {"text": "is secret."}])
    program.start()
    page.go(program)
    page.ask()
    page.until("the writer to be waited for", lambda: page.shown(by("stage-text")).startswith("Reading"))
    page.click(by("send"))
    page.ends("cancelled")
    assert "You stopped this answer." in page.text(by("notes"))
    assert page.answer() == ""
    program.open_gate("first")
    page.click(by("ask-again"))
    page.until("the first words", lambda: page.answer().strip() == "The list price")
    page.click(by("send"))
    page.ends("cancelled")
    assert page.answer().strip() == "The list price"
    assert page.run("return document.querySelector('[data-testid=branches]').textContent") == "2/2"


def test_a_reload_in_the_middle_of_an_answer_goes_on(page, start):
    program = with_gates(start([{"text": "x"}]))
    page.go(program)
    page.ask()
    program.open_gate(0)
    page.until("two pieces", lambda: page.answer().strip() == SAID[1])
    page.reload()
    page.until("the same two pieces", lambda: page.answer().strip() == SAID[1])
    assert page.last_status() == "running"
    for number in range(len(PIECES)):
        program.open_gate(number)
    page.ends()
    assert page.answer().startswith(SAID[2])
    page.reload()
    page.until("the whole answer", lambda: page.last_status() == "complete" and page.answer().startswith(SAID[2]))


def rectangles_of_marks(page):
    """{page: [[left, top, right, bottom] as parts of the page]} of the active marks."""
    found = page.run("""return [...document.querySelectorAll('.mark-box.active')].map((mark) => {
        const box = mark.getBoundingClientRect(), leaf = mark.closest('.leaf').getBoundingClientRect();
        return [Number(mark.closest('.leaf').dataset.page), (box.left - leaf.left) / leaf.width, (box.top - leaf.top) / leaf.height,
                (box.right - leaf.left) / leaf.width, (box.bottom - leaf.top) / leaf.height]; })""")
    by_page = {}
    for number, *box in found:
        by_page.setdefault(number, []).append(box)
    return by_page


def test_a_click_on_a_source_shows_its_place_in_the_pdf(page, start):
    program = start([{"text": "The list price of the Magpie-7 is €68,400 [1]. It flies to the moon in nine weeks [1]."}])
    document_id = program.get("/v1/documents")["documents"][0]["document_id"]
    page.go(program)
    page.ask()
    page.ends()
    chips = page.run("return [...document.querySelectorAll('[data-testid=chip]')].map((chip) => chip.dataset.verified)")
    assert chips == ["true", "false"]
    page.point(by("chip") + '[data-verified="false"]')
    assert "Not verified" in page.shown("#preview")
    page.click(by("chip"))
    page.until("the marks", lambda: page.count(".mark-box.active"))
    marks = rectangles_of_marks(page)
    citation = next(message for message in conversation_of(page, program) if message["role"] == "assistant")["citations"][0]
    number = citation["page"]
    assert list(marks) == [number]
    layout = program.get(f"/v1/documents/{document_id}/pages/{number}")
    price = [word for word in layout["words"] if layout["text"][word["begin"]:word["end"]].startswith("€68,400")]
    boxes = [box for word in price for box in word["boxes"]]
    assert boxes, "the sample has its price on that page"

    def is_marked(box):
        middle = (box[0] + box[2]) / 2 / layout["width"], (box[1] + box[3]) / 2 / layout["height"]
        return any(left <= middle[0] <= right and top <= middle[1] <= bottom for left, top, right, bottom in marks[number])

    assert any(is_marked(box) for box in boxes), (marks, boxes)
    assert page.text(by("viewer-place")) == f"Page {number} of 5"
    in_view = page.run("""const mark = document.querySelector('.mark-box.active').getBoundingClientRect(), body = document.querySelector('.viewer-body').getBoundingClientRect();
        return mark.top >= body.top && mark.bottom <= body.bottom""")
    assert in_view
    for button in ("zoom-in", "zoom-out"):
        page.click(by(button))
    page.until("the page drawn again", lambda: page.count(".mark-box.active"))
    assert rectangles_of_marks(page)[number] == [pytest.approx(box, abs=0.004) for box in marks[number]]
    page.press("Escape")
    page.until("the panel closed", lambda: not page.is_shown("#viewer"))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_marks_lie_on_the_words_of_a_cropped_and_turned_page(page, start, rotation):
    program = start([{"text": "It has 417 berths [1]."}], sample=False)
    lines = ["The harbour of Skarvholm is old.", "It has 417 berths for ferries.", "The pilot lives in the tower."]
    program.add("harbour.pdf", turned_pdf(lines, rotation))
    page.go(program)
    page.ask("How many berths has the harbour?")
    page.ends()
    page.click(by("chip"))
    page.until("the marks", lambda: page.count(".mark-box.active"))
    # The text layer is laid out by pdf.js, which knows nothing of the boxes.
    found = page.run("""const middle = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        const marks = [...document.querySelectorAll('.mark-box.active')].map((mark) => mark.getBoundingClientRect());
        const words = [...document.querySelectorAll('.textLayer span')].filter((span) => span.textContent.includes('417 berths'));
        const hit = ([x, y]) => marks.some((box) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom);
        return words.length > 0 && words.every((word) => hit(middle(word.getBoundingClientRect())))""")
    assert found


def conversation_of(page, program):
    conversation = page.run("return location.hash").removeprefix("#/c/")
    return program.get(f"/v1/conversations/{conversation}/messages")["messages"]


def test_a_document_without_pages_shows_the_passage_between_its_neighbours(page, start):
    text = "\n\n".join(f"# Chapter {n}\n\n" + f"The harbour number {n} has {n + 11} berths for ferries. " * 12 for n in range(9))
    program = start([{"text": "It has 16 berths [1]."}], sample=False)
    program.add("harbours.md", text.encode())
    page.go(program)
    page.ask("How many berths has the harbour number 5?")
    page.ends()
    page.click(by("source"))
    page.until("the neighbours", lambda: page.count(by("passage")) >= 1)
    assert page.count(by("cited-passage")) == 1


def test_a_question_is_edited_and_an_answer_asked_for_again_as_branches(page, start):
    program = start([{"echo": "question"}])
    page.go(program)
    page.ask("How heavy is the Magpie-7?")
    page.ends()
    page.touch(by("edit-question"))
    page.run("document.querySelector('[data-testid=edit-field]').value = 'How fast is the Magpie-7?'")
    page.click(by("send-edit"))
    page.until("the answer to the edited question", lambda: page.answer() == "How fast is the Magpie-7?" and page.last_status() == "complete")
    page.until("the branches", lambda: page.texts(by("branches")) == ["2/2"])
    page.touch(by("branches") + " button")
    page.until("the first version", lambda: page.answer() == "How heavy is the Magpie-7?")
    page.click(by("regenerate"))
    page.until("another answer", lambda: page.texts(by("branches")) == ["1/2", "2/2"] and page.last_status() == "complete")
    page.ask("And how long?")
    page.until("the follow-up", lambda: page.count(by("question")) == 2 and page.last_status() == "complete")
    assert len(conversation_of(page, program)) == 7
    page.touch(by("how-found"))
    assert "How this was found" in page.run("return document.querySelector('[data-testid=found]').getAttribute('aria-label')")


def test_a_provider_that_fails_is_told_in_words(page, start):
    program = start([{"error": "provider_overloaded", "message": "The provider is overloaded. Ask again in a minute."}])
    page.go(program)
    page.ask()
    page.ends("failed")
    assert "The provider is overloaded" in page.text(by("notes"))
    assert page.is_shown(by("ask-again"))
    cut = start([{"text": "The list price "}, {"cut": True}])
    page.go(cut)
    page.ask()
    page.ends("failed")
    assert "The answer broke off." in page.text(by("notes"))
    assert page.answer().strip() == "The list price"
    short = start([{"text": "The list price "}, {"end": "length"}])
    page.go(short)
    page.ask()
    page.ends()
    assert "length limit" in page.text(by("notes"))


def test_a_server_that_is_killed_and_comes_back_is_no_dead_end(page, start):
    program = with_gates(start([{"text": "x"}]))
    page.go(program)
    page.ask()
    program.open_gate(0)
    page.until("two pieces", lambda: page.answer().strip() == SAID[1])
    program.kill()
    page.until("the loss to be said", lambda: "connection was lost" in (page.text(by("notes")) or ""))
    assert page.last_status() == "running" and page.answer().strip() == SAID[1]
    page.until("the page to say that nobody answers", lambda: page.is_shown("#notice"))
    program.start()
    page.until("the end to be told", lambda: page.last_status() in ("lost", "failed"))
    assert page.answer().strip() == SAID[1], "what had arrived is kept"
    page.until("the page to be connected again", lambda: not page.is_shown("#notice"))
    for number in range(len(PIECES)):
        program.open_gate(number)
    page.click(by("ask-again"))
    page.until("a whole answer", lambda: page.last_status() == "complete" and page.answer().startswith(SAID[2]))


def test_a_question_asked_while_the_server_is_away_is_sent_when_it_is_back(page, start):
    program = start([{"text": "It costs €68,400 [1]."}])
    page.go(program)
    page.until("the page to be connected", lambda: page.count(by("link") + '[data-link="ready"]'))
    program.kill()
    page.ask()
    page.until("the page to say so", lambda: "could not be sent" in (page.text(by("notes")) or ""))
    program.start()
    page.ends()
    assert page.answer() == "It costs €68,400 1."
    assert [message["role"] for message in conversation_of(page, program)] == ["user", "assistant"]


def test_files_that_cannot_be_read_say_why_and_what_to_do(page, start, tmp_path):
    program = start([{"text": "x"}], sample=False)
    damaged, locked, picture, empty = (tmp_path / name for name in ("damaged.pdf", "locked.pdf", "picture.bin", "empty.pdf"))
    damaged.write_bytes(SAMPLE.read_bytes()[:400] + bytes(4000))
    locked.write_bytes(locked_pdf("The safe holds 417 zorkmids.", "sesame"))
    picture.write_bytes(b"\x7fELF" + bytes(range(256)) * 8)
    empty.write_bytes(b"")
    page.go(program, "#/documents")
    page.type("#file-input", "\n".join(map(str, (damaged, locked, picture, empty))))

    def reason(name):
        return page.run("""return [...document.querySelectorAll('.doc')].find((row) => row.textContent.includes(arguments[0]))?.querySelector('[data-testid=why]')?.textContent ?? ''""", name)

    for name in ("damaged.pdf", "locked.pdf", "picture.bin", "empty.pdf"):
        page.until(f"the reason of {name}", lambda: reason(name))
    assert "locked with a password" in reason("locked.pdf")
    assert "empty" in reason("empty.pdf")
    page.click(by("unlock"))
    page.type(by("password"), "sesame")
    page.press("Enter")
    page.until("the locked one to be read", lambda: page.count(by("document") + '[data-status="ready"]') == 1)
    page.click(by("show-failed"))
    page.until("the failures alone", lambda: page.count(by("document") + '[data-status="failed"]') >= 1 and page.count(by("document") + '[data-status="ready"]') == 0)


def test_documents_are_filtered_tagged_and_deleted_with_a_way_back(page, start):
    program = start([{"text": "x"}])
    program.add("harbour.txt", b"The harbour has 17 berths for ferries and one for the pilot's boat.")
    page.go(program, "#/documents")
    page.until("both", lambda: page.count(by("document")) == 2)
    page.type(by("filter"), "harb")
    page.until("one", lambda: page.count(by("document")) == 1)
    page.click(by("document-menu"))
    page.choose_in_menu("Title and tags")
    page.type(by("tag-field"), "sea")
    page.press("Enter")
    page.click(by("edit-dialog") + " .primary")
    page.until("the tag", lambda: page.texts(by("document") + " .tag") == ["sea"])
    page.click(by("document-menu"))
    page.choose_in_menu("Delete")
    page.until("it to be gone", lambda: not page.is_shown(by("document")))
    assert len(program.get("/v1/documents")["documents"]) == 2, "only when the toast closes"
    page.touch(by("toast") + " button")
    page.until("it to be back", lambda: page.is_shown(by("document")))
    page.click(by("document-menu"))
    page.choose_in_menu("Delete")
    page.until("the toast to close", lambda: page.count(by("toast")) == 0)
    page.until("the server to have deleted it", lambda: len(program.get("/v1/documents")["documents"]) == 1)


def test_what_was_deleted_is_deleted_also_when_the_page_is_left(page, start):
    program = start([{"text": "x"}])
    page.go(program, "#/documents")
    page.until("the document", lambda: page.count(by("document")) == 1)
    page.click(by("document-menu"))
    page.choose_in_menu("Delete")
    page.until("the toast", lambda: page.count(by("toast")) == 1)
    page.open("about:blank")
    page.until("the server to have deleted it", lambda: program.get("/v1/documents")["documents"] == [])
    page.open(program.url)


def test_conversations_are_found_renamed_and_deleted(page, start):
    program = start([{"text": "It weighs 12 kg [1]."}])
    page.go(program)
    for question in ("How heavy is the Magpie-7?", "How fast is it?"):
        page.touch(".side-link")
        page.shown(by("welcome"))
        page.ask(question)
        page.ends()
    page.until("both", lambda: page.texts(by("conversation") + " a") == ["How fast is it?", "How heavy is the Magpie-7?"])
    page.type(by("search-conversations"), "heavy")
    page.until("the one that is searched for", lambda: page.texts(by("conversation") + " a") == ["How heavy is the Magpie-7?"])
    page.touch(by("conversation-menu"))
    page.choose_in_menu("Rename")
    page.run("document.querySelector('[data-testid=rename-field]').value = 'Weight, heavy'")
    page.press("Enter")
    page.until("the new name", lambda: page.texts(by("conversation") + " a") == ["Weight, heavy"])
    page.touch(by("conversation") + " a")
    page.until("its answer", lambda: page.text("#bar-title") == "Weight, heavy" and page.answer() == "It weighs 12 kg 1.")
    page.touch(by("conversation-menu"))
    page.choose_in_menu("Delete")
    page.until("the server to have deleted it", lambda: len(program.get("/v1/conversations")["conversations"]) == 1)


def test_the_key_is_asked_for_and_kept_in_the_tab(page, start):
    program = start([{"text": "It costs €68,400 [1]."}], sample=False, JACKDAW_API_KEY="open-sesame")
    page.go(program)
    page.shown(by("key-dialog"))
    page.type(by("key-field"), "open-sesame")
    page.press("Enter")
    page.until("the page to be connected", lambda: page.count(by("link") + '[data-link="ready"]') and page.count(by("welcome-empty")))
    assert "open-sesame" not in page.run("return JSON.stringify({...localStorage})")
    page.open(program.url + "/docs")


def test_everything_can_be_done_with_the_keyboard(page, start):
    program = start([{"text": "The list price of the Magpie-7 is €68,400 [1]."}])
    page.go(program, "#/documents")
    page.press("Tab", "Enter")
    page.go(program)
    page.run("document.activeElement.blur()")
    page.press("Tab", "Enter")
    page.until("the composer to have the focus", lambda: page.run("return document.activeElement.id") == "question")
    page.press(*"How much?", "Enter")
    page.ends()
    for _ in range(40):
        if page.run("return document.activeElement.dataset.testid") == "chip":
            break
        page.press("Shift+Tab")
    assert page.run("return document.activeElement.dataset.testid") == "chip"
    assert page.is_shown("#preview")
    page.press("Enter")
    page.until("the place in the document", lambda: page.count(".mark-box.active"))
    page.press("Escape")
    page.until("the focus to be back", lambda: page.run("return document.activeElement.dataset.testid") == "chip")
    page.press("Shift+Tab", "Enter")


def test_dark_and_light_are_chosen_and_kept(page, start):
    program = start([{"text": "x"}])
    background = "return getComputedStyle(document.querySelector('.stage')).backgroundColor"
    page.go(program)
    light = page.run(background)
    page.prefer(color_scheme="dark", reduced_motion="reduce")
    page.until("dark, as the system is", lambda: page.run(background) != light)
    dark = page.run(background)
    page.click(by("settings-button"))
    page.click(by("theme-light"))
    assert page.run(background) == light
    page.click(by("theme-dark"))
    page.prefer(color_scheme="light", reduced_motion="reduce")
    page.reload()
    page.until("dark, as chosen", lambda: page.run(background) == dark)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_cut_off_at_any_width(page, start, width):
    program = start([{"text": "".join(PIECES) + "\n```\n" + "long " * 60 + "\n```\n\n" + "https://example.org/" + "x" * 300}])
    page.emulate(width, 740)
    page.go(program)
    page.ask()
    page.ends()
    over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    wide = """const view = document.querySelector('.thread-scroll'); return view.scrollWidth - view.clientWidth"""
    assert page.run(over) <= 0 and page.run(wide) <= 0
    page.click(by("chip"))
    page.until("the place in the document", lambda: page.count(".mark-box"))
    assert page.run(over) <= 0
    page.click(by("viewer-close"))
    page.go(program, "#/documents")
    page.until("the document", lambda: page.count(by("document")) == 1)
    assert page.run(over) <= 0
    assert page.run("const view = document.querySelector('.documents-view'); return view.scrollWidth - view.clientWidth") <= 0


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (tools/setup.sh test)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, start, scheme):
    page.prefer(color_scheme=scheme, reduced_motion="reduce")
    program = start([{"text": "".join(PIECES)}], sample=False)
    page.go(program)
    page.shown(by("welcome-empty"))
    assert page.axe() == []
    program.add_sample()
    page.go(program, "#/documents")
    page.until("the document", lambda: page.count(by("document")) == 1)
    assert page.axe() == []
    page.go(program)
    page.ask()
    page.ends()
    page.touch(by("how-found"))
    page.shown(by("found"))
    assert page.axe() == []
    page.click(by("chip"))
    page.until("the place in the document", lambda: page.count(".mark-box"))
    assert page.axe() == []
    page.click(by("settings-button"))
    page.shown(by("settings"))
    assert page.axe() == []


def test_the_page_talks_to_its_own_server_alone(page, start):
    program = start([{"text": "![x](http://127.0.0.1:9/a.png) [y](http://127.0.0.1:9/b) <img src=http://127.0.0.1:9/c> [1]"}])
    page.go(program)
    page.ask()
    page.ends()
    page.click(by("chip"))
    page.until("the document", lambda: page.count(".leaf canvas"))
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert names and all(name.startswith((program.url + "/", "data:", "blob:" + program.url)) for name in names), names
    assert page.count(".prose img") == 0
