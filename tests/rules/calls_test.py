"""Hunts: calls that are wrong here however well they are meant. Every row names the replacement."""
import pathlib
import re
import unittest

from repository import code, layer_of, lines_with, sources

PRODUCT = ("service/", "policies/", "auth/", "integrations/", "installer/")

BANNED = [
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(", "std::string or fmt::format", PRODUCT + ("tests/",), ()),
    (r"\b(system|popen)\s*\(", "nothing: the service starts no shell", PRODUCT, ()),
    (r"\b(std::rand|srand|rand|random_device)\b\s*[({]", "fill_random (service/base/crypto.h)", PRODUCT, ()),
    (r"\b(std::)?(atoi|atol|atof|stoi|stol|stoul|stod)\s*\(", "std::from_chars, which says when it is no number", PRODUCT, ()),
    (r"\bgetenv\s*\(", "configuration; only programs look at the environment", PRODUCT, ("service/daemon/", "service/ctl/", "service/demo/")),
    (r"\bthrow\b(?!\s*\()", "return fail(…)", PRODUCT, ()),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(", "a timer, or an event to wait for", PRODUCT + ("tests/unit/", "tests/sim/"), ()),
    (r"\bstd::(cout|cerr|clog)\b", "log::write, or a program's own output", PRODUCT, ("service/daemon/", "service/ctl/", "service/demo/")),
    (r"\b(float|double)\b", "NanoUsd or Tokens: no floating point near money", ("service/ledger/", "service/base/money"), ()),
    (r"\bassert\s*\(", "ENSURE, which is always compiled in", PRODUCT, ()),
    (r"\bstd::regex\b", "a few lines that look at the characters; std::regex recurses on its input", PRODUCT, ()),
    (r"\bdefault\s*:", "one case per enumerator, so that the compiler finds a new one", ("service/base/fault", "service/ledger/"), ()),
]

# The only files that look at a secret in plain. Each line is a decision: the list may neither grow nor shrink by accident.
REVEALS_FILE = pathlib.Path(__file__).with_name("reveal_allowed.txt")


class Calls(unittest.TestCase):
    def test_banned_calls(self):
        wrong = []
        for pattern, instead, folders, exempt in BANNED:
            paths = [path for path in sources(*folders) if not path.startswith(exempt or ("\0",))]
            wrong += [f"{line}   <- use {instead}" for line in lines_with(pattern, paths)]
        self.assertEqual(wrong, [])

    def test_secrets_are_revealed_in_known_places_only(self):
        with open(REVEALS_FILE, encoding="utf-8") as file:
            allowed = {line.split()[0] for line in file if line.strip() and not line.startswith("#")}
        found = {path for path in sources(*PRODUCT) if re.search(r"\breveal\s*\(", code(path))} - {"service/base/secret.h"}
        self.assertEqual(sorted(found - allowed), [], "reveal( in a new file: is it needed? then add it to reveal_allowed.txt")
        self.assertEqual(sorted(allowed - found), [], "no longer reveals anything: take it off reveal_allowed.txt")

    def test_secrets_are_never_logged_or_put_into_an_error(self):
        wrong = []
        for path in sources(*PRODUCT):
            # A call of log:: or fail( up to its semicolon that reveals something.
            for match in re.finditer(r"\b(?:log::\w+|fail)\s*\((?:[^;]*?)\breveal\s*\(", code(path)):
                wrong.append(f"{path}:{code(path)[:match.start()].count(chr(10)) + 1}")
        self.assertEqual(wrong, [])

    def test_a_gateway_never_meets_the_control_plane(self):
        for path in sources("service/gateway/", "service/admin/"):
            other = "admin" if layer_of(path) == "gateway" else "gateway"
            self.assertNotRegex(code(path), rf'#include "service/{other}/', path)


if __name__ == "__main__":
    unittest.main()
