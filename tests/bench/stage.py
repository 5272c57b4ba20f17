"""The programs of the bench: providers, nginx and bursard, each in a folder of its own, each ended by whoever started it."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

EVENTS = 200  # of every stream

NGINX = """daemon off; worker_processes {workers}; worker_rlimit_nofile 20000; {user}
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 9500; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {servers}
}}
"""
NGINX_SERVER = """upstream up{port} {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} reuseport; client_max_body_size 32m; client_body_buffer_size 256k;
    location / {{ proxy_pass http://up{port}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }} }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while not (found := ready()):
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not after {seconds} seconds")
        time.sleep(0.005)
    return found


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Program:
    def __init__(self, words, folder):
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / "output.log", "ab")
        # As the unit and the quickstart set it.
        environment = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.tcache_count=127"}
        self.process = subprocess.Popen([str(word) for word in words], stdout=self.log, stderr=self.log, cwd=self.folder, env=environment)

    def pids(self):
        own = self.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return ",".join([str(own), *children])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Stage:
    """Everything that runs. Use it as a context: at the end, whatever was started is ended."""

    def __init__(self, binaries, folder):
        self.bin = pathlib.Path(binaries).resolve()
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.running):
            program.stop()

    def start(self, name, words):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        program = Program(words, folder)
        self.running.append(program)
        return program

    def provider(self, name, *words):
        """A demo provider in bench mode."""
        port = free_port()
        program = self.start(name, [self.bin / "bursar-demo-provider", "--bench", "--port", port, "--shards", os.cpu_count(), *words])
        wait_until(f"provider {name}", lambda: listens(port))
        program.port = port
        return program

    def nginx(self, upstreams):
        """One server per upstream; `ports` in the same order."""
        ports = [free_port() for _ in upstreams]
        servers = "".join(NGINX_SERVER.format(port=port, upstream=upstream.port) for port, upstream in zip(ports, upstreams))
        folder = self.folder / "nginx"
        folder.mkdir()
        user = "user root;" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(workers=os.cpu_count(), folder=folder, servers=servers, user=user))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        program = self.start("nginx", [binary, "-e", folder / "nginx.log", "-c", folder / "nginx.conf"])
        wait_until("nginx", lambda: listens(ports[0]))
        program.ports = ports
        return program

    def bursard(self, name, durability, upstreams, messages=()):
        """`upstreams`: model name -> provider; those in `messages` are asked in the dialect anthropic."""
        return Bursard(self, name, durability, upstreams, messages)


class Bursard:
    """A service with a key, a team, budgets on three levels, and one model per provider."""

    def __init__(self, stage, name, durability, upstreams, messages):
        self.stage, self.name = stage, name
        self.folder = stage.folder / name
        (self.folder / "policy").mkdir(parents=True)
        (self.folder / "state").mkdir(mode=0o700)
        self.port = free_port()
        (self.folder / "master.key").write_text(os.urandom(32).hex() + "\n")
        (self.folder / "master.key").chmod(0o600)
        (self.folder / "policy" / "bench.yaml").write_text(json.dumps(self.policy(upstreams, messages), indent=1))
        (self.folder / "bursard.ini").write_text(
            f"[listen]\naddress = 127.0.0.1\nport = {self.port}\nplain = true\n[state]\nfolder = state\ndurability = {durability}\n"
            f"[master_key]\nsource = file\nfile = master.key\n[policy]\ninitial = policy\n[log]\nlevel = warning\n")
        self.token = self.issue_operator()
        self.program = None
        self.start()
        self.request("PUT", "/api/v1/secrets/bench", {"value": "sk-bench-provider-key"})
        self.key = self.request("POST", "/api/v1/keys", {"name": "bench", "team": "bench",
                                                         "budgets": [{"limit": "1000000 USD", "per": "month"}]})["key"]

    @staticmethod
    def policy(upstreams, messages):
        budget = [{"limit": "1000000 USD", "per": "month"}]
        return {
            "organisation": {"name": "Bench", "currency": "USD", "time_zone": "Europe/Berlin", "budgets": budget},
            "providers": {name: {"dialect": "anthropic" if name in messages else "openai", "base_url": f"http://127.0.0.1:{up.port}/v1",
                                 "catalogue": "bench", "keys": [{"secret": "bench"}]} for name, up in upstreams.items()},
            "models": {name: {"channels": [{"provider": name, "model": name}]} for name in upstreams},
            "teams": {"bench": {"models": ["*"], "budgets": budget}},
            "prices": {"bench": {name: {"input": "2.50", "output": "10.00", "hidden_reasoning": False} for name in upstreams}},
        }

    def issue_operator(self):
        words = [self.stage.bin / "bursard", "--config", self.folder / "bursard.ini", "--issue-operator", "bench"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"bursard --issue-operator: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        """Seconds until it is ready."""
        began = time.monotonic()
        self.program = self.stage.start(self.name, [self.stage.bin / "bursard", "--config", self.folder / "bursard.ini"])
        wait_until(f"bursard ({self.folder}/output.log)", self.is_ready)
        return time.monotonic() - began

    def restart(self):
        self.program.stop()
        self.stage.running.remove(self.program)
        return self.start()

    def is_ready(self):
        if self.program.process.poll() is not None:
            raise RuntimeError("bursard ended: " + (self.folder / "output.log").read_text()[-2000:])
        try:
            return self.request("GET", "/readyz")["ready"]
        except OSError:
            return False

    def request(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"authorization": f"Bearer {self.token}", "content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            if path == "/readyz":
                return {"ready": False}
            raise RuntimeError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused
