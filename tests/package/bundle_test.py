"""Hunts: a bundle that was changed on its way and is taken for whole, or whose list is not what is in it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import machine
import packages


@unittest.skipIf(machine.why_not(), machine.why_not() or "")
class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        packages.bundle()
        cls.file = packages.bundle_file()
        cls.signature = cls.file.with_name(cls.file.name + ".asc")

    def verify(self, file, home=None):
        return subprocess.run(["gpg", "--batch", "--verify", self.signature, file], env=os.environ | {"GNUPGHOME": str(home or packages.key_folder())},
                              capture_output=True, text=True, check=False)

    def test_the_signature_is_of_this_file_and_this_key(self):
        self.assertEqual(self.verify(self.file).returncode, 0)
        with tempfile.TemporaryDirectory() as stranger:
            self.assertNotEqual(self.verify(self.file, stranger).returncode, 0)

    def test_a_changed_byte_is_found_by_the_signature(self):
        with tempfile.TemporaryDirectory() as folder:
            edited = pathlib.Path(folder) / self.file.name
            shutil.copy(self.file, edited)
            with edited.open("r+b") as bytes_of:
                bytes_of.seek(edited.stat().st_size // 2)
                old = bytes_of.read(1)
                bytes_of.seek(-1, os.SEEK_CUR)
                bytes_of.write(bytes([old[0] ^ 1]))
            self.assertNotEqual(self.verify(edited).returncode, 0)

    def test_the_list_names_every_package_with_its_version(self):
        listed = re.findall(r"^(\S+) +(\S+) +(\d+)$", (packages.bundle() / "MANIFEST").read_text(encoding="utf-8"), re.MULTILINE)
        there = sorted((packages.bundle() / "packages").glob("*.deb"))
        self.assertEqual(len(listed), len(there))
        self.assertIn("bursar", [name for name, _, _ in listed])
        self.assertEqual(sum(int(size) for _, _, size in listed), sum(file.stat().st_size for file in there))


if __name__ == "__main__":
    unittest.main()
