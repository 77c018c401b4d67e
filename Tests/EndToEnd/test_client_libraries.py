"""Libraries of several languages, each under load through failovers: every answer has to be right.

The programs in `clients/` do one load (`clients/README.md`); here leaders are killed meanwhile, and what the programs
were told is compared with what is there afterwards.
"""

import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from cluster import Cluster, eventually, remove

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
SECONDS = 20
FAILOVERS = 5

#: Name: how it is started, whether connections use TLS, whether the library repeats requests by itself.
PROGRAMS = {
    "redis-py": ([sys.executable, CLIENTS / "client.py", "plain"], False, True),
    "redis-py Sentinel": ([sys.executable, CLIENTS / "client.py", "sentinel"], True, True),
    "redis-py Cluster": ([sys.executable, CLIENTS / "client.py", "cluster"], True, True),
    "redis-rb Sentinel": (["ruby", CLIENTS / "client.rb"], False, True),
    "php-redis Sentinel": (["php", CLIENTS / "client.php"], False, True),
    "hiredis": (["./client-c"], False, False),
    "redigo": (["./client-go"], False, False),
}


class Report:
    """What one program was told."""

    def __init__(self, prefix, output, repeats):
        self.prefix = prefix
        self.sets = {}
        self.counted = 0
        self.outcomes = collections.Counter()
        self.wrong = []
        #: Lines of what did not end well, for the report of a failed test.
        self.failed = []
        self.ended = False
        self.failure = None
        for line in output.splitlines():
            verb, number, *rest = line.split(" ", 2)
            outcome = rest[0].split(" ")[0] if rest else ""
            if outcome == "refused" and repeats:
                outcome = "unknown"
            if outcome not in ("", "ok"):
                self.failed.append(line)
            if outcome == "wrong":
                self.wrong.append(line)
            if verb == "SET":
                self.sets[int(number)] = outcome
            elif verb == "ONCE" and outcome == "ok":
                self.counted += 1
            elif verb == "END":
                self.ended = True
                continue
            self.outcomes[outcome] += 1

    def verify(self, client):
        """Appends to `wrong` what is not as the program was told."""
        numbers = list(self.sets)
        for start in range(0, len(numbers), 500):
            part = numbers[start:start + 500]
            for number, found in zip(part, client.mget([f"{self.prefix}:{number}" for number in part])):
                whole = f"value {number} of {self.prefix}".encode()
                allowed = {"ok": [whole], "refused": [None], "unknown": [None, whole]}[self.sets[number]]
                if found not in allowed:
                    self.wrong.append(f"SET {number} was {self.sets[number]}, and there is {found!r}")
        count = int(client.get(f"{self.prefix}:count") or 0)
        if count != self.counted:
            self.wrong.append(f"{self.counted} were counted, and the counter is {count}")


def build(directory):
    """The programs that have to be compiled."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hiredis"], capture_output=True, text=True, check=True)
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-o", directory / "client-c", CLIENTS / "client.c",
         *flags.stdout.split()], check=True)
    # Debian's packages of Go libraries are sources in a GOPATH.
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(directory / "go")}
    if "GOFLAGS" in environment:
        del environment["GOFLAGS"]
    subprocess.run(
        ["go", "build", "-o", directory / "client-go", CLIENTS / "client.go"], env=environment, check=True)


def master(cluster, node, plaintext=False):
    """What clients of Sentinel call the cluster; nothing while the node knows no leader."""
    return next(iter(cluster.client(node, plaintext, protocol=2).sentinel_masters()), None)


def start(cluster, directory, name, master):
    command, uses_tls, _ = PROGRAMS[name]
    # The first name is another one for each, so that every node is somebody's first.
    names = cluster.names()
    turn = list(PROGRAMS).index(name) % len(names)
    nodes = [cluster.address(node, plaintext=not uses_tls) for node in names[turn:] + names[:turn]]
    environment = {
        **os.environ, "NODES": " ".join(f"{host}:{port}" for host, port in nodes), "TOKEN": cluster.token(),
        "MASTER": master,
        "PREFIX": name.replace(" ", "-"), "SECONDS": str(SECONDS),
    }
    if uses_tls:
        environment["CA"] = str(cluster.path(cluster.file()["ca"]))
    return subprocess.Popen(
        [str(word) for word in command], cwd=directory, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def listener(cluster, name, plaintext):
    """A subscription to what Sentinel tells of leaders."""
    pubsub = cluster.client(name, plaintext).pubsub()
    pubsub.subscribe("+switch-master")
    eventually(lambda: pubsub.get_message(timeout=1), "the subscription is confirmed")
    return pubsub


@pytest.fixture(scope="module")
def directory_of_module(tmp_path_factory):
    path = tmp_path_factory.mktemp("clients")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def reports(directory_of_module):
    """All programs' reports after leaders were killed under their load, verified on every node."""
    directory = directory_of_module
    build(directory)
    cluster = Cluster(directory / "cluster").up()
    try:
        called = eventually(lambda: master(cluster, cluster.names()[0]), "the first node knows a leader")
        programs = {name: start(cluster, directory, name, called) for name in PROGRAMS}
        began = time.monotonic()
        for turn in range(FAILOVERS):
            time.sleep(max(0, began + (turn + 0.5) * SECONDS / (FAILOVERS + 1) - time.monotonic()))
            killed = cluster.leader()
            cluster.kill(killed)
            eventually(lambda k=killed: cluster.status().get("leader") not in (None, k), "another node leads")
            cluster.start(killed)
        found = {}
        for name, program in programs.items():
            output, errors = program.communicate(timeout=SECONDS + 40)
            found[name] = Report(name.replace(" ", "-"), output, repeats=PROGRAMS[name][2])
            found[name].failure = errors[-2000:] if program.returncode else None
        cluster.converged()
        for node in cluster.names():
            client = cluster.readonly_client(node)
            for report in found.values():
                report.verify(client)
            client.close()
        yield found
    finally:
        cluster.down()
        remove(directory / "cluster")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_library_goes_through_failovers_without_a_wrong_answer(reports, name):
    report = reports[name]
    outcomes = report.outcomes
    print(f"{name}: {FAILOVERS} failovers, {sum(outcomes.values())} answers, {outcomes['ok']} ok, "
          f"{outcomes['refused']} refused, {outcomes['unknown']} unknown, {len(report.wrong)} wrong")
    print("\n".join(report.failed[-20:]))
    assert report.failure is None
    assert report.wrong == []
    assert report.ended
    assert outcomes["ok"] > 100, "it was hardly at work"
    # Each number was counted once, whatever became of its first attempt.
    assert report.counted == len(report.sets)


def test_who_listens_for_another_leader_is_told_addresses_of_its_kind(cluster):
    old = cluster.leader()
    follower = cluster.followers()[0]
    listeners = {plaintext: listener(cluster, follower, plaintext) for plaintext in (False, True)}
    cluster.nodectl("failover")
    new = eventually(lambda: cluster.leader() != old and cluster.leader(), "another node leads")
    for plaintext, pubsub in listeners.items():
        message = eventually(lambda p=pubsub: p.get_message(timeout=1), "the change is told")
        name, *addresses = message["data"].decode().split(" ")
        expected = [*cluster.address(old, plaintext), *cluster.address(new, plaintext)]
        assert addresses == [str(word) for word in expected]
        assert name == eventually(lambda p=plaintext: master(cluster, follower, p), "the follower knows a leader")
        pubsub.close()


class Answers(dict):
    """What a node has, as the judge asks it."""

    def mget(self, keys):
        return [self.get(key) for key in keys]


def judged(output, records, repeats=False):
    report = Report("p", output, repeats)
    report.verify(Answers({f"p:{key}": value.encode() for key, value in records.items()}))
    return report.wrong


def test_the_judge_finds_what_is_wrong():
    one, fine = "value 1 of p", "SET 1 ok\nGET 1 ok\nONCE 1 ok\nEND 1"
    assert judged(fine, {"1": one, "count": "1"}) == []
    assert judged("SET 1 unknown\nEND 1", {}) == judged("SET 1 unknown\nEND 1", {"1": one}) == []
    assert judged("SET 1 refused\nEND 1", {}) == judged("SET 1 refused\nEND 1", {"1": one}, repeats=True) == []
    assert judged(fine, {"count": "1"}), "an acknowledged write is gone"
    assert judged(fine, {"1": "other", "count": "1"}), "an acknowledged write is another"
    assert judged("SET 1 unknown\nEND 1", {"1": "other"}), "a write of unknown fate is not whole"
    assert judged("SET 1 refused\nEND 1", {"1": one}), "a refused write is there"
    assert judged(fine, {"1": one, "count": "2"}), "a request was done twice"
    assert judged(fine, {"1": one}), "a count is lost"
    assert judged("GET 1 wrong b'old'\nEND 1", {}), "a read was wrong"
