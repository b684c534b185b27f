"""One run of the client against one target, with what the server spent on it."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time

SAMPLE_EVERY_S = 0.1
SETTLE_S = 0.5


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Flags of `relay_bench client`, and where they apply."""

    name: str
    label: str
    streams: int
    tokens: int
    rate: float
    repeat: int = 1
    ramp_ms: int = 0
    hold_ms: int = 0
    once: bool = False  # not in every round
    fresh: bool = False  # against a server that has answered one question only
    without: tuple = ()  # targets

    def flags(self):
        return [f"--{name.replace('_', '-')}={getattr(self, name)}"
                for name in ("streams", "tokens", "rate", "repeat", "ramp_ms", "hold_ms")]


class MemoryWatch:
    """The largest resident memory of a server while something runs; memory at a moment, too."""

    def __init__(self, target):
        self.target, self.base, self.peak = target, target.resident_bytes(), 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while True:
            self.peak = max(self.peak, self.target.resident_bytes())
            if self.ended.wait(SAMPLE_EVERY_S):
                return


def kernel_socket_bytes():
    """Buffers of all TCP sockets of this machine."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        words = next(line for line in file if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * os.sysconf("SC_PAGESIZE")


WARM_UP = Scenario("warm up", "one answer", streams=1, tokens=5, rate=50)


def measure(scenario, target, provider, bench, processors):
    """What the client saw (one dict), with the server's processor time and memory and the provider's own account."""
    time.sleep(SETTLE_S)  # what the run before left to do is not ours
    provider.stats()
    command = [bench, "client", "--port", str(target.port), "--door", target.door, *scenario.flags()]
    held = None
    with MemoryWatch(target) as memory:
        cpu = target.cpu_seconds()
        with processors.start(command, processors.harness, stdout=subprocess.PIPE, text=True) as client:
            line = client.stdout.readline()
            if line.startswith('{"phase"'):
                time.sleep(scenario.hold_ms / 1000 - 2)
                held = {"held_bytes": target.resident_bytes(), "kernel_socket_bytes": kernel_socket_bytes()}
                line = client.stdout.readline()
        cpu = target.cpu_seconds() - cpu
    if client.returncode != 0 or not line:
        sys.exit(f"relay: the client failed against {target.name}: {' '.join(command)}")
    found = json.loads(line)
    found |= {"cpu_s": cpu, "client_cpu_s": found["cpu_s"], "provider": provider.stats(), "failed": sum(found["errors"].values()),
              "cpu_us_per_token": cpu / max(found["tokens"], 1) * 1e6, "base_bytes": memory.base, "peak_bytes": memory.peak}
    if held:
        found |= held
        found["bytes_per_stream"] = (held["held_bytes"] - memory.base) / scenario.streams
    return found
