"""Reading the past from an archive alone: what keys held, what changed, what becomes of it elsewhere."""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest
import redis

from cluster import Cluster, eventually
from test_archive import CONFIG, archived, facts, url

BINARY = bytes(range(256))


def past(cluster, *arguments, check=True):
    """What a command on the archive says, as JSON."""
    done = cluster.nodectl("--output", "json", "archive", *arguments, "--archive", url(cluster), check=check)
    return json.loads(done.stdout) if check else done


def moment(cluster):
    """The index of the last entry."""
    cluster.converged()
    return str(facts(cluster, cluster.leader())["applied_index"])


@pytest.fixture(scope="module")
def story():
    """A cluster with a past: every type, a backup in the middle, changes before and behind it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="trireme-past-test-"))
    cluster = Cluster(path / "cluster", config=CONFIG, archive=None).up()
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("text", "first")
    client.set(b"binary\xff", BINARY)
    client.hset("hash", mapping={"a": 1, "b": BINARY})
    client.rpush("list", "x", "y", "z")
    client.sadd("set", "m", "n")
    client.zadd("scores", {"one": 1.5, "low": "-inf"})
    client.set("timed", "soon gone", ex=100_000)
    client.rpush("long", *range(3000))
    points = [moment(cluster)]
    client.set("text", "second")
    client.hset("hash", "c", 3)
    cluster.nodectl("backup", "create")
    points.append(moment(cluster))
    client.delete("text")
    client.set("new", 1)
    client.persist("timed")
    points.append(moment(cluster))
    client.set("text", "third")
    archived(cluster)
    yield cluster, points
    cluster.down()
    shutil.rmtree(path, ignore_errors=True)


def test_a_key_is_shown_as_it_was(story):
    cluster, points = story
    values = []
    for point in points:
        found = past(cluster, "browse", "--index", point, "--key", "text", check=False)
        shown = json.loads(found.stdout)
        assert found.returncode == (0 if shown["found"] else 1)
        assert shown["state"]["proof"].startswith("digest equal"), shown
        values.append(shown["records"][0]["value"] if shown["found"] else None)
    assert values == ["first", "second", None]
    assert past(cluster, "browse", "--key", "text")["records"][0]["value"] == "third"
    # The time of an entry leads to the same state.
    entry = past(cluster, "browse", "--index", points[1], "--key", "text")["state"]
    assert past(cluster, "browse", "--at", entry["timestamp"], "--key", "text")["state"] == entry
    table = cluster.nodectl("archive", "browse", "--archive", url(cluster), "--index", points[2], "--key", "text",
                            check=False)
    assert table.returncode == 1 and "there was no key text" in table.stdout


def test_values_of_all_types_are_exact(story):
    cluster, points = story
    found = past(cluster, "browse", "--index", points[0], "--match", "*")["records"]
    records = {json.dumps(one["key"]): one for one in found}
    coded = {"base64": base64.b64encode(BINARY).decode()}
    key = json.dumps({"base64": base64.b64encode(b"binary\xff").decode()})
    assert records[key]["value"] == coded
    assert records['"hash"']["value"] == [{"field": "a", "value": "1"}, {"field": "b", "value": coded}]
    assert records['"list"']["value"] == ["x", "y", "z"]
    assert records['"set"']["value"] == ["m", "n"]
    assert records['"scores"']["value"] == [{"member": "low", "score": "-inf"}, {"member": "one", "score": "1.5"}]
    assert 99_000_000 < records['"timed"']["ttl_ms"] <= 100_000_000
    limited = past(cluster, "browse", "--index", points[0], "--match", "*", "--limit", "2")
    assert len(limited["records"]) == 2 and limited["more"] is True


def test_two_points_are_compared(story):
    cluster, points = story
    found = past(cluster, "diff", points[0], points[2])
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 2)
    changes = {one["key"]: one for one in found["keys"]}
    assert changes["text"]["before"]["value"] == "first" and changes["text"]["after"] is None
    assert changes["new"]["change"] == "added" and changes["hash"]["what"] == "fields: 1 added"
    assert changes["timed"]["after"]["expires"] is None
    back = past(cluster, "diff", points[2], points[0], "--match", "t*")
    assert (back["added"], back["removed"], back["changed"]) == (1, 0, 1)
    assert past(cluster, "diff", points[1], points[1])["keys"] == []


def test_the_history_of_a_key_has_every_change(story):
    cluster, _ = story
    found = past(cluster, "history", "text")
    assert found["complete"] is True
    values = [one["after"] and one["after"]["value"] for one in found["changes"]]
    assert values == ["first", "second", None, "third"]
    assert [one["before"] and one["before"]["value"] for one in found["changes"]] == [None, "first", "second", None]
    last = past(cluster, "history", "text", "--limit", "1")["changes"]
    assert last == found["changes"][-1:]
    before = past(cluster, "browse", "--index", str(last[0]["index"] - 1), "--match", "text")
    assert before["records"] == []
    assert past(cluster, "history", "nothing")["changes"] == []


def test_an_export_loads_into_redis(story, directory):
    cluster, points = story
    file = directory / "then.resp"
    done = past(cluster, "export", "--index", points[0], "--format", "resp", "--to", str(file))
    again = past(cluster, "export", "--format", "resp", "--to", str(file), check=False)
    assert again.returncode == 3 and "is there already" in again.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [shutil.which("redis-server"), "--port", str(port), "--save", "", "--dir", str(directory)],
        stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)

        def pings():
            try:
                return client.ping()
            except redis.ConnectionError:
                return False

        eventually(pings, "the server answers")
        # Loading it twice is loading it once.
        for _ in range(2):
            with open(file, "rb") as commands:
                piped = subprocess.run(["redis-cli", "-p", str(port), "--pipe"], stdin=commands, capture_output=True)
            assert b"errors: 0" in piped.stdout, piped
        assert client.dbsize() == done["records"] == 8
        assert client.get(b"binary\xff") == BINARY and client.get("text") == b"first"
        assert client.hgetall("hash") == {b"a": b"1", b"b": BINARY}
        assert client.lrange("long", 0, -1) == [str(number).encode() for number in range(3000)]
        assert client.zscore("scores", "low") == float("-inf")
        assert abs(client.pexpiretime("timed") - time.time() * 1000 - 100_000_000) < 100_000
    finally:
        server.kill()
        server.wait()


def test_an_export_as_lines_of_json_is_what_browse_shows(story):
    cluster, points = story
    done = cluster.nodectl("archive", "export", "--archive", url(cluster), "--index", points[1], "--format", "jsonl",
                           "--to", "-")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == past(cluster, "browse", "--index", points[1], "--match", "*")["records"]


def test_what_is_no_point_of_the_archive_is_refused(story):
    cluster, _ = story
    for arguments, code, text in [
        (("diff", "yesterday", "latest"), 2, "no point in the past"),
        (("browse", "--key", "k", "--at", "2000-01-01T00:00:00Z"), 3, "only timeline"),
        (("browse", "--key", "k", "--index", "99999999"), 3, "can not be restored"),
        (("browse", "--key", "k", "--match", "k"), 2, "one of --key and --match"),
        (("export", "--format", "rdb", "--to", "-"), 2, "neither resp nor jsonl"),
    ]:
        done = past(cluster, *arguments, check=False)
        assert done.returncode == code and text in done.stderr, (arguments, done)


def test_a_copy_of_an_archive_is_equal_and_goes_on_where_it_was_interrupted(story, directory):
    cluster, _ = story
    target = directory / "copy"
    target.mkdir()

    def copy():
        done = cluster.nodectl(
            "--output", "json", "archive", "copy", "--from", url(cluster), "--to", f"file://{target}")
        report = json.loads(done.stdout)
        (part,) = report["clusters"]
        assert report["whole"] is True and part["source_digest"] == part["target_digest"]
        return part

    first = copy()
    assert first["objects_known"] == 0 and first["backups"] >= 1
    manifest = next(target.glob("*/backups/*/manifest.json"))
    manifest.unlink()
    again = copy()
    assert (again["objects_copied"], again["objects_known"]) == (1, first["objects_copied"] - 1)
    assert manifest.exists()
    place = ("--archive", f"file://{target}")
    assert json.loads(cluster.nodectl("--output", "json", "archive", "verify", *place).stdout)["whole"] is True
    shown = json.loads(cluster.nodectl("--output", "json", "archive", "browse", "--key", "text", *place).stdout)
    assert shown["records"][0]["value"] == "third"
