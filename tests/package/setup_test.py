"""Hunts: a set-up after which people cannot sign in, calls are not answered, or nobody hears that the money goes; a message that Slack would
refuse; TLS that is weaker than promised. A Debian of its own beside real directories, without any other network."""
import json
import pathlib
import re
import shutil
import subprocess
import threading
import unittest

import machine
import neighbour
import packages

HERE = pathlib.Path(__file__).parent
SCAN_SECONDS_MAX = 600


def scanned(beside, system, over):
    """What testssl.sh says of the port, as soon as the machine says that it is open; nothing if `over` comes first."""
    report = beside.folder / "testssl.json"
    machine.wait_for(lambda: (system / "srv/serving").exists() or over.is_set(), machine.BOOT_SECONDS_MAX)
    if over.is_set() or not shutil.which("testssl"):
        (beside.folder / "scanned").touch()
        return []
    try:
        subprocess.run(["nsenter", f"--net=/proc/{beside.process.pid}/ns/net", "testssl", "--quiet", "--color", "0", "--warnings", "batch", "--ip", "192.0.2.1",
                        "--add-ca", system / "etc/bursar/tls/server.pem", "--protocols", "--fs", "--headers", "--vulnerable", "--jsonfile", report,
                        "https://bursar.corp.example:443"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SCAN_SECONDS_MAX, check=False)
    finally:
        (beside.folder / "scanned").touch()
    return json.loads(report.read_text(encoding="utf-8"))


@unittest.skipIf(machine.why_not() or neighbour.why_not(), machine.why_not() or neighbour.why_not() or "")
class SetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.findings = []
        folders = {"bundle": packages.bundle(), "files": HERE}
        with neighbour.started() as beside:
            made = machine.Machine(HERE / "setup.sh", folders | {"neighbour": beside.folder}, network=beside.network())
            over = threading.Event()
            scan = threading.Thread(target=lambda: cls.findings.extend(scanned(beside, made.system, over)))
            scan.start()
            cls.output, cls.errors = made.boot()
            over.set()
            scan.join()
        cls.refusals = beside.refusals

    def test_from_the_answers_to_slack(self):
        for line in self.output.splitlines():
            if not line.startswith(("ok ", "not ok ")):
                print(line)
        results = re.findall(r"^(ok|not ok) (.*)$", self.output, re.MULTILINE)
        for result, step in results:
            with self.subTest(step):
                self.assertEqual(result, "ok")
        self.assertIn("ok Active Directory: no unit has failed", self.output, self.errors[-4000:])
        self.assertEqual(self.refusals, "", "Slack would have refused it")
        print(f"{len(results)} steps in the container")

    @unittest.skipUnless(shutil.which("testssl"), "testssl.sh missing: installer/dependencies test")
    def test_testssl_finds_nothing_to_complain_of(self):
        spoken = [found["id"] for found in self.findings if found["id"] in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3") and found["finding"].startswith("offered")]
        # What it says of the OpenSSL that it uses itself is not about us.
        bad = [f"{found['id']}: {found['finding']}" for found in self.findings
               if found["severity"] not in ("OK", "INFO") and found["id"] != "engine_problem"]
        print(f"testssl: {len(self.findings)} findings, {' '.join(spoken)}")
        self.assertEqual(spoken, ["TLS1_2", "TLS1_3"])
        self.assertEqual(bad, [])


if __name__ == "__main__":
    unittest.main()
