#!/usr/bin/env python3
"""Makes tests/data/inference/embeddings.jsonl: vectors of the reference implementation, sentence-transformers on PyTorch.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install sentence-transformers==6.2.0 torch==2.15.0
    /tmp/golden/bin/python tools/make_golden_embeddings.py \
        --config DIR   (config.json, tokenizer.json, tokenizer_config.json, vocab.txt of all-MiniLM-L6-v2) \
        --weights third_party/models/all-MiniLM-L6-v2/model.safetensors

One JSON object a line: the text, and its 384 float32 (little-endian, base64). Runs on the CPU in fp32 with a window of
256 tokens, whatever tokenizer.json says about truncation and padding.
"""

import argparse
import base64
import json
import pathlib
import shutil
import tempfile

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/inference/embeddings.jsonl"

PLAIN = [
    "", " ", "a", "The", "?", "Hello, world!", "hello world", "HELLO WORLD",
    "What is the list price of the Magpie-7?",
    "The list price is €68,400 per unit.",
    "How many people live in Berlin?",
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "New York City is famous for the Metropolitan Museum of Art.",
    "The quick brown fox jumps over the lazy dog.",
    "The lazy dog is jumped over by the quick brown fox.",
    "A man is eating food.", "A monkey is playing drums.", "Someone in a gorilla costume is playing a set of drums.",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "Le renard brun saute par-dessus le chien paresseux.",
    "El zorro marrón salta sobre el perro perezoso.",
    "Быстрая коричневая лиса прыгает через ленивую собаку.",
    "敏捷的棕色狐狸跳过了懒狗。", "素早い茶色の狐はのろまな犬を飛び越える。", "다람쥐 헌 쳇바퀴에 타고파.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.", "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "तेज भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।", "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "Café, naïve, façade, Ångström, Straße, İstanbul", "Cafe\u0301, nai\u0308ve, fac\u0327ade",
    "😀 👍🏽 family: 👨‍👩‍👧‍👦", "ﬁrst ﬂight oﬃce", "ｆｕｌｌ ｗｉｄｔｈ", "x²+y²=z², H₂O, ½ cup",
    "[CLS] [SEP] [MASK] in raw text", "soft\u00adhyphen and zero\u200bwidth", "tab\tand\nnew\r\nlines",
    "int main() { return std::accumulate(v.begin(), v.end(), 0); }", "SELECT id, name FROM users WHERE age > 30;",
    "https://example.org/path?query=1&other=2#fragment", "user.name+tag@example.com",
    "3.14159 2.71828 1.41421 1,234,567.89 -42 1e-9 0xDEADBEEF", "2026-11-22T21:16:31Z",
    "supercalifragilisticexpialidocious", "pneumonoultramicroscopicsilicovolcanoconiosis", "a" * 100, "a" * 101,
    "word " * 20, "!!! ??? ... --- ***",
    "Chapter 3. Results\n\nTable 2 lists the mean values (n = 17, p < 0.05) of each group.",
    "The warranty covers parts and labour for 24 months; batteries are excluded (see section 7.2).",
]

SENTENCES = [
    "Crows remember the faces of people who treated them badly and tell their young about them.",
    "A heat pump moves heat from a cold place to a warm one and needs work to do so.",
    "The committee approved the budget for the coming year with seven votes to two.",
    "Water expands when it freezes, which is why ice floats and pipes burst in winter.",
    "Each parcel carries a label with the name, the street and the number of the house.",
    "The measured voltage stayed within five per cent of the predicted curve at all temperatures.",
]


def long_texts():
    for words in (110, 126, 150, 230, 254, 260, 400, 900):
        text = " ".join(SENTENCES[(i * 5 + words) % len(SENTENCES)] for i in range(words // 12 + 1)).split()
        yield " ".join(text[:words])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--config", required=True)
    arguments.add_argument("--weights", required=True)
    given = arguments.parse_args()

    import numpy
    import sentence_transformers
    import torch
    from sentence_transformers.sentence_transformer import modules as models

    texts = PLAIN + list(long_texts())
    with tempfile.TemporaryDirectory() as folder:
        model_dir = pathlib.Path(folder) / "model"
        model_dir.mkdir()
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
            shutil.copyfile(pathlib.Path(given.config) / name, model_dir / name)
        shutil.copyfile(given.weights, model_dir / "model.safetensors")
        torch.set_num_threads(1)
        transformer = models.Transformer(str(model_dir), max_seq_length=256)
        pooling = models.Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
        model = sentence_transformers.SentenceTransformer(
            modules=[transformer, pooling, models.Normalize()], device="cpu")
        model.max_seq_length = 256
        vectors = [model.encode([text], normalize_embeddings=True, convert_to_numpy=True)[0] for text in texts]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("w", encoding="utf-8") as out:
        for text, vector in zip(texts, vectors):
            assert vector.shape == (384,) and vector.dtype == numpy.float32
            line = {"text": text, "vector": base64.b64encode(vector.astype("<f4").tobytes()).decode()}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"{OUT}: {len(texts)} vectors")


if __name__ == "__main__":
    main()
