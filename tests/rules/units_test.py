"""Hunts: a unit that loses a part of its sandbox, and two users that could get at each other."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from repository import ROOT, text

# The unit's name -> its file, which has the package's name in front where debhelper wants it so.
UNITS = {"bursar.service": "installer/debian/bursar.service", "bursar-courier.service": "installer/debian/bursar.bursar-courier.service",
         "bursar-certificate.service": "installer/debian/bursar.bursar-certificate.service",
         "bursar-challenge@.service": "installer/debian/bursar@.bursar-challenge.service"}
# Ten times the exposure that systemd-analyze counts.
EXPOSURE_MAX = 15


def settings(unit, key):
    return re.findall(rf"^{key}=(.*)$", text(UNITS[unit]), re.MULTILINE)


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing: installer/dependencies test")
    def test_no_unit_is_more_exposed_than_promised(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, file in UNITS.items():
                copy = pathlib.Path(folder) / name
                copy.write_text(text(file), encoding="utf-8")
                done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MAX}", copy],
                                      capture_output=True, text=True, check=False)
                with self.subTest(name):
                    self.assertIn("Overall exposure level", done.stdout, done.stderr)
                    self.assertEqual(done.returncode, 0, done.stdout.strip().split("\n")[-1])

    def test_the_courier_is_somebody_else_and_sees_nothing_of_the_service(self):
        self.assertEqual(settings("bursar-courier.service", "User"), ["bursar-courier"])
        self.assertEqual(settings("bursar-courier.service", "SupplementaryGroups"), [])
        hidden = " ".join(settings("bursar-courier.service", "InaccessiblePaths")).split()
        self.assertLessEqual({"-/var/lib/bursar", "-/etc/bursar"}, set(hidden))
        forbidden = " ".join(filters for filters in settings("bursar-courier.service", "SystemCallFilter") if filters.startswith("~"))
        self.assertLessEqual({"bind", "listen", "accept", "accept4"}, set(forbidden.lstrip("~").split()))

    def test_no_unit_keeps_a_capability_or_opens_the_port_itself(self):
        for unit in UNITS:
            with self.subTest(unit):
                self.assertEqual(settings(unit, "CapabilityBoundingSet"), [""])
                self.assertEqual(settings(unit, "AmbientCapabilities"), [""])
        self.assertIn("ListenStream=443", text("installer/debian/bursar.socket").split("\n"))

    def test_who_asks_the_ca_and_who_answers_it_see_no_key(self):
        self.assertEqual(settings("bursar-certificate.service", "User"), ["bursar-certificate"])
        self.assertEqual(settings("bursar-challenge@.service", "DynamicUser"), ["yes"])
        for unit in ("bursar-certificate.service", "bursar-challenge@.service"):
            with self.subTest(unit):
                self.assertEqual(settings(unit, "SupplementaryGroups"), [])
                hidden = " ".join(settings(unit, "InaccessiblePaths")).split()
                self.assertLessEqual({"-/var/lib/bursar", "-/etc/bursar", "-/etc/credstore.encrypted"}, set(hidden))
        handed = " ".join(settings("bursar-certificate.service", "LoadCredential"))
        self.assertNotIn(".key", handed)
        self.assertIn("StopWhenUnneeded=yes", text("installer/debian/bursar.bursar-challenge.socket").split("\n"))

    def test_users_and_folders_of_the_units_are_made_by_the_package(self):
        users = re.findall(r"^u (\S+)", text("installer/debian/bursar.sysusers"), re.MULTILINE)
        folders = re.findall(r"^d (\S+)", text("installer/debian/bursar.tmpfiles"), re.MULTILINE)
        for unit in UNITS:
            with self.subTest(unit):
                self.assertLessEqual(set(settings(unit, "User")), set(users))
                self.assertLessEqual({path.lstrip("-") for path in " ".join(settings(unit, "ReadWritePaths")).split()}, set(folders))


if __name__ == "__main__":
    unittest.main()
