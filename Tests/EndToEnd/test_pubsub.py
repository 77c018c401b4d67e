"""Publish/subscribe over three nodes, as redis-py sees it: who gets which message, and what a fault costs."""

import itertools
import os
import time

import pytest
import redis

from cluster import DEADLINE, eventually


def subscriber(cluster, name, *channels, patterns=(), shards=(), **options):
    """A redis-py subscriber on one node whose subscriptions are confirmed."""
    listener = cluster.client(name, **options).pubsub()
    if channels:
        listener.subscribe(*channels)
    if patterns:
        listener.psubscribe(*patterns)
    if shards:
        listener.execute_command("SSUBSCRIBE", *shards)
    for _ in range(len(channels) + len(patterns) + len(shards)):
        assert listener.get_message(timeout=DEADLINE)["type"].endswith("subscribe")
    return listener


def messages(listener, count):
    """The next messages as (type, pattern, channel, data); fails when they do not come."""
    found = []
    end = time.monotonic() + DEADLINE
    while len(found) < count:
        assert time.monotonic() < end, f"{len(found)} of {count} messages: {found[-3:]}"
        message = listener.get_message(timeout=1)
        if message is not None:
            found.append((message["type"], message["pattern"], message["channel"], message["data"]))
    return found


def nothing_more(listener, client, marker):
    """Whether the listener hears of `marker` and of nothing before it."""
    client.publish(marker, "end")
    return messages(listener, 1) == [("message", None, marker.encode(), b"end")]


def connected(cluster):
    """Waits until every node is connected with every other one: what is published before reaches some only."""
    def look(name):
        metrics = cluster.admin(name, "/metrics", cluster.token())[1]
        peers = [line for line in metrics.splitlines() if line.startswith("trireme_peer_connected{")]
        return len(peers) == len(cluster.names()) - 1 and all(line.endswith(" 1") for line in peers)
    for name in cluster.names():
        eventually(lambda n=name: look(n), f"{name} is connected with the others")


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("plaintext", [False, True], ids=["tls", "plaintext"])
def test_a_message_reaches_subscribers_on_every_node_once_and_in_order(calm, protocol, plaintext):
    connected(calm)
    channel = f"every:{protocol}:{plaintext}"
    listeners = [
        subscriber(calm, name, channel, patterns=[channel[:-2] + "*"], protocol=protocol, plaintext=plaintext)
        for name in calm.names()
    ]
    for name in calm.names():
        publisher = calm.client(name, plaintext, protocol=protocol)
        for number in range(50):
            # Its own subscriber by channel and by pattern: those of the other nodes are not counted, as in Redis.
            assert publisher.publish(channel, f"{name}:{number}") == 2
        for listener in listeners:
            got = messages(listener, 100)
            expected = [f"{name}:{number}".encode() for number in range(50)]
            assert [data for kind, _, _, data in got if kind == "message"] == expected
            assert [data for kind, _, _, data in got if kind == "pmessage"] == expected
            assert {name for _, _, name, _ in got} == {channel.encode()}


def test_shard_channels_are_channels_of_their_own(calm):
    connected(calm)
    name, other = calm.names()[:2]
    listener = subscriber(calm, name, "shard:end", patterns=["shard:x*"], shards=["shard:x"])
    publisher = calm.client(other)
    assert publisher.execute_command("SPUBLISH", "shard:x", "part") == 0
    assert messages(listener, 1) == [("smessage", None, b"shard:x", b"part")]
    assert publisher.publish("shard:x", "whole") == 0
    assert messages(listener, 1) == [("pmessage", b"shard:x*", b"shard:x", b"whole")]
    assert calm.client(name).execute_command("SPUBLISH", "shard:x", "here") == 1
    assert messages(listener, 1) == [("smessage", None, b"shard:x", b"here")]
    assert nothing_more(listener, publisher, "shard:end")


def test_messages_keep_every_byte(calm):
    connected(calm)
    content = bytes(range(256)) * 5000
    listener = subscriber(calm, calm.names()[0], b"bytes\r\n\0")
    calm.client(calm.names()[1]).publish(b"bytes\r\n\0", content)
    assert messages(listener, 1) == [("message", None, b"bytes\r\n\0", content)]
    calm.client(calm.names()[1]).publish(b"bytes\r\n\0", b"")
    assert messages(listener, 1) == [("message", None, b"bytes\r\n\0", b"")]


def test_who_listens_is_told(calm):
    name = calm.names()[0]
    client = calm.client(name)
    listener = subscriber(calm, name, "told:a", "told:b", patterns=["told:*"], shards=["told:s"])
    assert client.pubsub_channels("told:*") == [b"told:a", b"told:b"]
    assert client.pubsub_numsub("told:a", "told:none") == [(b"told:a", 1), (b"told:none", 0)]
    assert client.execute_command("PUBSUB", "SHARDCHANNELS", "told:*") == [b"told:s"]
    assert client.info("stats")["pubsub_channels"] >= 2
    assert client.info("stats")["pubsubshard_channels"] >= 1
    ours = [entry for entry in client.client_list(_type="pubsub") if entry["sub"] == "2"]
    assert [(entry["psub"], entry["ssub"], entry["flags"]) for entry in ours] == [("1", "1", "P")]
    assert calm.client(calm.names()[1]).pubsub_channels("told:*") == []
    listener.close()
    eventually(lambda: client.pubsub_channels("told:*") == [], "the connection's end has ended its subscriptions")


def test_a_subscriber_of_version_3_goes_on_with_commands(calm):
    client = calm.client(calm.followers()[0], protocol=3, single_connection_client=True)
    heard = []
    client.connection._parser.set_pubsub_push_handler(heard.append)
    client.connection.send_command("SUBSCRIBE", "v3")
    other = calm.client(calm.leader())
    for number in range(100):
        other.publish("v3", number)
        # Replies keep their place whatever comes between them.
        assert client.set("v3:key", number)
        assert client.get("v3:key") == str(number).encode()
    eventually(lambda: client.ping() and len(heard) == 101, "all messages")
    assert [entry[2] for entry in heard[1:]] == [str(number).encode() for number in range(100)]


def test_a_subscriber_that_does_not_read_is_cut_off_and_costs_nobody_else(make_cluster):
    cluster = make_cluster(config="client:\n  request-size-max: 1MiB\n  output-buffer-max: 4MiB\n")
    connected(cluster)
    name, other = cluster.names()[:2]
    slow = subscriber(cluster, name, "flood")
    quick = subscriber(cluster, name, "flood")
    publisher = cluster.client(other)
    before = cluster.resident_bytes(name)
    content = b"x" * (256 << 10)
    numbers = itertools.count()

    def cut_off():
        for number in itertools.islice(numbers, 8):
            publisher.publish("flood", str(number).encode() + b":" + content)
            assert messages(quick, 1)[0][3].startswith(str(number).encode() + b":")
        line = 'trireme_connections_rejected_total{reason="output_limit"} 1'
        return line in cluster.admin(name, "/metrics", cluster.token())[1]

    eventually(cut_off, "the slow subscriber is cut off", pause=0)
    assert cluster.resident_bytes(name) - before < 64 << 20
    with pytest.raises(redis.ConnectionError):
        slow.auto_close = False
        slow.connection.retry._supported_errors = ()
        while True:
            slow.connection.read_response(timeout=DEADLINE)
    assert cluster.client(name).pubsub_numsub("flood") == [(b"flood", 1)]


def test_a_failover_costs_messages_of_the_dead_node_only(cluster):
    connected(cluster)
    leader = cluster.leader()
    first, second = cluster.followers()
    listener = subscriber(cluster, first, "news")
    publisher = cluster.client(second)
    publisher.publish("news", "before")
    assert messages(listener, 1)[0][3] == b"before"
    cluster.kill(leader)
    # Publishing needs no leader: the two nodes that are left are connected.
    for number in range(20):
        publisher.publish("news", number)
    assert [data for _, _, _, data in messages(listener, 20)] == [str(number).encode() for number in range(20)]
    cluster.start(leader)
    connected(cluster)
    cluster.client(leader).publish("news", "again")
    assert messages(listener, 1)[0][3] == b"again"


# Events of keys


def events(listener, count):
    return [(channel.decode(), data.decode()) for _, _, channel, data in messages(listener, count)]


def test_events_of_keys_are_told_by_the_node_that_was_asked_to(calm):
    told, quiet = calm.names()[:2]
    client = calm.client(told)
    client.config_set("notify-keyspace-events", "KEA")
    assert client.config_get("notify-keyspace-events") == {"notify-keyspace-events": "AKE"}
    assert calm.client(quiet).config_get("notify-keyspace-events") == {"notify-keyspace-events": ""}
    try:
        listener = subscriber(calm, told, "events:end", patterns=["__key*__:*"])
        silent = subscriber(calm, quiet, "events:end", patterns=["__key*__:*"])
        writer = calm.client(calm.names()[2])
        writer.set("ev", "x", px=40)
        keyspace, keyevent = "__keyspace@0__:", "__keyevent@0__:"
        expected = []
        for event in ["set", "expire", "expired"]:
            expected += [(keyspace + "ev", event), (keyevent + event, "ev")]
        assert events(listener, 6) == expected
        writer.mset({"ev:1": 1, "ev:2": 2})
        writer.rename("ev:1", "ev:3")
        writer.delete("ev:2", "ev:3")
        assert [event for channel, event in events(listener, 12) if channel.startswith(keyspace)] == [
            "set", "set", "rename_from", "rename_to", "del", "del"]
        assert nothing_more(silent, writer, "events:end")
    finally:
        client.config_set("notify-keyspace-events", "")


def test_a_restart_tells_nothing_of_what_it_replays(make_cluster):
    cluster = make_cluster(config="notify:\n  keyspace-events: K$\n")
    name = cluster.followers()[0]
    writer = cluster.client(cluster.leader(), timeout=60)
    # Enough that the replay takes longer than it takes to subscribe.
    for _ in range(10):
        load = writer.pipeline(transaction=False)
        for number in range(20_000):
            load.set(f"old:{number}", os.urandom(500))
        load.execute()
    # The log's mark of what is committed comes with later entries: from there on it may be told of.
    for number in range(100):
        writer.set("later", number)
    cluster.kill(name)
    for number in range(1000):
        writer.set("later", number)
    starting = cluster.playground_in_background("start", name)
    # It subscribes while the node still replays, and is told of nothing from there.
    listener = eventually(
        lambda: subscriber(cluster, name, patterns=["__keyspace@0__:*"], plaintext=True),
        "the node takes subscribers", pause=0)
    starting.wait()
    cluster.converged()

    heard = set()

    def told():
        writer.set("new", 1)
        while (message := listener.get_message(timeout=0.1)) is not None:
            heard.add(message["channel"])
        return b"__keyspace@0__:new" in heard

    eventually(told, "the node tells of events")
    assert heard <= {b"__keyspace@0__:new", b"__keyspace@0__:later"}
