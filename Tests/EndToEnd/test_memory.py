"""Memory and figures: a full leader refuses what grows on every node, and INFO tells what was done."""

import time

import pytest
import redis

from cluster import eventually

OOM = "command not allowed when used memory > 'maxmemory'"


def info(cluster, name, section):
    return cluster.client(name).info(section)


def settled(client):
    """INFO that holds all that was done before. A node tells its figures a few times a second, all of them at once,
    and each INFO is a command that the next telling counts: after two tellings nothing of before is missing."""
    told = set()

    def facts():
        everything = client.info("everything")
        told.add(everything["total_commands_processed"])
        return everything if len(told) > 2 else None

    return eventually(facts, "figures were told twice")


def refused(client, *words):
    with pytest.raises(redis.exceptions.OutOfMemoryError, match=OOM):
        client.execute_command(*words)


def test_a_full_leader_refuses_what_grows_on_every_node_and_nothing_else(make_cluster):
    cluster = make_cluster(config="memory:\n  max: 4MiB\n")
    clients = [cluster.client(name) for name in cluster.names()]
    keys = []
    with pytest.raises(redis.exceptions.OutOfMemoryError, match=OOM):
        for number in range(10_000):
            clients[number % 3].set(f"fill:{number}", "x" * 1000)
            keys.append(f"fill:{number}")
    assert 3000 < len(keys) < 4500
    for client in clients:
        refused(client, "SET", "more", "x")
        refused(client, "RPUSH", "more", "x")
        assert client.get(keys[0]) == b"x" * 1000
        transaction = client.pipeline(transaction=True)
        transaction.set("more", "x")
        # A node that knows the flag refuses what is queued, one that has yet to hear of it is told at EXEC.
        with pytest.raises((redis.exceptions.OutOfMemoryError, redis.exceptions.ExecAbortError), match="OOM|maxmemory"):
            transaction.execute()
    cluster.converged()
    for name in cluster.names():
        eventually(lambda n=name: info(cluster, n, "memory")["trireme_memory_full"] == 1, f"{name} says so")
    clients[1].delete(*keys[:500])
    eventually(lambda: clients[2].set("more", "x"), "writes go on")
    cluster.converged()
    for name in cluster.names():
        eventually(
            lambda n=name: "\ntrireme_memory_full 0\n" in cluster.admin(n, "/metrics", cluster.token())[1],
            f"{name} is no longer full")


def test_a_limit_that_is_set_holds_for_the_next_command(cluster):
    client = cluster.client(cluster.leader())
    client.set("there", "x")
    for _ in range(20):
        client.config_set("maxmemory", 1)
        refused(client, "SET", "more", "x")
        client.config_set("maxmemory", 0)
        assert client.set("more", "x")
    assert client.config_get("maxmemory*") == {"maxmemory": "0", "maxmemory-policy": "noeviction"}
    with pytest.raises(redis.exceptions.ResponseError, match="must be one of the following: noeviction"):
        client.config_set("maxmemory-policy", "allkeys-lru")
    cluster.converged()


def test_a_key_tells_what_it_takes(calm):
    client = calm.client(calm.followers()[0])
    client.set("usage:small", "x" * 100)
    assert 111 < client.memory_usage("usage:small") < 140
    client.sadd("usage:large", *[f"member:{number:06}" for number in range(10_000)])
    assert 130_000 < client.memory_usage("usage:large", samples=5) < 400_000
    assert client.memory_usage("usage:none") is None
    eventually(lambda: client.memory_stats()["keys.count"] >= 2, "both keys are counted")
    assert client.execute_command("MEMORY", "PURGE") in (True, b"OK")
    client.delete("usage:small", "usage:large")


def test_info_counts_what_clients_do(calm):
    name = calm.leader()
    client = calm.client(name, single_connection_client=True)
    # No key of another test may end meanwhile.
    client.flushall()
    before = settled(client)

    def told(field, wanted):
        eventually(
            lambda: client.info("everything")[field] - before.get(field, 0) == wanted, f"{field} has grown by {wanted}")

    client.set("info:there", "x")
    for _ in range(7):
        client.get("info:there")
    for _ in range(3):
        client.get("info:nothing")
    told("keyspace_hits", 7)
    told("keyspace_misses", 3)
    calls = client.info("commandstats")["cmdstat_get"]["calls"]
    assert calls - before.get("cmdstat_get", {"calls": 0})["calls"] == 10
    with pytest.raises(redis.exceptions.ResponseError):
        client.incr("info:there")
    told("total_error_replies", 1)
    client.set("info:brief", "x", px=20)
    told("expired_keys", 1)
    client.set("info:timed", "x", ex=100)
    eventually(lambda: client.info("keyspace")["db0"]["expires"] >= 1, "a key with a deadline is counted")
    waiter = calm.client(name)
    blocked = waiter.connection_pool.get_connection("BLPOP")
    blocked.send_command("BLPOP", "info:list", "0")
    eventually(lambda: client.info("clients")["blocked_clients"] == 1, "a client that waits is counted")
    client.rpush("info:list", "x")
    assert blocked.read_response() == [b"info:list", b"x"]
    eventually(lambda: client.info("clients")["blocked_clients"] == 0, "it waits no more")
    blocked.disconnect()
    eventually(lambda: client.info("stats")["instantaneous_ops_per_sec"] > 0, "commands are counted by the second")
    after = client.info("everything")
    assert after["used_memory"] > 0 and after["used_memory_peak"] >= after["used_memory"]
    assert after["used_memory_dataset"] < after["used_memory"] < after["used_memory_rss"]
    assert after["used_cpu_user"] > 0
    client.delete("info:there", "info:timed")


def test_a_follower_says_how_stale_it_may_be(cluster):
    leader = cluster.leader()
    follower = cluster.followers()[0]
    reader = cluster.readonly_client(follower)
    cluster.client(leader).set("a", "1")

    def is_fresh(facts):
        return (facts["role"] == "slave" and facts["master_link_status"] == "up" and facts["trireme_lag_entries"] == 0
                and 0 <= facts["trireme_stale_ms"] < 2000 and facts["master_last_io_seconds_ago"] in (0, 1))

    def has_slaves(facts):
        return facts["connected_slaves"] == 2 and facts["slave0"]["state"] == "online"

    eventually(lambda: is_fresh(reader.info("replication")), "it has applied everything, and hears of its leader")
    eventually(lambda: has_slaves(cluster.client(leader).info("replication")), "its leader knows of both")
    for name in cluster.names():
        if name != follower:
            cluster.pause(name)
    try:
        began = time.monotonic()
        eventually(
            lambda: reader.info("replication")["trireme_stale_ms"] in (-1, *range(300, 100_000)),
            "it is known to grow old without a leader")
        assert reader.get("a") == b"1"
        assert time.monotonic() - began < 30
    finally:
        cluster.resume_all()
