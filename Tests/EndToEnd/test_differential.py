"""A node answers random commands as redis-server does; and the comparison is seen to find what differs."""

import subprocess
import sys

import pytest

from cluster import TOP

sys.path.insert(0, str(TOP / "Tests" / "Differential"))

import comparison  # noqa: E402
import differential  # noqa: E402
from wire import NULL_ARRAY, Connection, Reply  # noqa: E402


def run(*arguments):
    """Runs the fuzzer, shows what it says, and returns its last line."""
    done = subprocess.run(
        [sys.executable, str(TOP / "Tests" / "Differential" / "differential.py"), *arguments],
        capture_output=True, text=True, timeout=170)
    print(done.stdout[-6000:], done.stderr[-4000:])
    assert done.returncode == 0
    return done.stdout.splitlines()[-1]


def test_a_node_answers_as_redis_does():
    assert run("--time", "30", "--commands", "1000000000").endswith(" 0 differences, ok")


def test_two_servers_that_are_the_same_do_not_differ():
    assert run("--time", "5", "--commands", "1000000000", "--itself").endswith(" 0 differences, ok")


def test_a_difference_is_found_and_shrunk_to_what_shows_it(directory):
    """The second server has no memory for anything."""
    servers = [differential.Redis(directory), differential.Redis(directory, "--maxmemory", "1")]
    try:
        pair = differential.Pair(*(Connection("a redis", server.address) for server in servers))
        commands = [[b"PING"], [b"GET", b"k"], [b"EXISTS", b"k"], [b"SET", b"k", b"v"], [b"GET", b"k"], [b"DBSIZE"]]
        finding = pair.run(commands, 2)
        assert (finding.place, finding.theirs) == (3, Reply("+", b"OK")) and finding.ours.is_error
        shrunk = differential.shrunk(pair, finding, 2)
        assert shrunk.commands == [[b"SET", b"k", b"v"]] and "-OOM " in shrunk.shown()
    finally:
        for server in servers:
            server.stop()


def array(*items):
    return Reply("*", list(items))


@pytest.mark.parametrize("command, theirs, ours, same", [
    ("GET", b"1", b"1", True),
    ("GET", b"1", Reply(":", 1), False),
    ("GET", None, NULL_ARRAY, False),
    ("GET", None, b"", False),
    ("KEYS", array(b"a", b"b"), array(b"b", b"a"), True),
    ("KEYS", array(b"a", b"b"), array(b"a", b"a"), False),
    ("KEYS", array(b"a"), Reply("~", [b"a"]), False),
    ("LRANGE", array(b"a", b"b"), array(b"b", b"a"), False),
    ("HGETALL", array(b"a", b"1", b"b", b"2"), array(b"b", b"2", b"a", b"1"), True),
    ("HGETALL", array(b"a", b"1", b"b", b"2"), array(b"b", b"1", b"a", b"2"), False),
    ("TTL", Reply(":", 100), Reply(":", 101), True),
    ("TTL", Reply(":", 100), Reply(":", 110), False),
    ("TTL", Reply(":", -1), Reply(":", -2), False),
    ("STRLEN", Reply(":", 100), Reply(":", 101), False),
    ("SRANDMEMBER", array(b"a"), array(b"b"), True),
    ("SRANDMEMBER", array(b"a"), array(b"a", b"b"), False),
    ("DUMP", b"abc", b"xyz", True),
    ("DUMP", b"abc", None, False),
    ("SCAN", array(b"0", array()), Reply("-", b"ERR invalid cursor"), False),
    ("SET", Reply("-", b"ERR a"), Reply("-", b"ERR b"), False),
])
def test_replies_are_compared_by_what_their_command_promises(command, theirs, ours, same):
    verdict = comparison.judge([command.encode(), b"key"], theirs, ours)
    assert verdict.same is same and verdict.expected is None


def test_a_transaction_is_compared_command_by_command():
    queued = [[b"KEYS", b"*"], [b"GET", b"k"]]
    exec_ = [b"EXEC"]
    theirs = array(array(b"a", b"b"), b"v")
    assert comparison.judge(exec_, theirs, array(array(b"b", b"a"), b"v"), queued).same
    assert not comparison.judge(exec_, theirs, array(array(b"b", b"a"), b"w"), queued).same
    assert not comparison.judge(exec_, theirs, array(array(b"b", b"a")), queued).same


def test_what_is_drawn_at_random_has_to_be_there():
    draw, listing = [b"SRANDMEMBER", b"k", b"2"], [b"SMEMBERS", b"k"]
    assert comparison.is_drawn_from(draw, array(b"a", b"b"), listing, Reply("~", [b"c", b"b", b"a"]))
    assert not comparison.is_drawn_from(draw, array(b"a", b"x"), listing, Reply("~", [b"c", b"b", b"a"]))
    assert not comparison.is_drawn_from(draw, array(b"a"), listing, array())
    assert comparison.is_drawn_from(draw, array(b"a"), [b"SMEMBERS", b"other"], array())


@pytest.mark.parametrize("command, theirs, ours, expected", [
    ("ZRANGE", array(b"a", b"-0"), array(b"a", b"0"), True),
    ("ZRANGE", array(b"a", b"-0"), array(b"a", b"1"), False),
    ("ZSCORE", Reply(",", b"-0"), Reply(",", b"0"), True),
    ("LRANGE", array(b"-0"), array(b"0"), False),
    ("LCS", b"abc", Reply("-", b"ERR the product of the lengths of the strings is too large for LCS"), True),
    ("LCS", b"abc", b"ab", False),
    ("BLPOP", Reply("-", b"ERR timeout is negative"), Reply("-", b"ERR timeout is out of range"), True),
    ("BLPOP", Reply("-", b"ERR timeout is negative"), NULL_ARRAY, False),
])
def test_only_what_is_meant_to_differ_is_explained(command, theirs, ours, expected):
    verdict = comparison.judge([command.encode(), b"key"], theirs, ours)
    assert not verdict.same and (verdict.expected is not None) is expected


def test_times_may_differ_by_what_a_slow_machine_takes():
    command, theirs, ours = [b"PTTL", b"k"], Reply(":", 100_000), Reply(":", 103_000)
    assert not comparison.judge(command, theirs, ours, elapsed=0.2).same
    assert comparison.judge(command, theirs, ours, elapsed=1.0).same


def test_a_transaction_that_only_redis_stops_is_explained_by_what_became_of_its_keys(directory):
    servers = [differential.Redis(directory) for _ in range(2)]
    try:
        pair = differential.Pair(*(Connection("a redis", server.address) for server in servers))
        assert pair.run([[b"WATCH", b"k"], [b"LTRIM", b"k", b"0", b"1"], [b"MULTI"], [b"EXEC"]], 2) is None
        for quiet, found in ((True, False), (False, True)):
            pair.has_quiet_write = quiet
            finding, _ = pair.settle([[b"EXEC"]], 0, [b"EXEC"], NULL_ARRAY, array(), counts=True)
            assert (finding is not None) is found
        pair.has_quiet_write = True
        assert pair.settle([[b"EXEC"]], 0, [b"EXEC"], array(), NULL_ARRAY, counts=True)[0] is not None
        for watched, found in ((b"k", False), (b"other", True)):
            for command in ([b"WATCH", watched], [b"DEL", b"k"]):
                pair.settle([command], 0, command, Reply(":", 1), Reply(":", 1), counts=True)
            finding, _ = pair.settle([[b"EXEC"]], 0, [b"EXEC"], NULL_ARRAY, array(), counts=True)
            assert (finding is not None) is found
    finally:
        for server in servers:
            server.stop()
