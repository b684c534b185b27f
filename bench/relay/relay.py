#!/usr/bin/python3
"""Measures what Jackdaw adds to each token between a provider and a reader, beside nginx, interleaved in one run.

    bench/relay/relay.py [--rounds N] [--only NAME,...] [--targets direct,bare,nginx,jackdaw] [--door answers|query]
                         [--binary FILE] [--bench FILE] [--json FILE] [--nice N] [--no-pin]

Needs `make build`, `tools/setup.sh bench` (nginx) and `tools/build.sh bench relay_bench`. What is measured, and how it is kept fair, is
in README.md beside this file.
"""

import argparse
import json
import os
import resource
import shlex
import shutil
import statistics
import sys
import tempfile
import time

from measuring import WARM_UP, Scenario, measure
from servers import Bare, Direct, Jackdaw, Nginx, Processors, Provider

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(ROOT, "bench", "rival"))

from compare import processor  # noqa: E402  (needs the path above)

SCENARIOS = [
    Scenario("first", "1 stream, first token", streams=1, tokens=2, rate=100, repeat=100),
    Scenario("one", "1 stream at 50/s", streams=1, tokens=200, rate=50),
    Scenario("100", "100 streams at 50/s", streams=100, tokens=200, rate=50, ramp_ms=1000),
    Scenario("200", "200 streams at 50/s", streams=200, tokens=200, rate=50, ramp_ms=1000),
    Scenario("200x1", "200 streams of one token", streams=200, tokens=1, rate=50, ramp_ms=1000),
    Scenario("1000", "1,000 streams at 50/s", streams=1000, tokens=200, rate=50, ramp_ms=2000, fresh=True),
    Scenario("flood", "8 streams, unpaced", streams=8, tokens=5000, rate=0, repeat=5),
    Scenario("5000", "5,000 streams at 1/s, held", streams=5000, tokens=200, rate=1, ramp_ms=15_000, hold_ms=30_000, once=True, fresh=True,
             without=("direct", "bare")),
]


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


# ---- telling --------------------------------------------------------------------------------------------------------

class Findings:
    """{scenario: {target: [what measure() returned, each round]}} with the median over the rounds of each number."""

    def __init__(self, results):
        self.results = results

    def has(self, scenario, *targets):
        return all(self.results.get(scenario, {}).get(target) for target in targets)

    def median(self, scenario, target, *path):
        return statistics.median(self.value(one, path) for one in self.results[scenario][target])

    def total(self, scenario, target, *path):
        return sum(self.value(one, path) for one in self.results[scenario][target])

    @staticmethod
    def value(found, path):
        for step in path:
            found = found[step]
        return found

    def added(self, scenario, target, part):
        """Microseconds that a token comes later than the median one read from the provider itself."""
        return self.median(scenario, target, "token_us", part) - self.median(scenario, "direct", "token_us", "p50")


def verdict(value, goal):
    return "reached" if value <= goal else "MISSED"


def goals(found):
    """Lines that say which goals are reached."""
    if found.has("one", "direct", "jackdaw"):
        value = found.added("one", "jackdaw", "p50")
        yield "1 stream, added per token, p50", f"{value:.0f} us", "150 us", verdict(value, 150)
    if found.has("first", "direct", "jackdaw") and "beyond_us" in found.results["first"]["jackdaw"][0]:
        value = found.median("first", "jackdaw", "beyond_us", "p50") - found.median("first", "direct", "first_token_us", "p50")
        yield "1 stream, added to the first token beyond retrieval, p50", f"{value:.0f} us", "300 us", verdict(value, 300)
    if found.has("100", "direct", "nginx", "jackdaw"):
        value = found.added("100", "jackdaw", "p99") / max(found.added("100", "nginx", "p99"), 1)
        plain = found.median("100", "jackdaw", "token_us", "p99") / found.median("100", "nginx", "token_us", "p99")
        yield "100 streams, p99 added beside nginx's", f"{value:.2f}x ({plain:.2f}x of the whole way)", "2x", verdict(value, 2)
    if found.has("200", "direct", "jackdaw"):
        yield from goals_of_200(found)
    if found.has("1000", "jackdaw"):
        lost, memory = found.total("1000", "jackdaw", "lost"), found.median("1000", "jackdaw", "peak_bytes") / 2**20
        yield "1,000 streams, tokens lost", f"{lost}", "0", verdict(lost, 0)
        yield "1,000 streams, memory of the server", f"{memory:.0f} MiB", "256 MiB", verdict(memory, 256)
    if found.has("5000", "jackdaw"):
        lost, memory = found.total("5000", "jackdaw", "lost"), found.median("5000", "jackdaw", "bytes_per_stream") / 1024
        yield "5,000 slow streams, tokens lost", f"{lost}", "0", verdict(lost, 0)
        yield "5,000 slow streams, memory of each", f"{memory:.1f} KiB", "48 KiB (24)", verdict(memory, 48)


def goals_of_200(found):
    lost, late = found.total("200", "jackdaw", "lost"), found.added("200", "jackdaw", "p99") / 1000
    cpu = found.median("200", "jackdaw", "cpu_us_per_token")
    yield "200 streams, tokens lost", f"{lost}", "0", verdict(lost, 0)
    yield "200 streams, added per token, p99", f"{late:.2f} ms", "20 ms", verdict(late, 20)
    text = f"{cpu:.1f} us"
    if found.has("200x1", "jackdaw"):
        one = found.median("200x1", "jackdaw", "cpu_s")
        tokens = found.median("200", "jackdaw", "tokens") - found.median("200x1", "jackdaw", "tokens")
        text += f" ({(found.median('200', 'jackdaw', 'cpu_s') - one) / tokens * 1e6:.1f} us without what an answer costs)"
    yield "200 streams, processor time per token", text, "25 us", verdict(cpu, 25)
    for other in ("bare", "nginx"):
        if found.has("200", other):
            yield f"200 streams, the same beside {other}", f"{cpu / found.median('200', other, 'cpu_us_per_token'):.2f}x", "-", ""


def print_runs(results):
    print(f"\n{'':28}{'':9}{'token us from the provider to the reader':^38}{'first':>9}{'CPU us':>8}{'memory':>9}{'lost':>6}"
          f"{'errors':>7}{'provider':>10}")
    print(f"{'':28}{'':9}{'p50':>8}{'p90':>9}{'p99':>10}{'max':>11}{'p50 us':>9}{'/token':>8}{'MiB':>9}{'':>6}{'':>7}{'late p99':>10}")
    found = Findings(results)
    labels = {scenario.name: scenario.label for scenario in SCENARIOS}
    for name, targets in results.items():
        for target in targets:
            def of(*path):
                return found.median(name, target, *path)
            token = "".join(f"{of('token_us', part):{width}.0f}" for part, width in (("p50", 8), ("p90", 9), ("p99", 10), ("max", 11)))
            print(f"{labels[name]:28}{target:9}{token}{of('first_token_us', 'p50'):9.0f}{of('cpu_us_per_token'):8.1f}"
                  f"{of('peak_bytes') / 2**20:9.1f}{found.total(name, target, 'lost'):6}{found.total(name, target, 'failed'):7}"
                  f"{of('provider', 'late_us', 'p99') / 1000:8.2f}ms")


def report(results, processors, load_before):
    load = os.getloadavg()[0]
    print(f"processor: {processor()}; load {load_before:.1f} before, {load:.1f} after")
    if load_before > os.cpu_count() / 4:
        print("busy:      other programs were using this machine, so that these numbers are no measurement")
    print(f"shared:    {processors.describe()}")
    print(f"command:   {shlex.join(sys.argv)}")
    print_runs(results)
    print()
    for what, value, goal, reached in goals(Findings(results)):
        print(f"{what:58}{value:>44}   goal {goal:12} {reached}")
    for name, targets in results.items():
        for target, rounds in targets.items():
            for error, count in {error: count for one in rounds for error, count in one["errors"].items()}.items():
                print(f"error:     {name} {target}: {count}x {error}")


# ---- measuring ------------------------------------------------------------------------------------------------------

class Targets:
    """The servers to measure, each started when it is first needed."""

    def __init__(self, arguments, provider, folder, processors):
        self.measure = lambda scenario, target: measure(scenario, target, provider, arguments.bench, processors)
        self.makers = {"direct": lambda: Direct(provider), "bare": lambda: Bare(arguments.bench, provider, folder, processors),
                       "nginx": lambda: Nginx(provider, folder, processors),
                       "jackdaw": lambda: Jackdaw(arguments.binary, arguments.door, provider, folder, processors)}
        self.running = {}

    def get(self, name, fresh):
        if fresh and name in self.running:
            self.running.pop(name).stop()
        if name not in self.running:
            self.running[name] = self.makers[name]()
            self.measure(WARM_UP, self.running[name])
        return self.running[name]

    def stop(self):
        for target in self.running.values():
            target.stop()


def run_all(arguments, scenarios, targets):
    results = {}
    for turn in range(arguments.rounds):
        for number, scenario in enumerate(scenarios):
            if scenario.once and turn > 0:
                continue
            names = [name for name in arguments.targets.split(",") if name not in scenario.without]
            first = (turn + number) % max(len(names), 1)
            for name in names[first:] + names[:first]:
                say(f"round {turn + 1} of {arguments.rounds}: {scenario.label}, {name}")
                found = targets.measure(scenario, targets.get(name, scenario.fresh))
                results.setdefault(scenario.name, {name: [] for name in names})[name].append(found)
    return results


def choose(arguments):
    unknown = set(arguments.targets.split(",")) - {"direct", "bare", "nginx", "jackdaw"}
    if unknown:
        sys.exit(f"relay: --targets takes direct, bare, nginx and jackdaw, not {', '.join(sorted(unknown))}")
    chosen = [scenario for scenario in SCENARIOS if not arguments.only or scenario.name in arguments.only.split(",")]
    if not chosen:
        sys.exit(f"relay: --only takes names from {', '.join(scenario.name for scenario in SCENARIOS)}")
    for program, how in ((arguments.bench, "tools/build.sh bench relay_bench"), (arguments.binary, "make build")):
        if not os.access(program, os.X_OK) and (program == arguments.bench or "jackdaw" in arguments.targets):
            sys.exit(f"relay: there is no {program}. Build it with: {how}")
    if "nginx" in arguments.targets and shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        sys.exit("relay: there is no nginx. Install it with: tools/setup.sh bench")
    return chosen


def allow_descriptors(wanted):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < wanted:
        say(f"a process may open {hard} files here; {wanted} are needed for all streams")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="scenarios: " + ", ".join(scenario.name for scenario in SCENARIOS))
    parser.add_argument("--targets", default="direct,bare,nginx,jackdaw")
    parser.add_argument("--door", default="answers", choices=("answers", "query"), help="of Jackdaw (default: %(default)s)")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build", "release", "jackdaw"))
    parser.add_argument("--bench", default=os.path.join(ROOT, "build", "bench", "bench", "relay", "relay_bench"))
    parser.add_argument("--json", help="also write every number to this file")
    parser.add_argument("--nice", type=int, default=0, help="of all that runs; below 0 as root, on a machine that others use, too")
    parser.add_argument("--no-pin", action="store_true", help="let the system share the processors")
    arguments = parser.parse_args()
    scenarios = choose(arguments)
    allow_descriptors(2 * max(scenario.streams for scenario in scenarios) + 200)
    processors = Processors(pin=not arguments.no_pin, nice=arguments.nice)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="jackdaw-relay-") as folder:
        provider = Provider(arguments.bench, folder, processors)
        targets = Targets(arguments, provider, folder, processors)
        try:
            begin = time.perf_counter()
            results = run_all(arguments, scenarios, targets)
            say(f"took {time.perf_counter() - begin:.0f} s")
        finally:
            targets.stop()
            provider.stop()
    report(results, processors, load_before)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"processor": processor(), "shared": processors.describe(), "command": shlex.join(sys.argv),
                       "load": load_before, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
