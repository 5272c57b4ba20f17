"""What goes on when the plug is pulled, and at which moments. The conditions look at the files of the machine: from outside where it is a
container, and from inside, as this program, where it is a virtual machine."""
import os
import pathlib
import socket
import sys
import time

STATE = "var/lib/bursar"
KEPT = "var/lib/bursar-packages"


def there(path):
    return lambda system: next(system.glob(path), None) is not None


def gone(path, after):
    return lambda system: next(system.glob(after), None) is not None and next(system.glob(path), None) is None


def says(path, words):
    def look(system):
        try:
            return any(words in file.read_bytes() for file in system.glob(path))
        except FileNotFoundError:
            return False
    return look


def replaced(path):
    """Another file of that name than at the first look."""
    first = {}

    def look(system):
        try:
            seen = os.stat(system / path).st_ino
        except FileNotFoundError:
            return False
        return first.setdefault("inode", seen) != seen
    return look


# What goes on, what looks afterwards, which machine it goes on in, and the moments.
CUTS = [
    ("run_install", "look_install", "fresh", [
        ("its files are unpacked", there("usr/lib/bursar/bursard.dpkg-new")),
        ("the packages that it needs are unpacked", there("usr/lib/x86_64-linux-gnu/libQt6Core.so.6*")),
        ("its users are made", says("etc/passwd", b"\nbursar:")),
    ]),
    ("run_start", "look_start", "prepared", [
        ("the keyring is there", there(f"{STATE}/vault/keyring")),
        ("the books are made under another name", there(f"{STATE}/bursar.db.new")),
        ("the books have their name", there(f"{STATE}/bursar.db")),
    ]),
    ("run_upgrade", "look_upgrade", "filled", [
        ("the former package is built", there(f"{KEPT}/.making")),
        ("the backup is made", there("var/backups/bursar/.making")),
        ("the way back is known", there(f"{KEPT}/way-back")),
        ("files are unpacked", there("usr/lib/bursar/bursard.dpkg-new")),
        ("files are exchanged", replaced("usr/lib/bursar/bursard")),
        ("nothing of it is configured", says("var/lib/dpkg/status", b"Package: bursar\nStatus: install ok unpacked")),
        ("the service is started again", says("var/lib/dpkg/updates/*", b"Package: bursar\nStatus: install ok half-configured")),
    ]),
    ("run_rotation", "look_rotation", "filled", [
        ("the keyring is exchanged", replaced(f"{STATE}/vault/keyring")),
        ("the credential is written", there("etc/credstore.encrypted/bursar-master-key.next")),
        ("the credential is exchanged", replaced("etc/credstore.encrypted/bursar-master-key")),
    ]),
    ("run_restore", "look_restore", "filled", [
        ("the backup is laid out", there(f"{STATE}/restoring")),
        ("it is whole", there(f"{STATE}/restoring/complete")),
        ("the former books are moved aside", there(f"{STATE}/before-restore-1/*")),
        ("the new ones are in their place", gone(f"{STATE}/restoring", after=f"{STATE}/before-restore-1/bursar.db")),
    ]),
]


def condition_of(part, moment):
    moments = next(moments for going_on, _, _, moments in CUTS if going_on == part)
    return dict(moments)[moment]


def main(part, number, port):
    """Says at `port` that the moment has come; systemd starts the rest once it has looked for the first time."""
    moments = next(moments for going_on, _, _, moments in CUTS if going_on == part)
    condition = moments[int(number)][1]
    root = pathlib.Path("/")
    come = condition(root)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
        to_systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    while not come:
        time.sleep(0.002)
        come = condition(root)
    pathlib.Path(port).write_text("\nthe moment has come\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
