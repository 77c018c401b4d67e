"""Secondary indexes over real nodes: built under load, found again after a restart, proved, and rebuilt on line."""

import json
import random
import subprocess
import threading

import redis

from cluster import NODED, eventually

CITIES = ["Oslo", "Rome", "Bern", "Lima", "Kyiv"]


def is_passing(error):
    """Whether a change of leader is what answered so: on a machine with much else to do there is one now and then."""
    text = str(error)
    if "index" in text:
        return False
    if isinstance(error, (redis.exceptions.TryAgainError, redis.exceptions.ClusterDownError)):
        return True
    return not isinstance(error, redis.ResponseError) or "UNKNOWNRESULT" in text


class Writers:
    """Clients that change indexed hashes until they are told to stop; errors that are not passing ones are kept."""

    def __init__(self, cluster, threads=3):
        self.cluster = cluster
        self.over = threading.Event()
        self.errors = []
        self.writes = 0
        self.threads = [threading.Thread(target=self.run, args=(seed,)) for seed in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, seed):
        generator = random.Random(seed)
        client = self.cluster.client(self.cluster.leader())
        while not self.over.is_set():
            try:
                self.write(client, generator, f"user:{generator.randrange(3000)}")
                self.writes += 1
            except redis.RedisError as error:
                if not is_passing(error) and "no such key" not in str(error):
                    self.errors.append(error)
                    return

    @staticmethod
    def write(client, generator, key):
        change = generator.randrange(10)
        if change < 6:
            client.hset(key, mapping={"age": generator.randrange(100), "city": generator.choice(CITIES)})
        elif change < 7:
            client.delete(key)
        elif change < 8:
            client.hdel(key, "city")
        elif change < 9:
            client.pexpire(key, generator.randrange(1, 500))
        else:
            client.rename(key, f"user:{generator.randrange(3000)}")


def fill(client, count):
    """Writes what it writes as often as it takes."""
    for start in range(0, count, 500):
        def write(start=start):
            pipe = client.pipeline(transaction=False)
            for number in range(start, min(start + 500, count)):
                pipe.hset(f"user:{number}", mapping={"age": number % 90, "city": CITIES[number % len(CITIES)]})
            pipe.execute()
            return True
        eventually(write, "the records are written")


def create(client):
    words = "INDEX.CREATE users ON HASH PREFIX user: FIELD age TYPE number FIELD city"

    def make():
        try:
            client.execute_command(*words.split())
        except redis.ResponseError as error:
            # Made by a request whose outcome was not known.
            assert is_passing(error) or "already" in str(error), error
        return b"users" in client.execute_command("INDEX.LIST")
    eventually(make, "the index is made")


def query(client, *words):
    """All keys that a query finds, page by page."""
    keys, cursor = [], b"0"
    while True:
        cursor, page = client.execute_command("INDEX.QUERY", "users", *words, "LIMIT", 500, "CURSOR", cursor)
        keys += page
        if cursor in (b"0", "0"):
            return sorted(keys)


def is_ready(client):
    def check():
        try:
            query(client, "EQ", "age", 1)
            return True
        except redis.ResponseError as error:
            assert is_passing(error) or "being built" in str(error), error
            return False

    return check


def scan(client, city, low, high):
    """The same by a look at every record."""
    keys = []
    for key in client.scan_iter(match="user:*", count=1000):
        age, there = client.hmget(key, "age", "city")
        if there is not None and there.decode() == city and low <= int(age) <= high:
            keys.append(key)
    return sorted(keys)


def verified(cluster):
    answer = json.loads(cluster.nodectl("index", "verify", "--output", "json").stdout)
    assert answer["good"]
    assert len(answer["nodes"]) == 3
    for node in answer["nodes"]:
        assert [verdict["field"] for verdict in node["verdicts"]] == ["age", "city"], node
        assert all(verdict["equal"] for verdict in node["verdicts"])
    return answer


def test_an_index_is_built_while_writes_go_on_and_equals_its_records_everywhere(cluster):
    client = cluster.client(cluster.leader())
    fill(client, 20_000)
    with Writers(cluster) as writers:
        create(client)
        eventually(is_ready(client), "the index is built")
        verified(cluster)
        eventually(lambda: writers.writes > 100 or writers.errors, "writes go on")
    assert not writers.errors, writers.errors
    answer = verified(cluster)
    assert all(verdict["ready"] and verdict["entries"] > 10_000 for node in answer["nodes"]
               for verdict in node["verdicts"])
    # The last keys that end do so within half a second, perhaps between the two looks.
    eventually(
        lambda: query(client, "EQ", "city", "Oslo", "RANGE", "age", 20, 40) == scan(client, "Oslo", 20, 40),
        "the index finds what a scan finds")


def test_indexes_are_there_after_a_restart_of_every_node(cluster):
    client = cluster.client(cluster.leader())
    create(client)
    fill(client, 5_000)
    before = query(client, "EQ", "city", "Rome")
    assert len(before) == 1000
    cluster.kill_all()
    for name in cluster.names():
        cluster.start(name)
    client = cluster.client(cluster.leader())
    assert client.execute_command("INDEX.LIST") in ([b"users"], ["users"])
    eventually(is_ready(client), "the index is built again")
    assert query(client, "EQ", "city", "Rome") == before
    cluster.converged()
    eventually(lambda: all(node["verdicts"] and all(verdict["ready"] for verdict in node["verdicts"])
                           for node in verified(cluster)["nodes"]), "every node has built it")


def test_a_rebuild_does_not_interrupt_queries_or_writes(cluster):
    client = cluster.client(cluster.leader())
    create(client)
    fill(client, 20_000)
    failed, answers = [], 0
    over = threading.Event()

    def ask():
        nonlocal answers
        other = cluster.client(cluster.leader())
        while not over.is_set():
            try:
                query(other, "EQ", "city", "Bern", "RANGE", "age", 10, 12)
                answers += 1
            except redis.RedisError as error:
                if not is_passing(error):
                    failed.append(error)
                    return

    asker = threading.Thread(target=ask)
    with Writers(cluster) as writers:
        asker.start()
        for _ in range(3):
            assert "rebuilt" in cluster.nodectl("index", "rebuild", "users").stdout
        over.set()
        asker.join()
    assert not failed and not writers.errors, (failed, writers.errors)
    assert answers > 0
    verified(cluster)
    facts = client.execute_command("INDEX.INFO", "users")
    if not isinstance(facts, dict):
        facts = dict(zip(facts[::2], facts[1::2]))
    assert facts[b"rebuilds"] == 3


def test_an_index_that_there_is_not_is_refused_with_a_remedy(cluster):
    done = cluster.nodectl("index", "verify", "nobody", check=False)
    assert done.returncode == 1
    assert "there is no index of this name" in done.stdout
    assert "there are no indexes" in cluster.nodectl("index", "verify").stdout


def lines(log, message):
    return [line for line in log.splitlines() if f'msg="{message}"' in line]


def rebuilt_offline(cluster, name):
    config = cluster.path(cluster.node(name)["config"])
    return subprocess.run(
        [NODED, "--config", str(config), "--rebuild-indexes"], capture_output=True, text=True, timeout=60)


def contents_of(directory):
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(directory.rglob("*"))
            if path.is_file()}


def test_a_start_tells_its_phases_and_the_indexes_that_it_has_built(cluster):
    client = cluster.client(cluster.leader())
    create(client)
    fill(client, 5_000)
    cluster.nodectl("snapshot")
    name = cluster.names()[0]
    cluster.kill(name)
    before = len(cluster.log(name).splitlines())
    cluster.start(name)
    cluster.healthy()
    log = "\n".join(cluster.log(name).splitlines()[before:])
    for message in ("recovery started", "log recovered", "state loaded", "index built", "node ready"):
        assert len(lines(log, message)) == 1, (message, log)
    built = lines(log, "index built")[0]
    assert "index=users" in built and "records=5000" in built and "entries=10000" in built, built
    assert "records.per-second=" in built and "seconds=" in built
    assert "recovering" in lines(log, "node ready")[0] and "loading" in lines(log, "node ready")[0]


def test_a_rebuild_tells_of_every_node_what_was_found_before_and_after(cluster):
    client = cluster.client(cluster.leader())
    create(client)
    fill(client, 5_000)
    cluster.converged()
    answer = json.loads(cluster.nodectl("index", "rebuild", "--output", "json").stdout)
    assert answer["good"] and len(answer["nodes"]) == 3
    for node in answer["nodes"]:
        for index in node["rebuilt"]:
            assert (index["index"], index["records"], index["entries_before"], index["entries"]) == (
                "users", 5000, 10000, 10000), node
            assert index["seconds"] > 0 and index["per_second"] > 0
    for name in cluster.names():
        assert len(lines(cluster.log(name), "index rebuilt")) == 1


def test_indexes_of_a_stopped_node_are_rebuilt_and_proved_and_nothing_is_changed(cluster):
    client = cluster.client(cluster.leader())
    create(client)
    fill(client, 2_000)
    cluster.nodectl("snapshot")
    fill(client, 3_000)
    _, digest = cluster.converged()
    name = cluster.names()[0]
    refused = rebuilt_offline(cluster, name)
    assert refused.returncode == 1 and "in use" in refused.stderr, refused
    cluster.stop(name)
    directory = cluster.path(cluster.node(name)["data"])
    before = contents_of(directory)
    done = rebuilt_offline(cluster, name)
    assert done.returncode == 0, done
    assert "index users: 3000 records" in done.stdout and "6000 values before, 6000 after" in done.stdout, done.stdout
    assert f"digest {digest}" in done.stdout, (digest, done.stdout)
    assert contents_of(directory) == before
    cluster.start(name)
    cluster.converged()
