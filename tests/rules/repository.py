"""The repository as the rules see it: its tracked files, its layers, its comments."""
import functools
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = ("service", "policies", "auth", "integrations", "installer", "tests")


@functools.cache
def tracked():
    """Paths of all files that are in git or would be added, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.splitlines()
    return sorted(path for path in set(listed) if (ROOT / path).is_file())


def sources(*folders, suffixes=(".h", ".cpp")):
    """C++ files below the folders (default: everywhere)."""
    return [path for path in tracked() if path.endswith(suffixes) and (not folders or path.startswith(folders))]


@functools.cache
def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@functools.cache
def code(path):
    """The text with comments and the insides of string literals blanked out, line for line."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def blank(match):
        whole = match.group(0)
        # 1'000'000 is a number, not a character.
        if whole.startswith("'") and re.search(r"[0-9a-fA-F]$", match.string[:match.start()]) and len(whole) > 3:
            return whole
        if whole.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", whole)
        return '"' + re.sub(r"[^\n]", " ", whole[1:-1]) + '"'

    lines = []
    # An #include keeps its file name.
    for line in text(path).split("\n"):
        lines.append(line.replace('"', "\x01") if line.lstrip().startswith("#include") else line)
    return pattern.sub(blank, "\n".join(lines)).replace("\x01", '"')


def lines_with(pattern, paths, reader=code):
    """'file:line: text' for every line that the pattern is found in."""
    found = []
    for path in paths:
        for number, line in enumerate(reader(path).split("\n"), 1):
            if re.search(pattern, line):
                found.append(f"{path}:{number}: {text(path).split(chr(10))[number - 1].strip()}")
    return found


@functools.cache
def may_link():
    """layer -> layers it may use, from the one table in cmake/layers.cmake."""
    table = {}
    for name, links in re.findall(r"^set\(bursar_may_link_(\w+)\s+([^)]*)\)", text("cmake/layers.cmake"), re.MULTILINE):
        table[name] = [word for word in links.replace('"', "").split() if word]
    return table


def layer_of(path):
    """'service/ledger/x.cpp' -> 'ledger'; None outside the layers."""
    parts = path.split("/")
    if parts[0] == "service" and len(parts) > 2:
        return parts[1]
    if parts[0] == "auth" and len(parts) > 2:
        return parts[1]
    if parts[0] == "integrations" and len(parts) > 2 and parts[1] in ("courier", "drawing"):
        return parts[1]
    if parts[0] == "installer" and len(parts) > 2 and parts[1] == "setup":
        return "setup"
    if parts[0] in ("policies", "auth", "integrations") and len(parts) > 1:
        return parts[0]
    return None
