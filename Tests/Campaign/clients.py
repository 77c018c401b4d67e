"""Clients of a campaign: each does one thing at a time on few keys, through any node, and notes what it was told."""

import contextlib
import random
import socket
import ssl
import threading

import history
from history import Operation
from world import monotonic

#: First words that promise that the request had no effect and never will (docs/COMPATIBILITY.md).
DEFINITE = {
    b"TRYAGAIN", b"CLUSTERDOWN", b"READONLY", b"LOADING", b"MAINTENANCE", b"NOAUTH", b"WRONGPASS", b"NOPERM",
    b"WRONGTYPE", b"OOM", b"ERR", b"NOSPACE", b"BUSY",
}


class Refusal(Exception):
    """An error reply; its first word."""


class Connection:
    """One connection, one request at a time. Any failure of it is an OSError."""

    def __init__(self, address, token, authority=None, timeout=4.0, connect_timeout=1.5):
        plain = socket.create_connection(address, timeout=connect_timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if authority:
                # Certificates of a playground name localhost; where the connection leads to, the switch knows.
                plain = authority.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise
        self.socket = plain
        self.buffer = b""
        self.call("AUTH", token)
        self.socket.settimeout(timeout)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()

    def call(self, *words):
        self.send([words])
        return self.reply()

    def send(self, requests):
        """Several at once; each has a reply of its own, in order."""
        parts = []
        for words in requests:
            parts.append(b"*%d\r\n" % len(words))
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(parts))

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise ConnectionResetError("the node closed the connection")
        self.buffer += part

    def reply(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise Refusal(rest.decode(errors="replace"))
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            if length < 0:
                return None
            while len(self.buffer) < length + 2:
                self._more()
            value, self.buffer = self.buffer[:length], self.buffer[length + 2:]
            return value
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        raise ConnectionError(f"a reply of kind {kind!r}")


class Keys:
    """The keys of now: few at a time, so that clients meet on them; a new generation after so many operations, so that
    histories of one key stay short enough to be judged."""

    KINDS = ["register"] * 4 + ["mixed"] * 2 + ["counter"] * 3 + ["list"] * 3
    LIFE = 300

    def __init__(self):
        self.lock = threading.Lock()
        self.uses = [0] * len(Keys.KINDS)

    def take(self, place):
        with self.lock:
            self.uses[place] += 1
            return self.name(place, self.uses[place] // Keys.LIFE)

    @staticmethod
    def name(place, generation):
        return f"{Keys.KINDS[place]}:{place}:{generation}"


class Clients:
    """Threads that work until told to stop."""

    def __init__(self, cluster, seed, count=8, pause=0.004):
        self.cluster = cluster
        self.keys = Keys()
        self.pause = pause
        self.operations = [[] for _ in range(count + 1)]
        self.failures = []
        self.token = cluster.path("pki/client.token").read_text().strip()
        self.authority = None
        if cluster.network:
            self.authority = ssl.create_default_context(cafile=str(cluster.path("pki/ca.crt")))
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._guarded, args=(number, random.Random(f"{seed} client {number}")), daemon=True)
            for number in range(1, count + 1)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client hangs"

    @property
    def all(self):
        return [operation for of_client in self.operations for operation in of_client]

    @property
    def acknowledged(self):
        """How many operations were acknowledged so far; counted as it goes on."""
        return sum(operation.result not in (history.UNKNOWN, history.REFUSED)
                   for of_client in self.operations for operation in list(of_client))

    def connect(self, name, timeout=4.0):
        if self.authority:
            address = self.cluster.client_address(name)
        else:
            address = self.cluster.address(name, plaintext=True)
        return Connection(address, self.token, self.authority, timeout)

    def _guarded(self, number, chance):
        try:
            self._work(number, chance)
        except Exception as error:  # a bug of the campaign, which must not look like a quiet client
            self.failures.append(f"client {number}: {error!r}")
            raise

    def _work(self, number, chance):
        names = self.cluster.names()
        connection = None
        sequence = 0
        while not self.stopping.wait(chance.random() * 2 * self.pause):
            if connection is None:
                try:
                    connection = self.connect(chance.choice(names))
                except (OSError, Refusal):
                    self.stopping.wait(0.05)
                    continue
            sequence += 1
            if not self._operate(connection, number, sequence, chance):
                connection.close()
                connection = None
            elif chance.random() < 0.01:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def _operate(self, connection, number, sequence, chance):
        """Does some operations at once and notes them. False when the connection is of no more use."""
        requests = []
        for part in range(1 if chance.random() < 0.8 else chance.randrange(2, 6)):
            place = chance.randrange(len(Keys.KINDS))
            key = self.keys.take(place)
            token = f"v{number:02}.{sequence:06}.{part}."
            name, words = self._choose(Keys.KINDS[place], key, token, chance)
            requests.append((name, key, token if name in ("set", "setnx", "append") else None, words))
        return self.perform(connection, number, requests)

    @staticmethod
    def _choose(kind, key, token, chance):
        change = {
            "register": (("set", "SET", key, token), ("set", "SET", key, token), ("setnx", "SET", key, token, "NX")),
            "mixed": (("set", "SET", key, token), ("append", "APPEND", key, token), ("del", "DEL", key),
                      ("setnx", "SET", key, token, "NX")),
            "counter": (("incr", "INCR", key),), "list": (("append", "APPEND", key, token),),
        }[kind]
        name, *words = ("get", "GET", key) if chance.random() < 0.4 else chance.choice(change)
        return name, words

    def perform(self, connection, number, requests):
        """Operations sent at once on a connection, each a name, a key, an argument and the words of the request; noted
        as client `number`'s. False when the connection is of no more use."""
        call = monotonic()
        good = True
        try:
            connection.send([words for *_, words in requests])
        except OSError:
            good = False
        for name, key, argument, _ in requests:
            result = history.UNKNOWN
            try:
                if good:
                    result = outcome_of(name, connection.reply())
            except Refusal as refusal:
                word = str(refusal).split(" ", 1)[0].encode()
                result = history.REFUSED if word in DEFINITE else history.UNKNOWN
                good = word != b"NOAUTH"
            except OSError:
                good = False
            if name != "get" or result != history.UNKNOWN:
                self.operations[number].append(Operation(call, monotonic(), number, name, key, argument, result))
        return good

    def read_everything(self):
        """Every key on every node, by reads that are part of the history. All nodes must be able to answer."""
        names = sorted({operation.key for operation in self.all})
        values = {}
        for node in self.cluster.names():
            connection = self.connect(node, timeout=20.0)
            for key in names:
                before = len(self.operations[0])
                self.perform(connection, 0, [("get", key, None, ("GET", key))])
                assert len(self.operations[0]) > before and self.operations[0][-1].result not in "?!", \
                    f"{node} does not answer for {key}"
                values.setdefault(key, {})[node] = self.operations[0][-1].result
            connection.call("READONLY")
            for key in names:
                answer = outcome_of("get", connection.call("GET", key))
                values[key][f"{node} itself"] = answer
            connection.close()
        return [f"{key}: nodes differ: {of_key}" for key, of_key in values.items() if len(set(of_key.values())) > 1]


def outcome_of(name, reply):
    if reply is None:
        return history.NIL
    if isinstance(reply, int):
        return f"#{reply}"
    if name in ("set", "setnx"):
        return history.OK
    return "=" + reply.decode()
