#!/usr/bin/env python3
"""Measures how long one node takes to serve again after a stop, beside redis-server and etcd with the same records.

    loadtest/compare/restart.py [--records 10000000] [--runs 3] [--scratch /var/tmp] [--only trireme,redis,etcd]

Keys have 16 bytes and values 100. Each system is filled once, then restarted `--runs` times, in turn. What is timed is
the process from its start to its first answer to a read; of Trireme also what its own log says of each phase.
etcd is filled by transactions of 5000 puts. Needs redis-server, redis-tools, etcd-server; a peer that is missing is
left out, and said so.
"""

import argparse
import base64
import http.client
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAMS = TOP / ".build/release"


def values():
    source = random.Random(5)
    return [f"{source.getrandbits(400):0100x}"[:88].encode() for _ in range(4096)]


def pairs(records):
    pool = values()
    for number in range(records):
        yield b"key:%012d" % number, b"%012d%s" % (number * 7919 % 1000000007, pool[number & 4095])


def fill_redis(records, command):
    """Sends all records, which are pairs, through `redis-cli --pipe`."""
    pipe = subprocess.Popen([*command, "--pipe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    batch = []
    for key, value in records:
        batch.append(b"*3\r\n$3\r\nSET\r\n$16\r\n%s\r\n$100\r\n%s\r\n" % (key, value))
        if len(batch) == 10000:
            pipe.stdin.write(b"".join(batch))
            batch.clear()
    pipe.stdin.write(b"".join(batch))
    output = pipe.communicate()[0].decode().splitlines()[-1]
    if "errors: 0" not in output:
        sys.exit(f"{command}: {output}")


def cold(paths):
    """Has the system forget what it has read of these files: a restart after a machine's, not after a process's."""
    for path in paths:
        for file in Path(path).rglob("*"):
            if file.is_file():
                subprocess.run(["dd", f"of={file}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0"],
                               check=True, stderr=subprocess.DEVNULL)


def until(answers, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers():
            return
        time.sleep(0.005)
    sys.exit("not ready in time")


class Trireme:
    """One node. `kind` is "snapshot"; "snapshot, log", with 30 % of the records written again behind it; or "log", with
    everything replayed from it, since no snapshot is ever cut."""

    def __init__(self, directory, base_port, kind):
        self.name = f"Trireme, {kind}"
        self.directory, self.base_port, self.kind = directory, base_port, kind
        self.log = directory / "n1/noded.log"

    def playground(self, *words):
        subprocess.run([PROGRAMS / "nodectl", "playground", *words, "--dir", self.directory], check=True,
                       stdout=subprocess.DEVNULL)

    def fill(self, records):
        config = self.directory.with_suffix(".yaml")
        retained = "64GiB" if self.kind == "log" else "4MiB"
        config.write_text(f"snapshot.log-min: 64GiB\nsnapshot.interval: 0s\nlog.retain: {retained}\n")
        self.playground("up", "--nodes", "1", "--plaintext", "--base-port", str(self.base_port),
                        "--config", str(config))
        token = (self.directory / "pki/client.token").read_text().strip()
        self.client = ["redis-cli", "-p", str(self.base_port + 4), "-a", token, "--no-auth-warning"]
        fill_redis(pairs(records), self.client)
        if self.kind != "log":
            for _ in range(2):
                subprocess.run([PROGRAMS / "nodectl", "--cluster", self.directory / "cluster.json", "snapshot"],
                               check=True, stdout=subprocess.DEVNULL)
        if self.kind == "snapshot, log":
            pool, source = values(), random.Random(9)
            chosen = (source.randrange(records) for _ in range(records * 3 // 10))
            fill_redis(((b"key:%012d" % key, b"%012d%s" % (key, pool[key + 1 & 4095])) for key in chosen), self.client)
        self.playground("down")

    def run(self, is_cold):
        if is_cold:
            cold([self.directory / "n1/data"])
        start = len(self.log.read_text())
        began = time.monotonic()
        node = subprocess.Popen([PROGRAMS / "noded", "--config", self.directory / "n1/noded.yaml"],
                                stderr=self.log.open("a"))
        probe = [*self.client, "get", "key:000000000001"]
        until(lambda: subprocess.run(probe, capture_output=True).stdout.strip().startswith(b"0000"))
        took = time.monotonic() - began
        # The answer leaves before the lines about it are written.
        until(lambda: '"node ready"' in self.log.read_text()[start:])
        facts = self.log.read_text()[start:]
        node.terminate()
        node.wait()
        return took, self.phases(facts)

    @staticmethod
    def phases(text):
        """What the node's log says: seconds for the scan of the log, for loading, for replaying and its entries."""
        def fact(words, name):
            line = next((line for line in text.splitlines() if words in line), "")
            found = re.search(rf"\b{re.escape(name)}=([0-9.]+)", line)
            return float(found[1]) if found else 0.0
        return {"scan s": fact('"log recovered"', "seconds"), "load s": fact('"state loaded"', "seconds"),
                "records": fact('"state loaded"', "records"), "replay s": fact("phase=replaying", "seconds"),
                "entries": fact("phase=replaying", "entries")}


class Peer:
    """Another system: one process, which is there again when it serves a record."""

    def end(self):
        self.process.terminate()
        self.process.wait()

    def run(self, is_cold):
        if is_cold:
            cold([self.directory])
        began = time.monotonic()
        self.start()
        until(self.serves)
        took = time.monotonic() - began
        self.end()
        return took, {}


class Redis(Peer):
    def __init__(self, directory, port, append_only):
        self.name = "redis-server, AOF" if append_only else "redis-server, RDB"
        self.directory, self.port, self.append_only = directory, port, append_only
        self.client = ["redis-cli", "-p", str(port)]

    def start(self):
        self.directory.mkdir(exist_ok=True)
        options = ["--port", str(self.port), "--dir", str(self.directory), "--save", "", "--daemonize", "no"]
        if self.append_only:
            options += ["--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--auto-aof-rewrite-percentage", "0"]
        self.process = subprocess.Popen(["redis-server", *options], stdout=(self.directory / "log").open("a"))

    def serves(self):
        return subprocess.run([*self.client, "get", "key:000000000001"],
                              capture_output=True).stdout.startswith(b"0000")

    def fill(self, records):
        self.start()
        until(lambda: subprocess.run([*self.client, "ping"], capture_output=True).stdout.startswith(b"PONG"))
        fill_redis(pairs(records), self.client)
        if not self.append_only:
            subprocess.run([*self.client, "save"], check=True, stdout=subprocess.DEVNULL)
        self.end()


class Etcd(Peer):
    name = "etcd"

    def __init__(self, directory, port):
        self.directory, self.port = directory, port

    def start(self):
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", str(self.directory), "--listen-client-urls", f"http://127.0.0.1:{self.port}",
             "--advertise-client-urls", f"http://127.0.0.1:{self.port}",
             "--listen-peer-urls", f"http://127.0.0.1:{self.port + 1}",
             "--initial-advertise-peer-urls", f"http://127.0.0.1:{self.port + 1}",
             "--initial-cluster", f"default=http://127.0.0.1:{self.port + 1}", "--log-level", "error",
             "--quota-backend-bytes", str(32 << 30), "--max-txn-ops", "5000", "--max-request-bytes", str(64 << 20)],
            stderr=subprocess.DEVNULL)

    def ask(self, path, document):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("POST", path, json.dumps(document))
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def serves(self):
        found = self.ask("/v3/kv/range", {"key": base64.b64encode(b"key:%012d" % 1).decode()})
        return bool(found and found.get("kvs"))

    def fill(self, records):
        self.start()
        until(lambda: self.ask("/v3/kv/range", {"key": "eA=="}) is not None)
        batch = []
        for key, value in pairs(records):
            batch.append({"requestPut": {"key": base64.b64encode(key).decode(),
                                         "value": base64.b64encode(value).decode()}})
            if len(batch) == 5000:
                answer = self.ask("/v3/kv/txn", {"success": batch})
                if not answer or not answer.get("succeeded"):
                    sys.exit(f"etcd refused a transaction: {str(answer)[:200]}")
                batch.clear()
        if batch:
            self.ask("/v3/kv/txn", {"success": batch})
        self.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scratch", default="/var/tmp")
    parser.add_argument("--only", default="trireme,redis,etcd")
    parser.add_argument("--warm", action="store_true", help="leave the files in memory: a process's restart")
    parser.add_argument("--base-port", type=int, default=32500)
    options = parser.parse_args()
    wanted = options.only.split(",")
    scratch = Path(tempfile.mkdtemp(prefix="trireme-restart-", dir=options.scratch))
    systems = []
    if "trireme" in wanted:
        systems += [Trireme(scratch / "snapshot", options.base_port, "snapshot"),
                    Trireme(scratch / "behind", options.base_port + 40, "snapshot, log"),
                    Trireme(scratch / "log", options.base_port + 10, "log")]
    if "redis" in wanted and shutil.which("redis-server"):
        systems += [Redis(scratch / "rdb", options.base_port + 20, False),
                    Redis(scratch / "aof", options.base_port + 21, True)]
    if "etcd" in wanted and shutil.which("etcd"):
        systems.append(Etcd(scratch / "etcd", options.base_port + 30))
    for peer, package in (("redis-server", "redis-server"), ("etcd", "etcd-server")):
        if not shutil.which(peer):
            print(f"{peer} is left out: apt-get install {package}")
    times = {system.name: [] for system in systems}
    notes = {system.name: [] for system in systems}
    try:
        for system in systems:
            system.fill(options.records)
        for _ in range(options.runs):
            for system in systems:
                took, phases = system.run(not options.warm)
                times[system.name].append(took)
                notes[system.name].append(phases)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{options.records} records of 16+100 bytes, {options.runs} restarts each, in turn, files "
          f"{'' if options.warm else 'not '}in memory")
    for system in systems:
        took = times[system.name]
        median = statistics.median(took)
        print(f"{system.name:22} {median:7.2f} s ({min(took):.2f}-{max(took):.2f})"
              f"  {options.records / median / 1e6:5.2f} M records/s")
        if notes[system.name][0]:
            for name in notes[system.name][0]:
                figures = [phases[name] for phases in notes[system.name]]
                print(f"    {name:10} {statistics.median(figures):14.3f} ({min(figures):.3f}-{max(figures):.3f})")


if __name__ == "__main__":
    main()
