"""Hunts: a package that needs the network, opens something nobody asked for, loses a call or a file when it is exchanged, does not come back
after a crash, leaves something behind, and a courier that can get at keys. In a Debian of its own, booted by systemd."""
import pathlib
import re
import unittest

import machine
import packages

HERE = pathlib.Path(__file__).parent


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.output, cls.errors = machine.boot(HERE / "inside.sh", {"bundle": packages.bundle(), "next": packages.next_version().parent, "files": HERE})

    def test_a_whole_life_from_install_to_purge(self):
        for line in self.output.splitlines():
            if not line.startswith(("ok ", "not ok ")):
                print(line)
        results = re.findall(r"^(ok|not ok) (.*)$", self.output, re.MULTILINE)
        for result, step in results:
            with self.subTest(step):
                self.assertEqual(result, "ok")
        # The last step: a script that ended early has shown less than it seems.
        self.assertIn("ok a purge leaves no user and no group", self.output, self.errors[-4000:])
        print(f"{len(results)} steps in the container")


if __name__ == "__main__":
    unittest.main()
