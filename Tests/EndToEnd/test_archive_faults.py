"""Whatever becomes of the store or of leaders under load: the archive ends without a gap, and no write waits for it.

`TRIREME_FAULT_SECONDS` says how long each fault lasts.
"""

import json
import os
import random
import time

import pytest
from cluster import eventually
from faulty_store import FaultyStore
from load import Load
from test_archive import CONFIG, archived, facts, restore

SECONDS = float(os.environ.get("TRIREME_FAULT_SECONDS", "2"))
KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "a/secret+key="}


def credentials(path, secret):
    """As the AWS tools write them; put in place at once, so that nobody reads half of it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"[default]\naws_access_key_id = tester\naws_secret_access_key = {secret}\n")
    fresh.chmod(0o600)
    fresh.rename(path)


@pytest.fixture
def store(s3):
    place, _, _ = s3
    faulty = FaultyStore(int(place.partition("endpoint=http://127.0.0.1:")[2].partition("&")[0]))
    yield faulty
    faulty.close()


@pytest.fixture
def cluster(make_cluster, store, directory):
    credentials(directory / "credentials", KEYS["AWS_SECRET_ACCESS_KEY"])
    config = CONFIG + f"archive.credentials-file: {directory.resolve()}/credentials\n"
    return make_cluster(config=config, archive=place(store))


def place(store):
    return f"s3://backups/trireme?endpoint=http://127.0.0.1:{store.port}&style=path"


def check(cluster, store, load, directory):
    """All that was acknowledged is there, on the nodes and in the archive, which has no gap and nothing twice."""
    load.stop()
    cluster.healthy()
    record = archived(cluster)
    load.verify()
    verified = json.loads(
        cluster.nodectl("--output", "json", "archive", "verify", "--archive", place(store)).stdout)
    assert verified["whole"] is True, verified
    done = restore(cluster, to=directory / "restored", source=place(store))
    assert done["digest"] == record["digest"]
    assert done["position"].split(":")[1] == str(record["applied_index"])


def goes_on(load, seconds):
    """Writes are acknowledged all the while; the longest time in which none was."""
    began, seen, last, longest = time.monotonic(), load.count, time.monotonic(), 0.0
    while (now := time.monotonic()) < began + seconds:
        if load.count > seen:
            seen, last = load.count, now
        longest = max(longest, now - last)
        time.sleep(0.005)
    return longest


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def test_no_fault_of_a_store_makes_a_gap_or_holds_up_a_write(cluster, store, directory):
    with Load(cluster, [cluster.leader()]) as load:
        longest = {None: goes_on(load, SECONDS)}
        for fault in FaultyStore.FAULTS:
            before = load.count
            store.fault = fault
            longest[fault] = goes_on(load, SECONDS)
            eventually(lambda fault=fault: store.met[fault], f"{fault} was met")
            assert load.count > before
            store.fault = None
            archived_again(cluster)
        secret = directory / "credentials"
        before = load.count
        credentials(secret, "revoked")
        longest["revoked"] = goes_on(load, SECONDS)
        failure = eventually(lambda: archive_failure(cluster), "the failure is told")
        assert failure["code"] == "not-authenticated"
        assert load.count > before
        credentials(secret, KEYS["AWS_SECRET_ACCESS_KEY"])
        archived_again(cluster)
        print("the longest time without an acknowledged write, by fault:",
              {fault: f"{seconds * 1000:.0f} ms" for fault, seconds in longest.items()})
        assert not load.errors, load.errors[:3]
        check(cluster, store, load, directory)


def archive_failure(cluster):
    return facts(cluster, cluster.leader())["archive"]["failure"]


def archived_again(cluster):
    """Shipping goes on by itself."""
    behind = facts(cluster, cluster.leader())["applied_index"]
    eventually(lambda: facts(cluster, cluster.leader())["archive"]["archived_index"] >= behind, "shipping goes on")


@pytest.mark.parametrize("fault", ["slow", "lost", None])
def test_leaders_that_die_while_they_upload_leave_no_gap_and_nothing_twice(cluster, store, directory, fault):
    draw = random.Random(f"{fault}")
    with Load(cluster, cluster.names()) as load:
        for _ in range(4):
            store.fault = fault
            time.sleep(draw.uniform(0.1, 1.2))
            leader = cluster.leader()
            cluster.kill(leader)
            eventually(lambda leader=leader: cluster.leader() != leader, "another one leads")
            store.fault = None
            cluster.start(leader)
            cluster.healthy()
        check(cluster, store, load, directory)
