"""Hunts: a machine that loses its power in the middle of something and is afterwards neither what it was nor what it was to become.

The whole container is killed at once: all of its processes, none of what the kernel had taken from them. What a disk had not taken yet is lost in
tests/sim instead, page by page."""
import os
import pathlib
import re
import shutil
import unittest

import machine
import packages

HERE = pathlib.Path(__file__).parent
STATE = "var/lib/bursar"
KEPT = "var/lib/bursar-packages"


def there(path):
    return lambda system: next(system.glob(path), None) is not None


def gone(path, after):
    return lambda system: next(system.glob(after), None) is not None and next(system.glob(path), None) is None


def says(path, words):
    def look(system):
        try:
            return any(words in file.read_bytes() for file in system.glob(path))
        except FileNotFoundError:
            return False
    return look


def replaced(path):
    """Another file of that name than at the first look."""
    first = {}

    def look(system):
        try:
            seen = os.stat(system / path).st_ino
        except FileNotFoundError:
            return False
        return first.setdefault("inode", seen) != seen
    return look


# What goes on, which machine it goes on in, and the moments at which the plug is pulled.
CUTS = [
    ("run_install", "look_install", "fresh", [
        ("its files are unpacked", there("usr/lib/bursar/bursard.dpkg-new")),
        ("the packages that it needs are unpacked", there("usr/lib/x86_64-linux-gnu/libQt6Core.so.6*")),
        ("its users are made", says("etc/passwd", b"\nbursar:")),
    ]),
    ("run_start", "look_start", "prepared", [
        ("the keyring is there", there(f"{STATE}/vault/keyring")),
        ("the books are made under another name", there(f"{STATE}/bursar.db.new")),
        ("the books have their name", there(f"{STATE}/bursar.db")),
    ]),
    ("run_upgrade", "look_upgrade", "filled", [
        ("the former package is built", there(f"{KEPT}/.making")),
        ("the backup is made", there("var/backups/bursar/.making")),
        ("the way back is known", there(f"{KEPT}/way-back")),
        ("files are unpacked", there("usr/lib/bursar/bursard.dpkg-new")),
        ("files are exchanged", replaced("usr/lib/bursar/bursard")),
        ("nothing of it is configured", says("var/lib/dpkg/status", b"Package: bursar\nStatus: install ok unpacked")),
        ("the service is started again", says("var/lib/dpkg/updates/*", b"Package: bursar\nStatus: install ok half-configured")),
    ]),
    ("run_rotation", "look_rotation", "filled", [
        ("the keyring is exchanged", replaced(f"{STATE}/vault/keyring")),
        ("the credential is written", there("etc/credstore.encrypted/bursar-master-key.next")),
        ("the credential is exchanged", replaced("etc/credstore.encrypted/bursar-master-key")),
    ]),
    ("run_restore", "look_restore", "filled", [
        ("the backup is laid out", there(f"{STATE}/restoring")),
        ("it is whole", there(f"{STATE}/restoring/complete")),
        ("the former books are moved aside", there(f"{STATE}/before-restore-1/*")),
        ("the new ones are in their place", gone(f"{STATE}/restoring", after=f"{STATE}/before-restore-1/bursar.db")),
    ]),
]


def run(made, part):
    (made.system / "test/part").write_text(part, encoding="utf-8")
    output, errors = made.boot()
    if f"ended {part}" not in output:
        raise AssertionError(f"{part} did not end:\n{output[-3000:]}\n{errors[-3000:]}")
    return output


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folders = {"bundle": packages.bundle(), "next": packages.next_version().parent, "files": HERE}
        cls.like = {"fresh": cls.machine("fresh"), "prepared": cls.machine("prepared")}
        cls.said = run(cls.like["prepared"], "run_prepare")
        cls.like["filled"] = cls.machine("filled", like=cls.like["prepared"])
        cls.said += run(cls.like["filled"], "run_fill")

    @classmethod
    def machine(cls, name, like=None):
        made = machine.Machine(HERE / "kills.sh", cls.folders, name=f"kills-{name}", like=like)
        cls.addClassCleanup(shutil.rmtree, made.system, ignore_errors=True)
        return made

    def check(self, output):
        for result, step in re.findall(r"^(ok|not ok) (.*)$", output, re.MULTILINE):
            with self.subTest(step):
                self.assertEqual(result, "ok")

    def test_after_a_cut_it_is_the_old_or_the_new(self):
        self.check(self.said)
        made = 0
        for going_on, look, like, moments in CUTS:
            for moment, condition in moments:
                with self.subTest(f"{going_on}: {moment}"):
                    victim = self.machine("victim", like=self.like[like])
                    (victim.system / "test/part").write_text(going_on, encoding="utf-8")
                    cut = victim.boot_until(condition)
                    made += cut
                    output = run(victim, look)
                    found = re.search(r"^found (.*)$", output, re.MULTILINE)
                    print(f"cut {going_on.removeprefix('run_')} | {moment}{'' if cut else ' (was over before)'} | {found[1] if found else '?'}")
                    self.check(output)
        print(f"{made} cuts, each at its moment, of {sum(len(moments) for *_, moments in CUTS)}")


if __name__ == "__main__":
    unittest.main()
