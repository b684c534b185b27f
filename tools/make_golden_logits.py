#!/usr/bin/env python3
"""Makes tests/data/inference/logits.jsonl: what ONNX Runtime says about 40 pairs, with the very model.onnx we use.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install onnxruntime==1.32.0 onnx==1.23.2 tokenizers==0.23.3
    /tmp/golden/bin/python tools/make_golden_logits.py --tokenizer tokenizer.json \
        --model third_party/models/ms-marco-MiniLM-L-12-v2/model.onnx

tokenizer.json is the one of any uncased BERT with the same vocab.txt. One JSON object a line: question, passage, `logit` of the file
as it is, and `fp32`, of the same weights with activations in fp32, which is what our graph computes. The file's own
graph rounds activations to 8 bits by their range; that alone moves logits by up to about half a unit.
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


def without_activation_rounding(path):
    """The model with each DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul replaced by a MatMul in fp32."""
    import numpy
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    value = {}
    producer = {output: node for node in graph.node for output in node.output}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    removed, added = [], {}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        stem = node.input[1].removesuffix("_quantized")
        for part in ("_quantized", "_scale", "_zero_point"):
            value[part] = numpy_helper.to_array(constants[stem + part]).astype(numpy.float32)
        weight = (value["_quantized"] - value["_zero_point"]) * value["_scale"]
        graph.initializer.append(numpy_helper.from_array(weight.astype(numpy.float32), stem + "_fp32"))
        cast = users[node.output[0]][0]
        scaled = users[cast.output[0]][0]
        source = producer[node.input[0]]
        added[node.name] = onnx.helper.make_node("MatMul", [source.input[0], stem + "_fp32"], [scaled.output[0]])
        removed += [cast.name, scaled.name, source.name]
        removed += [user.name for user in users[source.output[1]]]
    nodes = [added.get(node.name, node) for node in graph.node if node.name not in set(removed)]
    del graph.node[:]
    graph.node.extend(nodes)
    return model.SerializeToString()


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
    sessions = {"logit": given.model, "fp32": without_activation_rounding(given.model)}
    sessions = {name: onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
                for name, model in sessions.items()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with OUT.open("w", encoding="utf-8") as out:
        for question, passage in pairs():
            encoding = tokenizer.encode(question, passage)
            inputs = {"input_ids": encoding.ids, "attention_mask": encoding.attention_mask,
                      "token_type_ids": encoding.type_ids}
            feed = {name: numpy.array([values], dtype=numpy.int64) for name, values in inputs.items()}
            line = {"question": question, "passage": passage}
            for name, session in sessions.items():
                line[name] = round(float(session.run(["logits"], feed)[0][0][0]), 4)
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    print(f"{OUT}: {count} pairs")


if __name__ == "__main__":
    main()
