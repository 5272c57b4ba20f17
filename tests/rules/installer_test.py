"""Hunts: forms of apt's sources that the installer does not understand, and mirrors of somebody else that it takes for Debian's."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from repository import ROOT

ONE_LINE = "sources.list"
DEB822 = "parts/debian.sources"
# What apt has once learnt of each repository: origin, label and code name. The file names are those that apt makes of the addresses.
KNOWN = {
    "mirror.example_pub_debian_dists_bookworm": ("Debian", "Debian", "bookworm"),
    "mirror.example_pub_debian_dists_bookworm-backports": ("Debian Backports", "Debian Backports", "bookworm-backports"),
    "mirror.example_debian-security_dists_bookworm-security": ("Debian", "Debian-Security", "bookworm-security"),
    "other.example_apt_dists_bookworm": ("Other", "Other", "bookworm"),
    "_etc_apt_mirrors_debian.list_dists_bookworm": ("Debian", "Debian", "bookworm"),
}
SOURCES = [
    # (a sentence, file, text, mirror or None, has backports)
    ("an installer's only file", ONE_LINE, "deb http://mirror.example/pub/debian/ bookworm main\n", "http://mirror.example/pub/debian", False),
    ("options in brackets, with blanks", ONE_LINE,
     "deb [ arch={arch} signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://mirror.example/pub/debian bookworm main contrib\n",
     "http://mirror.example/pub/debian", False),
    ("security and somebody else first", ONE_LINE,
     "deb http://mirror.example/debian-security bookworm-security main\ndeb https://other.example/apt bookworm main\n"
     "deb http://mirror.example/pub/debian bookworm main\n", "http://mirror.example/pub/debian", False),
    ("only somebody else", ONE_LINE, "deb https://other.example/apt bookworm main\n", None, False),
    ("nothing", ONE_LINE, "# deb http://mirror.example/pub/debian bookworm main\n", None, False),
    ("paragraphs with several addresses, suites and components", DEB822,
     "Types: deb deb-src\nURIs: http://mirror.example/pub/debian https://other.example/apt\nSuites: bookworm bookworm-backports\n"
     "Components: main contrib\n\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n",
     "http://mirror.example/pub/debian", True),
    ("fields that go on in the next line", DEB822,
     "Types: deb\nURIs:\n http://mirror.example/pub/debian\nSuites:\n bookworm\n bookworm-updates\nComponents: main\n",
     "http://mirror.example/pub/debian", False),
    ("a paragraph that is switched off", DEB822,
     "Enabled: no\nTypes: deb\nURIs: http://mirror.example/pub/debian\nSuites: bookworm\nComponents: main\n", None, False),
    ("a list of mirrors, as in cloud images", DEB822,
     "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n",
     "mirror+file:/etc/apt/mirrors/debian.list", False),
]


@unittest.skipUnless(shutil.which("apt-get"), "only Debian has apt")
class Sources(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.arch = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("lists/partial", "parts", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{self.folder}/sources.list";\nDir::Etc::sourceparts "{self.folder}/parts";\n'
            f'Dir::State::lists "{self.folder}/lists";\nDir::Cache "{self.folder}/cache";\n', encoding="utf-8")
        for repository, (origin, label, codename) in KNOWN.items():
            (self.folder / f"lists/{repository}_InRelease").write_text(
                f"Origin: {origin}\nLabel: {label}\nSuite: any\nCodename: {codename}\nComponents: main contrib\nArchitectures: {self.arch}\n"
                f"Date: Sat, 06 Sep 2025 10:00:00 UTC\nSHA256:\n {'0' * 64} 1 main/binary-{self.arch}/Packages\n", encoding="utf-8")
            (self.folder / f"lists/{repository}_main_binary-{self.arch}_Packages").touch()

    def ask(self, function):
        return subprocess.run(["bash", "-euo", "pipefail", "-c", f". installer/lib.sh; {function}"], cwd=ROOT, capture_output=True, text=True,
                              check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "APT_CONFIG": str(self.folder / "apt.conf")})

    def test_the_mirror_of_debian_itself_is_found_in_every_form(self):
        for sentence, name, text, mirror, backports in SOURCES:
            with self.subTest(sentence):
                for file in (ONE_LINE, DEB822):
                    (self.folder / file).unlink(missing_ok=True)
                (self.folder / name).write_text(text.replace("{arch}", self.arch), encoding="utf-8")
                found = self.ask("debian_mirror")
                self.assertEqual(found.stdout.strip() or None, mirror, found.stderr)
                self.assertEqual(found.returncode == 0, mirror is not None)
                self.assertEqual(self.ask("has_backports").returncode == 0, backports, found.stderr)


if __name__ == "__main__":
    unittest.main()
