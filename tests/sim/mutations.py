#!/usr/bin/env python3
"""Breaks the ledger in one place at a time and looks whether its tests notice.

Each mutation replaces one text of one source file, compiles that file alone and links it in front of the library into the simulation and the unit
tests. A mutation that every test passes is a hole in the tests, and the check fails. A text that is no longer there fails it too.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("test_sim_ledger", "test_ledger")
SECONDS_MAX = 120


@dataclasses.dataclass
class Mutation:
    what: str
    file: str
    before: str
    after: str


MUTATIONS = [
    Mutation("the critical section: what was checked is let go of before it is taken", "service/ledger/books.cpp",
             "    const Amounts amounts = offer.taken();\n",
             "    const Amounts amounts = offer.taken();\n    mutex_.unlock();\n    sched_yield();\n    mutex_.lock();\n"),
    Mutation("a level is not looked at", "service/ledger/books.cpp",
             "    for (std::size_t i = 0; i < scopes.rungs.size(); ++i) {\n        if (!taken[i]) continue;\n        const Scopes::Rung& rung",
             "    for (std::size_t i = 1; i < scopes.rungs.size(); ++i) {\n        if (!taken[i]) continue;\n        const Scopes::Rung& rung"),
    Mutation("a level is not taken", "service/ledger/books.cpp",
             "        scopes.rungs[i].account->take(booking);", "        if (i != 1) scopes.rungs[i].account->take(booking);"),
    Mutation("settle-once: an attempt stays open when it is settled", "service/ledger/books.cpp",
             "        open_.erase(found);\n        hold.scopes->each", "        hold.scopes->each"),
    Mutation("a settlement above its hold is forgiven", "service/ledger/books.cpp",
             "rung.account->close(hold.booking, cost); });",
             "Amounts paid = cost; paid.charge = std::min(paid.charge, hold.booking.amount.charge); rung.account->close(hold.booking, paid); });"),
    Mutation("growth is not checked", "service/ledger/books.cpp",
             "return std::unexpected(refuse(rung.shown, budget, sums, more.in(budget.measure)));", "continue;"),
    Mutation("a hold whose group could not be written stays", "service/ledger/groups.cpp",
             "if (const auto found = open_.find(entry.attempt); found != open_.end()) {",
             "if (const auto found = open_.find(entry.attempt); false && found != open_.end()) {"),
    Mutation("a settlement whose group could not be written is forgotten", "service/ledger/groups.cpp",
             "                kept.push_back(std::move(entry));\n                continue;", "                continue;"),
    Mutation("time goes back with the clock", "service/ledger/books.cpp", "    if (at <= newest_) return;\n", ""),
    Mutation("recovery: what was open is not booked", "service/ledger/recovery.cpp", "        close_what_is_open();\n", ""),
    Mutation("recovery: what an account's row has already is booked again", "service/ledger/recovery.cpp",
             "        if (number <= applied_[account - 1]) continue;\n", ""),
    Mutation("recovery: growth is forgotten", "service/ledger/recovery.cpp",
             "                open->second.amount += record.amount;", "                open->second.amount += Amounts{};"),
    Mutation("recovery: a correction that is owed is not entered", "service/ledger/recovery.cpp", "        pay_what_is_owed();\n", ""),
    Mutation("a correction is entered again at every start", "service/ledger/journal.cpp",
             "        if (entry.kind == RecordKind::posting) TRY_VOID(mark_applied(transaction, entry.posting));", "        (void)entry;"),
    Mutation("the journal is cut before its sums are stored", "service/ledger/journal.cpp",
             "    if (accounts_due_ < unwritten_.size()) floor = std::min(floor, unwritten_[accounts_due_]->journal_since);\n", ""),
    Mutation("the journal is cut under a hold that is open for long", "service/ledger/journal.cpp",
             "    if (holds_looked_at_ < holds_.size()) floor = std::min(floor, holds_[holds_looked_at_].group);\n", ""),
    Mutation("a rolling window lets go of its oldest cell too early", "service/ledger/rolling.cpp",
             "gone < now - cells_back; ++gone", "gone <= now - cells_back; ++gone"),
    Mutation("a rolling window forgets what is held", "service/ledger/rolling.cpp", "        held_ -= hold.amount;\n", "        held_ = {};\n"),
    Mutation("a stored rolling window is not read back", "service/ledger/recovery.cpp",
             "        account.rolls = std::move(row.state.rolls);\n", ""),
    Mutation("an amount does not go to the books of its model, tier or tag", "service/ledger/scopes.cpp",
             "        case Scopes::Counts::tag:\n            return lists(request.tags, rung.only);",
             "        case Scopes::Counts::tag:\n            return false;"),
]


def command_of(build, file):
    """How that file is compiled in this build, as a list."""
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if pathlib.Path(entry["file"]) == ROOT / file:
            words = shlex.split(entry["command"])
            # Without the check of locks: a broken lock is to be found by tests, not by the compiler.
            return [word for word in words if word != "-Wthread-safety"], entry["directory"]
    raise RuntimeError(f"{file} is not compiled in {build}")


def link_of(build, program):
    """How that program is linked, as one line for the shell."""
    done = subprocess.run(["ninja", "-C", str(build), "-t", "commands", program], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if f"/{program}" in line and " -o " in line and "libbursar_ledger.a" in line]
    return lines[-1]


class Check:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.links = {program: link_of(build, program) for program in PROGRAMS}

    def mutant(self, number, mutation):
        source = (ROOT / mutation.file).read_text(encoding="utf-8")
        found = source.count(mutation.before)
        if found < 1:
            return f"the text is no longer in {mutation.file}; write the mutation anew"
        home = self.folder / str(number)
        home.mkdir(parents=True, exist_ok=True)
        changed = home / pathlib.Path(mutation.file).name
        changed.write_text("#include <sched.h>\n" + source.replace(mutation.before, mutation.after, 1), encoding="utf-8")
        words, directory = command_of(self.build, mutation.file)
        words = [str(changed) if word == str(ROOT / mutation.file) else word for word in words]
        out = home / "mutant.o"
        words[words.index("-o") + 1] = str(out)
        words = [word for word in words if word != "-Werror"]
        done = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"the mutant does not compile:\n{done.stderr[-2000:]}"
        for program in PROGRAMS:
            line = self.links[program]
            target = next(word for word in shlex.split(line.split(" -o ", 1)[1]))
            binary = home / program
            line = line.replace(f" -o {target}", f" -o {binary} {out}")
            line = line.split(" && ")[1] if line.startswith(": && ") else line
            done = subprocess.run(line, cwd=self.build, shell=True, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"the mutant does not link:\n{done.stderr[-2000:]}"
        return None

    def caught_by(self, number):
        """The first test that notices; none if every test passes."""
        environment = dict(os.environ, BURSAR_SIM_EPISODES="40", BURSAR_SIM_STEPS="400")
        environment.pop("BURSAR_SIM_SEED", None)
        for program in PROGRAMS:
            try:
                done = subprocess.run([str(self.folder / str(number) / program), "--gtest_brief=1", "--gtest_fail_fast"], env=environment,
                                      capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
            except subprocess.TimeoutExpired:
                return f"{program}: it did not end"
            if done.returncode:
                failed = [line for line in done.stdout.splitlines() if line.startswith("[  FAILED  ]")]
                return failed[0][12:].split(" (")[0].strip() if failed else f"{program}: it was ended ({done.returncode})"
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="a build with both test programs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    words = parser.parse_args()
    check = Check(words.build, ROOT / "build" / "mutations")

    def one(number):
        mutation = MUTATIONS[number]
        return check.mutant(number, mutation) or check.caught_by(number) or "", mutation

    missed = 0
    with concurrent.futures.ThreadPoolExecutor(words.jobs) as pool:
        for catcher, mutation in pool.map(one, range(len(MUTATIONS))):
            wrong = not catcher or catcher.startswith("the ")
            missed += wrong
            print(f"{'NOT CAUGHT' if wrong else 'caught'}: {mutation.what}\n    {catcher or 'every test passed'}", flush=True)
    print(f"{len(MUTATIONS) - missed} of {len(MUTATIONS)} mutations caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
