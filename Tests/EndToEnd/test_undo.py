"""Undoing changes of some keys in a running cluster: shown first, done as one transaction, never over a later write."""

import json
import os
import pty
import select
import subprocess

import pytest

from cluster import NODECTL, eventually
from test_archive import CONFIG, archived, url
from test_past import BINARY, moment

WHY = ("--reason", "ticket 7: wrong prices")


@pytest.fixture
def spoilt(make_cluster):
    """A cluster whose keys were changed behind an index, and that index."""
    cluster = make_cluster(config=CONFIG, archive=None)
    client = cluster.client(cluster.leader(), plaintext=True)
    client.set("order:text", "first")
    client.set(b"order:\xff", BINARY)
    client.hset("order:hash", mapping={"a": 1, "b": BINARY})
    client.rpush("order:list", *range(1200))
    client.sadd("order:set", "m", "n")
    client.zadd("order:scores", {"one": 1.5, "low": "-inf"})
    client.set("order:timed", "stays a while", ex=100_000)
    client.set("order:same", "as it is")
    client.set("other", "first")
    index = moment(cluster)
    client.set("order:text", "wrong")
    client.delete(b"order:\xff", "order:set", "order:timed")
    client.hdel("order:hash", "a")
    client.lpop("order:list")
    client.set("order:scores", "of another type")
    client.set("order:new", "to go")
    client.set("other", "second")
    archived(cluster)
    return cluster, client, index


def undo(cluster, index, *arguments, check=True, output="json"):
    done = cluster.nodectl(
        "--output", output, "restore", "--into-live", "--keys", "order:*", "--index", index, *WHY, *arguments,
        check=False)
    if check:
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return done


def test_what_would_change_is_shown_and_then_just_that_is_done(spoilt):
    cluster, client, index = spoilt
    before = cluster.converged()
    shown = undo(cluster, index, "--dry-run")
    assert (shown["returned"], shown["changed_back"], shown["removed"], shown["done"]) == (3, 4, 1, False)
    assert shown["compared"] == 9 and shown["then"]["proof"].startswith("digest equal")
    assert ("order:new", "removed") in [(one["key"], one["change"]) for one in shown["sample"]]
    # Nobody confirms it here, so nothing is done.
    refused = undo(cluster, index, check=False)
    assert refused.returncode == 3 and "--yes" in refused.stderr
    assert cluster.converged() == before
    done = undo(cluster, index, "--yes", "--from", url(cluster))
    assert done["done"] and (done["returned"], done["changed_back"], done["removed"]) == (3, 4, 1)
    assert client.get("order:text") == b"first" and client.get(b"order:\xff") == BINARY
    assert client.hgetall("order:hash") == {b"a": b"1", b"b": BINARY}
    assert client.lrange("order:list", 0, -1) == [str(number).encode() for number in range(1200)]
    assert client.smembers("order:set") == {b"m", b"n"}
    assert client.zrange("order:scores", 0, -1, withscores=True) == [(b"low", float("-inf")), (b"one", 1.5)]
    assert 0 < client.ttl("order:timed") <= 100_000 and not client.exists("order:new")
    # What does not match is left alone.
    assert client.get("other") == b"second"
    log = (cluster.directory / "cluster.json.restore.log").read_text()
    assert "undo begins: by " in log and "ticket 7: wrong prices" in log and "undo done: 3 returned" in log
    assert "first" not in log and done["by"] in log
    again = undo(cluster, index, "--yes")
    assert (again["returned"], again["changed_back"], again["removed"], again["done"]) == (0, 0, 0, False)


def test_a_write_between_the_preview_and_the_answer_stops_it(spoilt):
    cluster, client, index = spoilt
    for answer in ["no", "yes"]:
        ours, theirs = pty.openpty()
        asked = subprocess.Popen(
            [NODECTL, "--cluster", str(cluster.directory / "cluster.json"), "restore", "--into-live", "--keys",
             "order:*", "--index", index, *WHY],
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(theirs)
        seen = b""

        def question():
            nonlocal seen
            if select.select([asked.stderr], [], [], 0.1)[0]:
                seen += os.read(asked.stderr.fileno(), 65536)
            return b"Type yes" in seen

        eventually(question, "the question")
        client.set("order:text", f"before {answer}")
        os.write(ours, answer.encode() + b"\n")
        output, errors = asked.communicate(timeout=60)
        os.close(ours)
        assert asked.returncode == 3, errors
        assert b"order:new" in output and b"WOULD BE" in output
        if answer == "yes":
            assert b'"order:text"' in errors and b"nothing was changed" in errors
    assert client.get("order:text") == b"before yes" and client.exists("order:new")


def test_wrong_usage_and_too_much_are_refused(spoilt):
    cluster, client, index = spoilt
    for arguments in [
        ["--into-live", "--keys", "a*", "--index", index],
        ["--into-live", "--index", index, *WHY],
        ["--into-live", "--keys", "a*", *WHY],
        ["--into-live", "--keys", "a*", "--index", index, "--to", "x", *WHY],
        ["--keys", "a*", "--from", url(cluster), "--to", "x"],
        ["--from", url(cluster)],
    ]:
        done = cluster.nodectl("restore", *arguments, check=False)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
    assert "--reason" in cluster.nodectl(
        "restore", "--into-live", "--keys", "a*", "--index", index, check=False).stderr
    for start in range(0, 66_000, 1000):
        many = {f"order:many:{start + number}": "x" for number in range(1000)}
        # A machine under load may elect meanwhile.
        eventually(lambda keys=many: client.mset(keys), "a thousand keys are written")
    done = undo(cluster, index, "--yes", check=False)
    assert done.returncode == 3 and "65536 at most" in done.stderr and "nothing was changed" in done.stderr
    assert client.exists("order:new")
