"""Where a campaign runs: a cluster of real processes on disks that forget, joined by a network that can be broken.

With a network, everything is in namespaces of its own (processes, mounts, network), which end with the campaign, and
each node has a network namespace, joined to the others by switch.c. Needs root. Without one, nodes are on loopback.
"""

import ctypes
import contextlib
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

import cluster as playground  # noqa: E402
from cluster import eventually  # noqa: E402

from disk import Disk, compiled  # noqa: E402

INSIDE = "TRIREME_CAMPAIGN_INSIDE"
#: Places of the switch: 0 the clients, k node k. `PLACES` and the addresses as in switch.c.
PLACES = 8
CLIENTS = 0

#: Small segments, so that rolls and preparations happen all the time, and few bytes per power cut. Short waits, so that
#: a request whose fate is open does not hold a client for long.
SETTINGS = """
log.segment-size: 1MiB
log.reserve: 4MiB
request.hold-timeout: 1s
request.timeout: 3s
"""


def enter_namespaces():
    """Starts this program again in namespaces of its own; returns in there only. All its processes end with it."""
    if os.environ.get(INSIDE):
        run("ip", "link", "set", "lo", "up")
        return
    if os.geteuid() != 0:
        sys.exit("campaign: namespaces need root; without it, leave the network out: --faults kill,pause,power,disk")
    os.environ[INSIDE] = "1"
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


class Rule(ctypes.Structure):
    """`struct rule` of switch.c."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("drop", "duplicate", "delay", "jitter")]


class Network:
    """Namespaces `n1`… and the switch between them and the clients, who are in the campaign's own."""

    def __init__(self, directory, names):
        self.names = names
        rules = directory / "rules"
        rules.write_bytes(bytes(ctypes.sizeof(Rule) * PLACES * PLACES))
        with open(rules, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.rules = (Rule * PLACES * PLACES).from_buffer(self.memory)
        pathlib.Path("/run/netns").mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        for name in names:
            run("ip", "netns", "add", name)
        hosts = directory / "hosts"
        hosts.write_text(
            "127.0.0.1 localhost\n" + "".join(f"{self.address(name)} {name}\n" for name in names))
        run("mount", "--bind", str(hosts), "/etc/hosts")
        self.switch = subprocess.Popen(
            [str(compiled("switch.c")), str(rules), *[f"/run/netns/{name}" for name in names]],
            stdout=subprocess.PIPE)
        assert self.switch.stdout.readline() == b"ready\n", "the switch does not start"
        self._configure(CLIENTS)
        for name in names:
            run("ip", "-n", name, "link", "set", "lo", "up")
            self._configure(self.place(name), "-n", name)

    def _configure(self, place, *where):
        run("ip", *where, "address", "add", f"10.98.0.{100 + place}/24", "dev", "wire")
        run("ip", *where, "link", "set", "wire", "up", "mtu", "16000")

    def place(self, name):
        return CLIENTS if name is None else 1 + self.names.index(name)

    def address(self, name):
        return f"10.98.0.{100 + self.place(name)}"

    def rule(self, sender, receiver):
        """The rule for packets from one node to another; None stands for the clients."""
        return self.rules[self.place(sender)][self.place(receiver)]

    def cut(self, sender, receiver):
        """One direction only."""
        self.rule(sender, receiver).drop = 1_000_000

    def separate(self, one, other):
        """Both ways, between all of `one` and all of `other`."""
        for a in one:
            for b in other:
                self.cut(a, b)
                self.cut(b, a)

    def heal(self):
        ctypes.memset(ctypes.addressof(self.rules), 0, ctypes.sizeof(self.rules))


class CampaignCluster(playground.Cluster):
    """A playground whose processes are started here: each in its namespace, on its disk that forgets."""

    def __init__(self, directory, nodes=3, network=True, forgets=True, settings=SETTINGS):
        super().__init__(directory, nodes=nodes, config=settings, base_port=12000 if network else None)
        self.network = None
        self.has_network = network
        self.forgets = forgets
        self.disks = {}
        self.processes = {}
        #: Nodes that the campaign has ended, or told to end; any other end is looked into.
        self.expected = set()

    def up(self):
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        super().up()
        self.playground("down")
        for name in self.names():
            shutil.rmtree(self.path(self.node(name)["data"]))
        if self.has_network:
            self.network = Network(self.directory, self.names())
            self._move_to_network()
        for name in self.names():
            if self.forgets:
                top = self.path(name) / "disk"
                top.mkdir()
                self._put_data_below(name)
                self.disks[name] = Disk(top, self.path(name) / "side")
            self.start(name)
        self.leader()
        return self

    def _put_data_below(self, name):
        """The data directory is made below a directory that forgets, so that its own name can be lost too."""
        config = self.path(self.node(name)["config"])
        config.write_text(config.read_text().replace('data.directory: "data"', 'data.directory: "disk/data"').replace(
            "data.directory: data", "data.directory: disk/data"))
        self._edit(lambda node: node | {"data": f"{node['id']}/disk/data"})

    def _move_to_network(self):
        """Addresses in place of loopback; names for nodectl and Python, who check them in certificates."""
        texts = {self.node(name)["config"]: self.path(self.node(name)["config"]).read_text() for name in self.names()}
        for node in self.nodes_of_file():
            for port in ("client", "admin", "peer"):
                new = node[port].replace("127.0.0.1", self.network.address(node["id"]))
                texts = {path: text.replace(node[port], new) for path, text in texts.items()}
        for path, text in texts.items():
            # Without TLS a node listens on loopback only.
            text = re.sub(r", client-plaintext: [0-9.:]+", "", text)
            self.path(path).write_text(re.sub(r"(?m)^listen.client-plaintext: .*\n", "", text))
        def named(node):
            moved = {port: node[port].replace("127.0.0.1", node["id"]) for port in ("client", "admin", "peer")}
            rest = {key: value for key, value in node.items() if key != "client_plaintext"}
            return rest | moved
        self._edit(named)

    def _edit(self, change):
        file = self.file()
        file["nodes"] = [change(node) for node in file["nodes"]]
        path = self.directory / "cluster.json"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(file, indent=2))
        temporary.rename(path)

    def node(self, name):
        """As the file has it, with the process that runs now."""
        node = super().node(name)
        return node | {"pid": self.processes[name].pid} if name in self.processes else node

    def start(self, name):
        """Starts the node, and does not wait."""
        self.expected.discard(name)
        command = [playground.NODED, "--config", str(self.path(self.node(name)["config"]).resolve())]
        if self.network:
            command = ["nsenter", f"--net=/run/netns/{name}", *command]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIREME_")}
        if name in self.disks:
            environment |= self.disks[name].environment()
        with open(self.path(self.node(name)["log"]), "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def is_running(self, name):
        return name in self.processes and self.processes[name].poll() is None

    def kill(self, name):
        self.kill_these([name])

    def kill_these(self, names):
        """All at once, as nearly as may be."""
        self.expected |= set(names)
        for name in names:
            if self.is_running(name):
                self.processes[name].kill()
        for name in names:
            if name in self.processes:
                self.processes[name].wait()

    def kill_all(self):
        self.kill_these(self.names())

    def stop(self, name):
        self.expected.add(name)
        if self.is_running(name):
            self.processes[name].terminate()
            self.processes[name].send_signal(signal.SIGCONT)
            self.processes[name].wait(timeout=60)

    def signal(self, name, number):
        if self.is_running(name):
            self.processes[name].send_signal(number)

    def cut_power(self, names, chance, mode=None):
        """Ends these nodes and takes from their disks what was not synced. Returns what happened, a line a node."""
        self.kill_these(names)
        return [f"{name}: {self.disks[name].cut_power(chance, mode)}" for name in names]

    def down(self):
        with contextlib.suppress(Exception):
            self.resume_all()
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.network:
            self.network.switch.kill()
            self.network.switch.wait()

    def client_address(self, name):
        host, port = self.address(name)
        return (self.network.address(name) if self.network else host), port

    def status(self):
        """As nodectl shows it; an error of the network when no node answers."""
        done = self.nodectl("--output", "json", "status", check=False, timeout=20)
        if done.returncode != 0:
            raise OSError(done.stderr)
        return json.loads(done.stdout)

    def admin_status(self, name, timeout=2):
        """The node's own view as JSON, or None when it does not answer."""
        try:
            code, body = self.admin(name, "/v1/status", token=self.token(), timeout=timeout)
            return json.loads(body) if code == 200 else None
        except (OSError, ValueError):
            return None


def run(*command):
    subprocess.run(command, check=True)


def wait_until(check, what, deadline=60.0, pause=0.05):
    return eventually(check, what, deadline, pause)


def monotonic():
    """CLOCK_MONOTONIC in nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
