"""Hunts: a sandbox in which a certificate cannot be renewed, a port that stays open, a key that the CA's client could read, and a failure that nobody
is told. The set-up and the package's units beside a real CA (Pebble), in a Debian of its own without network."""
import pathlib
import re
import shutil
import tempfile
import unittest

import machine
import packages

HERE = pathlib.Path(__file__).parent
PROGRAMS = ("pebble", "pebble-challtestsrv")


def why_not():
    return next((f"{name} is missing: installer/dependencies test" for name in PROGRAMS if not shutil.which(name)), machine.why_not())


@unittest.skipIf(why_not(), why_not() or "")
class Acme(unittest.TestCase):
    def test_from_the_answers_to_a_renewal(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in PROGRAMS:
                shutil.copy(shutil.which(name), folder)
            made = machine.Machine(HERE / "acme.sh", {"bundle": packages.bundle(), "files": HERE, "ca": folder})
            output, errors = made.boot()
        results = re.findall(r"^(ok|not ok) (.*)$", output, re.MULTILINE)
        for result, step in results:
            with self.subTest(step):
                self.assertEqual(result, "ok")
        self.assertIn("ok the package is purged", output, errors[-4000:])
        print(f"{len(results)} steps in the container")


if __name__ == "__main__":
    unittest.main()
