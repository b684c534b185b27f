"""Conversations: what was asked is never lost, follow-ups are understood, branches stand side by side, one answer at a
time; and citations, wherever an answer is told."""

import json
import urllib.parse

import pytest

import doors
import jackdaw
from dialects import DIALECTS, encode
from fake_provider import LAST_CHUNK, STREAM_HEAD, FakeProvider, Hold, chunk

DIALECT = DIALECTS["openai"]
UNKNOWN = "a" * 26
FIRST = "What is the list price of the Magpie-7?"
ANSWER = "The list price is €68,400 [1]. It is sold on the moon [9]."
SHOWN = "The list price is €68,400 [1]. It is sold on the moon."


def write_script(folder, *steps):
    path = folder / "script.jsonl"
    path.write_text("\n".join(json.dumps(step) for step in steps), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conversations")
    script = write_script(folder, {"text": "The list price is €68,400 ["}, {"text": "1]. It is sold"},
                          {"text": " on the moon [9"}, {"text": "]."})
    with jackdaw.Server(folder / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as running:
        assert running.upload(jackdaw.SAMPLE).status == 200
        yield running


def create(server, title=None):
    made = server.post_json("/v1/conversations", {} if title is None else {"title": title})
    assert made.status == 201
    assert made.headers["Location"] == f"/v1/conversations/{made.json()['conversation_id']}"
    return made.json()["conversation_id"]


def ask(server, question, conversation, **fields):
    answer = server.post_json("/v1/answers", {"question": question, "conversation_id": conversation, **fields})
    assert answer.status == 200, answer.body
    return answer.json()


def messages_of(server, conversation):
    answer = server.get(f"/v1/conversations/{conversation}/messages")
    assert answer.status == 200, answer.body
    return answer.json()["messages"]


def patch(server, path, value):
    return server.request("PATCH", path, json.dumps(value), {"Content-Type": "application/json"})


def test_a_conversation_is_made_found_renamed_and_deleted(server):
    conversation = create(server, "Prices of wind tunnels")
    found = server.get(f"/v1/conversations/{conversation}").json()
    assert found["title"] == "Prices of wind tunnels" and found["messages"] == 0
    assert found["running_answer_id"] is None
    renamed = patch(server, f"/v1/conversations/{conversation}", {"title": "Größen"})
    assert (renamed.status, renamed.json()["title"]) == (200, "Größen")
    listed = server.get("/v1/conversations?q=" + urllib.parse.quote("GRÖSSEN")).json()
    assert [each["conversation_id"] for each in listed["conversations"]] == [conversation]
    assert server.request("DELETE", f"/v1/conversations/{conversation}").status == 204
    for method in ("GET", "DELETE"):
        assert server.request(method, f"/v1/conversations/{conversation}").status == 404


def test_what_is_not_there_or_makes_no_sense_is_said(server):
    for path in ("", "/messages", "/export"):
        answer = server.get(f"/v1/conversations/{UNKNOWN}{path}")
        assert (answer.status, answer.code) == (404, "not_found")
        assert server.get(f"/v1/conversations/nonsense{path}").status == 404
    for path in ("/v1/answers", "/query", "/query/stream"):
        for conversation in (UNKNOWN, "nonsense"):
            answer = server.post_json(path, {"question": FIRST, "conversation_id": conversation})
            assert (answer.status, answer.code) == (404, "not_found"), answer.body
    conversation = create(server)
    for title in ("", "x" * 201):
        answer = patch(server, f"/v1/conversations/{conversation}", {"title": title})
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, "title")
    assert server.get("/v1/conversations?limit=0").status == 400
    assert server.get("/v1/conversations?after=nonsense").status == 400
    assert server.get(f"/v1/conversations/{conversation}/export?format=exe").status == 400
    for parent in (UNKNOWN, "nonsense"):
        answer = server.post_json("/v1/answers", {"question": FIRST, "conversation_id": conversation,
                                                  "parent_message_id": parent})
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, "parent_message_id")
    answer = server.post_json("/v1/answers", {"question": FIRST, "parent_message_id": UNKNOWN})
    assert (answer.status, answer.code) == (400, "invalid_argument")
    answer = server.post_json("/v1/answers", {"question": "x" * 8001, "conversation_id": conversation})
    assert (answer.status, answer.code) == (413, "too_large") and "8000" in answer.json()["detail"]
    assert messages_of(server, conversation) == []


def test_a_follow_up_is_searched_for_as_a_question_of_its_own(server):
    conversation = create(server)
    with doors.open_answer(server, FIRST, conversation_id=conversation) as (_, events):
        first = list(events)
    assert doors.check_events(first).name == "final"
    assert [event.data["origin"] for event in first if event.name == "query"] == ["as_asked"]
    with doors.open_answer(server, "And how much does it weigh?", conversation_id=conversation) as (_, events):
        second = list(events)
    assert doors.check_events(second).name == "final"
    query = next(event.data for event in second if event.name == "query")
    assert query["origin"] == "rules" and "Magpie-7" in query["standalone_question"]
    assert query["used_turns"] == [first[0].data["question_message_id"]]

    messages = messages_of(server, conversation)
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    assert [message["parent_id"] for message in messages] == [None, *(message["id"] for message in messages[:3])]
    assert [message["text"] for message in messages] == [FIRST, SHOWN, "And how much does it weigh?", SHOWN]
    assert messages[3]["status"] == "complete" and messages[3]["standalone_question"] == query["standalone_question"]
    assert messages[3]["id"] == second[0].data["message_id"]
    assert messages[3]["sources"] and messages[3]["citations"]
    assert server.get(f"/v1/conversations/{conversation}").json()["title"] == FIRST
    # Nothing of it is forgotten with other answers, and nothing depends on the answer's own route.
    assert server.get(f"/v1/answers/{messages[3]['answer_id']}").json()["conversation_id"] == conversation


def test_the_simple_door_takes_part_in_conversations(server):
    conversation = create(server)
    answer = server.post_json("/query", {"question": FIRST, "conversation_id": conversation}).json()
    assert answer["answer"] == SHOWN and answer["citations"][0]["source"] == 1
    with jackdaw.stream(server, "And its weight?", conversation_id=conversation) as response:
        last = list(jackdaw.read_events(response))[-1]
    assert json.loads(last[1])["citations"]
    messages = messages_of(server, conversation)
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    assert messages[3]["used_turns"] == [messages[0]["id"]]
    stateless = server.post_json("/query", {"question": FIRST}).json()
    assert stateless["answer"] == SHOWN and len(messages_of(server, conversation)) == 4


def test_marks_become_citations_wherever_they_are_split(server):
    with doors.open_answer(server, FIRST) as (_, events):
        events = list(events)
    final = doors.check_events(events).data
    assert final["answer"] == SHOWN and final["dropped_marks"] == 1
    citations = [event.data for event in events if event.name == "citation"]
    assert citations == final["citations"] and len(citations) == 1
    citation = citations[0]
    begin, end = citation["answer_span"]
    assert SHOWN[begin:end] == "The list price is €68,400"
    assert citation["verified"] is True and "68,400" in citation["quote"]
    source = final["sources"][citation["source"] - 1]
    assert citation["quote"] in source["text"] and citation["page"] == source["page"]
    boxes = citation["boxes"]
    assert boxes and len(boxes) <= len(source["boxes"])
    stored = server.get(f"/v1/answers/{events[0].data['answer_id']}").json()
    assert stored["citations"] == citations and stored["dropped_marks"] == 1


def test_an_edited_question_and_a_second_answer_are_branches(server):
    conversation = create(server)
    first = ask(server, FIRST, conversation)
    edited = ask(server, "What does the Magpie-7 weigh?", conversation, parent_message_id="root")
    again = ask(server, FIRST, conversation, parent_message_id=first["question_message_id"])
    messages = {message["id"]: message for message in messages_of(server, conversation)}
    assert len(messages) == 5
    assert messages[edited["question_message_id"]]["parent_id"] is None
    assert again["question_message_id"] == first["question_message_id"]
    assert messages[again["message_id"]]["parent_id"] == first["question_message_id"]
    follow_up = ask(server, "And it?", conversation, parent_message_id=first["message_id"])
    assert follow_up["used_turns"] in ([], [first["question_message_id"]])
    other = server.post_json("/v1/answers", {"question": "Another one?", "conversation_id": conversation,
                                             "parent_message_id": first["question_message_id"]})
    assert (other.status, other.json()["errors"][0]["field"]) == (400, "parent_message_id")
    assert len(messages_of(server, conversation)) == 7


def test_conversations_are_listed_newest_first_page_by_page_and_searched(server):
    word = "Zephyrquartz"
    made = [create(server, f"{word} {number}") for number in range(5)]
    ask(server, FIRST, made[1])
    seen, after = [], ""
    while True:
        page = server.get(f"/v1/conversations?limit=2&q={word}&after={urllib.parse.quote(after)}").json()
        seen += [each["conversation_id"] for each in page["conversations"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [made[1], made[4], made[3], made[2], made[0]]
    found = server.get("/v1/conversations?q=sold+on+the+MOON").json()["conversations"]
    assert made[1] in [each["conversation_id"] for each in found]
    assert server.get("/v1/conversations?q=%25").json()["conversations"] == []


def test_a_conversation_can_be_taken_along(server):
    conversation = create(server, "Price/weight \"x\"")
    ask(server, FIRST, conversation)
    markdown = server.get(f"/v1/conversations/{conversation}/export?format=md")
    assert markdown.headers["Content-Type"].startswith("text/markdown")
    assert markdown.headers["Content-Disposition"].startswith("attachment")
    text = markdown.body.decode()
    assert f"> {FIRST}" in text and SHOWN in text and "- [1] magpie-7.pdf, page" in text
    whole = server.get(f"/v1/conversations/{conversation}/export?format=json").json()
    assert whole["conversation_id"] == conversation
    assert whole["messages"] == messages_of(server, conversation)


def test_the_status_says_what_a_page_needs_and_no_key(tmp_path):
    key = "jk-" + "5" * 30
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="openai", OPENAI_API_KEY=key,
                        LLM_ALLOWED_MODELS="one,two", LLM_FALLBACK="extractive") as server:
        status = server.get("/v1/status")
        body = status.json()
        assert key.encode() not in status.body
        assert body["ready"] is True and body["writer"]["provider"] == "openai"
        assert body["writer"]["fallback"] == ["extractive"]
        assert {"one", "two"} <= set(body["writers"][0]["models"])
        assert body["defaults"]["top_k"] == 3 and body["limits"]["question_characters"] == 8000
        assert body["documents"] == {"all": 0, "searchable": 0}


def test_one_answer_at_a_time(tmp_path, go_script):
    script, pieces, let_go = go_script
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        conversation, other = create(server), create(server)
        with doors.open_answer(server, FIRST, conversation_id=conversation) as (_, events):
            meta = next(events).data
            for path in ("/v1/answers", "/query", "/query/stream"):
                busy = server.post_json(path, {"question": "And it?", "conversation_id": conversation})
                assert (busy.status, busy.code) == (409, "conflict")
                assert busy.json()["answer_id"] == meta["answer_id"]
            found = server.get(f"/v1/conversations/{conversation}").json()
            assert found["running_answer_id"] == meta["answer_id"]
            running = messages_of(server, conversation)[1]
            assert (running["status"], running["answer_id"]) == ("running", meta["answer_id"])
            for number in range(len(pieces)):
                let_go(number)
            assert ask(server, FIRST, other)["status"] == "complete"
            assert list(events)[-1].name == "final"
        assert ask(server, "And it?", conversation)["status"] == "complete"


def test_deleting_a_conversation_ends_its_answer_and_forgets_it(tmp_path, go_script):
    script, _, let_go = go_script
    secret = "Quetzalcoatlus"
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        conversation = create(server)
        with doors.open_answer(server, f"What is a {secret}?", conversation_id=conversation) as (_, events):
            answer_id = next(events).data["answer_id"]
            while next(events).name != "token":
                pass
            assert server.request("DELETE", f"/v1/conversations/{conversation}").status == 204
            assert list(events)[-1].name == "cancelled"
        assert server.get(f"/v1/conversations/{conversation}").status == 404
        assert server.get(f"/v1/answers/{answer_id}").status == 410
        for name in ("jackdaw.db", "jackdaw.db-wal"):
            path = tmp_path / "data" / name
            assert not path.exists() or secret.encode() not in path.read_bytes(), name


def test_what_was_asked_survives_a_crash(tmp_path, go_script):
    script, pieces, let_go = go_script
    settings = {"JACKDAW_EMBEDDER": "hash", "LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": script}
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        conversation = create(server)
        with doors.open_answer(server, FIRST, conversation_id=conversation) as (_, events):
            while next(events).name != "token":
                pass
            server.process.kill()
            server.process.wait()
        server.terminate = lambda: 0  # it is dead already
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        question, answer = messages_of(server, conversation)
        assert question["text"] == FIRST and answer["status"] == "lost" and answer["sources"] == []
        for number in range(len(pieces)):
            let_go(number)
        again = ask(server, FIRST, conversation, parent_message_id=question["id"])
        assert again["status"] == "complete" and again["answer"] == "".join(pieces)


def test_conversations_are_kept_where_answers_are_not(tmp_path):
    script = write_script(tmp_path, {"text": ANSWER})
    settings = {"JACKDAW_EMBEDDER": "hash", "LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": script,
                "JACKDAW_ANSWER_RETENTION": "0"}
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        conversation = create(server)
        kept = ask(server, FIRST, conversation)["answer_id"]
        dropped = server.post_json("/v1/answers", {"question": FIRST}).json()["answer_id"]
    with jackdaw.Server(tmp_path / "data", **settings) as server:
        assert messages_of(server, conversation)[1]["text"] == SHOWN
        assert server.get(f"/v1/answers/{kept}").status == 200
        # What is in memory alone forgets the words of a deleted document, too.
        fresh = server.post_json("/v1/answers", {"question": FIRST}).json()
        assert fresh["citations"][0]["quote"]
        assert server.request("DELETE", f"/v1/documents/{fresh['sources'][0]['document_id']}").status == 204
        again = server.get(f"/v1/answers/{fresh['answer_id']}").json()
        assert again["sources"][0]["deleted"] is True and again["citations"][0]["quote"] == ""
        assert server.get(f"/v1/answers/{dropped}").status in (404, 410)


def test_a_cited_document_that_is_deleted_takes_its_quote_along(tmp_path):
    script = write_script(tmp_path, {"text": ANSWER})
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash", LLM_PROVIDER="scripted",
                        JACKDAW_SCRIPT=script) as server:
        document = server.upload(jackdaw.SAMPLE).json()["document_id"]
        conversation = create(server)
        ask(server, FIRST, conversation)
        assert messages_of(server, conversation)[1]["citations"][0]["quote"]
        assert server.request("DELETE", f"/v1/documents/{document}").status == 204
        answer = messages_of(server, conversation)[1]
        assert answer["text"] == SHOWN and answer["sources"][0]["deleted"] is True
        assert answer["citations"][0]["quote"] == ""


def response_of(text):
    """A whole answer of the provider, at once."""
    events = [*DIALECT.begin(), DIALECT.text(text), *DIALECT.finish(), *DIALECT.tail()]
    return [STREAM_HEAD, *(chunk(encode(event)) for event in events), LAST_CHUNK]


class Rewriting:
    """A provider that answers, and rewrites follow-ups as the test says."""

    def __init__(self, rewriting):
        self.rewriting = rewriting
        self.asked = []

    def __call__(self, exchange):
        prompt = json.dumps(exchange.json, ensure_ascii=False)
        rewrites = "rewrite the last question" in prompt
        self.asked.append((rewrites, exchange.json))
        return self.rewriting if rewrites else [response_of("It weighs 310 kg [1].")]


@pytest.mark.parametrize("rewriting, origin", [
    ([response_of("What does the Magpie-7 weigh?")], "model"),
    ([response_of("Sure! Here it is:\nWhat does it weigh?")], "rules"),
    ([[STREAM_HEAD, Hold()]], "rules"),
    ([[b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"]], "rules"),
], ids=["good", "chatty", "silent", "refused"])
def test_a_language_model_rewrites_follow_ups_and_never_fails_an_answer(tmp_path, rewriting, origin):
    scenario = Rewriting(rewriting)
    with FakeProvider({"talk": scenario}) as fake:
        with doors.writing_server(tmp_path / "data", fake.url, JACKDAW_FOLLOW_UP_DEADLINE_MS="1500") as server:
            conversation = create(server)
            run = doors.new_run()
            first = ask(server, doors.question_for("talk", run), conversation)
            assert first["answer"].endswith("[1].")
            second = ask(server, f"And how much does it weigh? scenario:talk.{run}", conversation)
            assert second["status"] == "complete" and second["query_origin"] == origin
            if origin == "model":
                assert second["standalone_question"] == "What does the Magpie-7 weigh?"
            assert [rewrites for rewrites, _ in scenario.asked].count(True) >= 1
            # The first prompt is the beginning of the second: what a provider's cache can use.
            answers = [asked["messages"] for rewrites, asked in scenario.asked if not rewrites]
            assert answers[0][0] == answers[1][0]
            assert [message["role"] for message in answers[1]] == ["system", "user", "assistant", "user"]
            assert answers[1][2]["content"] == "It weighs 310 kg."
