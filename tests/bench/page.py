"""The table of the bench, for the terminal and for docs/benchmarks.md."""
import dataclasses
import os
import platform
import re


@dataclasses.dataclass
class Row:
    name: str
    ours: str
    beside: str  # nginx in the same rounds, or what else it is compared with
    measure: float  # what the limit is about
    unit: str
    limit: float

    def met(self):
        return self.measure <= self.limit

    def cells(self):
        return [self.name, self.ours, self.beside, f"{self.measure:.2f} {self.unit}", f"{self.limit:.2f} {self.unit}", "yes" if self.met() else "MISSED"]


HEADS = ["what", "bursard", "nginx", "measured", "at most", "met"]


def print_table(rows):
    table = [HEADS] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADS))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    missed = [row.name for row in rows if not row.met()]
    print(f"\n{len(rows) - len(missed)} of {len(rows)} targets met" + "".join(f"\n  missed: {name}" for name in missed))


def machine():
    with open("/proc/meminfo", encoding="ascii") as file:
        kilobytes = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1))
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{os.cpu_count()} cores, {kilobytes / 1024 / 1024:.0f} GiB of memory, Linux {kernel}"


PAGE = """# Benchmarks

Written by `tests/run bench`; numbers are comparable within one run only. bursard, nginx, the provider and the load generator share one
machine: {machine}. Each figure is the median of {rounds} rounds in which bursard and nginx take turns; the slowest call is the slowest of
all rounds.

{table}

How it is measured:
- **The provider** is `bursar-demo-provider --bench`: fixed answers of 1 KB, or streams of 200 words, one every 10 ms. It costs about half
  of what nginx does per call.
- **nginx** proxies to it with `proxy_pass`, keep-alive to the provider, no buffering of answers, no access log: it moves bytes and nothing else.
- **bursard** does everything it does in a company: virtual key, policy, a price, holds against three budgets (key, team, organisation),
  journal, metering of the answer, settlement, outcome row. Its state lies on a real file system; `power` waits for fsync, `process` does not.
- **CPU** is the processor time of all threads, as the scheduler counts it, over the answers delivered in that time; 64 connections that
  never pause (8 with 100 KB prompts, 100 streams at once).
- **Translated** calls come as chat completions and go to the same provider as messages, beside such that go to it as they came.
- **Added p50** is the p50 through bursard less the p50 of the provider alone, at a steady 1,000 calls per second. Latency counts from when
  a call was due, not from when it could be sent.
- **Memory** is resident size (`smaps_rollup`, or `VmRSS` where the kernel does not let us look): a fresh process, then with every stream open
  and an event per second on each.
- **Every byte** of every answer is compared with what the provider says itself, and of a translated one with the first of them, but for
  the id and the time of an answer; the bench fails if one differs.
"""


def write_page(path, rows, rounds):
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    lines += ["| " + " | ".join(cell or "–" for cell in row.cells()) + " |" for row in rows]
    path.write_text(PAGE.format(machine=machine(), rounds=rounds, table="\n".join(lines)), encoding="utf-8")
