"""A Debian that boots in a container of its own, without network: systemd-nspawn over a folder that mmdebstrap made."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build/package-test"
# What is on the machine before Bursar comes, and what the test itself runs there.
INSTALLED = "systemd,systemd-sysv,dbus,iproute2,ca-certificates,curl,jq,openssl,python3-minimal,procps,nftables"
BOOT_SECONDS_MAX = 900


def sh(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


def why_not():
    """Why no container can run here; None if one can."""
    if os.geteuid() != 0:
        return "a container needs root"
    for program in ("systemd-nspawn", "mmdebstrap", "dpkg-deb"):
        if not shutil.which(program):
            return f"{program} is missing: installer/dependencies test package"
    if not os.path.ismount("/"):
        return "/ is no mount point, so systemd-nspawn cannot change it: run this on the machine itself, not in a chroot"
    return None


def own_release():
    for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=")[1].strip('"')
    return "unknown"


def release():
    """The Debian that the package is for: BURSAR_RELEASE, or this machine's."""
    return os.environ.get("BURSAR_RELEASE") or own_release()


def debian(folder, packages):
    """A fresh Debian of that release with these packages."""
    shutil.rmtree(folder, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    mirror = sh("bash", "-euo", "pipefail", "-c", f". installer/lib.sh; debian_mirror {own_release()}", cwd=ROOT).strip()
    suites = [release(), f"{release()}-updates"] + ([f"{release()}-backports"] if release() == "bookworm" else [])
    sh("mmdebstrap", "--variant=apt", f"--include={packages}", release(), folder, *(f"deb {mirror} {suite} main" for suite in suites))
    (folder / ".whole").touch()


def base():
    """The same with everything of INSTALLED, made once."""
    folder = WORK / release()
    if not (folder / ".whole").exists():
        debian(folder, INSTALLED)
    return folder


class Machine:
    """A copy of the base, or of another machine that is switched off. Each boot runs `script` as root when it is up; the script ends it.

    `folders`: name below /test -> folder of this machine, read-only there. `network`: the namespace that it has, of /proc; else an empty one."""

    def __init__(self, script, folders, network=None, name="machine", like=None):
        self.system = WORK / name
        self.network = network
        self.folders = folders
        shutil.rmtree(self.system, ignore_errors=True)
        sh("cp", "-a", "--reflink=auto", like.system if like else base(), self.system)
        if not like:
            self._furnish()
        shutil.copy(script, self.system / "test/script")

    def _furnish(self):
        # Nothing to ask, and nobody to answer: what is missing in the bundle is missing.
        shutil.rmtree(self.system / "etc/apt/sources.list.d", ignore_errors=True)
        (self.system / "etc/apt/sources.list").write_text("", encoding="utf-8")
        (self.system / "test").mkdir()
        (self.system / "etc/systemd/system/bursar-test.service").write_text(
            "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/bash /test/script\nStandardOutput=file:/test/output\n"
            "StandardError=file:/test/errors\nExecStopPost=/usr/bin/systemctl poweroff --force\n[Install]\nWantedBy=multi-user.target\n", encoding="utf-8")
        wants = self.system / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / "bursar-test.service").symlink_to("../bursar-test.service")
        # Nobody sits at the console, and what waits for somebody there holds on to ports that systemd had opened.
        (self.system / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")
        for name in self.folders:
            (self.system / "test" / name).mkdir()

    def start(self):
        """The process of systemd-nspawn: on, until it ends."""
        for name in ("output", "errors"):
            (self.system / "test" / name).unlink(missing_ok=True)
        network = f"--network-namespace-path={self.network}" if self.network else "--private-network"
        binds = [f"--bind-ro={folder}:/test/{name}" for name, folder in self.folders.items()]
        # Locking memory is what the service does and a container otherwise forbids; a bound time zone is in the way of the package tzdata.
        return subprocess.Popen(["systemd-nspawn", "--quiet", f"--directory={self.system}", f"--machine={self.system.name}-{os.getpid()}", "--register=no", "--keep-unit", network, "--resolv-conf=off",
                                 "--timezone=off", "--system-call-filter=@memlock", *binds, "--boot", "systemd.unit=multi-user.target"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def boot(self):
        """(what the script said, what the boot said)"""
        process = self.start()
        try:
            said = process.communicate(timeout=BOOT_SECONDS_MAX)[0]
        except subprocess.TimeoutExpired:
            switch_off(process)
            said = process.communicate()[0]
        return self.output(), self._read("errors") + said[-4000:]

    def boot_until(self, condition):
        """Switched off, as by pulling the plug, as soon as `condition` of the folder of its system is true; false if it had ended before."""
        process = self.start()
        end = time.monotonic() + BOOT_SECONDS_MAX
        while process.poll() is None and time.monotonic() < end:
            if condition(self.system):
                switch_off(process)
                process.communicate()
                return True
            time.sleep(0.0005)
        switch_off(process)
        process.communicate()
        return False

    def output(self):
        return self._read("output")

    def _read(self, name):
        file = self.system / "test" / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} seconds in vain")
        time.sleep(0.05)


def switch_off(process):
    """Ends the first process of a machine, with which the kernel ends all others of it at once."""
    for task in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in task.read_text(encoding="utf-8").split():
            os.kill(int(child), signal.SIGKILL)


def boot(script, folders, network=None):
    return Machine(script, folders, network).boot()
