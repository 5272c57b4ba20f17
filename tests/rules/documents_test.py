"""Hunts: documents that promise what is not there: a dependency that nobody wrote down, a command that does not exist, a dead link."""
import json
import re
import subprocess
import unittest

from repository import ROOT, text, tracked

PAGES = [path for path in tracked() if path.endswith(".md")]


def commands_of_bursarctl():
    """Every command of the program itself, as its help lists them."""
    shown = subprocess.run([ROOT / "build/release/bin/bursarctl", "--help"], capture_output=True, text=True, check=True).stdout
    block = shown.split("commands:\n")[1].split("\n\n")[0]
    return [re.split(r"\s{2,}", line.strip())[0] for line in block.split("\n")]


def anchors_of(page):
    """What links to headings are called: small letters, dashes for blanks, no marks."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Documents(unittest.TestCase):
    def test_every_library_is_in_the_list_of_dependencies(self):
        listed = text("docs/dependencies.md").lower()
        names = re.findall(r"find_package\((\w[\w-]*)", text("cmake/third_party.cmake") + text("tests/CMakeLists.txt"))
        names += re.findall(r"pkg_check_modules\(\w+ REQUIRED IMPORTED_TARGET \"?([a-z0-9-]+)", text("cmake/third_party.cmake"))
        names += ["sqlitecpp"]
        for path in tracked():
            if path.endswith("package.json"):
                package = json.loads(text(path))
                names += [name for key in ("dependencies", "optionalDependencies", "devDependencies") for name in package.get(key, {})]
        own = {"threads", "pkgconfig"}
        missing = [name for name in names if name.lower() not in own and name.lower().removesuffix("-previous") not in listed]
        self.assertEqual(missing, [], "docs/dependencies.md says for each: what for, which version, which licence")

    def test_every_debian_package_is_in_the_list_of_dependencies(self):
        listed = text("docs/dependencies.md")
        blocks = re.findall(r"^(?:build|run|test|package)_packages=\(([^)]*)\)", text("installer/dependencies"), re.MULTILINE)
        packages = [word for block in blocks for word in block.split() if not word.startswith('"$')]
        self.assertGreater(len(packages), 10)
        self.assertEqual([name for name in packages if f"`{name}`" not in listed], [])

    def test_every_command_is_in_the_manual_page(self):
        page = text("docs/man/bursarctl.1").replace("\\-", "-")
        commands = commands_of_bursarctl()
        self.assertGreater(len(commands), 20)
        self.assertEqual([name for name in commands if re.sub(r" [A-Z].*$", "", name) not in page], [])

    def test_every_bursarctl_command_in_the_pages_exists(self):
        known = {re.sub(r" [A-Z].*$| bash$", "", name) for name in commands_of_bursarctl()}
        wrong = []
        for path in PAGES:
            for words in re.findall(r"bursarctl((?: [a-z]+(?:-[a-z]+)*){1,2})", text(path)):
                parts = words.split()
                if parts[0] in ("speaks", "is", "and", "by", "reads", "from", "has", "to", "asks"):
                    continue
                begins_one = any(name.startswith(" ".join(parts) + " ") for name in known)
                if " ".join(parts) not in known and parts[0] not in known and not begins_one:
                    wrong.append(f"{path}: bursarctl {' '.join(parts)}")
        self.assertEqual(wrong, [])

    def test_links_between_the_pages_lead_somewhere(self):
        dead = []
        for path in PAGES:
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text(path)):
                if not re.match(r"[a-z]+:", target) and not (ROOT / path).parent.joinpath(target).exists():
                    dead.append(f"{path}: {target}")
        self.assertEqual(dead, [])

    def test_pages_of_the_package_link_to_pages_of_the_package(self):
        shipped = text("installer/debian/bursar.docs").split()
        comes_along = lambda path: any(path == each or path.startswith(each + "/") for each in shipped)
        missing = []
        for path in PAGES:
            if path.startswith("docs/") and comes_along(path):
                for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", text(path)):
                    meant = str((ROOT / path).parent.joinpath(target).resolve().relative_to(ROOT))
                    # The package has it as its changelog.
                    if meant != "CHANGELOG.md" and not comes_along(meant):
                        missing.append(f"{path}: {target}")
        self.assertEqual(missing, [])

    def test_files_that_the_pages_name_exist(self):
        named = [(path, name) for path in PAGES for name in re.findall(r"`((?:tests|installer|policies|service|auth|integrations|docs)/[\w./-]+)`", text(path))]
        self.assertGreater(len(named), 50)
        # "tests/unit/backup" may be a folder, "providers/blame" both of its files.
        self.assertEqual([f"{path}: {name}" for path, name in named if not list(ROOT.glob(name + "*"))], [])

    def test_links_into_pages_meet_a_heading(self):
        dead = []
        for path in PAGES:
            for target, anchor in re.findall(r"\]\(([^)#\s:]*\.md)?#([^)]*)\)", text(path)):
                page = (ROOT / path).parent.joinpath(target).resolve() if target else ROOT / path
                if page.exists() and anchor not in anchors_of(page.read_text(encoding="utf-8")):
                    dead.append(f"{path}: {target}#{anchor}")
        self.assertEqual(dead, [])

    def test_commands_of_the_readme_exist(self):
        for name in ("installer/quickstart", "tests/run"):
            self.assertIn(name, text("README.md"))
            self.assertTrue((ROOT / name).stat().st_mode & 0o111, name)


if __name__ == "__main__":
    unittest.main()
