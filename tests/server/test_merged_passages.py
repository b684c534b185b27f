"""Chunks that touch are one passage for the writer; what is told and kept names the chunk that has the quote."""

import json
import re

import pytest

import doors
import jackdaw

TOPICS = ["gearbox", "rudder", "antenna", "battery", "propeller", "landing light", "autopilot", "fuselage", "parachute",
          "winch", "camera", "compass", "charger", "skid", "hatch", "beacon"]
SENTENCES = [f"The {topic} of the Magpie-7 drone weighs {100 + 7 * place} grams and is checked every {20 + place} days."
             for place, topic in enumerate(TOPICS)]
QUESTION = "What do the parts of the Magpie-7 drone weigh, in grams, and how often is each checked?"
CLAIMS = [SENTENCES[place].rstrip(".") for place in (0, 5, 9, 15)]


def ask_server(tmp_path, marks, **settings):
    script = tmp_path / "script.jsonl"
    text = " ".join(f"{claim} {mark}." for claim, mark in zip(CLAIMS, marks))
    steps = [{"text": text[at:at + 7]} for at in range(0, len(text), 7)]
    script.write_text("\n".join(json.dumps(step) for step in steps), encoding="utf-8")
    server = jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted", JACKDAW_SCRIPT=script,
                            JACKDAW_TOP_K="10", **settings)
    return server


def check_marks(final):
    """Mark k is that of citation k, and every quote stands in its source."""
    marks = [int(number) for number in re.findall(r"\[(\d+)\]", final["answer"])]
    assert marks == [citation["source"] for citation in final["citations"]]
    for citation in final["citations"]:
        source = final["sources"][citation["source"] - 1]
        assert source["n"] == citation["source"]
        assert citation["quote"] in source["text"]
        begin, end = citation["answer_span"]
        assert final["answer"][begin:end] in CLAIMS


@pytest.fixture
def merging(tmp_path):
    with ask_server(tmp_path, ["[1]"] * 4) as server:
        assert server.upload(("parts.txt", " ".join(SENTENCES).encode())).status == 200
        yield server


def test_each_citation_names_the_source_that_has_its_quote(merging):
    with doors.open_answer(merging, QUESTION) as (_, events):
        events = list(events)
    final = doors.check_events(events).data
    assert len(final["sources"]) > 2, "there are no neighbours to merge"
    check_marks(final)
    assert len({citation["source"] for citation in final["citations"]}) > 1
    assert all(citation["verified"] for citation in final["citations"])
    assert final["dropped_marks"] == 0
    assert [event.data for event in events if event.name == "citation"] == final["citations"]


def test_what_was_told_is_replayed_and_kept_and_its_quotes_go_with_the_document(merging):
    with doors.open_answer(merging, QUESTION) as (_, events):
        events = list(events)
    final = events[-1].data
    answer_id = events[0].data["answer_id"]
    again = doors.replay(merging, answer_id)
    assert [(event.id, event.name, event.data) for event in again] == [
        (event.id, event.name, event.data) for event in events]
    kept = merging.get(f"/v1/answers/{answer_id}").json()
    assert (kept["answer"], kept["citations"], kept["sources"]) == (final["answer"], final["citations"], final["sources"])
    assert merging.request("DELETE", f"/v1/documents/{final['sources'][0]['document_id']}").status == 204
    gone = merging.get(f"/v1/answers/{answer_id}").json()
    assert gone["answer"] == final["answer"]
    assert [each["source"] for each in gone["citations"]] == [each["source"] for each in final["citations"]]
    assert all(each["quote"] == "" for each in gone["citations"])


def test_the_setting_shows_each_chunk_by_itself(tmp_path):
    with ask_server(tmp_path, ["[1]"] * 4, JACKDAW_MERGE_NEIGHBOURS="false") as server:
        assert server.upload(("parts.txt", " ".join(SENTENCES).encode())).status == 200
        final = server.post_json("/v1/answers", {"question": QUESTION}).json()
    assert {citation["source"] for citation in final["citations"]} == {1}
    assert not all(citation["verified"] for citation in final["citations"])
    check_marks(final)


def test_the_prompt_holds_the_text_of_neighbours_once(tmp_path):
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"echo": "prompt"}), encoding="utf-8")
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted", JACKDAW_SCRIPT=script,
                        JACKDAW_TOP_K="10", JACKDAW_CHUNK_OVERLAP="200") as server:
        assert server.upload(("parts.txt", " ".join(SENTENCES).encode())).status == 200
        final = server.post_json("/v1/answers", {"question": QUESTION}).json()
    assert final["answer"].count("=== begin passage") == 1
    assert all(final["answer"].count(sentence) == 1 for sentence in SENTENCES)
    assert sum(source["text"].count(SENTENCES[8]) + source["text"].count(SENTENCES[9]) + source["text"].count(SENTENCES[4])
               for source in final["sources"]) > 3, "nothing overlaps"
