"""Writers that remember what was acknowledged, what was refused, and what nobody knows."""

import threading

import redis

#: First words that promise that the command had no effect.
DEFINITE = {
    "TRYAGAIN", "CLUSTERDOWN", "READONLY", "LOADING", "MAINTENANCE", "NOAUTH", "NOPERM", "WRONGTYPE", "OOM", "ERR",
    "NOSPACE", "BUSY",
}


def first_word(error):
    """The machine-readable word of an error reply; redis-py drops some of them and makes a class of it."""
    names = {
        redis.exceptions.AuthenticationError: "NOAUTH", redis.exceptions.ReadOnlyError: "READONLY",
        redis.exceptions.BusyLoadingError: "LOADING", redis.exceptions.TryAgainError: "TRYAGAIN",
        redis.exceptions.ClusterDownError: "CLUSTERDOWN", redis.exceptions.OutOfMemoryError: "OOM",
    }
    return names.get(type(error), str(error).split(" ", 1)[0])


class Load:
    """Threads that write new keys through given nodes until told to stop.

    Every key is written once, with a value that names it. After a lost connection or `UNKNOWNRESULT` the key's fate
    is open and the writer goes on with the next one; after a definite refusal it must be absent.
    """

    def __init__(self, cluster, through, writers=4, plaintext=True, prefix="load"):
        self.cluster = cluster
        self.plaintext = plaintext
        self.prefix = prefix
        self.acknowledged = {}
        self.refused = set()
        self.unknown = {}
        self.errors = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number, through[number % len(through)]), daemon=True)
            for number in range(writers)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a writer hangs"

    @property
    def count(self):
        return len(self.acknowledged)

    def _write(self, number, node):
        client = self.cluster.client(node, self.plaintext, single_connection_client=False)
        sequence = 0
        while not self._stop.is_set():
            key = f"{self.prefix}:{number}:{sequence}"
            value = f"value of {key} " + "x" * (sequence % 97)
            sequence += 1
            try:
                client.set(key, value)
                with self._lock:
                    self.acknowledged[key] = value
            except redis.exceptions.ResponseError as error:
                self._note(key, value, error, first_word(error))
                self._stop.wait(0.01)
            except (redis.RedisError, OSError) as error:
                word = first_word(error) if type(error) is redis.exceptions.AuthenticationError else "connection"
                self._note(key, value, error, word)
                self._stop.wait(0.01)

    def _note(self, key, value, error, word):
        with self._lock:
            self.errors.append(f"{word}: {error}")
            if word in DEFINITE:
                self.refused.add(key)
            else:
                self.unknown[key] = value

    def verify(self, nodes=None):
        """Each acknowledged record is on every node byte for byte; refused ones are on none."""
        for name in nodes or self.cluster.names():
            client = self.cluster.readonly_client(name, decode_responses=True)
            keys = list(self.acknowledged)
            for start in range(0, len(keys), 500):
                part = keys[start:start + 500]
                for key, found in zip(part, client.mget(part)):
                    assert found == self.acknowledged[key], f"{key} on {name}: {found!r}"
            for key, value in self.unknown.items():
                assert client.get(key) in (None, value), f"{key} on {name} is neither absent nor whole"
            for key in self.refused:
                assert client.get(key) is None, f"{key} on {name} was refused and is there"
            client.close()


class Repeated:
    """Does `once` again and again, on a thread of its own, for as long as a block takes."""

    def __init__(self):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def once(self):
        raise NotImplementedError

    def _run(self):
        while not self._over.is_set():
            self.once()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "it hangs"
