"""Damaged logs: named, kept as evidence, rebuilt from the other nodes; nothing lost, nobody elected on guesswork."""

import datetime
import hashlib
import json
import os
import re
import struct
import subprocess
import time

from cluster import NODED, eventually
from load import Load

#: Small segments, so that there are sealed ones soon; passes that follow each other closely.
CONFIG = "log.segment-size: 1MiB\nlog.scrub-interval: 300ms\nlog.scrub-rate: 16MiB\n"
#: No passes of its own accord within a test.
UNSCRUBBED = "log.segment-size: 1MiB\nlog.scrub-interval: 3600s\n"
HEADER = 128
RECORD = 56


def log_directory(cluster, name):
    return cluster.path(cluster.node(name)["data"]) / "log"


def segments(cluster, name):
    return sorted(log_directory(cluster, name).glob("wal-*.seg"))


def begun(path):
    with open(path, "rb") as file:
        return file.read(8) == b"TRIREWAL"


def records(path):
    """Where a segment's records begin, with their lengths."""
    data = path.read_bytes()
    place = HEADER
    while place + RECORD <= len(data) and data[place + 48:place + 52] == b"TRIR":
        length = struct.unpack_from("<I", data, place + 4)[0]
        yield place, length
        place += (RECORD + length + 7) & ~7


def flip(path, offset):
    """Flips one bit of a file in place."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))
        os.fsync(file.fileno())


def damage_middle(cluster, name):
    """Flips a bit in the body of a record of the second sealed segment; file, offset of the record, its bytes now."""
    path = [path for path in segments(cluster, name) if begun(path)][1]
    place, length = list(records(path))[3]
    flip(path, place + RECORD + length // 2)
    return path, place


def fill(cluster, count=900, size=4000, prefix="fill"):
    """Enough for some segments of 1 MiB. What does not compress, so that it takes its room."""
    client = cluster.client(cluster.leader(), plaintext=True)
    for number in range(count):
        value = os.urandom(size)
        # Machines stall: a request may meet an election. The same value again does no harm.
        eventually(lambda n=number, v=value: client.set(f"{prefix}:{n}", v), "a write is taken")


def digests(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    return {key: client.get(key) for key in sorted(client.keys("*"))}


def facts(cluster, name):
    status, body = cluster.admin(name, "/v1/status", cluster.token())
    assert status == 200, body
    return json.loads(body)["node"]


def metrics(cluster, name):
    status, body = cluster.admin(name, "/metrics", cluster.token())
    assert status == 200, body
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in body.splitlines() if line and not line.startswith("#")}


def quarantined(cluster, name):
    directory = log_directory(cluster, name) / "quarantine"
    return sorted(directory.iterdir()) if directory.exists() else []


def wait_repaired(cluster, name, deadline=60):
    eventually(lambda: quarantined(cluster, name), f"{name} has put its files aside", deadline)
    state = cluster.converged(deadline)
    assert facts(cluster, name)["repair"] is None
    return state


def check_evidence(cluster, name, path, damaged):
    """The damaged file is kept with the bytes that it had, and the report names it."""
    kept = [file for file in quarantined(cluster, name) if file.name.endswith(path.name)]
    assert kept and kept[-1].read_bytes() == damaged
    report = quarantined(cluster, name)[-1].parent
    text = "".join(file.read_text() for file in report.glob("*-report.txt"))
    assert f"file: {path.name}" in text and "kind: checksum-mismatch" in text
    return text


def test_a_flipped_bit_in_a_stopped_followers_log_is_repaired_from_the_others(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    before = digests(cluster)
    cluster.converged()
    follower = cluster.followers()[0]
    cluster.stop(follower)
    path, place = damage_middle(cluster, follower)
    damaged = path.read_bytes()
    done = cluster.nodectl("wal", "verify", follower, check=False)
    assert done.returncode == 1
    assert f"checksum-mismatch in {path.name} at byte {place}" in done.stdout
    assert re.search(r"indexes \d+\.\.\.\d+ affected", done.stdout)
    # With the others paused, there is nobody to fetch from: the node says what it waits for.
    for other in cluster.names():
        if other != follower:
            cluster.pause(other)
    process = subprocess.Popen(
        [NODED, "--config", str(cluster.path(cluster.node(follower)["config"]))], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        repair = eventually(lambda: facts(cluster, follower)["repair"], "the node says that it is under repair")
        assert repair["stage"] == "fetching" and repair["kind"] == "checksum-mismatch"
        assert repair["file"] == path.name and repair["offset"] == place
        assert repair["first_index"] > 0 and repair["up_to"] >= repair["first_index"]
        assert any(name.endswith(path.name) for name in repair["quarantined"])
        code, body = cluster.admin(follower, "/readyz")
        assert code == 503 and "quarantined" in body and path.name in body
        found = metrics(cluster, follower)
        assert found["trireme_wal_fenced"] == 1
        assert found['trireme_wal_damage_total{kind="checksum_mismatch"}'] == 1
        assert found["trireme_quarantine_files"] > 0 and found["trireme_quarantine_size_bytes"] >= len(damaged)
        assert "quarantined" in cluster.nodectl("status").stdout
    finally:
        process.kill()
        process.wait()
        cluster.resume_all()
    # The next start knows what it is repairing, though it finds no damage any more.
    cluster.start(follower)
    cluster.converged()
    assert digests(cluster) == before
    assert facts(cluster, follower)["repair"] is None
    assert metrics(cluster, follower)["trireme_wal_fenced"] == 0
    check_evidence(cluster, follower, path, damaged)
    log = cluster.log(follower)
    assert "this node's log is still being repaired" in log and "the log is whole again" in log
    assert cluster.nodectl("wal", "verify", follower).returncode == 0


def test_a_flipped_bit_in_the_leaders_log_is_repaired_when_it_starts_again(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    before = digests(cluster)
    cluster.converged()
    leader = cluster.leader()
    cluster.kill(leader)
    path, place = damage_middle(cluster, leader)
    damaged = path.read_bytes()
    cluster.start(leader)
    wait_repaired(cluster, leader)
    assert digests(cluster) == before
    check_evidence(cluster, leader, path, damaged)
    log = cluster.log(leader)
    assert "log damaged" in log and path.name in log and "checksum-mismatch" in log and f"{place}" in log


def test_damage_found_while_running_is_repaired_without_an_operator_or_an_interruption(make_cluster):
    cluster = make_cluster(config=CONFIG)
    fill(cluster)
    follower = cluster.followers()[0]
    others = [name for name in cluster.names() if name != follower]
    pid, uptime = facts(cluster, follower)["pid"], facts(cluster, follower)["uptime_seconds"]
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    with Load(cluster, others) as load:
        eventually(lambda: load.count > 200, "writes go on")
        path, _ = damage_middle(cluster, follower)
        damaged = path.read_bytes()
        eventually(lambda: quarantined(cluster, follower), "the scrub finds it", 60)
        eventually(lambda: facts(cluster, follower)["repair"] is None, "it is whole again", 60)
        count = load.count
        eventually(lambda: load.count > count + 200, "writes go on")
    assert load.errors == []
    wait_repaired(cluster, follower)
    load.verify()
    check_evidence(cluster, follower, path, damaged)
    # The same process, begun anew: nothing of the old one is open.
    assert facts(cluster, follower)["pid"] == pid
    assert len(os.listdir(f"/proc/{pid}/fd")) <= descriptors + 2
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        assert file.read().strip() == "noded"
    assert "log damaged on disk" in cluster.log(follower)
    assert "leave to rebuild" in cluster.log(follower)


def test_a_damaged_leader_hands_over_before_it_repairs_itself(make_cluster):
    cluster = make_cluster(config=CONFIG)
    fill(cluster)
    leader = cluster.leader()
    others = [name for name in cluster.names() if name != leader]
    with Load(cluster, others) as load:
        eventually(lambda: load.count > 200, "writes go on")
        damage_middle(cluster, leader)
        eventually(lambda: quarantined(cluster, leader), "it repairs itself", 60)
        eventually(lambda: facts(cluster, leader)["repair"] is None, "it is whole again", 60)
    assert load.errors == []
    wait_repaired(cluster, leader)
    load.verify()
    assert cluster.leader() != leader


def test_with_a_member_missing_a_damaged_node_serves_on_and_repairs_itself_when_it_may(make_cluster):
    cluster = make_cluster(config=CONFIG)
    fill(cluster)
    cluster.converged()
    damaged, missing = cluster.followers()
    cluster.kill(missing)
    path, _ = damage_middle(cluster, damaged)
    repair = eventually(lambda: facts(cluster, damaged)["repair"], "the damage is found")
    assert repair["stage"] == "found" and missing in repair["message"]
    assert repair["file"] == path.name
    found = metrics(cluster, damaged)
    assert found['trireme_wal_repair{stage="found"}'] == 1 and found["trireme_wal_fenced"] == 0
    doctor = cluster.nodectl("doctor", check=False)
    assert doctor.returncode == 1 and path.name in doctor.stdout and "nodectl repair" in doctor.stdout
    refused = cluster.nodectl("repair", damaged, check=False)
    assert refused.returncode == 3, refused
    assert missing in refused.stderr and "--force" in refused.stderr
    # It still votes and counts: without it there would be no majority.
    fill(cluster, count=20, prefix="meanwhile")
    assert cluster.is_running(damaged) and quarantined(cluster, damaged) == []
    cluster.start(missing)
    wait_repaired(cluster, damaged)


def test_two_damaged_nodes_are_repaired_one_after_the_other(make_cluster):
    cluster = make_cluster(config=CONFIG)
    fill(cluster)
    followers = cluster.followers()
    with Load(cluster, [cluster.leader()]) as load:
        eventually(lambda: load.count > 200, "writes go on")
        for name in followers:
            damage_middle(cluster, name)
        eventually(
            lambda: all(quarantined(cluster, name) for name in followers), "both were repaired", 90)
        for name in followers:
            eventually(lambda n=name: facts(cluster, n)["repair"] is None, f"{name} is whole again", 60)
    assert load.errors == []
    for name in followers:
        wait_repaired(cluster, name)
    load.verify()
    (_, first_ends), (second_begins, _) = sorted(fenced(cluster, name) for name in followers)
    # A node tells the others before it tells its log; two repairs side by side would overlap by seconds.
    assert first_ends - second_begins < datetime.timedelta(milliseconds=50)


def fenced(cluster, name):
    """When a node got leave to rebuild its log, and when it was whole again: the times of its own log, which is of one
    clock on all nodes. It may have become whole before: when it came too late for the cluster's first election."""
    def times_of(message):
        words = [line.split()[0] for line in cluster.log(name).splitlines() if message in line]
        return [datetime.datetime.fromisoformat(word.removeprefix("time=")) for word in words]

    [leave] = times_of("the leader gives leave to rebuild the damaged log")
    [whole] = [time for time in times_of("the log is whole again") if time > leave]
    return leave, whole


def test_an_operator_has_a_nodes_log_read_at_once(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    cluster.converged()
    follower = cluster.followers()[0]
    done = cluster.nodectl("repair", follower)
    assert "whole, nothing was done" in done.stdout
    path, _ = damage_middle(cluster, follower)
    done = cluster.nodectl("repair", follower, timeout=120)
    assert "was repaired" in done.stdout and path.name in done.stdout and "checksum-mismatch" in done.stdout
    assert "quarantine" in done.stdout
    wait_repaired(cluster, follower)
    assert "operator request" in cluster.log(follower) or "repair" in cluster.log(follower)


def test_damage_on_a_majority_elects_nobody_and_says_so(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    cluster.converged()
    whole, *lost = cluster.names()
    for name in cluster.names():
        cluster.kill(name)
    for name in lost:
        damage_middle(cluster, name)
    processes = [
        subprocess.Popen(
            [NODED, "--config", str(cluster.path(cluster.node(name)["config"]))], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for name in cluster.names()]
    try:
        for name in lost:
            repair = eventually(lambda n=name: facts(cluster, n)["repair"], f"{name} is under repair")
            assert repair["stage"] == "fetching"
        # The first one killed may have missed an election between the others, and hears of its term only now.
        newest_term = max(facts(cluster, name)["term"] for name in cluster.names())
        time.sleep(3)
        assert all(process.poll() is None for process in processes)
        for name in cluster.names():
            assert facts(cluster, name)["role"] != "leader"
        assert max(facts(cluster, name)["term"] for name in cluster.names()) == newest_term
        doctor = cluster.nodectl("doctor", check=False)
        assert doctor.returncode == 1
        assert "under repair at once, so no leader can be elected" in doctor.stdout
        assert "When a log is damaged" in doctor.stdout
        # What is whole can still be read, and copied from.
        assert cluster.readonly_client(whole).get("fill:7") is not None
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_missing_segment_is_named_and_fetched_again(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    before = digests(cluster)
    cluster.converged()
    follower = cluster.followers()[0]
    cluster.stop(follower)
    gone = [path for path in segments(cluster, follower) if begun(path)][1]
    gone.unlink()
    done = cluster.nodectl("wal", "verify", follower, check=False)
    assert done.returncode == 1 and "missing-segment" in done.stdout
    cluster.start(follower)
    wait_repaired(cluster, follower)
    assert digests(cluster) == before
    assert "missing-segment" in cluster.log(follower)


def test_a_damaged_identity_is_refused_with_a_remedy_and_made_again_from_the_log(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    follower = cluster.followers()[0]
    cluster.stop(follower)
    identity = cluster.path(cluster.node(follower)["data"]) / "identity"
    flip(identity, 40)
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in [identity, *segments(cluster, follower)]}
    done = subprocess.run(
        [NODED, "--config", str(cluster.path(cluster.node(follower)["config"]))], capture_output=True, text=True,
        timeout=30)
    assert done.returncode == 65
    assert "identity is damaged" in done.stderr and "remedy" in done.stderr
    after = {path: hashlib.sha256(path.read_bytes()).digest() for path in [identity, *segments(cluster, follower)]}
    assert after == before
    damaged = identity.read_bytes()
    data = identity.parent
    done = cluster.nodectl("repair", str(data))
    assert "identity file was made again" in done.stdout
    kept = list((data / "quarantine").glob("*-identity"))
    assert [file.read_bytes() for file in kept] == [damaged]
    cluster.start(follower)
    cluster.converged()


def test_a_stopped_nodes_directory_is_repaired_by_nodectl(make_cluster):
    cluster = make_cluster(config=UNSCRUBBED)
    fill(cluster)
    before = digests(cluster)
    cluster.converged()
    follower = cluster.followers()[0]
    data = cluster.path(cluster.node(follower)["data"])
    busy = cluster.nodectl("repair", str(data), check=False)
    assert busy.returncode != 0 and "in use" in busy.stderr
    cluster.stop(follower)
    whole = {path.name: path.read_bytes() for path in segments(cluster, follower)}
    assert "nothing was done" in cluster.nodectl("repair", str(data)).stdout
    assert {path.name: path.read_bytes() for path in segments(cluster, follower)} == whole
    path, place = damage_middle(cluster, follower)
    damaged = path.read_bytes()
    done = cluster.nodectl("repair", str(data))
    assert f"checksum-mismatch in {path.name} at byte {place}" in done.stdout
    assert "when the node starts next" in done.stdout
    check_evidence(cluster, follower, path, damaged)
    cluster.start(follower)
    cluster.converged()
    assert digests(cluster) == before
