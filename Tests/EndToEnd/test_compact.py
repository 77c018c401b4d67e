"""Disk and memory given back on request, while clients write and wait no longer than usual."""

import json
import os
import time

import redis

from cluster import eventually
from load import Load, Repeated
from test_snapshots import CONFIG, facts, fill, settled, snapshot

#: The slowest hundredth of writes may take so much longer than before, on a machine that does much else.
SLOWER_MAX = 0.25


class Watch(Repeated):
    """One client that writes small records and notes how long each takes."""

    def __init__(self, cluster):
        super().__init__()
        self.client = cluster.client(cluster.leader(), plaintext=True)
        self.times = []

    def once(self):
        began = time.monotonic()
        try:
            self.client.set(f"watch:{len(self.times) % 100}", "x")
        except redis.RedisError:
            pass
        self.times.append(time.monotonic() - began)

    def slowest_hundredth(self):
        times = sorted(self.times)
        return times[len(times) * 99 // 100]


def remove_half(cluster, count, prefix):
    client = cluster.client(cluster.leader(), plaintext=True)
    for start in range(0, count, 500):
        client.delete(*[f"{prefix}:{number}" for number in range(start, min(start + 500, count)) if number % 2])


def disk_of(cluster, name):
    data = cluster.path(cluster.node(name)["data"])
    return sum(path.stat().st_size for path in data.rglob("*") if path.is_file())


def test_half_of_the_records_removed_gives_disk_space_back_while_clients_write(make_cluster):
    cluster = make_cluster(config=CONFIG)
    fill(cluster, 6000, prefix="half")
    snapshot(cluster)
    remove_half(cluster, 6000, "half")
    earlier = snapshot(cluster)["index"]
    settled(cluster)
    before = {name: disk_of(cluster, name) for name in cluster.names()}
    with Watch(cluster) as quiet:
        time.sleep(2)
    with Watch(cluster) as busy, Load(cluster, through=cluster.names(), writers=2) as load:
        report = json.loads(cluster.nodectl("--output", "json", "compact", timeout=120).stdout)
        time.sleep(1)
    assert report["done"] and not report["failures"], report
    assert {row["node"] for row in report["nodes"]} == set(cluster.names())
    assert [row["part"] for row in report["nodes"]] == ["snapshots", "log", "memory"] * 3
    for name in cluster.names():
        oldest = facts(cluster, name)["snapshot"]["oldest_index"]
        assert oldest > earlier, (oldest, earlier)
        assert disk_of(cluster, name) < before[name] * 0.8, (name, before[name], disk_of(cluster, name), report)
    # Three thousand records of two thousand bytes that do not compress well below one thousand.
    for row in report["nodes"]:
        if row["part"] == "snapshots":
            assert row["reclaimed_bytes"] > 2 << 20, row
    load.verify()
    assert busy.slowest_hundredth() < quiet.slowest_hundredth() + SLOWER_MAX, (
        quiet.slowest_hundredth(), busy.slowest_hundredth())
    digests = settled(cluster)[0]["digest"]
    cluster.kill_all()
    for name in cluster.names():
        cluster.start(name)
    cluster.leader()
    assert settled(cluster)[0]["digest"] == digests


def test_parts_are_chosen_and_an_unknown_one_is_refused(cluster):
    fill(cluster, 100)
    wrong = cluster.nodectl("compact", "--parts", "archive", check=False)
    assert wrong.returncode == 2 and "snapshots, log and memory" in wrong.stderr, wrong
    report = json.loads(cluster.nodectl("--output", "json", "compact", "--parts", "memory").stdout)
    assert [row["part"] for row in report["nodes"]] == ["memory"] * 3
    assert "compaction ended" in cluster.log(cluster.names()[0])


def test_nodes_compact_by_themselves_in_turn(make_cluster):
    cluster = make_cluster(config=CONFIG + "compact.interval: 3s\n")
    fill(cluster, 500)
    snapshot(cluster)

    def look():
        fill(cluster, 10, prefix=f"again{os.getpid()}")
        cluster.nodectl("snapshot", check=False)
        return all(facts(cluster, name)["compaction"]["ended"] for name in cluster.names())
    eventually(look, "every node has compacted", pause=0.5)
