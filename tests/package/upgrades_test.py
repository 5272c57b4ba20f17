"""Hunts: an upgrade without a way back, a way back that loses calls or leads to other bytes, an older version over newer books, and a
reset that leaves a key."""
import pathlib
import re
import unittest

import machine
import packages

HERE = pathlib.Path(__file__).parent
STORE = machine.ROOT / "service/store/open.cpp"
ROLLBACK = machine.ROOT / "installer/debian/rollback"


class Words(unittest.TestCase):
    def test_the_way_back_knows_the_words_by_which_newer_books_are_refused(self):
        words = re.search(r"grep -q '(.*)'", ROLLBACK.read_text(encoding="utf-8"))[1]
        self.assertIn(words, STORE.read_text(encoding="utf-8"))


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Upgrades(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.output, cls.errors = machine.boot(HERE / "upgrades.sh", {"bundle": packages.bundle(), "next": packages.next_version().parent, "files": HERE})

    def test_every_upgrade_has_a_way_back(self):
        for line in self.output.splitlines():
            if not line.startswith(("ok ", "not ok ")):
                print(line)
        results = re.findall(r"^(ok|not ok) (.*)$", self.output, re.MULTILINE)
        for result, step in results:
            with self.subTest(step):
                self.assertEqual(result, "ok")
        self.assertIn("ok the keys of before open nothing", self.output, self.errors[-4000:])
        print(f"{len(results)} steps in the container")


if __name__ == "__main__":
    unittest.main()
