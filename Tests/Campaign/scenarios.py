"""Faults one by one, each with what it must lead to: `Tests/campaign scenario NAME…`, or `all`.

The random mix looks for what nobody thought of; these say that what somebody did think of comes out as documented.
"""

import contextlib
import random
import statistics
import time

import history
from campaign import Failed, Run, finish
from clients import Clients
from world import wait_until


def demand(condition, what):
    if not condition:
        raise Failed(what)


class Scene:
    """A cluster with clients, and questions about it."""

    def __init__(self, run, clients):
        self.run = run
        self.cluster = run.cluster
        self.clients = clients
        self.chance = random.Random(f"{run.seed} scene")

    def progress(self, more=300, within=30.0):
        """Waits until so many more operations were acknowledged."""
        target = self.clients.acknowledged + more
        wait_until(lambda: self.clients.acknowledged >= target, f"{more} more operations", within)

    def statuses(self):
        answers = [self.cluster.admin_status(name) for name in self.cluster.names() if self.cluster.is_running(name)]
        return [answer["node"] for answer in answers if answer]

    def term(self):
        return max(node["term"] for node in self.statuses())

    def leader(self, other_than=None, within=30.0):
        def look():
            leaders = [node for node in self.statuses() if node["role"] == "leader" and node["id"] != other_than]
            return max(leaders, key=lambda node: node["term"])["id"] if leaders else None
        return wait_until(look, "somebody leads", within)

    def follower(self):
        leader = self.leader()
        return next(name for name in self.cluster.names() if name != leader)

    def latencies(self, seconds, through):
        """Milliseconds of acknowledged writes of the last seconds; of any client, so most are not `through`'s."""
        since = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        time.sleep(seconds)
        return [(each.end - each.call) / 1e6 for each in self.clients.all
                if each.call > since and each.name != "get" and each.result not in (history.UNKNOWN, history.REFUSED)]

    def finish_load(self):
        """Ends the clients, mends everything, and judges."""
        self.clients.stop()
        for disk in self.cluster.disks.values():
            disk.heal()
        if self.cluster.network:
            self.cluster.network.heal()
        for name in self.cluster.names():
            if not self.cluster.is_running(name):
                self.cluster.start(name)
        self.run.judge(self.clients, [])
        self.run.converge()
        self.run.judge(self.clients, self.clients.read_everything())


def new_directories(scene):
    """A power cut of all nodes soon after their first start takes nothing: not even directories' names were open."""
    scene.progress(200)
    scene.cluster.cut_power(scene.cluster.names(), scene.chance, "nothing")
    for name in scene.cluster.names():
        scene.cluster.start(name)
    scene.progress(100, within=60)


def power_cuts(scene):
    """All nodes lose power, three times, each time another part of what was not synced."""
    for mode in ("nothing", "sectors", "writes"):
        scene.progress(200)
        for disk in scene.cluster.disks.values():
            disk.control.sync_delay = 3000
        scene.progress(30)
        for line in scene.cluster.cut_power(scene.cluster.names(), scene.chance, mode):
            scene.run.tell(line)
        for name in scene.cluster.names():
            scene.cluster.disks[name].heal()
            scene.cluster.start(name)
    scene.progress(100, within=60)


def control(scene):
    """Disks that lie about syncs: now a power cut of all must lose acknowledged writes, and the judge must see it.

    What is lost is that a bound of the fault model is broken on purpose: the run shows that the layer bites.
    """
    for disk in scene.cluster.disks.values():
        disk.control.sync_lies = -1
    scene.progress(400)
    scene.clients.stop()
    scene.cluster.cut_power(scene.cluster.names(), scene.chance, "nothing")
    for name in scene.cluster.names():
        scene.cluster.start(name)
    scene.run.converge()
    scene.clients.read_everything()
    found = history.violations(scene.clients.all)
    demand(found, "no violation was found although every disk lied about every sync")
    print(f"  found, as it must be: {len(found)} violations, the first: {found[0]}")


def clock_jumps(scene):
    """No jump of any clock costs an election."""
    scene.progress(100)
    term = scene.term()
    for name in scene.cluster.names():
        for seconds in (3600, -7200, 86_400 * 4000, -86_400 * 4000, 0.5):
            scene.cluster.disks[name].control.clock_offset += int(seconds * 1e9)
            scene.progress(60)
    demand(scene.term() == term, f"an election: term {term} became {scene.term()}")


def slow_follower(scene):
    """Syncs of a follower that take half a second more do not slow commits down."""
    scene.progress(100)
    name = scene.follower()
    before = statistics.median(scene.latencies(2, name))
    term = scene.term()
    scene.cluster.disks[name].control.sync_delay = 500_000
    time.sleep(0.5)
    during = statistics.median(scene.latencies(3, name))
    print(f"  median write {before:.2f} ms before, {during:.2f} ms while a follower's syncs take 500 ms more")
    demand(during < before + 50, f"writes take {during:.1f} ms while a follower's disk is slow, {before:.1f} ms before")
    demand(scene.term() == term, "a slow follower cost an election")


def slow_leader(scene):
    """A leader whose syncs stall hands leadership over, once."""
    scene.progress(100)
    old = scene.leader()
    term = scene.term()
    began = time.monotonic()
    scene.cluster.disks[old].control.sync_delay = 3_000_000
    new = scene.leader(other_than=old)
    print(f"  {new} leads {time.monotonic() - began:.2f} s after the syncs of {old} began to stall")
    scene.progress(300)
    time.sleep(3)
    demand(scene.term() <= term + 2, f"leadership went round: term {term} became {scene.term()}")
    demand(scene.leader() != old, f"{old} leads again although its disk stalls")


def failing_sync(scene):
    """A node whose sync fails ends with code 1, starts again, and nothing is lost, in a power cut later either."""
    for victim in (scene.leader(), scene.follower()):
        scene.progress(100)
        scene.cluster.disks[victim].control.sync_fails = 1
        wait_until(lambda name=victim: not scene.cluster.is_running(name), f"{victim} ends", 10)
        status = scene.cluster.processes[victim].poll()
        demand(status == 1, f"{victim} ended with {status} after a sync that failed")
        demand("cannot be synced" in scene.cluster.log(victim), f"the log of {victim} does not say why it ended")
        scene.cluster.start(victim)
        scene.progress(100)
        scene.run.converge_under_load()
    scene.progress(50)
    scene.cluster.cut_power(scene.cluster.names(), scene.chance, "nothing")
    for name in scene.cluster.names():
        scene.cluster.start(name)
    scene.progress(100, within=60)


def failing_reads(scene):
    """A node that cannot read its log does not start, says why, and starts once it can."""
    name = scene.follower()
    scene.cluster.kill(name)
    scene.cluster.disks[name].control.read_fails = -1
    scene.cluster.start(name)
    wait_until(lambda: not scene.cluster.is_running(name), f"{name} ends", 10)
    status = scene.cluster.processes[name].poll()
    demand(status == 1, f"{name} ended with {status} when its log could not be read")
    last = scene.cluster.log(name).splitlines()[-1]
    demand("EIO" in last and "remedy" in last, f"its last line does not say why: {last}")
    scene.cluster.disks[name].heal()
    scene.cluster.start(name)
    scene.run.converge_under_load()


def storage_gone(scene):
    """Storage that goes away below the leader: it ends with code 1, does not start without, and is whole with it."""
    name = scene.leader()
    control = scene.cluster.disks[name].control
    control.read_fails = control.write_fails = control.sync_fails = -1
    for _ in range(2):
        wait_until(lambda: not scene.cluster.is_running(name), f"{name} ends", 15)
        status = scene.cluster.processes[name].poll()
        last = scene.cluster.log(name).splitlines()[-1]
        demand(status == 1 and "EIO" in last and "remedy" in last, f"{name} ended with {status}: {last}")
        scene.leader(other_than=name)
        scene.progress(200)
        scene.cluster.start(name)
    wait_until(lambda: not scene.cluster.is_running(name), f"{name} ends", 15)
    scene.cluster.disks[name].heal()
    scene.cluster.start(name)
    scene.run.converge_under_load()


def lying_minority(scene):
    """One disk lies and its node loses power: nothing is lost, as long as the others go on meanwhile."""
    for pick in (scene.follower, scene.leader):
        name = pick()
        scene.cluster.disks[name].control.sync_lies = -1
        scene.progress(200)
        line = scene.cluster.cut_power([name], scene.chance, "nothing")[0]
        scene.run.tell(line)
        # The bound: a node that forgot what it acknowledged must not vote before the others have elected.
        scene.cluster.disks[name].heal()
        scene.leader(other_than=name)
        scene.progress(100)
        scene.cluster.start(name)
        scene.progress(100)
        scene.run.converge_under_load()


def full_disks(scene):
    """A disk without space: the follower's is noticed by nobody, the leader's moves leadership; then all is as before.

    Growth is what fails: segments that were prepared still take writes, so the disk stays full until they are used up.
    """
    follower = scene.follower()
    scene.cluster.disks[follower].control.is_full = 1
    refused = sum(each.result == history.REFUSED for each in scene.clients.all)
    scene.progress(500)
    demand(sum(each.result == history.REFUSED for each in scene.clients.all) == refused,
           "writes were refused because a follower's disk is full")
    scene.cluster.disks[follower].heal()
    scene.run.converge_under_load()
    leader = scene.leader()
    scene.cluster.disks[leader].control.is_full = 1
    filler = scene.clients.connect(scene.follower(), timeout=20)
    for number in range(400):
        if number % 20 == 0 and scene.leader() != leader:
            break
        try:
            filler.call("SET", f"fill:{number % 7}", scene.chance.randbytes(100_000))
        except Exception:  # refusals are what this is about
            time.sleep(0.05)
    demand(scene.leader() != leader, f"{leader} still leads on a full disk")
    scene.progress(300)
    scene.cluster.disks[leader].heal()
    scene.run.converge_under_load()


def partitions(scene):
    """Each way to cut the network: at most one election for a loss, none where the leader keeps a majority."""
    network = scene.cluster.network
    for what, elections in (("isolated leader", 1), ("pair of followers", 0), ("follower one way", 0),
                            ("leader to one follower", 1), ("flapping pair of followers", 0)):
        scene.run.converge_under_load()
        leader = scene.leader()
        one, other = [name for name in scene.cluster.names() if name != leader]
        term = scene.term()
        began = time.monotonic()
        if what == "isolated leader":
            network.separate([leader], [one, other])
        elif what == "pair of followers":
            network.separate([one], [other])
        elif what == "follower one way":
            network.cut(one, other)
        elif what == "leader to one follower":
            network.separate([leader], [one])
        else:
            for _ in range(10):
                network.separate([one], [other])
                time.sleep(0.1)
                network.heal()
                time.sleep(0.1)
        if what == "isolated leader":
            new = scene.leader(other_than=leader)
            print(f"  {new} leads {time.monotonic() - began:.2f} s after {leader} was cut off")
        scene.progress(200)
        time.sleep(2)
        during = scene.term()
        network.heal()
        scene.progress(100)
        scene.run.converge_under_load()
        print(f"  {what}: {during - term} terms while it lasted, {scene.term() - during} when it was mended")
        # A term may be spent by a vote that was split.
        demand(scene.term() - term <= 2 * elections, f"{what}: term {term} became {scene.term()}")


#: Name: what it does, whether it needs the network.
ALL = {
    "new-directories": (new_directories, False),
    "power-cuts": (power_cuts, False),
    "control": (control, False),
    "clock-jumps": (clock_jumps, False),
    "slow-follower": (slow_follower, False),
    "slow-leader": (slow_leader, False),
    "failing-sync": (failing_sync, False),
    "failing-reads": (failing_reads, False),
    "storage-gone": (storage_gone, False),
    "lying-minority": (lying_minority, False),
    "full-disks": (full_disks, False),
    "partitions": (partitions, True),
}


def play(name, options):
    body, needs_network = ALL[name]
    began = time.monotonic()
    run = Run(options.directory / name, options.seed, [], network=needs_network)
    outcome, clients = None, None
    try:
        run.cluster.up()
        clients = Clients(run.cluster, options.seed, count=6)
        scene = Scene(run, clients)
        with clients:
            body(scene)
            if body is not control:
                scene.finish_load()
        run.check_logs()
    except (Failed, AssertionError) as failed:
        outcome = str(failed)
    finally:
        if clients and outcome:
            history.write(run.directory / "history.txt", clients.all)
        finish(run, outcome, options.keep)
    print(f"scenario {name}: {len(clients.all) if clients else 0} operations, {time.monotonic() - began:.1f} s, "
          + ("ok" if outcome is None else f"FAILED {outcome}"), flush=True)
    return outcome is None


def scenarios(options):
    names = list(ALL) if options.names == ["all"] else options.names
    outcomes = [play(name, options) for name in names]
    with contextlib.suppress(OSError):
        options.directory.rmdir()  # unless something is kept in there
    return 0 if all(outcomes) else 1
