"""Hunts: a package that is not the same when built twice, breaks Debian's rules, ships what it should not, or whose list of parts is not
what is linked."""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import packages
from machine import ROOT, own_release, release

MISSING = [name for name in ("dpkg-buildpackage", "dh", "dh_apparmor", "lintian", "apparmor_parser") if not shutil.which(name)]
BUILD_PATHS = (rb"/build/package", rb"/package-test/", rb"/home/")


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


@unittest.skipIf(release() != own_release(), "what it links is looked up in the Debian that it was built in")
@unittest.skipIf(MISSING, f"{', '.join(MISSING)} missing: installer/dependencies build package test")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = packages.built()
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        run("dpkg-deb", "--extract", cls.package, cls.folder)

    def inside(self, path):
        return pathlib.Path(self.folder) / path

    def programs(self):
        return [path for folder in ("usr/lib/bursar", "usr/bin") for path in self.inside(folder).iterdir() if path.read_bytes()[:4] == b"\x7fELF"]

    def test_the_same_sources_give_the_same_bytes(self):
        one, two = self.package, packages.again()
        self.assertNotEqual(one, two)
        self.assertEqual(run("sha256sum", one).split()[0], run("sha256sum", two).split()[0],
                         f"see what differs: diffoscope {one} {two}")

    def test_lintian_finds_nothing(self):
        changes = next(iter(self.package.parent.glob("*.changes")))
        # As root lintian says that it should not be run so; it only reads.
        done = subprocess.run(["lintian", "--fail-on=error,warning", "--allow-root", "--tag-display-limit=0", changes], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_everything_that_was_promised_is_in_it(self):
        for path in ("usr/lib/bursar/bursard", "usr/lib/bursar/bursar-courier", "usr/lib/bursar/bursar-setup", "usr/bin/bursarctl", "usr/share/bursar/console/index.html",
                     "usr/share/bursar/console/licences.txt", "usr/share/bursar/policies/defaults/prices.yaml", "usr/share/man/man8/bursard.8.gz", "usr/share/man/man8/bursar-setup.8.gz",
                     "usr/share/man/man1/bursarctl.1.gz", "usr/share/bash-completion/completions/bursarctl", "lib/systemd/system/bursar.socket",
                     "lib/systemd/system/bursar.service", "lib/systemd/system/bursar-courier.service", "usr/lib/sysusers.d/bursar.conf",
                     "usr/lib/tmpfiles.d/bursar.conf", "etc/apparmor.d/usr.lib.bursar.bursard", "usr/share/doc/bursar/copyright",
                     "usr/share/doc/bursar/operate/install.md", "usr/share/doc/bursar/bursar.spdx.json"):
            # Debian 13 has units below /usr.
            self.assertTrue(self.inside(path).exists() or self.inside("usr/" + path).exists(), path)

    def test_apparmor_reads_both_profiles(self):
        profiles = sorted(self.inside("etc/apparmor.d").glob("usr.*"))
        self.assertEqual(len(profiles), 2)
        for profile in profiles:
            # Only read: no kernel is asked, and nothing is kept.
            done = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", profile], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_program_names_a_folder_of_the_machine_that_built_it(self):
        for program in self.programs():
            found = [path for path in (*BUILD_PATHS, os.fsencode(ROOT)) if path in program.read_bytes()]
            self.assertEqual(found, [], program.name)

    def test_the_list_of_parts_is_what_the_loader_maps(self):
        parts = json.loads(self.inside("usr/share/doc/bursar/bursar.spdx.json").read_text(encoding="utf-8"))
        names = {package["SPDXID"]: (package["name"], package["versionInfo"]) for package in parts["packages"]}
        listed = {names[link["relatedSpdxElement"]] for link in parts["relationships"] if link["relationshipType"] == "DYNAMIC_LINK"}
        linked = set()
        for program in self.programs():
            for path in re.findall(r"(/\S+) \(0x", run("ldd", program)):
                linked.add(self.owner(path))
        self.assertGreater(len(linked), 20)
        self.assertEqual(listed, linked)

    @staticmethod
    @functools.cache
    def owner(path):
        """(package, version) by dpkg's own search; a file is known by the name that it came with, below /usr or not."""
        real = os.path.realpath(path)
        for name in (path, real, real.removeprefix("/usr"), "/usr" + path):
            done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                package = done.stdout.split(": ")[0]
                return package.split(":")[0], run("dpkg-query", "-W", "-f", "${Version}", package)
        raise AssertionError(f"{path} is of no package")

    def test_every_part_has_a_name_a_version_and_a_relation(self):
        parts = json.loads(self.inside("usr/share/doc/bursar/bursar.spdx.json").read_text(encoding="utf-8"))
        related = {end for link in parts["relationships"] for end in (link["spdxElementId"], link["relatedSpdxElement"])}
        for package in parts["packages"]:
            with self.subTest(package["name"]):
                self.assertTrue(package["versionInfo"])
                self.assertIn(package["SPDXID"], related)
        names = {package["name"] for package in parts["packages"]}
        self.assertLessEqual({"react", "libsqlitecpp-dev", "libssl3" if "libssl3" in names else "libssl3t64"}, names)


if __name__ == "__main__":
    unittest.main()
