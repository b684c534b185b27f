"""What was acknowledged survives: the program is killed at every named step of the store and at random moments, in the
middle of uploads, replacements, deletions and questions, and is then compared with what it had said."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import re
import threading
import time

import jackdaw
from made_files import pdf

ROUNDS = 2000 if jackdaw.SOAK else 50
SEED = int(os.environ.get("JACKDAW_CRASH_SEED", "20261123"))
STEPS = re.findall(r'StoreStep::k\w+, "(\w+)"', (jackdaw.ROOT / "src" / "store" / "store_step.cpp").read_text())
PATIENCE = 120
GONE = (OSError, http.client.HTTPException)


class Version:
    """Bytes that say a word which occurs nowhere else."""

    def __init__(self, number, chooser):
        self.word = f"marker{number:05d}x"
        pages = chooser.choice((1, 1, 2, 5))
        texts = [f"The {self.word} stands on page {page}.\n" + "\n".join(
            f"Line {line} of page {page} tells of {self.word} and no other thing." for line in range(25))
            for page in range(1, pages + 1)]
        self.damaged = chooser.random() < 0.1
        if self.damaged:
            self.content = b"%PDF-1.7\n" + self.word.encode() * 20
        elif chooser.random() < 0.3:
            self.content = "\n\n".join(texts).encode()
        else:
            self.content = pdf(*texts)
        self.sha256 = hashlib.sha256(self.content).hexdigest()


class Expected:
    """One document by the journal: which versions it may have, whether it may or must be there. One load alone
    touches it, so that what was said last is known."""

    def __init__(self, owner, version):
        self.owner = owner
        self.document_id = None
        self.may_be = {version}  # what answers once nothing waits
        self.must_be = None  # the version that was acknowledged last and can be read
        self.certain = False  # it was acknowledged
        self.may_be_gone = True
        self.is_gone = False
        self.tags = [[]]


class Talk:
    """One conversation by the journal."""

    def __init__(self, owner, conversation_id):
        self.owner = owner
        self.conversation_id = conversation_id
        self.asked = {}  # the question's word: whether it was answered, as far as was heard
        self.titles = None  # what it may be called, once it was given a title
        self.may_be_gone = self.is_gone = False


class Journal:
    def __init__(self):
        self.documents = []
        self.talks = []
        self.erased = []  # words whose deletion was acknowledged
        self.lock = threading.Lock()

    def choose(self, owner, chooser):
        with self.lock:
            known = [one for one in self.documents
                     if one.owner == owner and one.document_id and one.certain and not one.may_be_gone]
            return chooser.choice(known) if known else None


class Load:
    """Uploads, replacements, deletions, changes and questions, noted in the journal."""

    def __init__(self, owner, server, journal, chooser, numbers):
        self.owner, self.server, self.journal = owner, server, journal
        self.chooser, self.numbers = chooser, numbers

    def run(self, operations):
        for _ in range(operations):
            act = self.chooser.choices((self.upload, self.replace, self.delete, self.tag, self.ask, self.stop,
                                        self.begin_talk, self.talk, self.rename_talk, self.delete_talk,
                                        self.reindex),
                                       (8, 5, 3, 2, 4, 2, 2, 4, 1, 1, 2))[0]
            try:
                act()
            except GONE:
                return

    def version(self):
        return Version(next(self.numbers), self.chooser)

    def upload(self):
        version = self.version()
        expected = Expected(self.owner, version)
        with self.journal.lock:
            self.journal.documents.append(expected)
        simple = self.chooser.random() < 0.3
        wait = "true" if self.chooser.random() < 0.4 else "false"
        path = "/upload" if simple else f"/v1/documents?wait={wait}"
        answer = self.server.form("POST", path, (f"{version.word}.pdf", version.content))
        if answer.status in (200, 202):
            expected.document_id = answer.json()["document_id"]
            expected.certain, expected.may_be_gone = True, False
            expected.must_be = None if version.damaged else version
        elif simple or answer.status == 503:
            assert version.damaged or answer.status == 503, answer.body
        else:  # it failed, and stays listed as that
            assert version.damaged and answer.code == "damaged_document", answer.body

    def replace(self):
        target = self.journal.choose(self.owner, self.chooser)
        if target is None:
            return
        version = self.version()
        target.may_be.add(version)
        target.must_be = None
        answer = self.server.form("PUT", f"/v1/documents/{target.document_id}",
                                  (f"{version.word}.pdf", version.content))
        if answer.status == 202 and not version.damaged:
            target.must_be = version

    def delete(self):
        target = self.journal.choose(self.owner, self.chooser)
        if target is None:
            return
        target.may_be_gone = True
        answer = self.server.request("DELETE", f"/v1/documents/{target.document_id}")
        if answer.status == 204:
            target.is_gone = True
            self.journal.erased += [version.word for version in target.may_be]

    def tag(self):
        target = self.journal.choose(self.owner, self.chooser)
        if target is None:
            return
        tags = [f"tag{self.chooser.randrange(1000)}"]
        target.tags.append(tags)
        answer = self.server.request("PATCH", f"/v1/documents/{target.document_id}", body=json.dumps({"tags": tags}),
                                     headers={"Content-Type": "application/json"})
        if answer.status == 200:
            target.tags = [tags]

    def ask(self):
        target = self.journal.choose(self.owner, self.chooser)
        word = next(iter(target.may_be)).word if target else "anything"
        self.server.post_json("/query", {"question": f"What is told of {word}?"})  # a stored answer keeps its words

    def stop(self):
        target = self.journal.choose(self.owner, self.chooser)
        if target is None:
            return
        verb = self.chooser.choice(("cancel", "retry"))
        target.must_be = None
        self.server.request("POST", f"/v1/documents/{target.document_id}/{verb}")

    def reindex(self):
        answer = self.server.request("POST", "/v1/reindex")
        assert answer.status in (202, 409, 503), answer.body

    def choose_talk(self):
        known = [talk for talk in self.journal.talks if talk.owner == self.owner and not talk.may_be_gone]
        return self.chooser.choice(known) if known else None

    def begin_talk(self):
        answer = self.server.post_json("/v1/conversations", {})
        assert answer.status in (201, 503), answer.body
        if answer.status == 201:
            with self.journal.lock:
                self.journal.talks.append(Talk(self.owner, answer.json()["conversation_id"]))

    def talk(self):
        """The answer says nothing of the documents, so that none of their words stays with it."""
        talk = self.choose_talk()
        if talk is None:
            return
        word = f"asked{next(self.numbers):05d}x"
        talk.asked[word] = False
        answer = self.server.post_json("/v1/answers", {"question": f"{word}?", "conversation_id": talk.conversation_id})
        if answer.status == 200:
            talk.asked[word] = answer.json()["status"] == "complete"
        elif answer.status != 503:
            assert answer.code == "not_ready", answer.body

    def rename_talk(self):
        talk = self.choose_talk()
        if talk is None:
            return
        title = f"title{self.chooser.randrange(1000)}"
        talk.titles = {*(talk.titles or {None}), title}
        answer = self.server.request("PATCH", f"/v1/conversations/{talk.conversation_id}", body=json.dumps({"title": title}),
                                     headers={"Content-Type": "application/json"})
        if answer.status == 200:
            talk.titles = {title}

    def delete_talk(self):
        talk = self.choose_talk()
        if talk is None:
            return
        talk.may_be_gone = True
        if self.server.request("DELETE", f"/v1/conversations/{talk.conversation_id}").status == 204:
            talk.is_gone = True
            self.journal.erased += list(talk.asked)


def all_documents(server):
    found, after = [], ""
    while True:
        page = server.get(f"/v1/documents?limit=200&after={after}").json()
        found += page["documents"]
        if not page["next"]:
            return {one["document_id"]: one for one in found}
        after = page["next"]


def settled(server):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        documents = all_documents(server)
        waiting = [one for one in documents.values() if one["status"] in ("queued", "extracting", "embedding")
                   or one.get("replacement", {}).get("status") in ("queued", "extracting", "embedding")]
        if not waiting:
            return documents
        time.sleep(0.05)
    raise AssertionError(f"these are never read: {waiting}")


def chunks_of(server, document_id):
    chunks, after = [], ""
    while True:
        page = server.get(f"/v1/documents/{document_id}/chunks?limit=200&after={after}").json()
        chunks += page["chunks"]
        if not page["next"]:
            return chunks
        after = page["next"]


def check_document(server, expected, document):
    """It is one version whole: original, text, chunks and index agree."""
    content = server.get(f"/v1/documents/{document['document_id']}/content")
    assert content.status == 200
    sha256 = hashlib.sha256(content.body).hexdigest()
    versions = [version for version in expected.may_be if version.sha256 == sha256]
    assert versions, f"{document} is none of {[version.word for version in expected.may_be]}"
    version = versions[0]
    assert expected.must_be in (None, version), f"{expected.must_be.word} is lost, {document} answers"
    assert document["tags"] in expected.tags
    if document["status"] != "ready":
        assert version.damaged or document["status"] == "cancelled", document
        return 0
    chunks = chunks_of(server, document["document_id"])
    assert len(chunks) == document["chunks"] > 0
    for chunk in chunks:
        assert set(re.findall(r"marker\d{5}x", chunk["text"])) == {version.word}, (document, chunk)
    found = server.post_json("/v1/search", {"question": version.word, "rerank": False, "top_k": 50,
                                            "filter": {"document_ids": [document["document_id"]]}}).json()["passages"]
    assert {passage["chunk_id"] for passage in found} <= {chunk["chunk_id"] for chunk in chunks}
    assert len(found) == min(50, len(chunks))
    return len(chunks)


def compare(server, journal):
    documents = settled(server)
    chunks = 0
    explained = set()
    for expected in list(journal.documents):
        candidates = [one for one in documents.values() if one["document_id"] == expected.document_id]
        if not expected.document_id:  # never acknowledged: known by the bytes alone
            words = {version.word for version in expected.may_be}
            candidates = [one for one in documents.values() if one["filename"].split(".")[0] in words]
            if candidates:
                expected.document_id = candidates[0]["document_id"]
                expected.certain = True
        if expected.is_gone:
            assert not candidates, f"a deleted document came back: {candidates}"
        elif not candidates:
            assert expected.may_be_gone, f"lost: {[version.word for version in expected.may_be]}"
            expected.is_gone = True
        else:
            explained.add(candidates[0]["document_id"])
            chunks += check_document(server, expected, candidates[0])
            # What it turned out to be is the start of the next round.
            sha256 = hashlib.sha256(server.get(f"/v1/documents/{expected.document_id}/content").body).hexdigest()
            tried_again = candidates[0].get("replacement", {}).get("sha256")  # failed or cancelled, for now
            expected.may_be = {version for version in expected.may_be if version.sha256 in (sha256, tried_again)}
            expected.must_be = None
            expected.tags = [candidates[0]["tags"]]
            expected.may_be_gone = False
    assert set(documents) == explained, "documents that nobody handed in"
    journal.documents = [one for one in journal.documents if not one.is_gone]
    health = server.get("/health").json()
    assert health["chunks"] == chunks, (health, chunks)


def compare_talks(server, journal):
    """A conversation whose making was not acknowledged may be there: nobody knows its id."""
    listed, after = set(), ""
    while after is not None:
        page = server.get(f"/v1/conversations?limit=200&after={after}").json()
        listed |= {found["conversation_id"] for found in page["conversations"]}
        after = page["next"]
    for talk in journal.talks:
        found = server.get(f"/v1/conversations/{talk.conversation_id}")
        assert found.status == (200 if talk.conversation_id in listed else 404)
        if talk.is_gone or found.status == 404:
            assert found.status == 404 and talk.may_be_gone, f"{'came back' if talk.is_gone else 'lost'}: {talk.asked}"
            talk.is_gone = True
            continue
        talk.may_be_gone = False
        if talk.titles and None not in talk.titles:
            assert found.json()["title"] in talk.titles
        messages = server.get(f"/v1/conversations/{talk.conversation_id}/messages").json()["messages"]
        assert found.json()["messages"] == len(messages)
        statuses = {message["parent_id"]: message["status"] for message in messages if message["role"] == "assistant"}
        there = {message["text"].rstrip("?"): statuses[message["id"]] for message in messages if message["role"] == "user"}
        assert set(there) <= set(talk.asked)
        for word, answered in talk.asked.items():
            assert not answered or there.get(word) == "complete", f"{word} was answered, now it is {there.get(word)}"
        talk.asked = {word: there[word] == "complete" for word in there}
        if talk.titles:  # until then it has that of its first question
            talk.titles = {found.json()["title"]} if found.json()["title"] in talk.titles else None
    journal.talks = [talk for talk in journal.talks if not talk.is_gone]


def check_erased(data, journal):
    """The text of what was deleted is in no file of the database, and its bytes are no original."""
    text = b"".join(file.read_bytes() for file in data.glob("jackdaw.db*"))
    for word in journal.erased[-50:]:
        assert word.encode() not in text, f"{word} is still in the database"


def one_round(data, journal, chooser, counter, step):
    settings = {"JACKDAW_EMBEDDER": "hash", "JACKDAW_OCR": "off", "JACKDAW_THREADS": "2"}
    crash = {"JACKDAW_CRASH_AT": f"{step}:{chooser.choice((1, 1, 1, 2, 3, 5))}"} if step else {}
    try:
        server = jackdaw.Server(data, **settings, **crash)
    except (AssertionError, *GONE):
        server = None  # it was killed while it started
    if server is not None:
        loads = [Load(owner, server, journal, random.Random(chooser.random()), counter) for owner in range(2)]
        timer = threading.Timer(chooser.uniform(0.05, 3.0), server.process.kill)
        timer.start()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda load: load.run(40), loads))
        timer.cancel()
        server.kill()
    with jackdaw.Server(data, **settings) as again:
        compare(again, journal)
        compare_talks(again, journal)
    check_erased(data, journal)


class Locked:
    """A counter that threads share."""

    def __init__(self):
        self.lock, self.number = threading.Lock(), 0

    def __next__(self):
        with self.lock:
            self.number += 1
            return self.number


def test_nothing_acknowledged_is_lost_and_nothing_is_half(tmp_path):
    assert len(STEPS) >= 30
    chooser = random.Random(SEED)
    steps = [step for step in STEPS if not step.startswith("backup")]
    chooser.shuffle(steps)
    journal, counter = Journal(), Locked()
    data = tmp_path / "data"
    for number in range(ROUNDS):
        step = steps[number % len(steps)] if number % 5 != 4 else None
        try:
            one_round(data, journal, chooser, counter, step)
        except AssertionError as failure:
            raise AssertionError(f"seed {SEED}, round {number}, step {step}: {failure}") from failure
        if number % 10 == 9:
            checked = jackdaw.run("verify", data=data, JACKDAW_EMBEDDER="hash")
            assert checked.returncode == 0, f"round {number}: {checked.stdout}{checked.stderr}"
