"""The archive: every entry off the cluster within seconds, and restores that are exact and proven."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
import redis

from cluster import NODECTL, eventually

CONFIG = """
log.segment-size: 1MiB
log.retain: 1MiB
peer.inflight-bytes-max: 1MiB
peer.append-bytes-max: 256KiB
snapshot.log-min: 256KiB
snapshot.log-percent: 0
state.compare-interval: 200ms
archive.interval: 200ms
"""


def facts(cluster, name):
    status, body = cluster.admin(name, "/v1/status", cluster.token())
    assert status == 200, body
    return json.loads(body)["node"]


def archive_of(cluster):
    return facts(cluster, cluster.leader())["archive"]


def url(cluster):
    return f"file://{cluster.directory.resolve()}/archive"


def archived(cluster):
    """Waits until everything that was applied is in the archive, and says how far that is."""

    seen = None

    def look():
        # A node tells its state ten times a second: right after a write it may still tell the one before.
        nonlocal seen
        record = facts(cluster, cluster.leader())
        before, seen = seen, record["applied_index"]
        return record["archive"]["archived_index"] == record["applied_index"] == before and record

    return eventually(look, "everything is archived", pause=0.25)


def runs(cluster):
    """The log's objects, as (first, last), in order."""
    names = [path.name for path in (cluster.directory / "archive").glob("*/log/1/*.zst")]
    return sorted((int(name[:20]), int(name[21:41])) for name in names)


def reaches(found):
    """How far the objects lead from the first entry on without a gap."""
    end = 0
    for first, last in found:
        if first > end + 1:
            break
        end = max(end, last)
    return end


def restore(cluster, *arguments, to, check=True, source=None, environment=None):
    done = subprocess.run(
        [NODECTL, "--output", "json", "restore", "--from", source or url(cluster), "--to", str(to), *arguments],
        capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})})
    if check:
        assert done.returncode == 0, f"{arguments}: {done.returncode} {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)
    return done


@pytest.fixture
def cluster(make_cluster):
    return make_cluster(config=CONFIG, archive=None)


def test_the_log_is_in_the_archive_without_a_gap_whoever_leads(cluster):
    for number in range(4):
        leader = cluster.leader()
        client = cluster.client(leader, plaintext=True)
        for value in range(200):
            client.set(f"k{number}:{value}", "x" * 100)
        if number % 2:
            archived(cluster)
        cluster.kill(leader)
        eventually(lambda: cluster.leader() != leader, "another one leads")
        cluster.start(leader)
        cluster.healthy()
    record = archived(cluster)
    assert reaches(runs(cluster)) >= record["applied_index"]
    done = restore(cluster, to=cluster.directory / "check")
    assert done["position"].split(":")[1] == str(record["applied_index"])
    assert done["digest"] == record["digest"]
    assert done["proof"].startswith("digest equal")
    verified = json.loads(cluster.nodectl("--output", "json", "archive", "verify", "--archive", url(cluster)).stdout)
    assert verified["whole"] is True, verified


def test_backups_are_listed_shown_verified_and_removed(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    made = []
    for number in range(4):
        for value in range(200):
            client.set(f"k{number}:{value}", "x" * 200)
        made.append(json.loads(cluster.nodectl("--output", "json", "backup", "create").stdout))
    archive = ("--archive", url(cluster))
    listed = json.loads(cluster.nodectl("--output", "json", "backup", "list", *archive).stdout)
    assert {one["backup_id"] for one in made} <= {one["backup_id"] for one in listed["backups"]}, listed
    shown = json.loads(cluster.nodectl("--output", "json", "backup", "show", made[-1]["backup_id"], *archive).stdout)
    fields = ["version", "timestamp", "record_count", "segment_count", "backup_type", "digest", "timeline", "position"]
    assert [field for field in fields if field not in shown] == []
    assert (shown["record_count"], shown["backup_type"]) == (800, "incremental")
    cluster.nodectl("backup", "verify", made[-1]["backup_id"], *archive)
    cluster.nodectl("backup", "pin", made[0]["backup_id"], *archive)
    rules = ("--window-days", "0", "--daily", "0", "--keep", "1")
    planned = json.loads(cluster.nodectl("--output", "json", "backup", "prune", "--dry-run", *rules, *archive).stdout)
    assert made[1]["backup_id"] in planned["removed"] and made[0]["backup_id"] not in planned["removed"]
    cluster.nodectl("backup", "prune", *rules, *archive)
    left = json.loads(cluster.nodectl("--output", "json", "backup", "list", *archive).stdout)
    assert {one["backup_id"] for one in left["backups"]} == {made[0]["backup_id"], made[-1]["backup_id"]}
    refused = cluster.nodectl("backup", "delete", made[-1]["backup_id"], *archive, check=False)
    assert refused.returncode == 3 and "--force" in refused.stderr
    for one in (made[0], made[-1]):
        done = restore(cluster, "--backup", one["backup_id"], to=cluster.directory / one["backup_id"])
        assert done["record_count"] == one["record_count"]


def test_a_restore_to_a_time_is_exact_to_the_entry(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("counter", 0)
    for value in range(1, 1001):
        client.set("counter", value)
        if value == 300:
            cluster.nodectl("backup", "create")
        if value == 500:
            noted = client.time()
    archived(cluster)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(noted[0])) + f".{noted[1]:06d}Z"
    # The leader's clock may run ahead of the machine's by as many microseconds as entries share a frame.
    cluster.playground("down")
    cluster.playground("restore", "--from", url(cluster), "--at", at, "--replace")
    assert cluster.client(cluster.leader(), plaintext=True).get("counter") == b"500"
    # The restored state is another timeline; from the archive both can be restored.
    cluster.client(cluster.leader(), plaintext=True).set("counter", "new")
    record = archived(cluster)
    new = restore(cluster, to=cluster.directory / "new")
    assert (new["digest"], new["timeline"][:2]) == (record["digest"], "2-")
    old = restore(cluster, "--timeline", "1", to=cluster.directory / "old")
    assert int(old["position"].split(":")[1]) > 1000


def test_after_the_loss_of_all_disks_one_command_brings_back_all_but_the_last_seconds(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    acknowledged = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        key = f"key:{len(acknowledged)}"
        client.set(key, "value")
        acknowledged.append((key, time.monotonic()))
    lost_at = time.monotonic()
    cluster.kill_all()
    for name in cluster.names():
        shutil.rmtree(cluster.path(cluster.node(name)["data"]))
    done = cluster.playground("restore", "--from", url(cluster))
    assert "digest equal" in done.stdout
    client = cluster.client(cluster.leader(), plaintext=True)
    lost = [at for key, at in acknowledged if client.get(key) is None]
    assert all(lost_at - at < 2 for at in lost), f"{len(lost)} of {len(acknowledged)} lost"
    status = cluster.status()
    assert [node["role"] for node in status["nodes"]].count("follower") == 2
    client.set("after", "the loss")
    cluster.converged()


def test_a_restore_refuses_what_somebody_may_miss(cluster, directory):
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("a", 1)
    client.set("a", 2)
    archived(cluster)
    data = cluster.path(cluster.node("n1")["data"])
    running = restore(cluster, "--node", "n1", to=data, check=False)
    assert running.returncode == 3 and "in use" in running.stderr
    cluster.playground("down")
    newer = restore(cluster, "--index", "3", to=data, check=False)
    assert newer.returncode == 3 and "--replace" in newer.stderr
    other = directory / "photos"
    other.mkdir()
    (other / "cat.jpg").write_text("miaow")
    foreign = restore(cluster, to=other, check=False)
    assert foreign.returncode == 3 and (other / "cat.jpg").read_text() == "miaow"
    beyond = restore(cluster, "--index", "1000000", to=directory / "new", check=False)
    assert beyond.returncode == 3 and "only timeline 1: index 1 " in beyond.stderr
    assert not (directory / "new").exists()
    before = sorted(path.name for path in data.iterdir())
    done = restore(cluster, "--index", "3", "--replace", to=data)
    assert sorted(path.name for path in pathlib.Path(done["put_aside"]).iterdir()) == before


def test_a_damaged_object_is_named_and_the_target_stays_as_it_was(cluster, directory):
    client = cluster.client(cluster.leader(), plaintext=True)
    for value in range(300):
        client.set(f"k:{value}", "x" * 50)
    archived(cluster)
    cluster.playground("down")
    path = sorted((cluster.directory / "archive").glob("*/log/1/*.zst"))[-1]
    path.chmod(0o640)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    done = restore(cluster, to=directory / "target", check=False)
    assert done.returncode == 1 and path.name in done.stderr, done.stderr
    assert not (directory / "target").exists()


def test_an_archive_that_is_away_blocks_nothing_and_shipping_resumes(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("before", 1)
    archived(cluster)
    (cluster.directory / "archive").rename(cluster.directory / "away")
    for value in range(500):
        client.set(f"k:{value}", "x" * 100)
    failure = eventually(lambda: archive_of(cluster)["failure"], "the failure is told")
    assert failure["code"] == "no-container"
    # The status is up to 0.1 s old.
    eventually(lambda: archive_of(cluster)["lag_entries"] >= 500, "what is not shipped is counted")
    status, body = cluster.admin(cluster.leader(), "/readyz")
    assert status == 200 and json.loads(body)["archive_failing"]
    leader = cluster.leader()
    cluster.kill(leader)
    eventually(lambda: cluster.leader() != leader, "another one leads")
    cluster.client(cluster.leader(), plaintext=True).set("meanwhile", 1)
    (cluster.directory / "away").rename(cluster.directory / "archive")
    record = archived(cluster)
    assert reaches(runs(cluster)) >= record["applied_index"]
    assert record["archive"]["failure"] is None


def fill(cluster, count):
    client = cluster.client(cluster.leader(), plaintext=True)
    for start in range(0, count, 100):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, start + 100):
                pipe.set(f"fill:{number}", os.urandom(500).hex())
            pipe.execute()


def test_a_backlog_over_its_limit_is_dropped_with_a_new_baseline(make_cluster):
    cluster = make_cluster(config=CONFIG + "archive.log-max: 2MiB\n", archive=None)
    fill(cluster, 100)
    archived(cluster)
    (cluster.directory / "archive").rename(cluster.directory / "away")

    # The object that could not be put is kept in memory: what is behind it is not.
    fill(cluster, 100)
    eventually(lambda: archive_of(cluster)["failure"], "the failure is told")
    begun = facts(cluster, cluster.leader())["applied_index"]

    def released():
        fill(cluster, 1000)
        return facts(cluster, cluster.leader())["first_index"] > begun + 1

    eventually(released, "the log was released")
    (cluster.directory / "away").rename(cluster.directory / "archive")
    hole = eventually(lambda: archive_of(cluster)["hole_first"], "the hole is told")
    behind = archive_of(cluster)["hole_last"]
    assert reaches(runs(cluster)) < behind

    def backed_up():
        newest = archive_of(cluster)["newest_backup"]
        return newest and newest["index"] > behind

    eventually(backed_up, "a new backup begins another interval")
    record = archived(cluster)
    done = restore(cluster, to=cluster.directory / "check")
    assert done["digest"] == record["digest"]
    within = restore(cluster, "--index", str(hole), to=cluster.directory / "hole", check=False)
    assert within.returncode == 3, within.stderr


def test_writes_are_refused_instead_where_that_is_wanted(make_cluster):
    limits = "archive.log-max: 2MiB\narchive.when-full: refuse-writes\n"
    cluster = make_cluster(config=CONFIG + limits, archive=None)
    fill(cluster, 100)
    archived(cluster)
    (cluster.directory / "archive").rename(cluster.directory / "away")

    def refused():
        try:
            fill(cluster, 500)
        except redis.ResponseError as error:
            return "NOSPACE" in str(error) and error

    eventually(refused, "writes are refused")
    assert cluster.client(cluster.leader(), plaintext=True).get("fill:1") is not None
    (cluster.directory / "away").rename(cluster.directory / "archive")

    def taken():
        try:
            return cluster.client(cluster.leader(), plaintext=True).set("again", 1)
        except redis.ResponseError:
            return False

    eventually(taken, "writes are taken again")
    record = archived(cluster)
    assert reaches(runs(cluster)) >= record["applied_index"]


def test_a_bucket_is_an_archive_too(make_cluster, s3, monkeypatch):
    place, credentials, server = s3
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    cluster = make_cluster(config=CONFIG, archive=place)
    fill(cluster, 300)
    cluster.nodectl("backup", "create")
    fill(cluster, 200)
    record = archived(cluster)
    # A store that does not answer for a while is waited for.
    server.send_signal(signal.SIGSTOP)
    fill(cluster, 200)
    server.send_signal(signal.SIGCONT)
    record = archived(cluster)
    done = restore(cluster, to=cluster.directory / "check", source=place)
    assert done["digest"] == record["digest"]
    assert done["backup_id"] is not None
    denied = restore(
        cluster, to=cluster.directory / "denied", source=place, check=False,
        environment={"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert denied.returncode == 1 and "not-authenticated" in denied.stderr, denied.stderr
    assert "wrong" not in denied.stderr
