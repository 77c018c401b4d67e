"""The past, looked at in an archive without restoring anything: browse, diff, history, export."""

import json
import subprocess

import pytest

from cluster import NODECTL
from test_archive import CONFIG, archived, url


@pytest.fixture
def cluster(make_cluster):
    return make_cluster(config=CONFIG, archive=None)


def archive(cluster, *arguments, code=0):
    done = subprocess.run(
        [NODECTL, "--output", "json", "archive", *arguments, "--archive", url(cluster)], capture_output=True, timeout=60)
    assert done.returncode == code, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout


def index_now(cluster):
    return str(archived(cluster)["applied_index"])


def test_records_are_shown_as_they_were(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("user:1", "ada", pxat=4_000_000_000_000)
    client.set("user:2", b"\xff\x00")
    client.hset("profile", mapping={"name": "ada", "age": "36"})
    client.rpush("queue", "a", "b")
    client.sadd("tags", "x", "y")
    client.zadd("scores", {"one": 1.5, "two": 2})
    early = index_now(cluster)
    client.set("user:1", "grace")
    client.delete("user:2", "queue")
    client.set("user:3", "new")
    index_now(cluster)

    past = {tuple(one["key"]) if isinstance(one["key"], list) else one["key"]: one for one in
            json.loads(archive(cluster, "browse", "--index", early))["records"]}
    assert past["user:1"]["value"] == "ada" and past["user:1"]["expires_at_ms"] == 4_000_000_000_000
    assert past["user:2"]["value"] == {"base64": "/wA="}
    assert past["profile"]["value"] == [["age", "36"], ["name", "ada"]]
    assert past["queue"]["value"] == ["a", "b"] and past["tags"]["value"] == ["x", "y"]
    assert past["scores"]["value"] == [["one", "1.5"], ["two", "2"]]
    assert len(past) == 6
    assert json.loads(archive(cluster, "browse", "--key", "user:2", code=1))["records"] == []
    some = json.loads(archive(cluster, "browse", "--match", "user:*", "--limit", "1"))
    assert some["matched"] == 2 and len(some["records"]) == 1
    assert some["proof"].startswith("digest equal")

    difference = json.loads(archive(cluster, "diff", early))
    assert (difference["added"], difference["changed"], difference["removed"]) == (1, 1, 2)
    changed = {(one["before"] or one["after"])["key"]: one["change"] for one in difference["keys"]}
    assert changed == {"user:1": "changed", "user:2": "removed", "queue": "removed", "user:3": "added"}

    history = json.loads(archive(cluster, "history", "user:1"))
    assert [one["after"]["value"] for one in history["newest"]] == ["ada", "grace"]
    assert history["newest"][1]["before"]["value"] == "ada" and history["first"] is None


def test_what_is_exported_makes_the_same_state_again(cluster):
    client = cluster.client(cluster.leader(), plaintext=True)
    for number in range(300):
        client.set(f"k{number}", f"v{number}")
    client.zadd("scores", {f"m{number}": number / 7 for number in range(1200)})
    client.hset("h", mapping={"a\r\nb": "c"})
    client.expire("k7", 10_000)
    early = index_now(cluster)
    before = json.loads(archive(cluster, "browse", "--index", early, "--limit", "10000"))
    commands = archive(cluster, "export", "--index", early)
    client.flushall()
    client.set("k7", "something else")

    with client.connection_pool.get_connection() as connection:
        connection.send_packed_command(commands)
        replies = [connection.read_response() for _ in range(commands.count(b"\r\n$3\r\nSET\r\n") or 1)]
    assert replies
    index_now(cluster)
    after = json.loads(archive(cluster, "browse", "--limit", "10000"))
    assert after["records"] == before["records"] and after["digest"] == before["digest"]
    lines = archive(cluster, "export", "--index", early, "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == before["records"]


def test_a_point_that_is_not_there_is_refused_with_what_is(cluster):
    cluster.client(cluster.leader(), plaintext=True).set("k", "v")
    index_now(cluster)
    for arguments in (["browse", "--index", "999999"], ["diff", "999999"], ["history", "k", "--at", "1999-01-01T00:00:00Z"]):
        done = subprocess.run(
            [NODECTL, "archive", *arguments, "--archive", url(cluster)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 3 and "timeline 1" in done.stderr, done
    done = subprocess.run(
        [NODECTL, "archive", "diff", "yesterday", "--archive", url(cluster)], capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 64) and "2026-11-21T02:13:34Z" in done.stderr, done
