"""Tries what the courier must not be able to do, and says how each attempt ended."""
import socket
import sys


def attempt(name, action):
    try:
        action()
        print(f"{name}: succeeded")
    except OSError as error:
        print(f"{name}: {error.strerror}")


def read(path):
    with open(path, "rb") as file:
        file.read(16)


def open_only(path):
    with open(path, "rb"):
        pass


def listen(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.bind(address)
        opened.listen(1)


def connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.connect(path)


service = sys.argv[1]
attempt("read the vault", lambda: read("/var/lib/bursar/vault/vault.db"))
attempt("read the configuration", lambda: read("/etc/bursar/bursard.ini"))
attempt("read the memory of the service", lambda: open_only(f"/proc/{service}/mem"))
attempt("listen on a port", lambda: listen(socket.AF_INET, ("127.0.0.1", 9999)))
attempt("listen on a port of IPv6", lambda: listen(socket.AF_INET6, ("::1", 9998)))
attempt("connect to the courier's socket", lambda: connect("/run/bursar/courier.sock"))
