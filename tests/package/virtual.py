"""A Debian that boots in a virtual machine, without network: QEMU over an image that is made of a folder. Pulling its plug ends the emulator,
and with it everything that its kernel had not given to the disk yet.

By the processor's own means where /dev/kvm works, else emulated, which takes some forty times as long."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import machine
from machine import ROOT, WORK, sh

KERNEL = "linux-image-cloud-amd64,initramfs-tools"
SECONDS_MAX = 2400
IMAGE_SIZE = "8G"
COME = "the moment has come"


def why_not():
    """Why no virtual machine can run here; None if one can."""
    for program in ("qemu-system-x86_64", "qemu-img", "mke2fs"):
        if not shutil.which(program):
            return f"{program} is missing: installer/dependencies test package"
    return machine.why_not()


def is_emulated():
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return not (os.access("/dev/kvm", os.R_OK | os.W_OK) and (" vmx " in flags or " svm " in flags))


def base():
    """A fresh Debian of that release with a kernel of its own, made once."""
    folder = WORK / f"{machine.release()}-virtual"
    if not (folder / ".whole").exists():
        machine.debian(folder, f"{machine.INSTALLED},{KERNEL}")
    return folder


def furnish(system):
    """What a machine does when it is on: the part that its kernel's command line names, which says what it sees at its first console."""
    shutil.rmtree(system / "etc/apt/sources.list.d", ignore_errors=True)
    (system / "etc/apt/sources.list").write_text("", encoding="utf-8")
    (system / "etc/fstab").write_text("/dev/vdb /media ext4 ro 0 0\n", encoding="utf-8")
    (system / "test").mkdir()
    units = system / "etc/systemd/system"
    (units / "bursar-moment.service").write_text(
        "[Unit]\nConditionKernelCommandLine=bursar.moment\n[Service]\nType=notify\n"
        "ExecStart=/bin/bash -c 'exec python3 /test/files/moments.py $(cat /test/part) $(sed \"s/.*bursar.moment=\\([0-9]*\\).*/\\1/\" /proc/cmdline) /dev/hvc0'\n", encoding="utf-8")
    (units / "bursar-test.service").write_text(
        "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\n"
        "ExecStartPre=/bin/bash -c 'sed \"s/.*bursar.part=\\([a-z_]*\\).*/\\1/\" /proc/cmdline >/test/part'\n"
        "ExecStartPre=/usr/bin/systemctl start bursar-moment.service\n"
        "ExecStart=/bin/bash /test/script\nStandardOutput=file:/dev/hvc0\nStandardError=file:/dev/ttyS0\n"
        "ExecStopPost=/usr/bin/systemctl poweroff --force\n[Install]\nWantedBy=multi-user.target\n", encoding="utf-8")
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "bursar-test.service").symlink_to("../bursar-test.service")
    # Nobody sits there, and what waits for somebody writes between our lines.
    for name in ("getty@", "serial-getty@"):
        (units / f"{name}.service").symlink_to("/dev/null")
    (system / "etc/systemd/system.conf.d").mkdir(parents=True, exist_ok=True)
    # An emulated processor is slow: what would hang elsewhere still moves here.
    (system / "etc/systemd/system.conf.d/slow.conf").write_text("[Manager]\nDefaultTimeoutStartSec=600\nDefaultDeviceTimeoutSec=600\n", encoding="utf-8")


def image_of(folder, file, size):
    file.unlink(missing_ok=True)
    sh("mke2fs", "-q", "-t", "ext4", "-d", folder, file, size)
    return file


class VirtualMachine:
    """A disk that grows from the base, or from that of another machine that is switched off. Each boot runs one part of `script` as root.

    `folders`: name below /test -> folder of this machine, read-only there."""

    def __init__(self, script, folders, name="virtual", like=None):
        self.folder = WORK / f"{name}.virtual"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.disk = self.folder / "disk.qcow2"
        self.media = like.media if like else image_of(self._media(script, folders), self.folder / "media.img", "3G")
        below, form = (like.disk, "qcow2") if like else (self._first(folders), "raw")
        sh("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", form, self.disk)
        self.said = ""
        self.console = ""

    def _media(self, script, folders):
        inside = self.folder / "media"
        for name, folder in folders.items():
            shutil.copytree(folder, inside / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(script, inside / "script")
        return inside

    def _first(self, folders):
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            system = pathlib.Path(scratch) / "system"
            sh("cp", "-a", "--reflink=auto", base(), system)
            furnish(system)
            for name in [*folders, "script"]:
                (system / "test" / name).symlink_to(f"/media/{name}")
            return image_of(system, self.folder / "first.img", IMAGE_SIZE)

    def _start(self, part, number):
        kernel, = (base() / "boot").glob("vmlinuz-*")
        initrd, = (base() / "boot").glob("initrd.img-*")
        words = f"root=/dev/vda rw console=ttyS0 quiet panic=-1 bursar.part={part}"
        if number is not None:
            words += f" bursar.moment={number}"
        how = ["-accel", "tcg,thread=multi", "-cpu", "max"] if is_emulated() else ["-accel", "kvm", "-cpu", "host"]
        # A line at hvc0 is what the script says; what the kernel and systemd say is kept beside it.
        return subprocess.Popen(["qemu-system-x86_64", "-M", "q35", *how, "-smp", "2", "-m", "1536", "-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-nic", "none",
                                 "-kernel", kernel, "-initrd", initrd, "-append", words, "-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
                                 "-drive", f"file={self.disk},if=virtio,format=qcow2,cache=writeback", "-drive", f"file={self.media},if=virtio,format=raw,readonly=on",
                                 "-serial", f"file:{self.folder}/console", "-device", "virtio-serial", "-chardev", "stdio,id=said", "-device", "virtconsole,chardev=said"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT)

    def _until_off(self, process):
        """Whether its plug was pulled at its moment."""
        late = threading.Timer(SECONDS_MAX, process.kill)
        late.start()
        said = []
        cut = False
        for line in process.stdout:
            said.append(line.replace("\r", ""))
            if line.startswith(COME):
                process.kill()
                cut = True
        process.wait()
        late.cancel()
        self.said = "".join(said)
        console = self.folder / "console"
        self.console = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
        return cut

    def boot(self, part):
        """(what the script said, what the boot said)"""
        self._until_off(self._start(part, None))
        return self.said, self.console[-4000:]

    def boot_until(self, part, number):
        """Switched off, as by pulling the plug, at that moment of the part; false if it had ended before."""
        return self._until_off(self._start(part, number))
