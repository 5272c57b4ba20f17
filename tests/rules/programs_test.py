"""Hunts: hardening that was asked of the compiler and is not in the program, and headers that compile only behind others."""
import os
import re
import subprocess
import unittest

from repository import ROOT

PROGRAMS = ("bursard", "bursarctl", "bursar-courier", "bursar-setup", "bursar-demo-provider")
JOBS = os.environ.get("BURSAR_JOBS", str(os.cpu_count()))


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, ROOT / "build/release/bin" / program], capture_output=True, text=True,
                          check=True).stdout


class Hardening(unittest.TestCase):
    def each(self, check):
        for program in PROGRAMS:
            with self.subTest(program):
                check(program)

    def test_position_independent(self):
        self.each(lambda program: self.assertRegex(readelf(program, "-h"), r"Type:\s+DYN"))
        self.each(lambda program: self.assertRegex(readelf(program, "-d"), r"FLAGS_1.*\bPIE\b"))

    def test_relocations_are_read_only_from_the_start(self):
        self.each(lambda program: self.assertIn("GNU_RELRO", readelf(program, "-l")))
        self.each(lambda program: self.assertRegex(readelf(program, "-d"), r"BIND_NOW|FLAGS_1.*\bNOW\b"))

    def test_the_stack_is_not_executable(self):
        def check(program):
            flags = re.search(r"GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+([RWE]+)", readelf(program, "-l"))
            self.assertIsNotNone(flags)
            self.assertEqual(flags.group(1), "RW")
        self.each(check)

    def test_no_segment_is_writable_and_executable(self):
        self.each(lambda program: self.assertNotRegex(readelf(program, "-l"), r"LOAD.*\bRWE\b"))

    def test_stack_protector_and_fortified_calls_are_in(self):
        self.each(lambda program: self.assertIn("__stack_chk_fail", readelf(program, "--dyn-syms")))
        self.assertRegex(readelf("bursard", "--dyn-syms"), r"__\w+_chk@", "no fortified call at all: is _FORTIFY_SOURCE on?")

    def test_no_library_is_searched_where_others_can_write(self):
        self.each(lambda program: self.assertNotRegex(readelf(program, "-d"), r"\((RPATH|RUNPATH)\)"))

    def test_the_right_sqlite_is_linked(self):
        needed = readelf("bursard", "-d")
        self.assertIn("libsqlcipher", needed)
        self.assertNotIn("libsqlite3", needed, "two SQLite in one program: whichever loads first wins")

    def test_branch_targets_are_marked(self):
        if os.uname().machine == "x86_64":
            # The mark is only in the program when every object has it, those of the compiler's runtime included.
            self.assertIn("endbr64", subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--section=.text", ROOT / "build/release/bin/bursarctl"],
                                                    capture_output=True, text=True, check=True).stdout)


class Headers(unittest.TestCase):
    def test_every_header_compiles_alone(self):
        done = subprocess.run(["cmake", "--build", ROOT / "build/release", "-j", JOBS, "--target", "headers"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, "\n".join(re.findall(r".*error:.*", done.stdout))[:4000])


if __name__ == "__main__":
    unittest.main()
