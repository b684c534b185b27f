"""The programs that relay.py starts: the provider, a bare relay, nginx and Jackdaw, each on a port of 127.0.0.1."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "samples", "magpie-7.pdf")
TICKS = os.sysconf("SC_CLK_TCK")
NOBODY = 65534

NGINX = """
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 19000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  upstream provider {{ server 127.0.0.1:{provider}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""


class Processors:
    """Who runs where, and before whom: the relay has processors of its own, provider and client share what is left."""

    def __init__(self, pin, nice=0):
        self.nice = nice
        every = sorted(os.sched_getaffinity(0))
        self.pinned = pin and len(every) > 1
        apart = 2 if len(every) > 3 else 1
        self.harness = set(every[:apart]) if self.pinned else set(every)
        self.relay = set(every[apart:]) if self.pinned else set(every)

    def describe(self):
        before = f"; all of them at nice {self.nice}" if self.nice else ""
        if not self.pinned:
            return f"{len(self.relay)} processors for all{before}"
        return f"relay alone on processors {sorted(self.relay)}; provider and client together on {sorted(self.harness)}{before}"

    def starter(self, command, processors):
        """A function that starts the command, with what subprocess.Popen is told besides."""
        return lambda **more: self.start(command, processors, **more)

    def start(self, command, processors, **more):
        process = subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, processors), start_new_session=self.nice != 0,
                                   **more)
        if self.nice:
            os.setpriority(os.PRIO_PROCESS, process.pid, self.nice)
            if os.path.exists(f"/proc/{process.pid}/autogroup"):  # there a session is what the system shares processors among
                with open(f"/proc/{process.pid}/autogroup", "w", encoding="ascii") as file:
                    file.write(str(self.nice))
        return process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_children(pid):
    yield pid
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return  # it ended in between
    for child in children:
        yield from with_children(int(child))


class Program:
    """A process with its log, its processor time and its memory."""

    def __init__(self, name, start, folder, **more):
        self.name = name
        self.log = os.path.join(folder, f"{name}.log")
        with open(self.log, "ab") as log:
            self.process = start(stdin=subprocess.DEVNULL, stderr=log, cwd=folder, **{"stdout": log, **more})

    def cpu_seconds(self):
        """User and system time of the process with its children."""
        ticks = 0
        for pid in with_children(self.process.pid):
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def resident_bytes(self):
        total = 0
        for pid in with_children(self.process.pid):
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))
        return total

    def wait_until(self, is_ready):
        give_up = time.monotonic() + 120
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > give_up:
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    text = log.read()[-3000:]
                self.stop()
                sys.exit(f"relay: {self.name} did not start:\n{text}")
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask(port, method, path, body=None, headers=None):
    """(status, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def answers(port, path):
    try:
        return ask(port, "GET", path)[0] == 200
    except OSError:
        return False


class Provider(Program):
    def __init__(self, bench, folder, processors):
        command = [bench, "provider"]
        super().__init__("provider", processors.starter(command, processors.harness), folder, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def stats(self):
        """What it did since the last call."""
        return json.loads(ask(self.port, "GET", "/stats")[1])


class Direct:
    """No relay at all."""

    name, door = "direct", "chat"

    def __init__(self, provider):
        self.port = provider.port

    def cpu_seconds(self):
        return 0.0

    def resident_bytes(self):
        return 0

    def stop(self):
        pass


class Bare(Program):
    """The least that a relay can do: the floor of this machine."""

    door = "chat"

    def __init__(self, bench, provider, folder, processors):
        command = [bench, "forwarder", "--upstream", str(provider.port)]
        super().__init__("bare", processors.starter(command, processors.relay), folder, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]


class Nginx(Program):
    door = "chat"

    def __init__(self, provider, folder, processors):
        self.port = free_port()
        home = tempfile.mkdtemp(prefix="nginx-", dir=folder)
        with open(os.path.join(home, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=home, provider=provider.port, port=self.port))
        as_nobody = {}
        if os.geteuid() == 0:
            os.chmod(folder, 0o755)
            os.chown(home, NOBODY, NOBODY)
            as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        command = [program, "-e", "stderr", "-p", home, "-c", os.path.join(home, "nginx.conf")]
        super().__init__("nginx", processors.starter(command, processors.relay), home, **as_nobody)
        self.wait_until(lambda: answers(self.port, "/stats"))


class Jackdaw(Program):
    def __init__(self, binary, door, provider, folder, processors):
        self.port, self.door = free_port(), door
        home = tempfile.mkdtemp(prefix="jackdaw-", dir=folder)
        meant = ("LLM_", "JACKDAW_", "OPENAI_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(meant) or name == "JACKDAW_MODELS"}
        environment |= {"LLM_PROVIDER": "openai", "LLM_MODEL": "bench", "OPENAI_API_KEY": "bench",
                        "OPENAI_BASE_URL": f"http://127.0.0.1:{provider.port}/v1", "JACKDAW_EMBEDDER": "hash", "JACKDAW_LOG": "warning",
                        "JACKDAW_MAX_ANSWERS": "8192", "JACKDAW_MAX_QUEUED_ANSWERS": "8192", "JACKDAW_MAX_CONNECTIONS": "8192"}
        command = [os.path.abspath(binary), "serve", "--data", os.path.join(home, "data"), "--port", str(self.port)]
        super().__init__("jackdaw", processors.starter(command, processors.relay), home, env=environment)
        self.wait_until(lambda: answers(self.port, "/health"))
        self.upload(SAMPLE)

    def upload(self, path):
        boundary = uuid.uuid4().hex
        with open(path, "rb") as file:
            content = file.read()
        head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{os.path.basename(path)}\"\r\n"
                f"Content-Type: application/pdf\r\n\r\n")
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        status, answer = ask(self.port, "POST", "/upload", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        if status != 200:
            self.stop()
            sys.exit(f"relay: jackdaw answered {status} to {path}: {answer[:500]!r}")
