"""A playground cluster of real processes, as a test drives it: start, fault, client, status, and waiting."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("TRIREME_PROGRAMS", TOP / ".build" / "release"))
NODECTL = str(PROGRAMS / "nodectl")
NODED = str(PROGRAMS / "noded")

#: How long anything may take that normally takes milliseconds: generous, because machines stall.
DEADLINE = 30.0


def eventually(check, what, deadline=DEADLINE, pause=0.02):
    """Polls until `check` returns something true, and returns that. Errors of the network count as "not yet"."""
    end = time.monotonic() + deadline
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except (OSError, redis.RedisError, subprocess.SubprocessError, json.JSONDecodeError) as error:
            last = error
        assert time.monotonic() < end, f"not within {deadline} s: {what}; last seen: {last!r}"
        time.sleep(pause)


def free_base_port(nodes=3):
    """A base port whose whole block is free, below the range that the kernel gives to clients."""
    generator = random.Random()
    while True:
        base = generator.randrange(12000, 31000, 10)
        ports = [base + 10 * k + offset for k in range(nodes + 1) for offset in range(1, 5)]
        with contextlib.ExitStack() as stack:
            try:
                for port in ports:
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", port))
                return base
            except OSError:
                continue


def digest_of(record):
    """The part of a node's status that must be the same everywhere."""
    return (record["applied_index"], record["digest"])


class Cluster:
    """One playground under a directory of its own."""

    def __init__(self, directory, nodes=3, config=None, base_port=None, archive="none"):
        self.directory = pathlib.Path(directory)
        self.base_port = base_port or free_base_port(nodes)
        self.nodes = nodes
        self.config = config
        self.archive = archive

    # Starting and stopping

    def up(self):
        arguments = ["up", "--base-port", str(self.base_port), "--nodes", str(self.nodes), "--plaintext"]
        if self.config is not None:
            path = self.directory.parent / f"{self.directory.name}.extra.yaml"
            path.write_text(self.config)
            arguments += ["--config", str(path)]
        if self.archive is not None:
            arguments += ["--archive", self.archive]
        self.playground(*arguments)
        self.leader()
        return self

    def down(self):
        with contextlib.suppress(Exception):
            self.resume_all()
        subprocess.run(
            [NODECTL, "playground", "down", "--dir", str(self.directory)], capture_output=True, timeout=60)
        for node in self.nodes_of_file():
            with contextlib.suppress(OSError):
                os.kill(node["pid"], signal.SIGKILL)

    def playground(self, *arguments, check=True):
        done = subprocess.run(
            [NODECTL, "playground", *arguments, "--dir", str(self.directory)],
            capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, f"nodectl playground {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def playground_in_background(self, *arguments):
        """A playground command under way; the caller waits for it."""
        return subprocess.Popen(
            [NODECTL, "playground", *arguments, "--dir", str(self.directory)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def nodectl(self, *arguments, check=True, timeout=60):
        done = subprocess.run(
            [NODECTL, "--cluster", str(self.directory / "cluster.json"), *arguments],
            capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"nodectl {arguments}: {done.returncode} {done.stdout}\n{done.stderr}"
        return done

    def nodectl_in_background(self, *arguments):
        """A nodectl under way; the caller waits for it."""
        return subprocess.Popen(
            [NODECTL, "--cluster", str(self.directory / "cluster.json"), *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # Facts

    def file(self):
        return json.loads((self.directory / "cluster.json").read_text())

    def nodes_of_file(self):
        try:
            return self.file()["nodes"]
        except FileNotFoundError:
            return []

    def names(self):
        return [node["id"] for node in self.nodes_of_file()]

    def node(self, name):
        return next(node for node in self.nodes_of_file() if node["id"] == name)

    def path(self, relative):
        return self.directory / relative

    def token(self):
        return self.path(self.file()["token_file"]).read_text().strip()

    def log(self, name):
        return self.path(self.node(name)["log"]).read_text(errors="replace")

    def is_running(self, name):
        """Whether the process exists and is no zombie."""
        try:
            status = pathlib.Path(f"/proc/{self.node(name)['pid']}/stat").read_text()
            return status.rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def resident_bytes(self, name):
        pages = pathlib.Path(f"/proc/{self.node(name)['pid']}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    # Faults

    def signal(self, name, number):
        os.kill(self.node(name)["pid"], number)

    def kill(self, name):
        self.signal(name, signal.SIGKILL)
        eventually(lambda: not self.is_running(name), f"{name} is gone")

    def kill_all(self):
        for name in self.names():
            self.signal(name, signal.SIGKILL)
        for name in self.names():
            eventually(lambda n=name: not self.is_running(n), f"{name} is gone")

    def pause(self, name):
        self.signal(name, signal.SIGSTOP)

    def resume(self, name):
        self.signal(name, signal.SIGCONT)

    def resume_all(self):
        for name in self.names():
            with contextlib.suppress(OSError):
                self.resume(name)

    def start(self, name):
        self.playground("start", name)

    def stop(self, name):
        self.playground("stop", name)

    # Asking

    def address(self, name, plaintext=False):
        host, port = self.node(name)["client_plaintext" if plaintext else "client"].rsplit(":", 1)
        return host, int(port)

    def port_address(self, name, port):
        host, number = self.node(name)[port].rsplit(":", 1)
        return host, int(number)

    def client(self, name, plaintext=False, timeout=10.0, **options):
        """A redis-py client that never retries by itself: what it reports is what the node said."""
        host, port = self.address(name, plaintext)
        settings = dict(
            host=host, port=port, password=self.token(), socket_timeout=timeout, socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0))
        if not plaintext:
            settings |= dict(ssl=True, ssl_ca_certs=str(self.path(self.file()["ca"])), ssl_check_hostname=True)
        return redis.Redis(**(settings | options))

    def readonly_client(self, name, **options):
        """Answers from the node's own state. One connection, so that `READONLY` holds for every command."""
        client = self.client(name, single_connection_client=True, **options)
        client.execute_command("READONLY")
        return client

    def redis_cli(self, name, *arguments, plaintext=False, **options):
        host, port = self.address(name, plaintext)
        command = ["redis-cli", "-h", host, "-p", str(port)]
        if not plaintext:
            command += ["--tls", "--cacert", str(self.path(self.file()["ca"]))]
        environment = os.environ | {"REDISCLI_AUTH": self.token()}
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=60, env=environment, **options)

    def status(self):
        return json.loads(self.nodectl("--output", "json", "status", timeout=20).stdout)

    def leader(self):
        """The leader's name, once there is one that the status agrees on."""
        return eventually(lambda: self.status().get("leader"), "the cluster has a leader")

    def followers(self):
        leader = self.leader()
        return [name for name in self.names() if name != leader]

    def healthy(self, deadline=DEADLINE):
        """Waits until all nodes are healthy; under load their states differ by what is under way."""
        def look():
            return all(record["healthy"] for record in self.status()["nodes"])
        eventually(look, "all nodes are healthy", deadline)

    def converged(self, deadline=DEADLINE):
        """Waits, without load, until all nodes are healthy with one applied index and digest; returns those."""
        seen = None

        def look():
            # A node tells its state ten times a second: right after a write all may still tell the one before.
            nonlocal seen
            before, seen = seen, self.common_state()
            return seen if seen == before else None
        return eventually(look, "all nodes are healthy and equal", deadline, pause=0.25)

    def common_state(self):
        """Applied index and digest as all nodes tell them; None when they differ, or when one is not healthy."""
        records = self.status()["nodes"]
        if len(records) != len(self.names()) or not all(record["healthy"] for record in records):
            return None
        states = {digest_of(record) for record in records}
        return states.pop() if len(states) == 1 else None

    def admin(self, name, path, token=None, method="GET", timeout=10, body=None):
        """Status code and body of a request to the admin port."""
        host, port = self.port_address(name, "admin")
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"https://{host}:{port}{path}", method=method, data=data)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        context = ssl.create_default_context(cafile=str(self.path(self.file()["ca"])))
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)
