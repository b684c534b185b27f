"""`jackdaw eval` from outside: a small made set, both kinds of output, floors, comparisons, and what is refused."""

import json
import re

import pytest

import jackdaw

TEXTS = {
    "apple": ("Apples", "Apples are red or green and grow on trees. An apple a day keeps the doctor away."),
    "pear": ("Pears", "Pears are green and sweet. They ripen after the harvest."),
    "train": ("Trains", "The night train from Vienna to Rome runs every day."),
    "drone": ("", "The drone flies for three hours with one charge."),
}
QUESTIONS = {
    "q1": ("Where do apples grow?", {"apple": 2, "pear": 1}),
    "q2": ("When does the train to Rome run?", {"train": 1}),
    "q3": ("How long does the drone fly with one charge?", {"drone": 1}),
    "q4": ("Who is the doctor?", {}),
}
METRICS = ["ndcg@10", "recall@5", "recall@20", "recall@50", "mrr@10"]


@pytest.fixture
def made_set(tmp_path):
    folder = tmp_path / "fruit"
    (folder / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": name, "title": title, "text": text}) for name, (title, text) in TEXTS.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    lines = [json.dumps({"_id": name, "text": text}) for name, (text, _) in QUESTIONS.items()]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = [f"{name}\t{text}\t{gain}" for name, (_, gains) in QUESTIONS.items() for text, gain in gains.items()]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(rows), encoding="utf-8")
    return folder


def evaluate(folder, *words, **settings):
    """Runs it with the wordwise stand-ins, and a cache of its own."""
    cache = folder.parent / "cache"
    return jackdaw.run("eval", folder, "--cache", cache, *words, JACKDAW_EMBEDDER="hash", **settings)


def measured(folder, *words, **settings):
    done = evaluate(folder, "--json", *words, **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_stage_is_measured(made_set):
    report = measured(made_set, "--stages", "keyword,vector,hybrid,rerank")
    [found] = report["sets"]
    assert (found["set"], found["texts"], found["queries"], found["unjudged"]) == ("fruit", 4, 3, 1)
    [configuration] = found["configurations"]
    assert configuration["passages"] == 4
    assert configuration["embedder"] and configuration["reranker"]
    assert [stage["stage"] for stage in configuration["stages"]] == ["keyword", "vector", "hybrid", "rerank"]
    for stage in configuration["stages"]:
        assert all(0 <= stage[m]["low"] <= stage[m]["mean"] <= stage[m]["high"] <= 1 for m in METRICS), stage
    assert configuration["stages"][0]["mrr@10"]["mean"] == 1
    assert {(c["ours"], c["theirs"]) for c in found["comparisons"]} == {
        ("hybrid", "keyword"), ("hybrid", "vector"), ("rerank", "hybrid")}
    assert {name: times["samples"] for name, times in configuration["times"].items()} == {
        "embed question": 3, "keyword": 3, "vector": 3, "fuse": 3, "rerank": 3}


def test_the_second_time_models_are_not_asked_and_the_figures_stay(made_set):
    words = ["--stages", "hybrid,rerank"]
    first, second = measured(made_set, *words), measured(made_set, *words)
    for report, timed in ((first, True), (second, False)):
        times = report["sets"][0]["configurations"][0].pop("times")
        assert ("rerank" in times) == timed and ("embed question" in times) == timed
        assert times["keyword"]["samples"] == 3
    assert first == second


def test_a_damaged_cache_is_left_out_with_a_warning(made_set):
    measured(made_set, "--stages", "hybrid")
    [file] = (made_set.parent / "cache").glob("embeddings-*.cache")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = evaluate(made_set, "--json", "--stages", "hybrid")
    assert done.returncode == 0 and "is damaged" in done.stderr and file.name in done.stderr
    times = json.loads(done.stdout)["sets"][0]["configurations"][0]["times"]
    assert times["embed question"]["samples"] == 3
    assert "is damaged" not in evaluate(made_set, "--stages", "hybrid").stderr


def test_text_and_markdown(made_set):
    text = evaluate(made_set, "--stages", "keyword,vector,hybrid").stdout
    assert re.search(r"^fruit: 4 texts, 3 questions, 1 more without a judgement left out", text, re.M)
    assert re.search(r"^  keyword +\d\.\d{4} +\[\d\.\d{4}, \d\.\d{4}\]", text, re.M)
    assert re.search(r"^  hybrid - vector +[+-]\d\.\d{4}", text, re.M)
    markdown = evaluate(made_set, "--stages", "keyword,vector,hybrid", "--markdown").stdout
    tables = [line for line in markdown.splitlines() if line.startswith("|")]
    assert "| keyword | " in markdown and "| --- | ---: " in markdown
    assert all(line.endswith("|") for line in tables)


def test_two_configurations_are_compared(made_set):
    report = measured(made_set, "--stages", "keyword", "--with", "JACKDAW_STEM=true", "--with",
                      "JACKDAW_STOP_WORDS=true", "--against", "JACKDAW_STEM=false")
    [found] = report["sets"]
    assert [(c["name"], c["settings"]) for c in found["configurations"]] == [
        ("with", {"JACKDAW_STEM": "true", "JACKDAW_STOP_WORDS": "true"}), ("against", {"JACKDAW_STEM": "false"})]
    [comparison] = found["comparisons"]
    assert (comparison["ours"], comparison["theirs"]) == ("with keyword", "against keyword")
    assert set(METRICS) < set(comparison)


def test_chunks_count_for_their_text(made_set):
    report = measured(made_set, "--stages", "hybrid", "--passages", "chunks", "--with", "JACKDAW_CHUNK_CHARACTERS=50",
                      "--with", "JACKDAW_CHUNK_OVERLAP=10")
    [configuration] = report["sets"][0]["configurations"]
    assert report["passages"] == "chunks" and configuration["passages"] > 4
    assert configuration["stages"][0]["recall@5"]["mean"] == 1


def test_questions_are_drawn_by_seed(made_set):
    def drawn(*words):
        [found] = measured(made_set, "--stages", "keyword", "--queries", "2", *words)["sets"]
        return found["queries"], found["judged"], found["configurations"][0]["stages"]
    assert drawn("--seed", "5")[:2] == (2, 3)
    assert drawn("--seed", "5") == drawn("--seed", "5")


def test_several_sets_have_a_mean(made_set):
    report = measured(made_set, str(made_set), "--stages", "keyword")
    assert len(report["sets"]) == 2
    [mean] = report["means"]
    assert mean["row"] == "keyword"
    assert mean["ndcg@10"] == pytest.approx(report["sets"][0]["configurations"][0]["stages"][0]["ndcg@10"]["mean"])


def test_below_what_was_asked_for_has_a_code_of_its_own(made_set):
    good = evaluate(made_set, "--stages", "keyword,hybrid", "--fail-below", "recall@50=0.5", "--fail-below",
                    "keyword:mrr@10=1")
    assert good.returncode == 0, good.stderr
    bad = evaluate(made_set, "--stages", "keyword,hybrid", "--fail-below", "ndcg@10=1")
    assert bad.returncode == 4
    assert "fruit: ndcg@10 of keyword is 0." in bad.stderr and "below 1.0000" in bad.stderr
    assert "keyword" in bad.stdout, "the figures are printed all the same"


def test_a_case_is_measured_page_by_page(tmp_path):
    done = jackdaw.run("eval", jackdaw.ROOT / "tests" / "retrieval" / "magpie-7.case", "--json", "--stages",
                       "keyword,hybrid", "--cache", tmp_path, JACKDAW_EMBEDDER="hash")
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["sets"]
    assert (found["set"], found["texts"], found["queries"], found["unjudged"]) == ("magpie-7", 5, 12, 1)
    assert found["configurations"][0]["stages"][0]["recall@5"]["mean"] > 0.8
    assert not list((tmp_path / "spool").glob("*")), "what was written for the reading is gone"


@pytest.mark.parametrize("words, code, sentence", [
    (["no-such-set"], 1, 'There is no set "no-such-set". Give one of scifact, mtrag'),
    (["scifact"], 1, "--data-sets"),
    (["{set}", "--fail-below", "ndcg=1"], 2, "--fail-below ndcg=1 is not METRIC=VALUE"),
    (["{set}", "--fail-below", "rerank:ndcg@10=1"], 2, "not measured"),
    (["{set}", "--with", "JACKDAW_STEMS=true"], 2, "--with JACKDAW_STEMS=true is not NAME=VALUE"),
    (["{set}", "--with", "JACKDAW_STEM=maybe"], 2, "JACKDAW_STEM=maybe is not allowed"),
    (["{set}", "--against", "JACKDAW_STEM"], 2, "--against JACKDAW_STEM is not NAME=VALUE"),
    (["{set}", "--with", "JACKDAW_TOP_K=5"], 2, "does not read: JACKDAW_TOP_K"),
    (["{set}", "--against", "JACKDAW_CHUNKS=sections"], 2, "JACKDAW_CHUNKS (--passages chunks reads it)"),
    (["{set}", "--stages", "magic"], 2, "--stages magic is not allowed"),
    (["{set}", "--split", "train"], 1, "train.tsv"),
])
def test_what_cannot_be_measured_is_refused(made_set, words, code, sentence):
    words = [word.replace("{set}", str(made_set)) for word in words]
    environment = {name: value for name, value in jackdaw.environment(JACKDAW_EMBEDDER="hash").items()
                   if name != "JACKDAW_TEST_DATA"}
    done = jackdaw.subprocess.run([str(jackdaw.BINARY), "eval", *words, "--cache", str(made_set.parent / "cache")],
                                  env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr


def test_a_malformed_line_is_named(made_set):
    with open(made_set / "corpus.jsonl", "a", encoding="utf-8") as file:
        file.write("\nnot json\n")
    done = evaluate(made_set)
    assert done.returncode == 2
    assert "corpus.jsonl, line 5: it is not one JSON object" in done.stderr


def test_a_set_without_a_judged_question_is_refused(made_set):
    (made_set / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n", encoding="utf-8")
    done = evaluate(made_set)
    assert done.returncode == 1
    assert "nothing is judged relevant" in done.stderr
