#!/usr/bin/env python3
"""Makes tests/data/inference/logits.jsonl: what ONNX Runtime says about 40 pairs, with the very model.onnx we use.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install onnxruntime==1.32.0 tokenizers==0.23.3
    /tmp/golden/bin/python tools/make_golden_logits.py --tokenizer tokenizer.json \
        --model third_party/models/ms-marco-MiniLM-L-12-v2/model.onnx

tokenizer.json is the one of any uncased BERT with the same vocab.txt. One JSON object a line: question, passage, logit.
The model quantizes its activations by their range, so logits differ a little between processors (up to about 0.5).
"""

import argparse
import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/inference/logits.jsonl"

QUESTIONS = [
    "How many people live in Berlin?",
    "What is the list price of the Magpie-7?",
    "Why does ice float on water?",
    "Who approved the budget?",
    "how do heat pumps work",
    "Do crows recognise human faces?",
    "Wie hoch ist der Eiffelturm?",
    "What does the warranty exclude?",
]

PASSAGES = [
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "New York City is famous for the Metropolitan Museum of Art.",
    "The Magpie-7 is sold in units of one. The list price is €68,400 per unit; a service contract costs €4,100 a year.",
    "Water expands when it freezes, so that ice is less dense than the liquid and floats; pipes burst for the same reason.",
    "The committee approved the budget for the coming year with seven votes to two after a debate of three hours.",
    "A heat pump moves heat from a cold place to a warm one. A compressor raises the pressure of a refrigerant, which "
    "gives off its heat in a condenser, expands, cools down, and takes up heat again in an evaporator.",
    "In an experiment, crows that had been trapped by people wearing a mask scolded anyone with that mask years later, "
    "while they ignored the same people without it.",
    "Der Eiffelturm in Paris ist 330 Meter hoch und wurde 1889 zur Weltausstellung eröffnet.",
    "The warranty covers parts and labour for 24 months. Batteries, fuses and damage by water are excluded.",
    "[SEP] 😀 unrelated text with emoji, ＦＵＬＬ ＷＩＤＴＨ letters and a café.",
]


def pairs():
    for index, question in enumerate(QUESTIONS):
        for step in (0, 1, 2, 4):
            yield question, PASSAGES[(index * 7 + step * 3) % len(PASSAGES)]
    yield QUESTIONS[0], PASSAGES[0]
    yield QUESTIONS[0], PASSAGES[1]
    yield QUESTIONS[1], PASSAGES[2]
    yield QUESTIONS[5], PASSAGES[6]
    yield QUESTIONS[7], PASSAGES[8]
    yield QUESTIONS[2], " ".join(PASSAGES)
    yield QUESTIONS[4], " ".join(PASSAGES * 4)  # cut at 512 tokens
    yield QUESTIONS[6], ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--tokenizer", required=True)
    given = arguments.parse_args()

    import numpy
    import onnxruntime
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(given.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(512, strategy="only_second")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(given.model, options, providers=["CPUExecutionProvider"])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with OUT.open("w", encoding="utf-8") as out:
        for question, passage in pairs():
            encoding = tokenizer.encode(question, passage)
            inputs = {"input_ids": encoding.ids, "attention_mask": encoding.attention_mask,
                      "token_type_ids": encoding.type_ids}
            feed = {name: numpy.array([values], dtype=numpy.int64) for name, values in inputs.items()}
            logit = float(session.run(["logits"], feed)[0][0][0])
            line = {"question": question, "passage": passage, "logit": round(logit, 4)}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    print(f"{OUT}: {count} pairs")


if __name__ == "__main__":
    main()
