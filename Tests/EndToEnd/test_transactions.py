"""Transactions, conditions and requests with a number, through every node and across the death of leaders."""

import threading

import redis

from cluster import eventually
from load import DEFINITE, first_word


def restart_leader(cluster):
    """kill -9 of the leader; it comes back once another one leads."""
    old = cluster.leader()
    cluster.kill(old)
    eventually(lambda: cluster.status().get("leader") not in (None, old), "another node leads")
    cluster.start(old)


def in_threads(work, arguments):
    """Runs `work` once for each argument at the same time; what one raises is raised here."""
    failures = []

    def run(argument):
        try:
            work(argument)
        except BaseException as error:  # noqa: BLE001 -- handed over to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(argument,), daemon=True) for argument in arguments]
    for thread in threads:
        thread.start()
    return threads, failures


def finish(threads, failures):
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "a client hangs"
    assert not failures, failures


def test_a_transaction_is_one_entry_and_its_messages_go_out_with_it(calm):
    first, second, third = (calm.client(name) for name in calm.names())
    first.delete("tx:list", "tx:count")
    listener = third.pubsub()
    listener.subscribe("tx:news")
    assert listener.get_message(timeout=10)["type"] == "subscribe"
    with second.pipeline(transaction=True) as pipe:
        pipe.rpush("tx:list", "a", "b").incr("tx:count").publish("tx:news", "done").lrange("tx:list", 0, -1)
        replies = pipe.execute()
    assert replies == [2, 1, 0, [b"a", b"b"]]
    assert first.execute_command("VERSION", "tx:list") == first.execute_command("VERSION", "tx:count")
    assert listener.get_message(timeout=10)["data"] == b"done"
    with third.pipeline(transaction=True) as pipe:
        # The node that carries out the transaction's messages has one who listens.
        assert pipe.publish("tx:news", "again").execute() == [1]


def test_a_watched_key_that_another_node_changed_ends_the_transaction(calm):
    first, second, _ = (calm.client(name) for name in calm.names())
    first.set("tx:watched", 1)
    with first.pipeline() as pipe:
        pipe.watch("tx:watched")
        second.set("tx:watched", 2)
        pipe.multi()
        pipe.set("tx:watched", 3)
        try:
            pipe.execute()
            raise AssertionError("carried out on a key that had changed")
        except redis.WatchError:
            pass
    assert first.get("tx:watched") == b"2"


def test_counters_kept_by_watch_lose_nothing_across_failovers(cluster):
    done = {"sure": 0, "open": 0}
    lock = threading.Lock()
    stop = threading.Event()

    def count(name):
        client = cluster.client(name, timeout=5.0)
        while not stop.is_set():
            try:
                with client.pipeline() as pipe:
                    pipe.watch("counter")
                    value = int(pipe.get("counter") or 0)
                    pipe.multi()
                    pipe.set("counter", value + 1)
                    pipe.execute()
                outcome = "sure"
            except redis.WatchError:
                continue
            except (redis.RedisError, OSError) as error:
                if first_word(error) in DEFINITE:
                    continue
                outcome = "open"
            with lock:
                done[outcome] += 1

    threads, failures = in_threads(count, cluster.names() * 2)
    for _ in range(2):
        before = done["sure"]
        eventually(lambda n=before: done["sure"] > n + 100, "counting goes on")
        restart_leader(cluster)
    stop.set()
    finish(threads, failures)
    counted = int(cluster.client(cluster.leader()).get("counter"))
    assert done["sure"] <= counted <= done["sure"] + done["open"]
    cluster.converged()


def test_numbered_requests_take_effect_exactly_once_although_leaders_die(cluster):
    writers, each = 6, 150
    replies = {}

    def write(number):
        name = cluster.names()[number % 3]
        client = cluster.client(name, timeout=5.0)
        for request in range(1, each + 1):
            def ask():
                return client.execute_command("ONCE", f"writer-{number}", request, "INCR", "total")
            # Repeated until its outcome is known, whatever became of the ones before.
            replies[number, request] = eventually(ask, f"request {request} of writer {number} is answered")

    threads, failures = in_threads(write, range(writers))
    for part in (1, 2):
        eventually(lambda p=part: len(replies) > writers * each * p // 4, "the writers get on")
        restart_leader(cluster)
    finish(threads, failures)
    client = cluster.client(cluster.leader())
    assert int(client.get("total")) == writers * each
    assert sorted(replies.values()) == list(range(1, writers * each + 1)), "each request had a result of its own"
    # The last outcome of each is still to be had, on any node, and changes nothing.
    for number in range(writers):
        again = cluster.client(cluster.names()[(number + 1) % 3])
        assert again.execute_command("ONCE", f"writer-{number}", each, "INCR", "total") == replies[number, each]
    assert int(client.get("total")) == writers * each
    cluster.converged()


def test_only_one_of_many_takes_a_key_by_its_version(calm):
    calm.client(calm.names()[0]).delete("tx:lease")
    winners = []

    def take(number):
        client = calm.client(calm.names()[number % 3])
        if client.execute_command("IFVERSION", "tx:lease", 0, "SET", "tx:lease", number) is not None:
            winners.append(number)

    finish(*in_threads(take, range(12)))
    holder = calm.client(calm.names()[0])
    assert [int(holder.get("tx:lease"))] == winners
    version = holder.execute_command("VERSION", "tx:lease")[0]
    assert holder.execute_command("IFVERSION", "tx:lease", version, "DEL", "tx:lease") == 1
    assert holder.execute_command("VERSION", "tx:lease") == [0]
