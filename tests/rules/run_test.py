"""Hunts: a suite whose own set-up or clean-up fails while all of its tests pass, which tests/run does not count."""
import re
import subprocess
import tempfile
import unittest

from repository import text

TAP = """TAP version 13
    ok 1 - a test
      ---
      type: 'test'
      ...
{line}
  ---
  type: '{kind}'
  failureType: '{failure}'
  ...
# fail 0
"""


def counted(**words):
    function = re.search(r"^failed_hooks\(\) \{.*?^\}", text("tests/run"), re.MULTILINE | re.DOTALL).group()
    with tempfile.NamedTemporaryFile("w", suffix=".tap") as file:
        file.write(TAP.format(line="not ok 1 - a suite", **words))
        file.flush()
        done = subprocess.run(["bash", "-c", function + '\nfailed_hooks "$1"', "-", file.name], capture_output=True, text=True, check=True)
    return int(done.stdout)


class FailedHooks(unittest.TestCase):
    def test_a_suite_s_own_hook_counts(self):
        self.assertEqual(counted(kind="suite", failure="hookFailed"), 1)

    def test_what_is_counted_as_a_test_is_not_counted_again(self):
        self.assertEqual(counted(kind="test", failure="hookFailed"), 0)
        self.assertEqual(counted(kind="suite", failure="subtestsFailed"), 0)


if __name__ == "__main__":
    unittest.main()
