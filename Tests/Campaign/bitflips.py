"""One bit of one node's log is flipped, again and again: the node must repair itself, or refuse and say what to do.

The cluster is at rest and every record is known. A trial stops a node, flips a random bit of a random file of its log,
starts it, and waits until it is whole or has ended. Then every record is read on every node. With `--while-running` the
bit is flipped below a running node while clients write, and the node is killed afterwards.
"""

import collections
import hashlib
import http.client
import json
import random
import re
import shutil
import ssl
import statistics
import threading
import time

import history
from campaign import Failed, Run, finish
from clients import Clients, Connection
from world import wait_until

SETTINGS = """
log.segment-size: 256KiB
log.reserve: 1MiB
request.hold-timeout: 1s
request.timeout: 3s
"""
RECORDS = 3000
DEADLINE = 60.0
HEADER_BYTES = 128
RECORD_HEADER_BYTES = 56
#: Without the payload of frames.
BODY_BYTES = {"frame": 80, "state": 48, "truncation": 24}

DAMAGED = re.compile(r'log\.verdict="damaged\(([a-z-]+) in')


class Status:
    """Asks admin ports for status over connections that are kept."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.context = ssl.create_default_context(cafile=str(cluster.path("pki/ca.crt")))
        self.token = cluster.token()
        self.connections = {}

    def of(self, name):
        """None when the node does not answer."""
        try:
            if name not in self.connections:
                host, port = self.cluster.port_address(name, "admin")
                self.connections[name] = http.client.HTTPSConnection(host, port, timeout=2, context=self.context)
            connection = self.connections[name]
            connection.request("GET", "/v1/status", headers={"Authorization": f"Bearer {self.token}"})
            return json.loads(connection.getresponse().read())["node"]
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            self.connections.pop(name, None)
            return None

    def whole(self):
        """Applied index and digest, when all nodes are healthy and agree on them; else None."""
        states = set()
        for name in self.cluster.names():
            node = self.of(name)
            if node is None or not node["healthy"]:
                return None
            states.add((node["applied_index"], node["digest"]))
        return states.pop() if len(states) == 1 else None


def value_of(number):
    """The known value of a record: from 40 to 700 bytes that do not compress well."""
    text = hashlib.sha256(str(number).encode()).hexdigest()
    return (text * 11)[:40 + number * 37 % 660]


class Trials:
    def __init__(self, run, chance, while_running):
        self.run = run
        self.cluster = run.cluster
        self.chance = chance
        self.while_running = while_running
        self.status = Status(run.cluster)
        self.token = run.cluster.path("pki/client.token").read_text().strip()
        self.outcomes = collections.Counter()
        self.kinds = collections.Counter()
        self.places = collections.Counter()
        self.seconds = []

    # Known records.

    def fill(self):
        """Eight writers, so that some batches hold several entries."""
        wait_until(self.status.whole, "all nodes are whole")
        acknowledged = []

        def write(part):
            connection = self.connect(self.cluster.names()[part % 3])
            for number in range(part, RECORDS, 8):
                connection.call("SET", f"known:{number}", value_of(number))
                acknowledged.append(number)
            connection.close()
        threads = [threading.Thread(target=write, args=(part,)) for part in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(acknowledged) == RECORDS, "not all records could be written"

    def connect(self, name):
        return Connection(self.cluster.address(name, plaintext=True), self.token, timeout=20.0)

    def verify(self, trial):
        """Every record on every node, from its own state."""
        for name in self.cluster.names():
            connection = self.connect(name)
            connection.call("READONLY")
            for first in range(0, RECORDS, 500):
                numbers = range(first, min(RECORDS, first + 500))
                found = connection.call("MGET", *[f"known:{number}" for number in numbers])
                for number, value in zip(numbers, found):
                    if value is None or value.decode(errors="replace") != value_of(number):
                        raise Failed(f"trial {trial}: known:{number} on {name} is {value!r}")
            connection.close()

    # A trial.

    def one(self, trial):
        began = time.monotonic()
        name = self.chance.choice(self.cluster.names())
        is_kill = trial % 2 == 0
        if self.while_running:
            path, offset, bit, place = self.flip(name)
            time.sleep(self.chance.uniform(0, 0.3))
            self.end(name, is_kill)
        else:
            self.end(name, is_kill)
            path, offset, bit, place = self.flip(name)
        how = "killed" if is_kill else "stopped"
        what = f"trial {trial}: {name} {how}, bit {bit} of byte {offset} of {path.name}, {place}"
        self.run.tell(what)
        log_length = len(self.cluster.log(name))
        self.cluster.start(name)
        outcome, kind = self.look(name, what, log_length, path, offset, bit)
        if outcome == "harmless" and place != "unused" and not self.while_running:
            raise Failed(f"{what}: not noticed")
        if outcome == "torn tail cut" and place in ("header", "record") and not self.while_running:
            raise Failed(f"{what}: taken for a torn tail, although the log was sealed behind it")
        if not self.while_running:
            self.verify(trial)
        self.outcomes[outcome] += 1
        self.places[place, outcome] += 1
        if kind:
            self.kinds[kind] += 1
        for quarantine in self.data(name).rglob("quarantine"):
            shutil.rmtree(quarantine)
        self.seconds.append(time.monotonic() - began)

    def data(self, name):
        return self.cluster.path(self.cluster.node(name)["data"])

    def end(self, name, is_kill):
        if is_kill:
            self.cluster.kill(name)
        else:
            self.cluster.stop(name)

    def flip(self, name):
        """Flips a bit; returns where, and what stood there: a header or a record of the log, the record that seals it,
        or nothing in use; or the identity file."""
        files = [path for path in sorted(self.data(name).rglob("wal-*.seg")) if "quarantine" not in path.parts]
        extents = self.extents(name, files)
        draw = self.chance.random()
        if draw < 0.02:
            # Not the log, but what says whose it is: no peer can mend that, so it must be refused.
            path = self.data(name) / "identity"
            offset, bit = self.chance.randrange(path.stat().st_size), self.chance.randrange(8)
            flip_at(path, offset, bit)
            return path, offset, bit, "identity"
        if draw < 0.1:
            path = self.chance.choice(files)
            offset = self.chance.randrange(path.stat().st_size)
        elif draw < 0.2:
            path = self.chance.choice([path for path, place, _, _ in extents if place == "header"])
            offset = self.chance.randrange(HEADER_BYTES)
        elif draw < 0.3:
            # Around the end of the log.
            path, _, first, length = extents[-1]
            offset = min(path.stat().st_size - 1, first + self.chance.randrange(length + 100))
        else:
            path, _, first, length = self.chance.choices(extents, weights=[length for *_, length in extents])[0]
            offset = first + self.chance.randrange(length)
        bit = self.chance.randrange(8)
        flip_at(path, offset, bit)
        for extent in extents:
            file, place, first, length = extent
            if file == path and first <= offset < first + length:
                return path, offset, bit, "seal" if extent is extents[-1] else place
        return path, offset, bit, "unused"

    def extents(self, name, files):
        """What of the files counts: (file, "header" or "record", first byte, bytes), the log's end last.

        A dump shows what is behind a segment's end too, such as what a repair cut off: that does not follow.
        """
        found = []
        by_name = {path.name: path for path in files}
        lines = self.cluster.nodectl("--output", "json", "wal", "dump", name).stdout.splitlines()
        entries = [json.loads(line) for line in lines]
        ends = [entry["lsn"] for entry in entries if entry["type"] == "segment"][1:] + [1 << 63]
        following = end = None
        for entry in entries:
            if entry["type"] == "segment":
                following, end = entry["lsn"] + HEADER_BYTES, ends.pop(0)
                found.append((by_name[entry["file"]], "header", 0, HEADER_BYTES))
            elif entry["type"] in BODY_BYTES and entry["lsn"] == following < end:
                length = RECORD_HEADER_BYTES + BODY_BYTES[entry["type"]] + entry.get("stored_bytes", 0)
                length = (length + 7) // 8 * 8
                found.append((by_name[entry["file"]], "record", entry["offset"], length))
                following += length
        return found

    def look(self, name, what, log_length, path, offset, bit):
        """Waits until the node is whole or has ended. Returns the outcome, and the kind of damage that it named."""
        starts = 1
        deadline = time.monotonic() + DEADLINE
        while not self.is_whole(name):
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not whole within {DEADLINE} s: {self.status.of(name)}")
            if not self.cluster.is_running(name):
                self.refused(name, what, log_length)
                if starts == 2:
                    raise Failed(f"{what}: it does not start although the bit was put right")
                starts += 1
                flip_at(path, offset, bit)
                self.cluster.start(name)
            time.sleep(0.01)
        text = self.cluster.log(name)[log_length:]
        damage = DAMAGED.search(text)
        if starts == 2:
            return "refused with remedy", None
        if damage:
            self.check_quarantine(name, what)
            return "repaired", damage[1]
        if "a torn tail was cut" in text:
            return "torn tail cut", None
        return "harmless", None

    def is_whole(self, name):
        if not self.while_running:
            return self.status.whole() is not None
        node = self.status.of(name)
        return node is not None and node["healthy"]

    def refused(self, name, what, log_length):
        status = self.cluster.processes[name].poll()
        last = (self.cluster.log(name)[log_length:].strip().splitlines() or [""])[-1]
        if status != 65 or "remedy" not in last:
            raise Failed(f"{what}: it ended with {status}: {last}")

    def check_quarantine(self, name, what):
        if not list(self.data(name).rglob("quarantine/*-report.txt")):
            raise Failed(f"{what}: repaired, and nothing was put aside")

    def report(self, elapsed):
        total = sum(self.outcomes.values())
        print(f"{total} trials in {elapsed:.0f} s, {statistics.median(self.seconds):.2f} s each (median), "
              f"{max(self.seconds):.2f} s at most")
        print("outcomes: " + ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common()))
        print("damage named: " + ", ".join(f"{count} {name}" for name, count in self.kinds.most_common()))
        for (place, outcome), count in sorted(self.places.items()):
            print(f"  {place:8} {outcome:20} {count}")


def flip_at(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def bitflips(options):
    run = Run(options.directory, options.seed, [], network=False, forgets=False, settings=SETTINGS)
    chance = random.Random(f"{options.seed} flips")
    outcome, clients, done = None, None, 0
    began = time.monotonic()
    try:
        run.cluster.up()
        trials = Trials(run, chance, options.while_running)
        trials.fill()
        wait_until(trials.status.whole, "all nodes are whole")
        began = time.monotonic()
        if options.while_running:
            clients = Clients(run.cluster, options.seed, count=4)
            with clients:
                for done in range(1, options.trials + 1):
                    trials.one(done)
            run.judge(clients, [])
            run.converge()
            run.judge(clients, clients.read_everything())
            trials.verify(done)
        else:
            for done in range(1, options.trials + 1):
                trials.one(done)
        run.check_logs()
        trials.report(time.monotonic() - began)
    except Failed as failed:
        outcome = str(failed)
    except AssertionError as failed:
        outcome = f"not in time: {failed}"
    finally:
        if clients and outcome:
            clients.stop()
            history.write(run.directory / "history.txt", clients.all)
        finish(run, outcome, options.keep)
    print(f"bitflips seed {options.seed}: {done} trials, " + ("ok" if outcome is None else f"FAILED {outcome}"))
    return 0 if outcome is None else 1
