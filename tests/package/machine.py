"""A Debian that boots in a container of its own, without network: systemd-nspawn over a folder that mmdebstrap made."""
import os
import pathlib
import shutil
import subprocess

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


def release():
    for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=")[1].strip('"')
    return "unknown"


def base():
    """A fresh Debian of this machine's release with everything of INSTALLED, made once."""
    folder = WORK / release()
    if (folder / ".whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    mirror = sh("bash", "-euo", "pipefail", "-c", ". installer/lib.sh; debian_mirror", cwd=ROOT).strip()
    suites = [release(), f"{release()}-updates"] + ([f"{release()}-backports"] if release() == "bookworm" else [])
    sh("mmdebstrap", "--variant=apt", f"--include={INSTALLED}", release(), folder, *(f"deb {mirror} {suite} main" for suite in suites))
    (folder / ".whole").touch()
    return folder


def boot(script, folders):
    """Boots a copy of the base, runs `script` as root when it is up, and gives (its output, what the boot said).

    `folders`: name below /test -> folder of this machine, read-only there."""
    system = WORK / "machine"
    shutil.rmtree(system, ignore_errors=True)
    sh("cp", "-a", "--reflink=auto", base(), system)
    # Nothing to ask, and nobody to answer: what is missing in the bundle is missing.
    shutil.rmtree(system / "etc/apt/sources.list.d", ignore_errors=True)
    (system / "etc/apt/sources.list").write_text("", encoding="utf-8")
    test = system / "test"
    test.mkdir()
    shutil.copy(script, test / "script")
    (system / "etc/systemd/system/bursar-test.service").write_text(
        "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/bash /test/script\nStandardOutput=file:/test/output\n"
        "StandardError=file:/test/errors\nExecStopPost=/usr/bin/systemctl poweroff --force\n[Install]\nWantedBy=multi-user.target\n", encoding="utf-8")
    wants = system / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "bursar-test.service").symlink_to("../bursar-test.service")
    binds = [f"--bind-ro={folder}:/test/{name}" for name, folder in folders.items()]
    for name in folders:
        (test / name).mkdir()
    # Locking memory is what the service does and a container otherwise forbids; a bound time zone is in the way of the package tzdata.
    done = subprocess.run(["timeout", "--kill-after=10", str(BOOT_SECONDS_MAX), "systemd-nspawn", "--quiet", f"--directory={system}", "--register=no",
                           "--keep-unit", "--private-network", "--resolv-conf=off", "--timezone=off", "--system-call-filter=@memlock", *binds,
                           "--boot", "systemd.unit=multi-user.target"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    output = test / "output"
    errors = test / "errors"
    return (output.read_text(encoding="utf-8") if output.exists() else "",
            (errors.read_text(encoding="utf-8") if errors.exists() else "") + done.stdout[-4000:] + done.stderr[-4000:])
