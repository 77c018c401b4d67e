"""`Tests/campaign kills`: nodes killed while snapshots, transfers, releases of the log and changes of members go on.

Four writers own their keys and know what was acknowledged; one thread changes who the members are, without end; one
watches what every node is doing; and nodes die by SIGKILL, most of them in the midst of it.
"""

import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

import redis

from campaign import Failed
from world import eventually, playground

#: Everything at once and all the time: small segments, a short log, snapshots every few MiB, slow transfers.
SETTINGS = """
log.segment-size: 1MiB
log.retain: 2MiB
log.reserve: 4MiB
snapshot.log-min: 4MiB
snapshot.log-percent: 0
snapshot.interval: 0s
snapshot.transfer-rate: 4MiB
state.compare-interval: 200ms
peer.inflight-bytes-max: 1MiB
peer.append-bytes-max: 256KiB
request.hold-timeout: 1s
request.timeout: 3s
"""

#: What a kill may fall into.
PHASES = ["snapshot", "transfer", "release", "membership"]


class Writers:
    """Threads that write to keys of their own and read them again. A value begins with the number of its write."""

    KEYS = 300

    def __init__(self, cluster, seed, count=4):
        self.cluster = cluster
        self.acknowledged = collections.Counter()
        self.asked = collections.Counter()
        self.count = 0
        self.violations = []
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._work, args=(number, random.Random(f"{seed} writer {number}")), daemon=True)
            for number in range(count)]

    def _work(self, number, chance):
        client, left = None, 0
        while not self.stopping.is_set():
            try:
                if left == 0:
                    name = chance.choice(self.cluster.names())
                    client, left = self.cluster.client(name, plaintext=True, timeout=4.0), 200
                left -= 1
                key = f"k:{number}:{chance.randrange(self.KEYS)}"
                if chance.random() < 0.1:
                    self._read(client, key)
                else:
                    self._write(client, key, chance)
            except (redis.RedisError, OSError, StopIteration):
                left = 0
                self.stopping.wait(0.02)

    def _write(self, client, key, chance):
        self.asked[key] += 1
        mine = self.asked[key]
        client.set(key, f"{mine}:" + os.urandom(chance.randrange(200, 1200)).hex())
        self.acknowledged[key] = mine
        self.count += 1

    def _read(self, client, key):
        before = self.acknowledged[key]
        self.judge(key, client.get(key), before, "reads")

    def judge(self, key, value, least, who):
        found = int(value.split(b":", 1)[0]) if value else 0
        if not least <= found <= self.asked[key]:
            self.violations.append(f"{who} {key}: write {found}; {least} is acknowledged, {self.asked[key]} asked for")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)

    def read_everything(self, names):
        """Each node's own state, when all are equal."""
        for name in names:
            client = self.cluster.readonly_client(name)
            for key in self.asked:
                self.judge(key, client.get(key), self.acknowledged[key], name)
            client.close()


class Watch:
    """What each node was doing a moment ago."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.phases = {}
        self.released = {}
        self.first = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        while not self.stopping.wait(0.05):
            for name in self.cluster.names():
                try:
                    code, body = self.cluster.admin(name, "/v1/status", self.cluster.token(), timeout=1)
                    self.phases[name] = self._phases(name, json.loads(body)) if code == 200 else set()
                except (OSError, ValueError, StopIteration):
                    self.phases[name] = set()

    def _phases(self, name, status):
        node = status["node"]
        found = set()
        if node["snapshot"]["writing"]:
            found.add("snapshot")
        if node["snapshot"]["fetching"]:
            found.add("transfer")
        if node["first_index"] != self.first.get(name):
            self.first[name], self.released[name] = node["first_index"], time.monotonic()
        if time.monotonic() - self.released.get(name, 0) < 0.15:
            found.add("release")
        if status["membership_change"]["stage"]:
            found.add("membership")
        return found

    def anywhere(self):
        return set().union(*self.phases.values())


class Changes:
    """One node more, one node less, and disks that are lost: the way a cluster's members change, again and again."""

    def __init__(self, cluster, seed, tell):
        self.cluster = cluster
        self.chance = random.Random(f"{seed} changes")
        self.tell = tell
        self.done = collections.Counter()
        #: Held while a node is stopped on purpose, so that its end surprises nobody, and nobody starts it.
        self.lock = threading.RLock()
        self.wiped = set()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        while not self.stopping.wait(0.1):
            try:
                self._step()
            except (AssertionError, OSError, ValueError, KeyError, StopIteration, subprocess.SubprocessError) as error:
                self.tell(f"change not done: {str(error)[:300]}")

    def _step(self):
        roles = self.roles()
        missing = [name for name in self.cluster.names() if name not in roles]
        learners = [name for name, role in roles.items() if role == "learner"]
        doubtful = [name for name in self.wiped if roles.get(name) == "voter"]
        if doubtful:
            self._ask("replace", doubtful[0])
            self.wiped.discard(doubtful[0])
        elif missing:
            self._wipe(missing[0])
            self._add(missing[0])
            self.wiped.discard(missing[0])
        elif learners:
            self._ask("promote", learners[0], "--when-caught-up")
        elif self.chance.random() < 0.6:
            self._ask("remove", self.chance.choice(list(roles)), "--force")
        elif all(node["healthy"] for node in self.cluster.status()["nodes"]):
            self._wipe(self.chance.choice(self.cluster.names()))

    def roles(self):
        answer = json.loads(self.cluster.nodectl("--output", "json", "members", timeout=20).stdout)
        return {member["id"]: member["role"] for member in answer["members"]}

    def _ask(self, verb, name, *options):
        self.tell(f"members {verb} {name}")
        self.cluster.nodectl("members", verb, name, *options, timeout=40)
        self.done[verb] += 1

    def _add(self, name):
        node = self.cluster.node(name)
        self._ask("add", name, "--voter", "--peer", node["peer"], "--client", node["client"], "--admin", node["admin"])

    def _wipe(self, name):
        """Loses a node's disk. It comes back with nothing, and may not pretend to have had nothing."""
        with self.lock:
            self.tell(f"{name} loses its disk")
            self.wiped.add(name)
            kill(self.cluster, name)
            shutil.rmtree(self.cluster.path(self.cluster.node(name)["data"]), ignore_errors=True)
            self.cluster.start(name)


def kill(cluster, name):
    with contextlib.suppress(ProcessLookupError):
        cluster.kill(name)


class Deaths:
    """Kills, each in some phase if there is one, and starts again."""

    def __init__(self, cluster, watch, changes, seed, tell):
        self.cluster, self.watch, self.changes, self.tell = cluster, watch, changes, tell
        self.chance = random.Random(f"{seed} kills")
        self.during = collections.Counter()

    def one(self):
        phase = self.chance.choice(PHASES)
        end = time.monotonic() + 6
        while time.monotonic() < end and phase not in self.watch.anywhere():
            time.sleep(0.01)
        time.sleep(self.chance.choice([0, self.chance.uniform(0, 0.3)]))
        with self.changes.lock:
            names = self.cluster.names()
            busy = [name for name in names if phase in self.watch.phases.get(name, ())]
            victim = self.chance.choice(busy or names)
            victims = {1: [victim], 2: self.chance.sample(names, 2), 3: names}[self.chance.choice([1] * 8 + [2, 3])]
            found = self.watch.anywhere()
            self.during.update(found or ["nothing"])
            self.tell(f"kill {' '.join(victims)} during {' '.join(sorted(found)) or 'nothing'}")
            for name in victims:
                self._must_run(name)
                kill(self.cluster, name)
            time.sleep(self.chance.choice([0, self.chance.uniform(0, 1), self.chance.uniform(0, 4)]))
            for name in victims:
                self.cluster.start(name)

    def _must_run(self, name):
        if not self.cluster.is_running(name):
            raise Failed(f"{name} has ended by itself: {self.cluster.log(name)[-600:]}")


class KillRun:
    def __init__(self, options):
        self.options = options
        self.directory = pathlib.Path(options.directory).resolve()
        self.directory.mkdir(parents=True)
        self.began = time.monotonic()
        self.diary = open(self.directory / "faults.txt", "w", buffering=1)
        self.cluster = playground.Cluster(self.directory / "cluster", config=SETTINGS)
        self.writers = Writers(self.cluster, options.seed)
        self.watch = Watch(self.cluster)
        self.changes = Changes(self.cluster, options.seed, self.tell)
        self.deaths = Deaths(self.cluster, self.watch, self.changes, options.seed, self.tell)

    def tell(self, text):
        self.diary.write(f"{time.monotonic() - self.began:8.3f} {text}\n")

    def run(self):
        self.cluster.up()
        self._fill()
        self.cluster.playground("add")
        for thread in [*self.writers.threads, self.watch.thread, self.changes.thread]:
            thread.start()
        for number in range(1, self.options.kills + 1):
            self.deaths.one()
            if number % 10 == 0:
                self._look(number)
        self.changes.stopping.set()
        self.changes.thread.join(timeout=120)
        self._complete()
        self.writers.stop()
        self.cluster.converged(deadline=90)
        self.writers.read_everything(self.cluster.names())
        self._judge()

    def _fill(self):
        """Records that nobody changes: enough for transfers that take seconds."""
        client = self.cluster.client(self.cluster.leader(), plaintext=True)
        for start in range(0, 10000, 100):
            client.mset({f"fixed:{number}": os.urandom(1000).hex() for number in range(start, start + 100)})

    def _look(self, number):
        """Service goes on, and nothing that was seen is impossible."""
        before = self.writers.count
        eventually(lambda: self.writers.count > before + 100, "writes are acknowledged", 60)
        self._judge()
        print(f"{number} kills, {self.writers.count} writes", flush=True)

    def _complete(self):
        """All nodes are voters again, by the way that operators have."""
        def look():
            with contextlib.suppress(AssertionError):
                if self.changes.wiped & set(self.changes.roles()) or len(self.changes.roles()) < 4:
                    self.changes._step()
                return set(self.changes.roles().values()) == {"voter"} and not self.changes.wiped
        eventually(look, "all nodes are voters", 120, 0.5)

    def _judge(self):
        if self.writers.violations:
            raise Failed(f"{len(self.writers.violations)} violations, the first: {self.writers.violations[0]}")
        for name in self.cluster.names():
            for line in self.cluster.log(name).splitlines():
                if any(text in line for text in ("Fatal error", "precondition", "not to be used", "is kept")):
                    raise Failed(f"{name} says: {line}")


def kills(options):
    """The exit status."""
    run = KillRun(options)
    print(f"campaign kills, seed {options.seed}: {options.kills} in {run.directory}", flush=True)
    outcome = None
    try:
        run.run()
    except (Failed, AssertionError) as failed:
        outcome = str(failed)
    finally:
        run.writers.stopping.set()
        run.watch.stopping.set()
        run.changes.stopping.set()
        run.cluster.down()
        if outcome is None and not options.keep:
            shutil.rmtree(run.directory)
    print("kills during: " + ", ".join(f"{name} {count}" for name, count in sorted(run.deaths.during.items())))
    print("changes done: " + ", ".join(f"{name} {count}" for name, count in sorted(run.changes.done.items())))
    print(f"campaign kills, seed {options.seed}: {run.writers.count} writes, "
          + ("ok" if outcome is None else f"FAILED {outcome}"))
    return 0 if outcome is None else 1
