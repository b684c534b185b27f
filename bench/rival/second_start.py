#!/usr/bin/env python3
"""Measures how long Jackdaw takes to start when its models are prepared and its data folder holds the sample.

    bench/rival/second_start.py [--binary build/release/jackdaw] [--starts N] [--realtime]

A first start reads the sample and is not counted. Of each later one: the time from the start of the process until GET /health
answers 200, asked every 2 ms, and until the first question after that, reranked, has its first token.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time

from compare import QUESTIONS, ROOT, SAMPLE, Server, free_port, processor


class QuickServer(Server):
    """Starts as Server does, but looks more often."""

    is_realtime = False

    def start(self):
        port = free_port()
        with open(os.path.join(self.folder, "log"), "ab") as log:
            before = ["chrt", "-r", "1"] if self.is_realtime else []
            begin = time.perf_counter()
            self.process = subprocess.Popen([*before, *self.command, "--port", str(port)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, **self.environment})
        while not self.is_healthy(port):
            if self.process.poll() is not None or time.perf_counter() - begin > 300:
                self.fail("did not start")
            time.sleep(0.002)
        seconds = time.perf_counter() - begin
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        return seconds

    @staticmethod
    def is_healthy(port):
        probe = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            probe.request("GET", "/health")
            return probe.getresponse().status == 200
        except OSError:
            return False
        finally:
            probe.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build", "release", "jackdaw"))
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--realtime", action="store_true", help="start the program at real-time priority; needs root")
    arguments = parser.parse_args()
    if not os.access(arguments.binary, os.X_OK):
        sys.exit(f"second_start: there is no {arguments.binary}. Build it with make build.")
    with tempfile.TemporaryDirectory(prefix="jackdaw-start-") as folder:
        script = os.path.join(folder, "script.jsonl")
        with open(script, "w", encoding="ascii") as file:
            file.write('{"text": "ok"}\n')
        command = [os.path.abspath(arguments.binary), "serve", "--data", os.path.join(folder, "data")]
        server = QuickServer("jackdaw", command, folder, {"LLM_PROVIDER": "scripted", "JACKDAW_SCRIPT": script})
        healthy, answered = [], []
        try:
            server.start()
            server.upload(SAMPLE)
            server.stop()
            server.is_realtime = arguments.realtime
            for number in range(arguments.starts):
                healthy.append(server.start() * 1000)
                answered.append(healthy[-1] + server.ask(QUESTIONS[number % len(QUESTIONS)], True))
                server.stop()
        finally:
            server.stop()
    print(f"processor: {processor()}; load {os.getloadavg()[0]:.1f}; {arguments.starts} starts")
    for what, times in (("until /health answers 200", healthy), ("until the first reranked answer's token", answered)):
        print(f"{what}: p50 {statistics.median(times):.0f} ms, worst {max(times):.0f} ms ({' '.join(f'{t:.0f}' for t in times)})")


if __name__ == "__main__":
    main()
