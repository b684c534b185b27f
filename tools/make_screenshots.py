#!/usr/bin/env python3
"""Makes the pictures of the web page in docs/images: the real program with the sample, a writer that follows a script, and
a headless Chromium.

    tools/make_screenshots.py [--binary build/release/jackdaw] [--into docs/images]
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "web"), str(ROOT / "tests" / "server")]

ANSWER = """The list price of the Magpie-7 is **€68,400** per unit [1].

| Option | Price |
| --- | ---: |
| Spare battery pack | €2,150 |
| Thermal camera pod | €11,900 |

The unit buys a complete system: the aircraft, two battery packs and the camera pod [1]. \
It flies across the ocean in winter for **3 h 10 min** without a landing [3]."""


def parts_of(text, gate):
    """Steps that say the text word by word and wait at a gate in the middle of it."""
    words = text.split(" ")
    half = len(words) * 2 // 3
    steps = [{"text": word + " "} for word in words[:half]] + [gate]
    return steps + [{"text": word + " "} for word in words[half:]]


def add_trouble(program, page, folder):
    """A damaged and a locked file beside good ones."""
    from app_page import SAMPLE, by
    from pdf_files import locked_pdf
    program.add("harbour-rules.pdf", (ROOT / "tests" / "retrieval" / "harbour-rules.pdf").read_bytes())
    program.add("berths.csv", b"berth,length_m\nNorth 1,84\nNorth 2,120\nPilot quay,24\n")
    damaged, locked = folder / "survey-2024.pdf", folder / "contract.pdf"
    damaged.write_bytes(SAMPLE.read_bytes()[:400] + bytes(4000))
    locked.write_bytes(locked_pdf("The safe holds 417 zorkmids.", "sesame"))
    page.type("#file-input", f"{damaged}\n{locked}")
    page.until("both failures", lambda: page.count(by("document") + '[data-status="failed"]') == 2)


def open_place(page):
    """Shows the first claim's place, drawn."""
    from app_page import by
    page.click(by("chip"))
    page.until("the marks", lambda: page.count(".mark-box.active"))


def make(into, folder):
    from app_page import QUESTION, Page, Program, by
    program = Program(folder / "p", [{"text": "x"}], JACKDAW_EMBEDDER="")
    program.stop()
    program.write_script(parts_of(ANSWER, program.gate("rest")))
    program.start()
    try:
        with Page(width=1360, height=1000) as page:
            def picture(name):
                page.run("document.activeElement?.blur()")
                page.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                page.screenshot(str(into / f"{name}.png"))

            page.emulate(1360, 860)
            page.prefer(color_scheme="light", reduced_motion="reduce")
            page.go(program)
            page.shown(by("welcome-empty"))
            picture("empty")
            program.add_sample()
            page.go(program)
            page.until("a suggestion", lambda: page.count(by("starters") + " button"))
            picture("begin")
            page.ask(QUESTION)
            page.until("half of the answer", lambda: "complete system" in page.answer())
            picture("answering")
            program.open_gate("rest")
            page.ends()
            page.until("the list to know", lambda: page.count(".writing") == 0)
            picture("answer")
            open_place(page)
            picture("proof")
            page.prefer(color_scheme="dark", reduced_motion="reduce")
            picture("proof-dark")
            page.click(by("viewer-close"))
            page.touch(by("how-found"))
            page.shown(by("found"))
            page.run("document.querySelector('.thread-scroll').scrollTop = 1e6")
            picture("found-dark")
            page.prefer(color_scheme="light", reduced_motion="reduce")
            page.emulate(360, 740, 2)
            page.run("document.querySelector('.thread-scroll').scrollTop = 0")
            picture("phone")
            open_place(page)
            picture("phone-proof")
            page.emulate(1360, 860)
            page.go(program, "#/documents")
            add_trouble(program, page, folder)
            page.go(program, "#/documents")
            page.until("the list", lambda: page.count(by("document")) == 5)
            picture("documents")
            page.prefer(color_scheme="dark", reduced_motion="reduce")
            page.emulate(360, 740, 2)
            picture("phone-documents-dark")
    finally:
        program.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build" / "release" / "jackdaw"))
    parser.add_argument("--into", default=str(ROOT / "docs" / "images"), type=pathlib.Path)
    arguments = parser.parse_args()
    if not shutil.which("chromedriver"):
        sys.exit("make_screenshots: chromedriver is not installed (Debian packages chromium, chromium-driver)")
    os.environ["JACKDAW_BINARY"] = arguments.binary
    arguments.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="jackdaw-pictures-") as folder:
        make(arguments.into.resolve(), pathlib.Path(folder))


if __name__ == "__main__":
    main()
