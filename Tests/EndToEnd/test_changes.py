"""The change feed over three nodes: a consumer that is killed off its node goes on at another, and misses nothing."""

import threading
import time

import pytest
import redis

from cluster import DEADLINE, eventually


def changes(client, start, *options):
    """The next index, and the changes as (index, time, words)."""
    following, items = client.execute_command("CHANGES", "FROM", start, *options)
    return following, [(index, at, words) for index, at, words in items]


def apply(records, words):
    """What a consumer makes of a command of these tests."""
    verb, key = words[0], words[1]
    if verb == b"SET":
        records[key] = words[2]
    elif verb == b"DEL":
        for name in words[1:]:
            records.pop(name, None)
    elif verb == b"INCRBY":
        records[key] = b"%d" % (int(records.get(key, b"0")) + int(words[2]))
    elif verb == b"APPEND":
        records[key] = records.get(key, b"") + words[2]
    elif verb == b"SADD":
        records.setdefault(key, set()).update(words[2:])
    elif verb == b"SREM":
        records[key] -= set(words[2:])
        if not records[key]:
            del records[key]
    elif verb == b"RPUSH":
        records.setdefault(key, []).extend(words[2:])
    elif verb == b"LPOP":
        records[key].pop(0)
        if not records[key]:
            del records[key]
    else:
        raise AssertionError(f"a change that this consumer does not know: {words}")


def contents(client):
    """All records that a node has, in the consumer's form."""
    found = {}
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        if kind == b"string":
            found[key] = client.get(key)
        elif kind == b"set":
            found[key] = client.smembers(key)
        else:
            found[key] = client.lrange(key, 0, -1)
    return found


class Writers:
    """Clients that write all kinds of things until they are told to stop, whatever becomes of their nodes."""

    def __init__(self, cluster, count=3):
        self.cluster = cluster
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(number,)) for number in range(count)]
        self.written = 0

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(DEADLINE)

    def write(self, number):
        names = self.cluster.names()
        turn = number
        while not self.stopping.is_set():
            try:
                with self.cluster.client(names[turn % len(names)], timeout=2.0) as client:
                    while not self.stopping.is_set():
                        self.write_some(client, number)
            except redis.RedisError:
                turn += 1

    def write_some(self, client, number):
        self.written += 1
        step = self.written
        client.set(f"s{step % 50}", step)
        client.set(f"s{step % 50}", "never", nx=True)
        client.incr(f"n{number}")
        client.sadd(f"set{number}", step, step + 1)
        client.spop(f"set{number}")
        if step % 7 == 0:
            client.delete(f"s{step % 50}")
        with client.pipeline() as transaction:
            transaction.append(f"t{number}", step % 10)
            transaction.setnx(f"t{number}", "never")
            transaction.incr("both")
            transaction.execute()
        client.rpush("queue", step)
        client.blpop("queue", 1)
        if step % 11 == 0:
            client.pexpire(f"n{number}", -1)


def test_a_consumer_goes_on_at_another_node_and_misses_nothing(cluster):
    records, seen, following, last = {}, [], 1, None
    names = cluster.names()
    turn, kills = 0, 0

    def follow(limit):
        """Follows until `limit`, at whichever node answers."""
        nonlocal following, turn, last
        while time.monotonic() < limit:
            try:
                with cluster.client(names[turn % len(names)], timeout=5.0) as client:
                    while time.monotonic() < limit:
                        following, items = changes(client, following, "COUNT", 100, "BLOCK", 100)
                        for index, at, words in items:
                            seen.append((index, at))
                            apply(records, words)
            except redis.RedisError:
                turn += 1

    with Writers(cluster):
        for _ in range(3):
            follow(time.monotonic() + 2)
            victim = names[turn % len(names)]
            cluster.kill(victim)
            kills += 1
            follow(time.monotonic() + 2)
            cluster.start(victim)
            cluster.healthy()
    assert kills == 3
    cluster.converged()
    end = cluster.client(names[0]).execute_command("CHANGES", "INFO")
    end = dict(zip(end[::2], end[1::2])) if isinstance(end, list) else end
    while following <= end[b"last-index"]:
        follow(time.monotonic() + 0.2)
    assert len(seen) > 100
    assert [index for index, _ in seen] == sorted(index for index, _ in seen)
    assert [at for _, at in seen] == sorted(at for _, at in seen)
    for name in names:
        assert contents(cluster.client(name)) == records
    # Every node tells the same story from the beginning.
    stories = []
    for name in names:
        story, start = [], 1
        while start <= end[b"last-index"]:
            start, items = changes(cluster.client(name), start, "COUNT", 5000)
            story += items
        stories.append(story)
    assert stories[0] == stories[1] == stories[2]
    assert [(index, at) for index, at, _ in stories[0]] == seen


def test_who_waits_is_told_of_a_change_that_matches_and_nothing_else(calm):
    waiting = calm.client(calm.followers()[0])
    writer = calm.client(calm.leader())
    start = changes(waiting, "$")[0]
    found = []
    thread = threading.Thread(target=lambda: found.append(changes(waiting, start, "BLOCK", 0, "MATCH", "wanted:*")))
    thread.start()
    for step in range(100):
        writer.set(f"other:{step}", step)
    assert thread.is_alive()
    writer.set("wanted:1", "v", px=60_000)
    thread.join(DEADLINE)
    (following, [(index, at, words)]), = found
    assert following == index + 1
    assert words[:3] == [b"SET", b"wanted:1", b"v"]
    assert words[3] == b"PXAT" and int(words[4]) == at // 1000 + 60_000


def test_waiting_ends_in_time_and_by_order(calm):
    client = calm.client(calm.followers()[0])
    begun = time.monotonic()
    start = changes(client, "$")[0]
    following, items = changes(client, start, "BLOCK", 200, "MATCH", "nothing:*")
    assert items == [] and following >= start
    assert time.monotonic() - begun >= 0.2
    other = calm.client(calm.followers()[0])
    number = client.client_id()
    outcome = []

    def wait():
        try:
            changes(client, start, "BLOCK", 0, "MATCH", "nothing:*")
        except redis.ResponseError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: other.execute_command("CLIENT", "UNBLOCK", number, "ERROR") == 1, "the client waits")
    thread.join(DEADLINE)
    assert outcome == ["UNBLOCKED client unblocked via CLIENT UNBLOCK"]


def test_the_plan_of_a_consumer_that_comes_late(calm):
    """What the documentation tells a consumer to do that begins with the records, not with the log."""
    client = calm.client(calm.leader())
    client.set("plan:a", "1")
    client.append("plan:a", "2")
    info = client.execute_command("CHANGES", "INFO")
    info = dict(zip(info[::2], info[1::2])) if isinstance(info, list) else info
    start = info[b"last-index"] + 1
    client.append("plan:a", "3")
    with client.pipeline() as transaction:
        transaction.get("plan:a")
        transaction.execute_command("VERSION", "plan:a")
        value, versions = transaction.execute()
    client.append("plan:a", "4")
    version = versions[0] if isinstance(versions, list) else versions
    for index, _, words in changes(client, start, "MATCH", "plan:*")[1]:
        if index > version:
            value += words[2]
    assert value == b"1234" == client.get("plan:a")


@pytest.mark.parametrize("kind", ["string", "hash", "list", "set", "zset"])
def test_a_value_is_dumped_on_one_node_and_restored_through_another(calm, kind):
    one, other = calm.client(calm.leader()), calm.client(calm.followers()[0])
    source, target = f"dump:{kind}", f"restored:{kind}"
    for step in range(500):
        {
            "string": lambda: one.append(source, step),
            "hash": lambda: one.hset(source, f"f{step}", step),
            "list": lambda: one.rpush(source, step),
            "set": lambda: one.sadd(source, step),
            "zset": lambda: one.zadd(source, {f"m{step}": step / 7}),
        }[kind]()
    payload = one.dump(source)
    assert other.restore(target, 0, payload) in (True, b"OK")
    assert other.dump(target) == payload == one.dump(source)
    with pytest.raises(redis.ResponseError, match="Target key name already exists"):
        other.restore(target, 0, payload)
    with pytest.raises(redis.ResponseError, match="DUMP payload version or checksum are wrong"):
        other.restore(target, 0, payload[:-1] + bytes([payload[-1] ^ 1]), replace=True)
