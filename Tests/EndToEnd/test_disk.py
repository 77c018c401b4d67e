"""Full disks: writes are refused before they reach the log, the others go on, and space brings everything back."""

import contextlib
import os
import subprocess

import pytest
import redis

from cluster import NODED, eventually
from load import Load

pytestmark = pytest.mark.root

#: Room for two segments and the reserve, soon full.
SIZE = "300m"


@contextlib.contextmanager
def small_disk(cluster, name):
    """Puts a node's data directory on a file system of its own, with what is in it, and gives that directory."""
    data = cluster.path(cluster.node(name)["data"])
    cluster.stop(name)
    spare = data.parent / "spare"
    data.rename(spare)
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(data)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{spare}/.", str(data)], check=True)
        cluster.start(name)
        yield data
    finally:
        with contextlib.suppress(Exception):
            cluster.kill(name)
        subprocess.run(["umount", "-l", str(data)], check=False)


def fill(data):
    """Takes all the space that is left; returns the file that holds it."""
    ballast = data / "ballast"
    with open(ballast, "wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(1 << 20))
    with open(ballast, "ab") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(512))
    return ballast


def write_until(client, condition, size=100_000, most=6000):
    """Writes large values until the condition holds; definite refusals are fine on the way."""
    for number in range(most):
        with contextlib.suppress(redis.RedisError):
            client.set(f"fill:{number}", os.urandom(size))
        if number % 50 == 0 and condition():
            return
    pytest.fail("the condition never held")


def test_a_first_start_on_a_full_disk_is_refused_and_named(cluster):
    cluster.kill("n1")
    node = cluster.node("n1")
    data = cluster.path(node["data"])
    spare = data.parent / "spare"
    data.rename(spare)
    data.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=0700", "tmpfs", str(data)], check=True)
    try:
        fill(data)
        done = subprocess.run(
            [NODED, "--config", str(cluster.path(node["config"]))], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1
        assert str(data) in done.stderr and "16MiB are needed" in done.stderr, done.stderr
        assert "remedy" in done.stderr
    finally:
        subprocess.run(["umount", "-l", str(data)], check=False)
    data.rmdir()
    spare.rename(data)
    cluster.start("n1")
    cluster.converged()


def test_a_full_disk_of_a_follower_stops_nobody(cluster):
    follower = cluster.followers()[0]
    with small_disk(cluster, follower) as data:
        cluster.converged()
        ballast = fill(data)
        others = [name for name in cluster.names() if name != follower]
        with Load(cluster, others) as load:
            eventually(lambda: load.count > 3000, "writes go on")
        assert load.errors == []
        assert cluster.is_running(follower)
        ballast.unlink()
        cluster.converged(deadline=90)
        load.verify()


def test_a_node_starts_on_a_full_disk_and_keeps_its_vote(cluster):
    follower = cluster.followers()[0]
    with small_disk(cluster, follower) as data:
        cluster.converged()
        ballast = fill(data)
        cluster.kill(follower)
        cluster.start(follower)
        cluster.converged()
        # With one of the others gone, every write needs the full node's vote and its disk.
        gone = [name for name in cluster.followers() if name != follower][0]
        cluster.kill(gone)
        leader = cluster.leader()
        assert eventually(lambda: cluster.client(leader).set("needs", "both"), "the full node stores what fits")
        cluster.start(gone)
        ballast.unlink()
        cluster.converged(deadline=90)


def test_a_full_disk_of_the_leader_moves_the_leadership(cluster):
    leader = cluster.leader()
    with small_disk(cluster, leader) as data:
        cluster.converged()
        cluster.nodectl("failover", "--to", leader, check=False)
        eventually(lambda: cluster.status().get("leader") == leader, f"{leader} leads again")
        ballast = fill(data)
        other = [name for name in cluster.names() if name != leader][0]
        write_until(
            cluster.client(other, timeout=10), lambda: cluster.status().get("leader") not in (None, leader))
        assert eventually(lambda: cluster.client(other).set("through", "another"), "writes go on")
        ballast.unlink()
        cluster.converged(deadline=90)
