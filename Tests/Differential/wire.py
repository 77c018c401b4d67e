"""The Redis protocol, versions 2 and 3, as the fuzzer needs it: replies keep their types, nothing is converted."""

import selectors
import socket


class Reply:
    """A reply: its type's mark, and its content. Bulk strings and nulls are plain `bytes` and `None` instead.

    `value` is text for `+ - ( , #`, a number for `:`, and a list for `* ~ % >`: a map's has keys and values in turn.
    """

    __slots__ = ("mark", "value")

    def __init__(self, mark, value):
        self.mark = mark
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Reply) and self.mark == other.mark and self.value == other.value

    def __hash__(self):
        return hash((self.mark, tuple(self.value) if isinstance(self.value, list) else self.value))

    def __repr__(self):
        if isinstance(self.value, list):
            return f"{self.mark}{self.value!r}"
        return self.mark + (self.value.decode("latin-1") if isinstance(self.value, bytes) else str(self.value))

    @property
    def is_error(self):
        return self.mark == "-"


class NullArray:
    """The null of version 2 that stands where an array would."""

    def __eq__(self, other):
        return isinstance(other, NullArray)

    def __hash__(self):
        return 0

    def __repr__(self):
        return "*-1"


NULL_ARRAY = NullArray()


def encoded(command):
    """A command, a list of `bytes`, as it is sent."""
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        parts.append(b"$%d\r\n%s\r\n" % (len(argument), argument))
    return b"".join(parts)


class Incomplete(Exception):
    """There is no whole reply yet."""


def parsed(data, at):
    """The reply that begins at `at`, and where the next one begins. Raises `Incomplete`."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    mark, line, at = data[at], bytes(data[at + 1:end]), end + 2
    if mark == 36:  # $
        size = int(line)
        if size < 0:
            return None, at
        if len(data) < at + size + 2:
            raise Incomplete
        return bytes(data[at:at + size]), at + size + 2
    if mark == 58:  # :
        return Reply(":", int(line)), at
    if mark in b"*~>%":
        count = int(line)
        if count < 0:
            return NULL_ARRAY, at
        items = []
        for _ in range(2 * count if mark == 37 else count):
            item, at = parsed(data, at)
            items.append(item)
        return Reply(chr(mark), items), at
    if mark == 95:  # _
        return None, at
    if mark in b"+-(,#":
        return Reply(chr(mark), line), at
    raise ValueError(f"no reply begins with {chr(mark)!r}: {bytes(data[at:at + 80])!r}")


class Connection:
    """A connection to one server, and the bytes that came and went."""

    def __init__(self, name, address, token=None):
        self.name = name
        self.address = address
        self.token = token
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        if token:
            answer = self.ask([b"AUTH", token.encode()])
            if answer != Reply("+", b"OK"):
                raise ConnectionError(f"{name} refuses the login: {answer!r}")

    def close(self):
        self.socket.close()

    def another(self):
        """A second connection to the same server."""
        return Connection(self.name, self.address, self.token)

    def ask(self, command):
        """The reply to one command."""
        return exchange([self], [command])[0][0]


def exchange(connections, commands):
    """Sends the commands to all at once, as a pipeline. A list of replies for each connection."""
    data = b"".join(encoded(command) for command in commands)
    replies = [[] for _ in connections]
    with selectors.DefaultSelector() as selector:
        for place, connection in enumerate(connections):
            connection.socket.setblocking(False)
            selector.register(
                connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, [place, connection, memoryview(data)])
        while selector.get_map():
            ready = selector.select(timeout=30)
            if not ready:
                waiting = ", ".join(key.data[1].name for key in selector.get_map().values())
                raise ConnectionError(f"no reply in 30 s from {waiting}")
            for key, events in ready:
                place, connection, rest = key.data
                if events & selectors.EVENT_WRITE:
                    key.data[2] = rest = rest[connection.socket.send(rest):]
                    if not rest:
                        selector.modify(connection.socket, selectors.EVENT_READ, key.data)
                if events & selectors.EVENT_READ:
                    take(connection, replies[place])
                    if len(replies[place]) == len(commands):
                        selector.unregister(connection.socket)
    return replies


def take(connection, replies):
    """Reads what is there, and adds the replies that are whole."""
    part = connection.socket.recv(1 << 20)
    if not part:
        raise ConnectionError(f"{connection.name} closed the connection")
    received = connection.received
    received += part
    at = 0
    try:
        while at < len(received):
            reply, at = parsed(received, at)
            replies.append(reply)
    except Incomplete:
        pass
    del received[:at]
