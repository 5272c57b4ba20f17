"""Hunts: pages that quote what no program says, set what no program reads, and give options that no command takes."""
import functools
import html
import json
import re
import subprocess
import unittest

from repository import ROOT, sources, text, tracked

PAGES = [path for path in tracked() if path.startswith("docs/") and path.endswith(".md")]
BURSARCTL = ROOT / "build/release/bin/bursarctl"
LITERAL = r'"(?:\\.|[^"\\\n])*"'


def plain(literals):
    """What adjacent literals say as one, with … for whatever is put in."""
    joined = "".join(piece[1:-1] for piece in re.findall(LITERAL, literals))
    joined = re.sub(r"\\([\"\\])", r"\1", joined)
    return re.sub(r"\{[^{}]*\}", "…", joined)


@functools.cache
def sayings():
    """Everything that the programs can say, a text each."""
    said = set()
    for path in sources("service", "policies", "auth", "integrations", "installer"):
        said.update(plain(found) for found in re.findall(rf"{LITERAL}(?:\s*{LITERAL})*", text(path)))
        said.update(re.sub(r"\{[^{}]*\}", "…", raw) for raw in re.findall(r'R"\((.*?)\)"', text(path)))
    for path in tracked():
        if path.startswith("installer/debian/") or path == "installer/bundle-install":
            said.update(re.sub(r"%s|\$\{[^}]*\}|\$\w+", "…", line) for line in text(path).split("\n"))
    return "\n".join(sorted(said))


def fences(path, language):
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text(path), re.MULTILINE | re.DOTALL)


def known_settings():
    """Section to keys: the table of the configuration, and the answers that the set-up takes."""
    known, section = {}, ""
    for named, keys in re.findall(r"^\| (?:`\[(\w+)\]`)? *\| ([^|]*) \|", text("docs/operate/configuration.md"), re.MULTILINE):
        section = named or section
        known.setdefault(section, set()).update(re.findall(r"`(\w+)`", keys))
    for section, key in re.findall(r'Question\{"(\w+)\.(\w+)"', text("installer/setup/questions.cpp")):
        known.setdefault(section, set()).add(key)
    return known


@functools.cache
def options_of(command):
    shown = subprocess.run([BURSARCTL, *command, "--help"], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE))


class Quotations(unittest.TestCase):
    def test_what_pages_quote_is_what_the_programs_say(self):
        quoted = [(path, " ".join(words.replace("\\|", "|").split())) for path in PAGES for words in re.findall("“([^”]+)”", text(path))]
        self.assertGreater(len(quoted), 20)
        self.assertEqual([f"{path}: {words}" for path, words in quoted if words not in sayings()], [])

    def test_questions_in_the_pictures_are_those_of_the_set_up(self):
        typed = re.search(r'question\.secret \? "([^"\[]*) \["', text("installer/setup/dialogue.cpp"))[1]
        questions = re.findall(r'Question\{"[\w.]+",\s*"((?:\\.|[^"\\])*)".*?(,\s+true)?\},\n', text("installer/setup/questions.cpp"), re.DOTALL)
        asked = [words.replace('\\"', '"') + (typed if secret else "") for words, secret in questions]
        seen = [found for path in tracked() if re.match(r"docs/pictures/setup-\w+\.svg$", path) for found in re.findall(r">([^<]+) \[[^<]*\]: <", text(path))]
        self.assertGreater(len(seen), 20)
        own = "Set everything up like this?"
        self.assertEqual([words for words in seen if words != own and html.unescape(words) not in asked], [], "draw them anew: tests/pictures/setup")

    def test_clients_that_the_page_calls_tested_are_those_of_the_tests(self):
        page = text("docs/use/clients.md")
        for folder in ("tests/scenarios", "tests/scenarios/agents"):
            for name, version in json.loads(text(f"{folder}/package.json"))["dependencies"].items():
                if re.match(r"openai|@anthropic-ai|@google|@openai", name):
                    self.assertIn(".".join(version.rsplit("@", 1)[-1].split(".")[:2]), page, f"{name} of {folder}")

    def test_settings_in_the_pages_exist(self):
        known, wrong, seen = known_settings(), [], 0
        for path in PAGES:
            for block in fences(path, "ini"):
                section = ""
                for line in block.split("\n"):
                    if named := re.match(r"\[(\w+)\]", line):
                        section = named.group(1)
                    elif key := re.match(r"(\w+) *=", line):
                        seen += 1
                        if key.group(1) not in known.get(section, set()):
                            wrong.append(f"{path}: [{section}] {key.group(1)}")
        self.assertGreater(seen, 20)
        self.assertEqual(wrong, [])

    def test_options_of_commands_in_the_pages_exist(self):
        wrong, seen = [], 0
        for path in PAGES:
            for line in "\n".join(fences(path, "sh")).split("\n"):
                for words in re.findall(r"\bbursarctl ([a-z][^|&;#<>$()]*)", line):
                    command = tuple(re.match(r"[a-z-]+(?: [a-z][a-z-]*\b)*", words).group().split()[:3])
                    while command and not options_of(command):
                        command = command[:-1]
                    for option in re.findall(r"(?<=\s)--[a-z-]+", re.sub(r'"[^"]*"', "", words)):
                        seen += 1
                        if option not in options_of(command):
                            wrong.append(f"{path}: bursarctl {' '.join(command)} {option}")
        self.assertGreater(seen, 20)
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
