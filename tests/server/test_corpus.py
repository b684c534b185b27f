"""Thousands of damaged, tiny and strange PDFs: each ends in text or a reason, and the server goes on."""

import random

import pytest

import jackdaw

SETS = ["verapdf", "qpdf", "pdfminer", "ocrmypdf"]
REASONS = {"ready", "encrypted_document", "no_text", "damaged_document", "unsupported_media_type", "too_large"}


@pytest.mark.parametrize("name", SETS)
def test_every_file_ends_in_text_or_a_reason(tmp_path, name):
    files = jackdaw.corpus_pdfs(tmp_path, name)
    if not files:
        pytest.skip(f"no set {name} in {jackdaw.DATA}")
    if not jackdaw.SOAK:
        files = random.Random(7).sample(files, 12)
    with jackdaw.Server(tmp_path / "data", JACKDAW_EMBEDDER="hash") as server:
        for file in files:
            answer = server.upload(file)
            outcome = answer.json()["status"] if answer.status == 200 else answer.code
            assert outcome in REASONS, f"{file.name}: {answer.body}"
        assert server.get("/health").status == 200
