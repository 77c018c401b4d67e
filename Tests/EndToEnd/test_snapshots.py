"""Snapshots: the same on every node, enough to start from, to catch up from, and to be told what is wrong."""

import json
import os
import time

import pytest

from cluster import digest_of, eventually
from load import Load

#: Small segments and a short log, so that it is released while a test watches.
CONFIG = """
log.segment-size: 1MiB
log.retain: 4MiB
peer.inflight-bytes-max: 1MiB
peer.append-bytes-max: 256KiB
snapshot.log-min: 8MiB
snapshot.log-percent: 0
snapshot.interval: 0s
state.compare-interval: 200ms
"""


def facts(cluster, name):
    status, body = cluster.admin(name, "/v1/status", cluster.token())
    assert status == 200, body
    return json.loads(body)["node"]


def files(cluster, name, suffix):
    return sorted((cluster.path(cluster.node(name)["data"]) / "snapshots").glob("snap-*" + suffix))


def fill(cluster, count, prefix="fill", size=2000):
    """What does not compress, so that it takes its room in the log."""
    client = cluster.client(cluster.leader(), plaintext=True)
    for start in range(0, count, 50):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, min(count, start + 50)):
                pipe.set(f"{prefix}:{number}", os.urandom(size // 2).hex())
            pipe.execute()


def snapshot(cluster):
    return json.loads(cluster.nodectl("--output", "json", "snapshot").stdout)


def settled(cluster, names=None):
    """All nodes have applied the same, and agree on what it is."""
    names = names or cluster.names()
    # What nodes tell of themselves is up to a tenth of a second old.
    time.sleep(0.2)

    def look():
        records = [facts(cluster, name) for name in names]
        agreed = {digest_of(record) for record in records}
        are_sound = all(record["state"]["condition"] == "sound" for record in records)
        return records if len(agreed) == 1 and are_sound else None

    return eventually(look, "all nodes have the same state")


def test_every_node_has_the_same_snapshot_and_starts_from_it(cluster):
    fill(cluster, 500)
    made = snapshot(cluster)
    kept = {name: facts(cluster, name)["snapshot"]["newest"] for name in cluster.names()}
    assert len({(one["index"], one["digest"], one["records"]) for one in kept.values()}) == 1, kept
    assert next(iter(kept.values()))["index"] == made["index"]
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("behind", "the snapshot")
    before = settled(cluster)[0]
    cluster.kill_all()
    for name in cluster.names():
        cluster.start(name)
    cluster.leader()
    after = settled(cluster)[0]
    assert after["digest"] == before["digest"]
    assert cluster.client(cluster.leader(), plaintext=True).get("behind") == b"the snapshot"
    for name in cluster.names():
        assert "state loaded" in cluster.log(name)


def test_the_log_is_released_behind_snapshots_and_a_node_that_was_away_fetches_one(make_cluster):
    cluster = make_cluster(config=CONFIG)
    away = next(name for name in cluster.names() if name != cluster.leader())
    fill(cluster, 200)
    cluster.kill(away)
    for round in range(4):
        fill(cluster, 5000, prefix=f"round{round % 2}")
    leader = cluster.leader()
    eventually(lambda: facts(cluster, leader)["first_index"] > 1000, "the log begins later")
    size = sum(path.stat().st_size for path in (cluster.path(cluster.node(leader)["data"]) / "log").glob("wal-*"))
    assert size < 40 << 20, size
    cluster.start(away)
    settled(cluster)
    assert "snapshot fetched" in cluster.log(away)
    cluster.client(cluster.leader(), plaintext=True).set("after", "it")
    settled(cluster)


def test_a_fetch_goes_on_after_kills_of_either_side(make_cluster):
    cluster = make_cluster(config=CONFIG + "snapshot.transfer-rate: 4MiB\n")
    away = next(name for name in cluster.names() if name != cluster.leader())
    fill(cluster, 200)
    cluster.kill(away)
    for round in range(3):
        fill(cluster, 5000, prefix=f"round{round}")
    eventually(lambda: facts(cluster, cluster.leader())["first_index"] > 1000, "the log begins later")
    cluster.start(away)
    eventually(lambda: (facts(cluster, away)["snapshot"]["fetching"] or {}).get("bytes", 0) > 0, "a fetch has begun")
    cluster.kill(away)
    cluster.start(away)
    eventually(lambda: (facts(cluster, away)["snapshot"]["fetching"] or {}).get("bytes", 0) > 0, "a fetch goes on")
    leader = cluster.leader()
    cluster.kill(leader)
    cluster.start(leader)
    settled(cluster)


@pytest.mark.parametrize("what", ["pack", "manifest"])
def test_a_damaged_snapshot_is_found_before_use_and_the_node_comes_up(cluster, what):
    fill(cluster, 300)
    snapshot(cluster)
    fill(cluster, 300, prefix="more")
    snapshot(cluster)
    victim = next(name for name in cluster.names() if name != cluster.leader())
    before = settled(cluster)[0]["digest"]
    cluster.kill(victim)
    path = files(cluster, victim, "." + what)[-1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
    cluster.start(victim)
    assert settled(cluster)[0]["digest"] == before
    assert "snapshot skipped" in cluster.log(victim) or "snapshot cannot be used" in cluster.log(victim)


def test_a_node_without_its_snapshots_fetches_one_although_its_log_begins_later(make_cluster):
    cluster = make_cluster(config=CONFIG)
    for round in range(4):
        fill(cluster, 5000, prefix=f"round{round % 2}")
    victim = next(name for name in cluster.names() if name != cluster.leader())
    eventually(lambda: facts(cluster, victim)["first_index"] > 1000, "the log begins later")
    before = settled(cluster)[0]["digest"]
    cluster.kill(victim)
    for path in files(cluster, victim, ""):
        path.unlink()
    cluster.start(victim)
    assert settled(cluster)[0]["digest"] == before
    assert "no state of its own" in cluster.log(victim)


def test_a_node_whose_memory_was_altered_takes_itself_out_and_is_rebuilt(directory, make_cluster, monkeypatch):
    monkeypatch.setenv("TRIREME_TEST_HOOKS", "1")
    cluster = make_cluster(config="state.compare-interval: 200ms\n")
    fill(cluster, 100)
    victim = next(name for name in cluster.names() if name != cluster.leader())
    settled(cluster)
    status, body = cluster.admin(
        victim, "/v1/test/corrupt", cluster.token(), method="POST", body=json.dumps({"key": "fill:7"}))
    assert status == 200, body
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("moves", "on")
    eventually(lambda: facts(cluster, victim)["state"]["condition"] != "sound", "the node has noticed")
    status, body = cluster.admin(victim, "/metrics", cluster.token())
    assert "trireme_digest_mismatch_total 1" in body
    client.set("moves", "further")
    settled(cluster)
    assert "this node's state is not to be used" in cluster.log(victim)
    assert "is kept" in cluster.log(victim)
    others = [name for name in cluster.names() if name != victim]
    for name in others:
        assert "this node's state is not to be used" not in cluster.log(name)


def test_writes_survive_kills_at_any_moment_of_snapshots_and_releases(make_cluster):
    cluster = make_cluster(config=CONFIG)
    with Load(cluster, through=cluster.names()) as load:
        for round in range(6):
            victim = cluster.names()[round % 3]
            fill(cluster, 1500, prefix=f"round{round % 2}")
            cluster.kill(victim)
            time.sleep(0.1)
            cluster.start(victim)
    settled(cluster)
    load.verify()
    assert load.count > 100
