import pathlib
import sys

import pytest

import jackdaw

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))


@pytest.fixture(scope="module")
def hash_server(tmp_path_factory):
    """A server with the wordwise stand-ins instead of the models, and the sample: quick to start."""
    with jackdaw.Server(tmp_path_factory.mktemp("hash") / "data", JACKDAW_EMBEDDER="hash") as server:
        assert server.upload(jackdaw.SAMPLE).status == 200
        yield server


@pytest.fixture
def go_script(tmp_path):
    """A script that says each piece and then waits until the test lets it go on: (path, pieces, let_go)."""
    pieces = ["The", " list", " price", " is", " €68,400."]
    lines = []
    for number, piece in enumerate(pieces):
        lines.append('{"text": "%s"}' % piece)
        lines.append('{"wait_for_file": "%s"}' % (tmp_path / f"go-{number}"))
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(lines), encoding="utf-8")

    def let_go(number):
        pathlib.Path(tmp_path / f"go-{number}").touch()

    return script, pieces, let_go
