"""jackdaw ingest: folders, patterns, changes, progress, interruption; alone and through a running server."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import jackdaw
from jackdaw import SAMPLE

PATIENCE = 120  # a sanitized program on a busy machine
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
BROKEN = b"%PDF-1.7\n" + bytes(range(256)) * 8


def ingest(*words, data, **settings):
    return jackdaw.run("ingest", *words, data=data, JACKDAW_EMBEDDER="hash", **settings)


def as_json(*words, data, code=0, **settings):
    done = ingest(*words, "--json", data=data, **settings)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def outcomes(result):
    return {document["filename"]: document["outcome"] for document in result["documents"]}


def listed(data):
    return json.loads(jackdaw.run("documents", "--json", data=data).stdout)["documents"]


def search(data, question, *words):
    done = jackdaw.run("search", question, "--json", *words, data=data, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["passages"]


def text(number):
    return f"Note {number} says that the kestrel {number} nests in tower {number * 7}.\n"


@pytest.fixture
def folder(tmp_path):
    """Files of many kinds; two of them are no documents, one is broken, one is hidden."""
    folder = tmp_path / "docs"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "magpie.pdf").write_bytes(SAMPLE.read_bytes())
    (folder / "sub" / "notes.txt").write_text("The heron stands in the reeds.\n")
    (folder / "sub" / "deep" / "list.md").write_text("# Birds\n\nThe wren is small.\n")
    (folder / "picture.png").write_bytes(PNG)
    (folder / "empty.txt").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(BROKEN)
    (folder / ".secret.txt").write_text("The owl is hidden.\n")
    (folder / "sub" / "loop").symlink_to(folder)
    return folder


@pytest.fixture(params=["alone", "through a server"])
def data(request, tmp_path):
    """The data folder of a command that works alone, or whose server runs."""
    path = tmp_path / "data"
    if request.param == "alone":
        yield path
        return
    with jackdaw.Server(path, JACKDAW_EMBEDDER="hash"):
        yield path


def test_a_folder_of_mixed_files_is_taken_in_once(folder, data):
    done = ingest(folder, data=data)
    assert done.returncode == 3, done.stderr
    assert re.search(r"^indexed +3$", done.stdout, re.M), done.stdout
    assert re.search(r"^skipped +2$", done.stdout, re.M)
    assert re.search(r"^failed +1$", done.stdout, re.M)
    assert "picture.png" in done.stdout and "unsupported_media_type" in done.stdout
    assert "broken.pdf" in done.stderr and "damaged_document" in done.stderr
    assert "magpie.pdf: ready, 5 pages" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr and "\r" not in done.stdout + done.stderr
    (folder / "broken.pdf").unlink()

    again = as_json(folder, data=data)
    assert outcomes(again) == {"magpie.pdf": "unchanged", "notes.txt": "unchanged", "list.md": "unchanged",
                               "picture.png": "skipped", "empty.txt": "skipped"}
    assert again["summary"]["unchanged"] == 3 and again["summary"]["failed"] == 0
    sources = {document["source"] for document in again["documents"]}
    assert str(folder / "sub" / "notes.txt") in sources


def test_changed_bytes_replace_the_document_of_that_path(folder, data):
    notes = folder / "sub" / "notes.txt"
    first = as_json(notes, data=data)["documents"][0]
    assert first["status"] == "ready" and first["outcome"] == "indexed"
    assert "heron" in search(data, "heron reeds")[0]["text"]
    notes.write_text("The bittern booms at night.\n")
    second = as_json(notes, data=data)["documents"][0]
    assert second["outcome"] == "replaced" and second["document_id"] == first["document_id"]
    assert not any("heron" in passage["text"] for passage in search(data, "heron reeds bittern"))
    assert len(listed(data)) == 1
    notes.write_text("The heron stands in the reeds.\n")
    assert as_json(notes, data=data)["documents"][0]["outcome"] == "replaced"
    other = folder / "copy.txt"
    other.write_text("The heron stands in the reeds.\n")
    assert as_json(other, data=data)["documents"][0]["outcome"] == "unchanged"
    assert len(listed(data)) == 1


def test_exit_codes_say_whether_everything_is_there(folder, data, tmp_path):
    assert ingest(folder / "magpie.pdf", data=data).returncode == 0
    assert ingest(folder / "sub", data=data).returncode == 0
    assert ingest(folder / "picture.png", data=data).returncode == 1, "a picture that was named is a failure"
    assert ingest(folder / "broken.pdf", tmp_path / "missing", data=data).returncode == 1
    assert ingest(folder / "broken.pdf", folder / "magpie.pdf", data=data).returncode == 3
    assert ingest(tmp_path / "no" / "*.pdf", data=data).returncode == 1
    assert ingest(data=data).returncode == 2
    assert ingest(folder, "--watch", "--dry-run", data=data).returncode == 2
    assert ingest(folder, "--concurrency", "0", data=data).returncode == 2
    assert ingest(folder, "--password-file", tmp_path / "missing", data=data).returncode == 2


def test_patterns_hidden_files_and_exclusions(folder, tmp_path):
    def would(*words):
        return sorted(outcomes(as_json(*words, "--dry-run", data=tmp_path / "none")))

    assert would(folder / "**" / "*.md") == ["list.md"]
    assert would(folder / "*" / "*.txt") == ["notes.txt"]
    everything = would(folder)
    assert ".secret.txt" not in everything and len(everything) == 6
    assert ".secret.txt" in would(folder, "--include-hidden")
    assert would(folder, "--exclude", "*.pdf", "--exclude", "sub") == ["empty.txt", "picture.png"]
    assert not (tmp_path / "none").exists(), "a dry run makes no collection"


def test_a_dry_run_says_what_would_happen_and_changes_nothing(folder, data):
    would = outcomes(as_json(folder, "--dry-run", data=data))
    assert would == {"magpie.pdf": "new", "notes.txt": "new", "list.md": "new", "broken.pdf": "new",
                     "picture.png": "skipped", "empty.txt": "skipped"}
    notes = folder / "sub" / "notes.txt"
    as_json(notes, data=data)
    before = listed(data)
    assert outcomes(as_json(notes, "--dry-run", data=data)) == {"notes.txt": "unchanged"}
    notes.write_text("other\n")
    done = ingest(notes, "--dry-run", data=data)
    assert f"{notes}: replace" in done.stdout and re.search(r"^replace +1$", done.stdout, re.M)
    assert listed(data) == before


def test_tags_filter_lists_and_questions(folder, data):
    as_json(folder / "sub", "--tag", "birds", "--tag", "water,reeds", data=data)
    as_json(folder / "magpie.pdf", "--tag", "prices", data=data)
    tags = {document["filename"]: document["tags"] for document in listed(data)}
    assert tags["notes.txt"] == ["birds", "water", "reeds"] and tags["magpie.pdf"] == ["prices"]
    table = jackdaw.run("documents", "--tag", "birds", data=data).stdout
    assert "notes.txt" in table and "magpie.pdf" not in table and "ready" in table
    for words in (["--tag", "prices"], ["--type", "pdf"]):
        assert {passage["filename"] for passage in search(data, "the list price", *words)} == {"magpie.pdf"}
    notes = next(document for document in listed(data) if document["filename"] == "notes.txt")
    found = search(data, "the list price", "--document", notes["document_id"])
    assert {passage["filename"] for passage in found} == {"notes.txt"}
    assert jackdaw.run("search", "x", "--type", "poem", data=data, JACKDAW_EMBEDDER="hash").returncode == 2


def test_failed_documents_are_listed_and_can_be_tried_again(folder, data):
    assert ingest(folder / "broken.pdf", folder / "magpie.pdf", data=data).returncode == 3
    failed = jackdaw.run("documents", "--failed", data=data).stdout
    assert "broken.pdf" in failed and "damaged_document" in failed and "magpie.pdf" not in failed
    broken = next(document for document in listed(data) if document["filename"] == "broken.pdf")
    assert broken["status"] == "failed"
    done = jackdaw.run("documents", "--retry", broken["document_id"], data=data, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 1 and done.stderr
    (folder / "broken.pdf").write_bytes(SAMPLE.read_bytes() + b"\n% another version\n")
    mended = as_json(folder / "broken.pdf", data=data)["documents"][0]
    assert mended["status"] == "ready" and mended["document_id"] == broken["document_id"]
    ready = mended["document_id"]
    done = jackdaw.run("documents", "--cancel", ready, data=data, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 1, "nothing of it waits"
    assert jackdaw.run("documents", "--delete", ready, data=data).returncode == 0
    assert jackdaw.run("documents", "--delete", ready, "--retry", ready, data=data).returncode == 2


def test_a_password_comes_from_a_file_or_from_standard_input(data, tmp_path):
    pdfs = {path.name: path for path in jackdaw.corpus_pdfs(tmp_path / "pdfminer", "pdfminer")}
    if not pdfs:
        pytest.skip("the shared data (pdf/pdfminer.tar.xz) is not there")
    locked = pdfs["aes-256-r6.pdf"]
    done = ingest(locked, data=data)
    assert done.returncode == 1 and "encrypted_document" in done.stderr
    (tmp_path / "password").write_text("usersecret\n")
    opened = as_json(locked, "--password-file", tmp_path / "password", data=data)["documents"][0]
    assert opened["status"] == "ready"
    assert jackdaw.run("documents", "--delete", opened["document_id"], data=data).returncode == 0
    words = [str(jackdaw.BINARY), "ingest", str(locked), "--password-stdin", "--data", str(data)]
    done = subprocess.run(words, input="usersecret\r\n", env=jackdaw.environment(JACKDAW_EMBEDDER="hash"), text=True,
                          capture_output=True, cwd=jackdaw.ROOT / "tests", timeout=300)
    assert done.returncode == 0, done.stderr


def test_what_can_be_read_of_a_damaged_file_is_kept_where_wanted(tmp_path):
    data = tmp_path / "data"
    settings = {"JACKDAW_MAX_CHARACTERS": 2000}
    assert ingest(SAMPLE, data=data, **settings).returncode == 1
    kept = as_json(SAMPLE, "--partial", data=tmp_path / "other", **settings)["documents"][0]
    assert kept["status"] == "ready" and kept["partial"]["message"] and kept["chunks"] > 0
    done = ingest(SAMPLE, "--partial", data=tmp_path / "third", **settings)
    assert done.returncode == 0 and "in part: " in done.stdout


def test_pictures_leave_no_trace(folder, data):
    assert ingest(folder / "picture.png", folder / "empty.txt", data=data).returncode == 1
    assert listed(data) == []


class Running:
    """A command whose output is read while it runs; on a terminal when `columns` are given."""

    def __init__(self, *words, data, columns=None, **settings):
        words = [str(jackdaw.BINARY), *map(str, words), "--data", str(data)]
        environment = jackdaw.environment(**{"JACKDAW_EMBEDDER": "hash", "TERM": "xterm", **settings})
        self.said = b""
        if columns is None:
            self.read_from, write_to = os.pipe()
        else:
            self.read_from, write_to = pty.openpty()
            fcntl.ioctl(write_to, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(words, env=environment, cwd=jackdaw.ROOT / "tests", stdin=subprocess.DEVNULL,
                                        stdout=write_to, stderr=write_to)
        os.close(write_to)

    def read(self, seconds):
        if not select.select([self.read_from], [], [], seconds)[0]:
            return None
        try:
            piece = os.read(self.read_from, 1 << 16)
        except OSError:  # EIO: the terminal's other end is closed
            piece = b""
        self.said += piece
        return piece

    def wait_for(self, *needles):
        deadline = time.monotonic() + PATIENCE
        while not all(needle.encode() in self.said for needle in needles):
            assert time.monotonic() < deadline, self.said.decode(errors="replace")
            assert self.read(1) != b"", self.said.decode(errors="replace")

    def finish(self):
        deadline = time.monotonic() + PATIENCE
        while self.read(1) != b"":
            assert time.monotonic() < deadline, self.said.decode(errors="replace")
        return self.process.wait(PATIENCE), self.said.decode(errors="replace")

    def signal(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.read_from)


@pytest.mark.parametrize("columns", [100, 40])
def test_a_terminal_shows_one_bar_and_keeps_no_rubbish(folder, tmp_path, columns):
    (folder / "broken.pdf").unlink()
    (folder / "\x1b[31mred\nname.txt").write_text("The robin is red.\n")
    with Running("ingest", folder, data=tmp_path / "data", columns=columns) as running:
        code, said = running.finish()
    assert code == 0, said
    assert "0/6 files" in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") >= 1
    assert "[31mred" not in said.replace("\ufffd[31mred", "")
    for line in re.split(r"[\r\n]", said):
        shown = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line)
        if "files" in shown:
            assert len(shown) < columns, shown
    rest = said[said.rindex("\x1b[?25h"):].removeprefix("\x1b[?25h")
    assert "\x1b" not in rest and re.search(r"indexed +4", rest)
    assert "ready" not in said, "the bar says enough"


def test_nothing_moves_on_a_dumb_terminal(folder, tmp_path):
    with Running("ingest", folder / "sub", data=tmp_path / "data", columns=80, TERM="dumb") as running:
        code, said = running.finish()
    assert code == 0 and "\x1b" not in said and "notes.txt: ready" in said


def many(folder, count):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(text(number))


def test_ctrl_c_keeps_what_was_accepted_and_the_next_run_goes_on(data, tmp_path):
    many(tmp_path / "many", 60)
    with Running("ingest", tmp_path / "many", "--concurrency", "3", data=data) as running:
        running.wait_for("ready")
        running.signal()
        code, said = running.finish()
    assert code == 130, said
    assert re.search(r"not reached +\d+", said) and "Interrupted" in said
    result = as_json(tmp_path / "many", data=data)
    assert result["summary"]["failed"] == 0
    assert {document["status"] for document in result["documents"]} == {"ready"}
    documents = listed(data)
    assert len(documents) == 60 and {document["status"] for document in documents} == {"ready"}


def test_a_terminal_is_as_before_after_ctrl_c(tmp_path):
    many(tmp_path / "many", 40)
    with Running("ingest", tmp_path / "many", "--concurrency", "1", data=tmp_path / "data", columns=80) as running:
        running.wait_for("/40 files")
        running.signal()
        code, said = running.finish()
    assert code == 130, said
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


def test_watching_finds_what_comes_and_changes_until_it_is_told_to_end(data, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    (folder / "first.txt").write_text("The crane dances.\n")
    with Running("ingest", folder, "--watch", data=data) as running:
        running.wait_for("first.txt: ready")
        (folder / "first.txt").write_text("The stork clatters.\n")
        running.wait_for("first.txt: ready (replaced)")
        (folder / "new" / "deep").mkdir(parents=True)
        (folder / "new" / "deep" / "second.txt").write_text("The avocet wades.\n")
        running.wait_for("second.txt: ready")
        (folder / ".third").write_text("The godwit probes.\n")
        (folder / ".third").rename(folder / "third.txt")
        running.wait_for("third.txt: ready")
        (folder / "third.txt").unlink()
        running.wait_for("third.txt: gone")
        running.signal(signal.SIGTERM)
        code, said = running.finish()
    assert code == 0, said
    assert re.search(r"^indexed +2\r?$", said, re.M) and re.search(r"^replaced +1\r?$", said, re.M)
    assert said.count("gone;") == 1
    assert {document["filename"] for document in listed(data)} == {"first.txt", "second.txt", "third.txt"}
    assert "stork" in search(data, "stork clatters")[0]["text"]


def test_a_name_that_is_no_text_is_taken_too(tmp_path):
    data = tmp_path / "data"
    strange = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(strange, "wb") as file:
        file.write(b"The hoopoe has a crest.\n")
    result = as_json(tmp_path / "*.txt", data=data)
    assert result["documents"][0]["status"] == "ready"
    assert result["documents"][0]["source"].endswith("/caf%E9.txt")
    assert as_json(tmp_path / "*.txt", data=data)["documents"][0]["outcome"] == "unchanged"


def test_the_collection_is_not_taken_into_itself(tmp_path):
    data = tmp_path / "docs" / "data"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The siskin sings.\n")
    assert outcomes(as_json(tmp_path / "docs", data=data)) == {"a.txt": "indexed"}
    assert outcomes(as_json(tmp_path / "docs", data=data)) == {"a.txt": "unchanged"}


def test_what_every_file_would_meet_is_said_once(folder, tmp_path):
    data = tmp_path / "data"
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash", JACKDAW_API_KEY="right"):
        done = ingest(folder, data=data, JACKDAW_API_KEY="wrong")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert re.search(r"not reached +[456]$", done.stdout, re.M), "a picture is told from its bytes alone"
