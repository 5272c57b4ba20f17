"""Hunts: what clang-tidy finds in files that changed against BURSAR_BASE (default: the branch this one left, else the last commit).
Verdicts are remembered by what went into them, in build/tidy-cache."""
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import unittest

from repository import ROOT, text

CACHE = ROOT / "build/tidy-cache"
FILES_MAX = int(os.environ.get("BURSAR_TIDY_FILES", "20"))


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def changed():
    base = os.environ.get("BURSAR_BASE") or git("merge-base", "HEAD", "origin/main")
    if not base or base == git("rev-parse", "HEAD"):
        base = git("rev-parse", "HEAD~1") or git("rev-parse", "HEAD")
    names = set(git("diff", "--name-only", "--diff-filter=d", base).split()) | set(git("ls-files", "-o", "--exclude-standard").split())
    return sorted(name for name in names if name.endswith(".cpp") and name.startswith(("service/", "policies/", "auth/", "integrations/")))


def verdict_of(path, command):
    """Empty when clang-tidy is content."""
    state = hashlib.sha256("\0".join((text(path), command, text(".clang-tidy"), git("rev-parse", "HEAD:service"))).encode()).hexdigest()
    known = CACHE / state
    if known.exists():
        return known.read_text()
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", ROOT / "build/release", ROOT / path], capture_output=True, text=True, check=False)
    verdict = done.stdout if done.returncode else ""
    CACHE.mkdir(parents=True, exist_ok=True)
    known.write_text(verdict)
    return verdict


class Tidy(unittest.TestCase):
    def test_changed_files(self):
        self.assertIsNotNone(shutil.which("clang-tidy-19"), "clang-tidy-19 is missing: installer/dependencies test")
        commands = {os.path.relpath(entry["file"], ROOT): entry["command"]
                    for entry in json.loads((ROOT / "build/release/compile_commands.json").read_text())}
        paths = [path for path in changed() if path in commands][:FILES_MAX]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            verdicts = list(pool.map(lambda path: verdict_of(path, commands[path]), paths))
        self.assertEqual("".join(verdicts), "")


if __name__ == "__main__":
    unittest.main()
