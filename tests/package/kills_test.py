"""Hunts: a machine that loses its power in the middle of something and is afterwards neither what it was nor what it was to become.

A container is killed at once: all of its processes, none of what the kernel had taken from them. A virtual machine loses that, too. What a disk had
not taken in the right order is lost in tests/sim, page by page.

BURSAR_CUTS   "all": a virtual machine is cut at every moment (an hour where it is emulated); by default at one of each kind there, at every one
              where the processor helps"""
import os
import pathlib
import re
import shutil
import unittest

import machine
import packages
import virtual
from moments import CUTS, condition_of

HERE = pathlib.Path(__file__).parent


class Container:
    """A machine whose parts are told by a file, and whose moments are seen from outside."""

    def __init__(self, name, folders, like=None):
        self.made = machine.Machine(HERE / "kills.sh", folders, name=f"kills-{name}", like=like.made if like else None)
        self.folder = self.made.system

    def boot(self, part):
        (self.made.system / "test/part").write_text(part, encoding="utf-8")
        return self.made.boot()

    def boot_until(self, part, moment):
        (self.made.system / "test/part").write_text(part, encoding="utf-8")
        return self.made.boot_until(condition_of(part, moment))


class Virtual:
    """A machine whose moments are seen from inside."""

    def __init__(self, name, folders, like=None):
        self.made = virtual.VirtualMachine(HERE / "kills.sh", folders, name=f"kills-{name}", like=like.made if like else None)
        self.folder = self.made.folder

    def boot(self, part):
        return self.made.boot(part)

    def boot_until(self, part, moment):
        number = next([name for name, _ in moments].index(moment) for going_on, _, _, moments in CUTS if going_on == part)
        return self.made.boot_until(part, number)


def run(made, part):
    output, errors = made.boot(part)
    if f"ended {part}" not in output:
        raise AssertionError(f"{part} did not end:\n{output[-3000:]}\n{errors[-3000:]}")
    return output


class Cuts:
    """Of either kind of machine."""

    kind = None
    moments_max = None  # of each kind of work; None: all

    @classmethod
    def setUpClass(cls):
        cls.folders = {"bundle": packages.bundle(), "next": packages.next_version().parent, "files": HERE}
        cls.like = {"fresh": cls.machine("fresh"), "prepared": cls.machine("prepared")}
        cls.said = run(cls.like["prepared"], "run_prepare")
        cls.like["filled"] = cls.machine("filled", like=cls.like["prepared"])
        cls.said += run(cls.like["filled"], "run_fill")

    @classmethod
    def machine(cls, name, like=None):
        made = cls.kind(name, cls.folders, like)
        cls.addClassCleanup(shutil.rmtree, made.folder, ignore_errors=True)
        return made

    def check(self, output):
        for result, step in re.findall(r"^(ok|not ok) (.*)$", output, re.MULTILINE):
            with self.subTest(step):
                self.assertEqual(result, "ok")

    def test_after_a_cut_it_is_the_old_or_the_new(self):
        self.check(self.said)
        made = 0
        chosen = [(going_on, look, like, moment) for going_on, look, like, moments in CUTS for moment, _ in self.some(moments)]
        for going_on, look, like, moment in chosen:
            with self.subTest(f"{going_on}: {moment}"):
                victim = self.machine("victim", like=self.like[like])
                cut = victim.boot_until(going_on, moment)
                made += cut
                output = run(victim, look)
                found = re.search(r"^found (.*)$", output, re.MULTILINE)
                print(f"cut {going_on.removeprefix('run_')} | {moment}{'' if cut else ' (was over before)'} | {found[1] if found else '?'}")
                self.check(output)
        print(f"{made} cuts of a {self.kind.__name__.lower()}, each at its moment, of {len(chosen)}; {sum(len(moments) for *_, moments in CUTS)} are known")

    def some(self, moments):
        """The last ones, in which most has happened already."""
        return moments[-self.moments_max:] if self.moments_max else moments


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Kills(Cuts, unittest.TestCase):
    kind = Container


@unittest.skipIf(virtual.why_not(), virtual.why_not() or "")
class PowerCuts(Cuts, unittest.TestCase):
    kind = Virtual
    moments_max = 1 if virtual.is_emulated() and os.environ.get("BURSAR_CUTS") != "all" else None


if __name__ == "__main__":
    unittest.main()
