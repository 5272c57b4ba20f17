"""The company's other machine beside a container: neighbour.mjs in a network namespace of its own."""
import contextlib
import pathlib
import shutil
import subprocess
import tempfile

import machine

STARTS_WITHIN_SECONDS = 300
ENDS_WITHIN_SECONDS = 60


def node():
    for program in sorted((machine.ROOT / "tests/scenarios/node_modules").glob("node-linux-*/bin/node")):
        if subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
            return str(program)
    return shutil.which("node")


def why_not():
    """Why there can be no neighbour here; None if there can."""
    missing = [name for name in ("slapd", "samba", "samba-tool", "ip", "setpriv") if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]
    if missing or not node():
        return f"{', '.join(missing) or 'node'} missing: installer/dependencies test"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine permits no network namespaces (unshare --net)"
    return None


class Neighbour:
    def __init__(self, folder):
        self.folder = folder
        self.process = None  # in its namespace
        self.refusals = ""  # what Slack found wrong with messages; known once the neighbour has ended

    def network(self):
        """For systemd-nspawn: the namespace at the other end of the cable."""
        return f"/proc/{(self.folder / 'there').read_text(encoding='utf-8').strip()}/ns/net"

def end(process):
    process.stdin.close()
    try:
        process.wait(ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def started():
    neighbour = Neighbour(pathlib.Path(tempfile.mkdtemp(prefix="bursar-neighbour-")))
    with open(neighbour.folder / "log", "wb") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", node(), pathlib.Path(__file__).with_name("neighbour.mjs"),
                                    neighbour.folder], stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        machine.wait_for(lambda: (neighbour.folder / "there").exists() or process.poll() is not None, STARTS_WITHIN_SECONDS)
        if process.poll() is not None:
            raise AssertionError(f"the neighbour does not start: {(neighbour.folder / 'log').read_text(encoding='utf-8')[-3000:]}")
        neighbour.process = process
        yield neighbour
    finally:
        end(process)
        file = neighbour.folder / "refusals"
        neighbour.refusals = file.read_text(encoding="utf-8") if file.exists() else ""
        shutil.rmtree(neighbour.folder, ignore_errors=True)
