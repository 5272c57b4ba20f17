"""Hunts: a pair of machines that cannot be upgraded, or only by losing what the books say."""
import pathlib
import re
import unittest

import machine
import packages

HERE = pathlib.Path(__file__).parent


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Pair(unittest.TestCase):
    def test_the_machine_that_follows_is_upgraded_and_takes_over(self):
        output, errors = machine.Machine(HERE / "pair.sh", {"bundle": packages.bundle(), "next": packages.next_version().parent, "files": HERE}, name="pair").boot()
        results = re.findall(r"^(ok|not ok) (.*)$", output, re.MULTILINE)
        for result, step in results:
            with self.subTest(step):
                self.assertEqual(result, "ok")
        self.assertIn("ok the way back is known", output, errors[-4000:])
        print(f"{len(results)} steps in the container")


if __name__ == "__main__":
    unittest.main()
