"""Snapshots: the same on every node, enough to start from, to catch up from, and to be told what is wrong."""

import contextlib
import json
import os
import time

import pytest

from cluster import digest_of, eventually
from load import Load, Repeated

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
    # As many as are kept, of a state that stands still.
    snapshot(cluster)
    snapshot(cluster)
    log = cluster.path(cluster.node(leader)["data"]) / "log"
    eventually(
        lambda: sum(path.stat().st_size for path in log.glob("wal-*")) < 24 << 20, "the log is short")
    cluster.start(away)
    settled(cluster)
    assert "snapshot fetched" in cluster.log(away)
    cluster.client(cluster.leader(), plaintext=True).set("after", "it")
    settled(cluster)


class LogWatch(Repeated):
    """Looks again and again, on every node, at what the files of the log take, and how much of it has come since the
    snapshot that is being written was cut."""

    def __init__(self, cluster, entry):
        super().__init__()
        self.cluster, self.entry = cluster, entry
        self.size = dict.fromkeys(cluster.names(), 0)
        self.meanwhile = dict.fromkeys(cluster.names(), 0)
        self.step = dict.fromkeys(cluster.names(), 0)
        self.last = {name: facts(cluster, name)["last_index"] for name in cluster.names()}

    def once(self):
        for name in self.cluster.names():
            # A file may go, or get its name, while it is looked at.
            with contextlib.suppress(OSError):
                self.look(name)

    def look(self, name):
        log = self.cluster.path(self.cluster.node(name)["data"]) / "log"
        size = sum(path.stat().st_size for path in log.glob("wal-*"))
        now = facts(self.cluster, name)
        self.size[name] = max(self.size[name], size)
        self.step[name] = max(self.step[name], (now["last_index"] - self.last[name]) * self.entry)
        self.last[name] = now["last_index"]
        if writing := now["snapshot"]["writing"]:
            written = (now["last_index"] - writing["index"]) * self.entry
            self.meanwhile[name] = max(self.meanwhile[name], written)

    def written_meanwhile(self, name):
        """At most so much came while one snapshot was written: what was seen, and what may have come between two
        looks."""
        return self.meanwhile[name] + self.step[name]


def test_the_log_keeps_to_its_bound_while_much_is_written(make_cluster):
    mebibyte = 1 << 20
    due, retained, kept = 6 * mebibyte, mebibyte, 2
    config = CONFIG.replace("snapshot.log-min: 8MiB", "snapshot.log-min: 6MiB")
    cluster = make_cluster(config=config.replace("log.retain: 4MiB", "log.retain: 1MiB"))
    # A record of `fill` with its key, and its share of a frame.
    with LogWatch(cluster, entry=10_200) as watch:
        for _ in range(20):
            fill(cluster, 300, size=10_000)
    # As docs/OPERATING.md has it: room for `log.retain`, and for the log back to the oldest snapshot that is kept,
    # which is `snapshot.keep` + 1 times what calls for the next one, since the oldest stays until the newest is
    # confirmed, and what is written while that one is. Beside that come the files that the log keeps ready (16 MiB),
    # and whole segments where it begins, where it is written and where one is being made. It holds while a snapshot
    # takes no longer than the log takes to call for the next, so the state of this test is small.
    files = (16 + 3) * mebibyte
    for name in cluster.names():
        limit = (kept + 1) * due + retained + watch.written_meanwhile(name) + files
        # Without releases it would be passed.
        assert watch.last[name] * watch.entry > limit, (name, watch.last, limit)
        assert watch.size[name] <= limit, (name, watch.size, limit)


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
    assert "snapshot put aside" in cluster.log(victim)


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


def test_a_bit_of_memory_that_has_changed_is_found_and_the_state_rebuilt(directory, make_cluster, monkeypatch):
    monkeypatch.setenv("TRIREME_TEST_HOOKS", "1")
    cluster = make_cluster(config="state.scrub-interval: 200ms\n")
    fill(cluster, 100)
    victim = cluster.leader()
    settled(cluster)
    order = json.dumps({"key": "fill:7", "hidden": True})
    status, body = cluster.admin(victim, "/v1/test/corrupt", cluster.token(), method="POST", body=order)
    assert status == 200, body
    eventually(lambda: "does not hold what was written to it" in cluster.log(victim), "the node has noticed")
    eventually(lambda: cluster.leader() not in (None, victim), "another node leads")
    status, body = cluster.admin(victim, "/metrics", cluster.token())
    assert "trireme_digest_mismatch_total 1" in body
    cluster.client(cluster.leader(), plaintext=True).set("moves", "on")
    settled(cluster)
    client = cluster.client(victim, plaintext=True)
    client.execute_command("READONLY")
    assert client.get("fill:7") == cluster.client(cluster.leader(), plaintext=True).get("fill:7")


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


def quarantined(cluster, name, suffix):
    return sorted((cluster.path(cluster.node(name)["data"]) / "snapshots" / "quarantine").glob("*" + suffix))


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
    return bytes(data)


@pytest.mark.parametrize("what", ["pack", "manifest"])
def test_a_start_puts_a_damaged_snapshot_aside_with_a_note(cluster, what):
    fill(cluster, 300)
    snapshot(cluster)
    victim = cluster.followers()[0]
    cluster.kill(victim)
    damaged = flip(files(cluster, victim, "." + what)[-1])
    cluster.start(victim)
    settled(cluster)
    assert [path.read_bytes() for path in quarantined(cluster, victim, "." + what)] == [damaged]
    note = quarantined(cluster, victim, "-snapshot-report.txt")[0].read_text()
    assert "kind: checksum-mismatch" in note and f".{what}" in note, note
    assert "snapshot put aside" in cluster.log(victim)


def test_damage_of_a_running_nodes_snapshot_is_found_and_another_one_is_written(make_cluster):
    cluster = make_cluster(config=CONFIG + "log.scrub-interval: 500ms\nlog.scrub-rate: 64MiB\n")
    fill(cluster, 300)
    made = snapshot(cluster)
    fill(cluster, 10, prefix="behind")
    victim = cluster.followers()[0]
    damaged = flip(files(cluster, victim, ".pack")[-1])

    def look():
        newest = facts(cluster, victim)["snapshot"]["newest"]
        return newest and newest["index"] > made["index"] and facts(cluster, victim)["snapshot"]["scrub"]["damages"]
    assert eventually(look, "the damage is found and another snapshot is there") == 1
    assert damaged in [path.read_bytes() for path in quarantined(cluster, victim, ".pack")]
    assert "snapshot damaged on disk" in cluster.log(victim)
    assert "trireme_snapshot_damages_total 1" in cluster.admin(victim, "/metrics", cluster.token())[1]
    # The new one takes nothing from the damaged one: it is enough to start from.
    cluster.kill(victim)
    cluster.start(victim)
    settled(cluster)
    assert "snapshot put aside" not in cluster.log(victim)


def test_repair_tells_of_damaged_snapshots(make_cluster):
    cluster = make_cluster(config="log.scrub-interval: 3600s\n")
    fill(cluster, 300)
    snapshot(cluster)
    fill(cluster, 10, prefix="behind")
    victim = cluster.followers()[0]
    flip(files(cluster, victim, ".pack")[-1])
    report = json.loads(cluster.nodectl("--output", "json", "repair", victim).stdout)
    assert report["damaged"] is False and report["snapshots_damaged"] == 1, report
    settled(cluster)
