"""The faults of a campaign, in three lanes that run at once: processes and power, network, disks and clocks.

A lane does one fault after another: breaks something, waits, mends it, rests. What each may do is bounded so that the
promises of the cluster hold: disks lie in the control run only, and nothing is damaged on more than one node.
"""

import random
import signal
import threading



PROCESS = ("kill", "kill-all", "pause", "stop", "power", "power-all")
NETWORK = ("split", "isolate-leader", "one-way", "pair", "flap", "slow", "lossy")
DISK = ("slow-disk", "sync-fails", "write-fails", "read-fails", "full", "clock")

GROUPS = {
    "kill": ("kill", "kill-all"), "pause": ("pause",), "stop": ("stop",), "power": ("power", "power-all"),
    "network": NETWORK, "disk": ("slow-disk", "sync-fails", "write-fails", "read-fails", "full"), "clock": ("clock",),
}
ALL = (*PROCESS, *NETWORK, *DISK)


def expand(text):
    """The names of faults that a list of names and groups stands for."""
    names = []
    for part in text.split(","):
        if part == "all":
            names += ALL
        elif part in GROUPS:
            names += GROUPS[part]
        elif part in ALL:
            names.append(part)
        else:
            raise ValueError(f"there is no fault {part}: there are {', '.join([*GROUPS, *ALL])}")
    return sorted(set(names), key=ALL.index)


class Faults:
    """Breaks a cluster until told to stop, then mends everything."""

    def __init__(self, cluster, seed, names, tell):
        self.cluster = cluster
        self.tell = tell
        self.count = 0
        self.violations = []
        self.stopping = threading.Event()
        lanes = [[name for name in names if name in lane] for lane in (PROCESS, NETWORK, DISK)]
        self.threads = [
            threading.Thread(target=self._guarded, args=(lane, random.Random(f"{seed} lane {number}")), daemon=True)
            for number, lane in enumerate(lanes) if lane
        ]
        # Nodes end by themselves when their disk fails: somebody has to start them again.
        self.threads.append(threading.Thread(target=self._keep, daemon=True))
        self.process_lock = threading.Lock()
        #: Nodes whose disk was told to fail and that have not been started since.
        self.failing = set()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=90)
            assert not thread.is_alive(), "a lane of faults hangs"
        self.mend()

    def mend(self):
        """Ends every fault and starts every node."""
        for disk in self.cluster.disks.values():
            disk.heal()
        if self.cluster.network:
            self.cluster.network.heal()
        self.cluster.resume_all()
        with self.process_lock:
            for name in self.cluster.names():
                if not self.cluster.is_running(name):
                    self._look_at_end(name)
                    self.cluster.start(name)

    def _guarded(self, lane, chance):
        try:
            while not self.stopping.wait(chance.uniform(0.05, 1.5)):
                name = chance.choice(lane)
                self.count += 1
                getattr(self, "_" + name.replace("-", "_"))(chance)
        except Exception as error:  # a bug of the campaign must not look like a calm run
            self.violations.append(f"the lane of {lane} broke: {error!r}")
            raise

    def _keep(self):
        """Starts nodes that ended by themselves, and looks at why they did."""
        while not self.stopping.wait(0.2):
            with self.process_lock:
                for name in self.cluster.names():
                    if not self.cluster.is_running(name) and name not in self.cluster.expected:
                        self._look_at_end(name)
                        self.cluster.start(name)

    def _look_at_end(self, name):
        """A node may end by itself with exit code 1 when its disk failed, and in no other way."""
        process = self.cluster.processes[name]
        if name in self.cluster.expected:
            return
        status = process.poll()
        if status == 1 and name in self.failing:
            self.tell(f"{name} stopped after a failure of its disk, as it must: {self._last_line(name)}")
        else:
            self.violations.append(f"{name} ended by itself with {status}: {self._last_line(name)}")

    def _last_line(self, name):
        lines = self.cluster.log(name).splitlines()
        return lines[-1] if lines else "its log is empty"

    def _wait(self, chance, least, most):
        self.stopping.wait(chance.uniform(least, most))

    def _victim(self, chance):
        """Any node, the leader as often as all others together."""
        if chance.random() < 0.5:
            for name in self.cluster.names():
                status = self.cluster.admin_status(name, timeout=1) if self.cluster.is_running(name) else None
                if status and status["node"]["role"] == "leader":
                    return name
        return chance.choice(self.cluster.names())

    # Processes.

    def _restart(self, names, chance):
        order = list(names)
        chance.shuffle(order)
        for name in order:
            self._wait(chance, 0, 0.5)
            self.cluster.start(name)

    def _kill(self, chance):
        name = self._victim(chance)
        self.tell(f"kill {name}")
        with self.process_lock:
            self.cluster.kill(name)
            self._wait(chance, 0, 2)
            self._restart([name], chance)

    def _kill_all(self, chance):
        self.tell("kill all")
        with self.process_lock:
            self.cluster.kill_all()
            self._restart(self.cluster.names(), chance)

    def _stop(self, chance):
        name = self._victim(chance)
        self.tell(f"stop {name}")
        with self.process_lock:
            self.cluster.stop(name)
            self._wait(chance, 0, 1)
            self._restart([name], chance)

    def _pause(self, chance):
        name = self._victim(chance)
        self.tell(f"pause {name}")
        self.cluster.pause(name)
        self._wait(chance, 0.05, 3)
        self.cluster.resume(name)

    def _power(self, chance):
        some = chance.sample(self.cluster.names(), chance.choice((1, 1, 2)))
        self._cut(some, chance)

    def _power_all(self, chance):
        self._cut(self.cluster.names(), chance)

    def _cut(self, names, chance):
        # Slower syncs for a moment, so that there is something unsynced to lose, or hardly anything that is synced.
        for name in names:
            self.cluster.disks[name].control.sync_delay = chance.choice((0, 1000, 10_000, 5_000_000))
        self._wait(chance, 0.005, 0.3)
        with self.process_lock:
            for line in self.cluster.cut_power(names, chance):
                self.tell(line)
            for name in names:
                self.cluster.disks[name].control.sync_delay = 0
            self._wait(chance, 0, 1)
            self._restart(names, chance)

    # The network.

    def _hold(self, what, chance, least=0.2, most=4.0):
        self.tell(what)
        self._wait(chance, least, most)
        self.cluster.network.heal()

    def _split(self, chance):
        names = self.cluster.names()
        chance.shuffle(names)
        at = chance.randrange(1, len(names))
        # Clients reach everybody.
        self.cluster.network.separate(names[:at], names[at:])
        self._hold(f"split {names[:at]} from {names[at:]}", chance)

    def _isolate_leader(self, chance):
        name = self._victim(chance)
        others = [other for other in self.cluster.names() if other != name]
        with_clients = chance.random() < 0.5
        self.cluster.network.separate([name], others + ([None] if with_clients else []))
        self._hold(f"isolate {name}{', clients too' if with_clients else ''}", chance)

    def _one_way(self, chance):
        sender, receiver = chance.sample(self.cluster.names(), 2)
        self.cluster.network.cut(sender, receiver)
        self._hold(f"cut {sender} to {receiver}, one way", chance)

    def _pair(self, chance):
        one, other = chance.sample(self.cluster.names(), 2)
        self.cluster.network.separate([one], [other])
        self._hold(f"cut the pair {one}, {other}", chance)

    def _flap(self, chance):
        one, other = chance.sample(self.cluster.names(), 2)
        self.tell(f"flapping link of {one} and {other}")
        for _ in range(chance.randrange(3, 15)):
            self.cluster.network.separate([one], [other])
            self._wait(chance, 0.01, 0.4)
            self.cluster.network.heal()
            self._wait(chance, 0.01, 0.4)

    def _slow(self, chance):
        delay, jitter = chance.randrange(1000, 40_000), chance.randrange(0, 40_000)
        self._everywhere(delay=delay, jitter=jitter)
        self._hold(f"network slow by {delay / 1000:.0f} ms, up to {jitter / 1000:.0f} ms more", chance)

    def _lossy(self, chance):
        drop, twice = chance.randrange(1000, 200_000), chance.randrange(0, 100_000)
        self._everywhere(drop=drop, duplicate=twice, jitter=chance.choice((0, 3000)))
        self._hold(f"network loses {drop / 1e4:.1f} %, doubles {twice / 1e4:.1f} %", chance)

    def _everywhere(self, **values):
        for sender in self.cluster.names():
            for receiver in self.cluster.names():
                if sender != receiver:
                    for field, value in values.items():
                        setattr(self.cluster.network.rule(sender, receiver), field, value)

    # Disks and clocks.

    def _slow_disk(self, chance):
        name = self._victim(chance)
        delay = chance.choice((2_000, 20_000, 200_000, 2_000_000))
        self.tell(f"each sync of {name} takes {delay / 1000:.0f} ms more")
        self.cluster.disks[name].control.sync_delay = delay
        self._wait(chance, 0.5, 4)
        self.cluster.disks[name].control.sync_delay = 0

    def _fail(self, chance, field, what):
        name = self._victim(chance)
        self.tell(f"{name}: {what}")
        with self.process_lock:
            self.failing.add(name)
        setattr(self.cluster.disks[name].control, field, 1)
        self._wait(chance, 0.5, 3)
        setattr(self.cluster.disks[name].control, field, 0)

    def _sync_fails(self, chance):
        self._fail(chance, "sync_fails", "the next sync fails")

    def _write_fails(self, chance):
        self._fail(chance, "write_fails", "the next write fails")

    def _read_fails(self, chance):
        self._fail(chance, "read_fails", "the next read fails")

    def _full(self, chance):
        name = self._victim(chance)
        self.tell(f"{name}: its disk is full")
        self.cluster.disks[name].control.is_full = 1
        self._wait(chance, 0.5, 6)
        self.cluster.disks[name].control.is_full = 0

    def _clock(self, chance):
        name = self._victim(chance)
        offset = chance.choice((-1, 1)) * chance.choice((0.01, 1, 60, 3600, 86_400 * 400))
        self.tell(f"the clock of {name} jumps by {offset} s")
        self.cluster.disks[name].control.clock_offset += int(offset * 1e9)
        self._wait(chance, 0, 1)
