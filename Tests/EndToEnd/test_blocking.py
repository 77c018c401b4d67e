"""Clients that wait for elements: woken on every node, in order, and let go cleanly when a leader dies."""

import socket
import threading
import time

import redis

from cluster import DEADLINE, eventually
from test_transactions import finish, in_threads, restart_leader


class Waiter:
    """One blocking command in a thread of its own; `outcome` is its reply or its error."""

    def __init__(self, cluster, name, *command):
        self.outcome = None
        self.client = cluster.client(name, timeout=DEADLINE, single_connection_client=True)
        self.id = self.client.client_id()
        self._command = command
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self):
        try:
            reply = self.client.execute_command(*self._command)
            # redis-py makes a tuple of some replies.
            self.outcome = ("reply", list(reply) if isinstance(reply, tuple) else reply)
        except redis.RedisError as error:
            self.outcome = ("error", str(error))

    def result(self):
        self._thread.join(timeout=DEADLINE)
        assert self.outcome is not None, f"{self._command} was not answered"
        return self.outcome


def blocked(cluster):
    """How many clients of all nodes are blocked, as each node's INFO says."""
    return sum(cluster.client(name).info("clients")["blocked_clients"] for name in cluster.names())


def waiting(cluster, count):
    eventually(lambda: blocked(cluster) == count, f"{count} clients wait")


def test_clients_of_all_nodes_are_served_in_the_order_in_which_they_came(calm):
    waiting(calm, 0)
    waiters = []
    for number, name in enumerate(calm.names()):
        waiters.append(Waiter(calm, name, "BLPOP", "wait:order", 0))
        waiting(calm, number + 1)
    assert calm.client(calm.names()[1]).rpush("wait:order", "a", "b", "c", "d") == 4
    results = [waiter.result() for waiter in waiters]
    assert results == [("reply", [b"wait:order", letter]) for letter in (b"a", b"b", b"c")]
    assert calm.client(calm.names()[0]).lrange("wait:order", 0, -1) == [b"d"]
    calm.client(calm.names()[0]).delete("wait:order")


def test_every_blocking_command_is_served(calm):
    name, other = calm.names()[:2]
    client = calm.client(other)
    cases = [
        (("BRPOP", "wait:l", 0), ("RPUSH", "wait:l", "x"), [b"wait:l", b"x"]),
        (("BLMOVE", "wait:l", "wait:to", "LEFT", "RIGHT", 0), ("LPUSH", "wait:l", "y"), b"y"),
        (("BRPOPLPUSH", "wait:l", "wait:to", 0), ("LPUSH", "wait:l", "z"), b"z"),
        (("BLMPOP", 0, 2, "wait:no", "wait:l", "LEFT", "COUNT", 5), ("RPUSH", "wait:l", "1", "2"),
         [b"wait:l", [b"1", b"2"]]),
        (("BZPOPMIN", "wait:z", 0), ("ZADD", "wait:z", 2, "b", 1, "a"), [b"wait:z", b"a", 1.0]),
        (("BZPOPMAX", "wait:z2", 0), ("ZADD", "wait:z2", 2, "b"), [b"wait:z2", b"b", 2.0]),
    ]
    for waits, gives, expected in cases:
        waiter = Waiter(calm, name, *waits)
        waiting(calm, 1)
        client.execute_command(*gives)
        outcome, reply = waiter.result()
        assert (outcome, reply) == ("reply", expected), waits
    client.delete("wait:l", "wait:to", "wait:z", "wait:z2")


def test_who_gave_up_or_is_gone_takes_nothing(calm):
    name, other = calm.names()[:2]
    client = calm.client(other)
    assert calm.client(name).blpop("wait:none", timeout=0.05) is None

    host, port = calm.address(name, plaintext=True)
    with socket.create_connection((host, port)) as gone:
        gone.sendall(f"AUTH {calm.token()}\r\nBLPOP wait:none 0\r\n".encode())
        waiting(calm, 1)
    waiting(calm, 0)

    unblocked = Waiter(calm, name, "BLPOP", "wait:none", 0)
    refused = Waiter(calm, name, "BLPOP", "wait:none", 0)
    waiting(calm, 2)
    assert calm.client(name).execute_command("CLIENT", "UNBLOCK", unblocked.id) == 1
    assert unblocked.result() == ("reply", None)
    assert calm.client(name).execute_command("CLIENT", "UNBLOCK", refused.id, "ERROR") == 1
    outcome, error = refused.result()
    assert outcome == "error" and error.startswith("UNBLOCKED")

    assert client.rpush("wait:none", "kept") == 1
    assert client.lrange("wait:none", 0, -1) == [b"kept"]
    client.delete("wait:none")


def test_who_waits_when_the_leader_dies_is_told_and_can_wait_again(cluster):
    followers = cluster.followers()
    waiters = {}

    def all_wait():
        # A machine that stalls may change leaders by itself: who was sent away then comes again.
        for name in followers:
            if name not in waiters or waiters[name].outcome is not None:
                waiters[name] = Waiter(cluster, name, "BLPOP", "wait:failover", 0)
        return blocked(cluster) == 2

    eventually(all_wait, "both wait")
    restart_leader(cluster)
    for waiter in waiters.values():
        outcome, error = waiter.result()
        assert outcome == "error" and error.split()[0] in ("UNBLOCKED", "UNKNOWNRESULT"), error
    again = Waiter(cluster, followers[0], "BLPOP", "wait:failover", 0)
    waiting(cluster, 1)
    cluster.client(followers[1]).rpush("wait:failover", "one")
    assert again.result() == ("reply", [b"wait:failover", b"one"])
    cluster.converged()


def test_a_queue_with_blocking_readers_loses_and_doubles_nothing_that_was_answered(cluster):
    pushed, open_pushes, taken, cut_off = [], [], [], []
    stop_reading = threading.Event()

    def write(name):
        client = cluster.client(name, timeout=5.0)
        for number in range(400):
            value = f"{name}:{number}"
            try:
                client.rpush("queue", value)
                pushed.append(value)
            except (redis.RedisError, OSError):
                # It may be there or not, and is not sent again: then it could be there twice.
                open_pushes.append(value)
                time.sleep(0.02)

    def read(name):
        client = cluster.client(name, timeout=5.0)
        while not stop_reading.is_set():
            try:
                item = client.blpop("queue", timeout=1)
                if item is not None:
                    taken.append(item[1].decode())
            except (redis.RedisError, OSError) as error:
                # One element may have been taken whose answer was lost; not if the node says that none was.
                if not str(error).startswith("UNBLOCKED"):
                    cut_off.append(str(error))
                time.sleep(0.02)

    readers, reader_failures = in_threads(read, cluster.names() * 2)
    writers, writer_failures = in_threads(write, cluster.names())
    for part in (1, 2):
        eventually(lambda p=part: len(taken) > 1200 * p // 4, "the queue moves")
        restart_leader(cluster)
    finish(writers, writer_failures)
    client = cluster.client(cluster.leader())
    eventually(lambda: client.llen("queue") == 0, "the queue is empty")
    stop_reading.set()
    finish(readers, reader_failures)
    assert len(taken) == len(set(taken)), "an element was given twice"
    assert set(taken) <= set(pushed) | set(open_pushes)
    missing = set(pushed) - set(taken)
    assert len(missing) <= len(cut_off), f"{len(missing)} elements are gone, {len(cut_off)} answers were lost"
    cluster.converged()
