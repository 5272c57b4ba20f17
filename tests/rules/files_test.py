"""Hunts: files that nobody can read or keep: badly laid out, too long, half finished, or naming what does not belong in public."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import unittest

from repository import ROOT, lines_with, sources, text, tracked

LINES_MAX = 500
# Hosts that packages come from on the machine of whoever made a lock file; written in pieces, or this file would name them.
REGISTRIES = [".".join(parts) for parts in (("registry", "npmjs"), ("registry", "yarnpkg"), ("pypi", "org"), ("pythonhosted", "org"),
                                             ("crates", "io"), ("proxy", "golang"), ("deb", "debian", "org"))]
MACHINE_PATHS = r"(?<![\w.])/(work|home/\w+|root)/"
TEXT_ENDINGS = (".h", ".cpp", ".cmake", ".txt", ".py", ".mjs", ".json", ".md", ".yaml", ".yml", ".sh", ".ini", ".svg", ".1", ".8", ".html")


def scripts():
    return [path for path in tracked() if (ROOT / path).stat().st_size < 200_000 and text(path).startswith("#!")]


class Files(unittest.TestCase):
    def test_clang_format_changes_nothing(self):
        program = shutil.which("clang-format-19")
        self.assertIsNotNone(program, "clang-format-19 is missing: installer/dependencies test")

        def told(paths):
            return subprocess.run([program, "--dry-run", "-Werror", *paths], cwd=ROOT, capture_output=True, text=True, check=False).stderr.splitlines()

        at_once = os.cpu_count() or 1
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            lines = [line for some in pool.map(told, (sources()[part::at_once] for part in range(at_once))) for line in some]
        files = sorted({line.split(":")[0] for line in lines if "clang-format-violations" in line})
        self.assertEqual(files, [], "run: clang-format-19 -i " + " ".join(files))

    def test_no_source_file_is_longer_than_it_can_be_read(self):
        long = [f"{path}: {count}" for path in sources() + [p for p in tracked() if p.endswith((".mjs", ".py"))]
                if (count := text(path).count("\n")) > LINES_MAX]
        self.assertEqual(long, [], f"more than {LINES_MAX} lines: which two rooms are in it?")

    def test_nothing_is_left_unfinished(self):
        words = r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
        self.assertEqual(lines_with(words, sources() + scripts(), reader=text), [])

    def test_no_test_is_switched_off(self):
        switches = r"\b(DISABLED_\w+|it\.skip|test\.skip|describe\.skip|unittest\.skip)\b|GTEST_SKIP\(\)(?! << )"
        paths = [path for path in tracked() if path.startswith("tests/") and path.endswith((".cpp", ".mjs"))]
        self.assertEqual(lines_with(switches, paths), [], "a test that cannot run here says why: GTEST_SKIP() << reason")

    def test_nothing_names_a_registry_or_a_path_of_one_machine(self):
        paths = [path for path in tracked() if path.endswith(TEXT_ENDINGS) or path in scripts()]
        hosts = "|".join(re.escape(host) for host in REGISTRIES)
        self.assertEqual(lines_with(hosts, paths, reader=text), [])
        self.assertEqual(lines_with(MACHINE_PATHS, [path for path in paths if not path.endswith("files_test.py")], reader=text), [])

    def test_lock_files_take_packages_from_wherever_the_machine_takes_them(self):
        locks = [path for path in tracked() if path.endswith("package-lock.json")]
        self.assertTrue(locks)
        for path in locks:
            self.assertNotIn('"resolved"', text(path), f"{path}: npm install --omit-lockfile-registry-resolved")
            self.assertIn('"integrity"', text(path), path)

    def test_scripts_stop_at_the_first_error_and_are_executable(self):
        for path in scripts():
            if "bash" in text(path).split("\n")[0]:
                self.assertIn("set -euo pipefail", text(path), path)
            self.assertTrue((ROOT / path).stat().st_mode & 0o111, f"{path} begins with #!, so: chmod +x {path}")

    def test_every_header_begins_with_pragma_once(self):
        wrong = [path for path in sources(suffixes=(".h",)) if not re.search(r"^#pragma once$", text(path), re.MULTILINE)]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
