"""verify, backup and restore; alone, through a running server, and while others write."""

import json
import pathlib
import threading

import jackdaw
from jackdaw import QUESTION, SAMPLE


def run(*words, data, **settings):
    return jackdaw.run(*words, data=data, JACKDAW_EMBEDDER="hash", **settings)


def ok(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def verified(data, *words):
    done = run("verify", "--json", *words, data=data)
    assert done.returncode in (0, 3), done.stderr
    return done.returncode, json.loads(done.stdout)


def documents(data):
    return json.loads(ok(run("documents", "--json", data=data)))["documents"]


def collection(tmp_path, notes=3):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "magpie.pdf").write_bytes(SAMPLE.read_bytes())
    for number in range(notes):
        (folder / f"{number}.txt").write_text(f"The jay {number} hides acorns.\n")
    data = tmp_path / "data"
    ok(run("ingest", folder, data=data))
    return data


def originals(data):
    return sorted(path for path in (data / "originals").rglob("*") if path.is_file())


def test_a_sound_collection_has_no_findings(tmp_path):
    data = collection(tmp_path)
    code, found = verified(data)
    assert code == 0 and found == {"findings": [], "remaining": 0}
    (data / "index.snapshot").write_bytes(b"no index")
    code, found = verified(data)
    assert code == 3 and [finding["kind"] for finding in found["findings"]] == ["index_stale"]
    assert verified(data, "--repair")[0] == 0 and not (data / "index.snapshot").exists()
    assert "Nothing is wrong" in ok(run("verify", data=data))
    done = run("verify", data=tmp_path / "nothing")
    assert done.returncode == 1 and "--data" in done.stderr


def test_a_damaged_original_is_found_and_a_stray_one_is_repaired(tmp_path):
    data = collection(tmp_path)
    damaged, missing = originals(data)[:2]
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    missing.unlink()
    (data / "originals" / "ff").mkdir(exist_ok=True)
    stray = data / "originals" / "ff" / ("ff" * 32)
    stray.write_bytes(b"nobody names it")
    code, found = verified(data)
    kinds = sorted(finding["kind"] for finding in found["findings"])
    assert code == 3 and kinds == ["original_damaged", "original_missing", "original_unreferenced"], found
    sentences = " ".join(finding["sentence"] for finding in found["findings"])
    assert stray.name in sentences and ".txt" in sentences
    assert stray.exists(), "without --repair nothing is changed"
    done = run("verify", data=data)
    assert done.returncode == 3 and "--repair" in done.stderr
    code, found = verified(data, "--repair")
    assert code == 3 and found["remaining"] == 2 and not stray.exists(), "what is lost stays lost"


def test_a_folder_that_is_served_is_not_verified_but_named(tmp_path):
    data = tmp_path / "data"
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        server.upload(SAMPLE)
        done = run("verify", data=data)
        assert done.returncode == 1 and str(server.process.pid) in done.stderr and "Stop" in done.stderr
        done = run("restore", tmp_path, data=data)
        assert done.returncode == 1 and str(server.process.pid) in done.stderr


def test_a_backup_is_restored_as_it_was(tmp_path):
    data = collection(tmp_path)
    made = json.loads(ok(run("backup", tmp_path / "copy", "--json", data=data)))
    assert made["documents"] == 4 and made["bytes"] > 1000
    assert not list((data / "backups").iterdir()), "nothing is left in the data folder"
    ok(run("documents", "--delete", documents(data)[0]["document_id"], data=data))
    restored = tmp_path / "restored"
    ok(run("restore", tmp_path / "copy", data=restored))
    assert len(documents(restored)) == 4 and len(documents(data)) == 3
    assert [path.read_bytes() for path in originals(restored)]
    assert verified(restored)[0] == 0
    answer = json.loads(ok(run("ask", QUESTION, "--json", data=restored)))
    assert any(source["filename"] == "magpie.pdf" for source in answer["sources"])


def test_nothing_that_is_there_is_overwritten(tmp_path):
    data = collection(tmp_path, notes=0)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    assert run("backup", full, data=data).returncode == 1
    assert [path.name for path in full.iterdir()] == ["mine"]
    assert not list((data / "backups").iterdir())
    ok(run("backup", tmp_path / "copy", data=data))
    done = run("restore", tmp_path / "copy", data=data)
    assert done.returncode == 1 and done.stderr
    assert len(documents(data)) == 1
    assert run("restore", full, data=tmp_path / "other").returncode == 2, "that is no backup"


def test_a_backup_under_load_is_of_one_moment(tmp_path):
    data = tmp_path / "data"
    stop = threading.Event()
    acknowledged = []
    failures = []

    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        def load():
            number = 0
            while not stop.is_set():
                number += 1
                answer = server.upload((f"{number}.txt", f"The rook {number} caws.\n".encode()))
                if answer.status != 200:
                    failures.append(answer.body)
                    return
                acknowledged.append(answer.json()["document_id"])
                if number % 3 == 0:
                    server.request("DELETE", f"/v1/documents/{acknowledged.pop(0)}")

        writer = threading.Thread(target=load)
        writer.start()
        try:
            copies = []
            for number in range(3):
                copies.append(tmp_path / f"copy-{number}")
                ok(run("backup", copies[-1], data=data))
        finally:
            stop.set()
            writer.join()
        assert not failures
        assert not list((data / "backups").iterdir())
        assert server.request("DELETE", "/v1/backups/" + "a" * 26).status == 404
        assert server.request("DELETE", "/v1/backups/..").status == 404
    for copy in copies:
        restored = pathlib.Path(str(copy) + "-restored")
        ok(run("restore", copy, data=restored))
        code, found = verified(restored)
        assert code == 0, found
        for document in documents(restored):
            assert document["status"] in ("ready", "queued")


def test_backups_that_nobody_fetches_are_few_and_gone_after_a_restart(tmp_path):
    data = tmp_path / "data"
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash") as server:
        made = [server.request("POST", "/v1/backups") for _ in range(4)]
        assert {answer.status for answer in made} == {201}
        assert server.request("POST", "/v1/backups").status == 409
        first = made[0].json()
        assert pathlib.Path(first["path"]).is_dir() and first["documents"] == 0 and first["bytes"] > 0
        assert made[0].headers["Location"] == "/v1/backups/" + first["backup_id"]
        assert server.request("DELETE", made[0].headers["Location"]).status == 204
        assert not pathlib.Path(first["path"]).exists()
    with jackdaw.Server(data, JACKDAW_EMBEDDER="hash"):
        assert not (data / "backups").exists() or not list((data / "backups").iterdir())
