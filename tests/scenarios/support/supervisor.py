"""What systemd does for a service of Type=notify with a socket and a watchdog: supervisor.py FOLDER PROGRAM ARGUMENT…

Prints one JSON object a line: {"port": N}, {"said": TEXT} for each message of the service, {"ended": CODE}. Reads commands, one a line: start,
stop (SIGTERM). Ends with its standard input, and takes the service along.
"""
import json
import os
import select
import signal
import socket
import sys

folder, *command = sys.argv[1:]
port = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
port.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
port.bind(("::", 0))
port.listen(128)
notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notices.bind(os.path.join(folder, "notify"))


def tell(**what):
    print(json.dumps(what), flush=True)


def start():
    child = os.fork()
    if child == 0:
        # The first descriptor that is handed over is 3.
        os.dup2(port.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=notices.getsockname(), WATCHDOG_USEC="600000",
                          WATCHDOG_PID=str(os.getpid()))
        os.execv(command[0], command)
    return child


tell(port=port.getsockname()[1])
service = None
while True:
    readable, _, _ = select.select([notices, sys.stdin], [], [])
    if notices in readable:
        tell(said=notices.recv(4096).decode())
    if sys.stdin in readable:
        word = sys.stdin.buffer.raw.read(64).decode().strip()
        if word == "start":
            service = start()
        elif service:
            os.kill(service, signal.SIGTERM)
            # What it says while it ends lies in the socket.
            _, status = os.waitpid(service, 0)
            service = None
            notices.setblocking(False)
            try:
                while True:
                    tell(said=notices.recv(4096).decode())
            except BlockingIOError:
                notices.setblocking(True)
            tell(ended=os.waitstatus_to_exitcode(status))
        if not word:
            break
