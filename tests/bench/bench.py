#!/usr/bin/env python3
"""Measures bursard beside nginx: interleaved rounds, medians, ratios. Every byte of every answer is compared."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from page import Row, print_table, write_page
from stage import EVENTS, Stage

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench"
MIB = 1024 * 1024


class Bench:
    def __init__(self, stage, seconds, rounds, streams):
        self.stage, self.seconds, self.rounds, self.streams = stage, seconds, rounds, streams
        self.wrong = 0
        self.failed = 0
        fast = stage.provider("provider", "--events", EVENTS, "--event-ms", 10)
        slow = stage.provider("provider-slow", "--events", EVENTS, "--event-ms", 1000)
        big = stage.provider("provider-big", "--events", 2000, "--event-ms", 1, "--event-bytes", 4096)
        hung = stage.provider("provider-hung", "--delay-ms", 600_000)
        upstreams = {"bench": fast, "slow": slow, "big": big, "hung": hung, "translated": fast}
        self.fast = fast
        self.nginx = stage.nginx([fast, slow])
        self.process = stage.bursard("process", "process", upstreams, messages=("translated",))
        self.power = stage.bursard("power", "power", upstreams, messages=("translated",))

    def load(self, mode, target, *words, seconds=None):
        """One run of the load generator against a target, as its JSON says."""
        port, pids, key = self.address(target)
        command = [self.stage.bin / "bursar-load", mode, "--port", port, "--reference", self.fast.port, "--pid", pids, "--key", key,
                   "--seconds", seconds or self.seconds, *words]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if not done.stdout:
            raise RuntimeError(f"bursar-load against {target}: {done.stderr}")
        outcome = json.loads(done.stdout)
        self.wrong += outcome["wrong"]
        self.failed += outcome["failed"]
        if outcome["wrong"] or outcome["failed"]:
            print(f"  {mode} against {target}: {outcome['wrong']} wrong, {outcome['failed']} failed {outcome['first_wrong']}", file=sys.stderr)
        return outcome

    def address(self, target):
        if target == "direct":
            return self.fast.port, self.fast.pids(), "none"
        if target == "nginx":
            return self.nginx.ports[0], self.nginx.pids(), "none"
        if target == "nginx-slow":
            return self.nginx.ports[1], self.nginx.pids(), "none"
        service = {"process": self.process, "power": self.power}[target]
        return service.port, service.program.pids(), service.key

    def interleaved(self, targets, measure):
        """target -> the values of all rounds; every round visits every target."""
        values = {target: [] for target in targets}
        for _ in range(self.rounds):
            for target in targets:
                values[target].append(measure(target))
        return values

    def medians(self, targets, measure):
        return {target: statistics.median(values) for target, values in self.interleaved(targets, measure).items()}

    def cpu_rows(self):
        def per_answer(*words):
            def measure(target):
                outcome = self.load("closed", target, *words)
                return outcome["cpu_us"] / max(outcome["answers"], 0.01)
            return measure

        def row(name, targets, measure, limit, divided_by=1):
            got = self.medians(targets, measure)
            for durability in targets[1:]:
                ours, theirs = got[durability] / divided_by, got["nginx"] / divided_by
                yield Row(f"{name}, {durability}", f"{ours:.1f} us", f"{theirs:.1f} us", ours / theirs, "x", limit)

        yield from row("CPU per plain call of 1 KB", ("nginx", "process", "power"), per_answer("--connections", 64), 1.8)
        yield from row("CPU per call with a prompt of 100 KB", ("nginx", "process"),
                       per_answer("--connections", 8, "--prompt-bytes", 100_000), 2.0)
        # Besides the words: the role, the finish reason, the usage and [DONE].
        yield from row("CPU per relayed SSE event", ("nginx", "process"), per_answer("--connections", 100, "--stream"), 1.3, EVENTS + 4)

    def translation_rows(self):
        dialects = {"own": (), "translated": ("--model", "translated", "--translated")}
        sizes = {"plain call of 1 KB": ("--connections", 64), "call with a prompt of 100 KB": ("--connections", 8, "--prompt-bytes", 100_000)}
        for size, words in sizes.items():
            def measure(dialect, words=words):
                outcome = self.load("closed", "process", *words, *dialects[dialect])
                return outcome["cpu_us"] / max(outcome["answers"], 0.01)

            got = self.medians(tuple(dialects), measure)
            yield Row(f"CPU per translated {size} against the same call in its own dialect, process", f"{got['translated']:.1f} us",
                      f"{got['own']:.1f} us in its own", got["translated"] / got["own"], "x", 2.0)

    def latency_rows(self):
        targets = ("direct", "nginx", "process", "power")
        got = self.interleaved(targets, lambda target: self.load("open", target, "--rate", 1000, "--connections", 64, seconds=2 * self.seconds))
        p50 = {target: statistics.median(run["p50_ms"] for run in runs) for target, runs in got.items()}
        slowest = {target: max(run["max_ms"] for run in runs) for target, runs in got.items()}
        added = {target: p50[target] - p50["direct"] for target in targets}
        fsync = fsync_milliseconds()
        theirs = f"{added['nginx']:.3f} ms"
        yield Row("added p50 at 1,000 calls/s, process", f"{added['process']:.3f} ms", theirs, added["process"], "ms", 0.3)
        yield Row(f"added p50 at 1,000 calls/s, power (fsync here: {fsync:.2f} ms)", f"{added['power']:.3f} ms", theirs, added["power"], "ms",
                  0.3 + fsync)
        for durability in ("process", "power"):
            yield Row(f"slowest call at 1,000 calls/s, {durability} (provider alone: {slowest['direct']:.1f} ms)",
                      f"{slowest[durability]:.1f} ms", f"{slowest['nginx']:.1f} ms", slowest[durability], "ms", 50)

    def memory_rows(self):
        started, idle, per_stream, theirs = [], [], [], []
        for _ in range(min(self.rounds, 3)):
            started.append(self.process.restart())
            time.sleep(0.5)
            ours = self.load("streams", "process", "--connections", self.streams, "--model", "slow")
            nginx = self.load("streams", "nginx-slow", "--connections", self.streams)
            idle.append(ours["resident_before"] / MIB)
            per_stream.append((ours["resident"] - ours["resident_before"]) / max(ours["calls"], 1) / 1024)
            theirs.append((nginx["resident"] - nginx["resident_before"]) / max(nginx["calls"], 1) / 1024)
        yield Row(f"resident memory per open stream, {self.streams:,} of them", f"{statistics.median(per_stream):.1f} KB",
                  f"{max(theirs):.1f} KB", statistics.median(per_stream), "KB", 16)
        yield Row("resident memory when idle", f"{statistics.median(idle):.1f} MB", "", statistics.median(idle), "MB", 40)
        yield Row("start to ready", f"{statistics.median(started) * 1000:.0f} ms", "", statistics.median(started), "s", 1)

    def ledger_rows(self):
        def once():
            command = [self.stage.bin / "bursar-ledger-bench", FOLDER / "ledger"]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
            return json.loads(done.stdout.splitlines()[-1])

        runs = [once() for _ in range(self.rounds)]
        median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        for name in ("hold", "settle"):
            yield Row(f"CPU of {name} on five levels, 100,000 accounts, without the journal", f"{median[name + '_us']:.2f} us", "",
                      median[name + "_us"], "us", 2.0)
        rate = median["holds_per_second"]
        yield Row("time of one durable hold and settlement, two threads on one organisation", f"{rate:,.0f} a second", "", 1e6 / rate, "us", 50)

    def disturbance_rows(self):
        calm, disturbed = [], []
        for _ in range(self.rounds):
            calm.append(self.load("open", "process", "--rate", 1000, "--connections", 64)["p99_ms"])
            with Disturbance(self):
                disturbed.append(self.load("open", "process", "--rate", 1000, "--connections", 64)["p99_ms"])
        before, after = statistics.median(calm), statistics.median(disturbed)
        yield Row("p99 of healthy calls beside 20 slow clients, 20 hung calls and 2,000 half-open connections", f"{after:.2f} ms",
                  f"{before:.2f} ms undisturbed", after / before, "x", 2)


class Disturbance:
    """Bad neighbours of the service, for as long as the context lasts."""

    def __init__(self, bench):
        service = bench.process
        self.words = [bench.stage.bin / "bursar-load", "disturb", "--port", service.port, "--key", service.key, "--half-open", 2000,
                      "--slow", 20, "--hung", 20]

    def __enter__(self):
        self.process = subprocess.Popen([str(word) for word in self.words], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        time.sleep(2)  # until every buffer before the slow clients is full

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def fsync_milliseconds(times=200):
    """What one fdatasync of a small append costs where the state is."""
    path = FOLDER / "fsync"
    took = []
    with open(path, "ab", buffering=0) as file:
        for _ in range(times):
            file.write(b"x" * 512)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    path.unlink()
    return statistics.median(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="one short round: whether it works, not how fast it is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("cpu", "translation", "latency", "memory", "disturbance", "ledger"), action="append")
    parser.add_argument("--no-page", action="store_true", help="leave docs/benchmarks.md as it is")
    words = parser.parse_args()
    seconds, rounds, streams = (1, 1, 500) if words.quick else (3, words.rounds, 5000)

    rows = []
    with Stage(words.bin, FOLDER) as stage:
        bench = Bench(stage, seconds, rounds, streams)
        for part in words.only or ("cpu", "translation", "memory", "latency", "disturbance", "ledger"):
            print(f"==> {part}", file=sys.stderr)
            rows += list(getattr(bench, f"{part}_rows")())
    print_table(rows)
    if not (words.quick or words.no_page or words.only):
        write_page(ROOT / "docs" / "benchmarks.md", rows, rounds)
    if bench.failed:
        print(f"{bench.failed} calls failed.")
    if bench.wrong:
        print(f"{bench.wrong} answers were wrong.")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
