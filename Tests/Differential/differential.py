"""`Tests/differential`: the same random commands to redis-server and to a node, and every reply compared."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import comparison
from generator import Generator, ideas
from grammar import GROUPS, NO_COMMAND
from wire import NULL_ARRAY, Connection, Reply, encoded, exchange

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
import cluster as playground  # noqa: E402


class Redis:
    """A redis-server of its own, without files."""

    def __init__(self, directory, *options):
        program = shutil.which("redis-server")
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else "none"
        if " v=7.0." not in said:
            sys.exit(f"this compares with redis-server 7.0 (Debian's package redis-server); there is {said.strip()}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        self.process = subprocess.Popen(
            [program, "--port", str(self.address[1]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             *options], cwd=directory, stdout=subprocess.DEVNULL)
        playground.eventually(lambda: Connection("redis", self.address).close() is None, "redis-server listens")

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


#: How to see all that a key holds.
LOOKS = {
    b"string": lambda key: [b"GET", key], b"hash": lambda key: [b"HGETALL", key],
    b"list": lambda key: [b"LRANGE", key, b"0", b"-1"], b"set": lambda key: [b"SMEMBERS", key],
    b"zset": lambda key: [b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]}


class Finding:
    """A difference: where, and what both said."""

    def __init__(self, commands, place, theirs, ours, why="the replies differ"):
        self.commands = commands
        self.place = place
        self.theirs = theirs
        self.ours = ours
        self.why = why

    @property
    def signature(self):
        """Findings that agree in this are taken for the same."""
        def kind(reply):
            if isinstance(reply, Reply) and reply.is_error:
                return " ".join(word for word in reply.value.decode("latin-1").split()[:7] if "'" not in word)
            return comparison.shape(reply)[0] if isinstance(comparison.shape(reply), tuple) else str(
                comparison.shape(reply))
        return (self.commands[self.place][0].upper(), kind(self.theirs), kind(self.ours), self.why)

    def shown(self):
        lines = [self.why]
        lines += ["  " + " ".join(printable(word) for word in command) for command in self.commands[:self.place + 1]]
        return "\n".join([*lines, f"  redis:   {cut(self.theirs)}", f"  trireme: {cut(self.ours)}"])


def printable(word):
    text = word.decode("latin-1")
    short = text if len(text) <= 120 else f"{text[:60]}...({len(text)} bytes)"
    return short if short.isprintable() and short.isascii() and short and " " not in short else repr(short)


def cut(reply):
    text = repr(reply)
    return text if len(text) <= 1500 else text[:1500] + "..."


def is_stopped(reply):
    """Whether it is what `EXEC` says when a watched key has changed."""
    return reply is None or reply == NULL_ARRAY


class Pair:
    """Both servers, each with a connection that all sequences share."""

    def __init__(self, redis, node):
        self.both = [redis, node]
        #: Connections of another client, who changes what the first one watches. They always speak version 2.
        self.others = [redis.another(), node.another()]
        self.compared = 0
        self.explained = {}

    def begin(self, version):
        """Both empty, outside of any transaction, in one version of the protocol. The replies are not compared."""
        exchange(self.both, [[b"DISCARD"], [b"UNWATCH"], [b"HELLO", b"%d" % version], [b"FLUSHALL"]])

    def run(self, commands, version, counts=True):
        """Sends the commands; the first difference that nothing explains, or nil."""
        self.begin(version)
        self.began = time.monotonic()
        self.queued = None
        self.has_quiet_write = False
        self.watched = set()
        self.has_removal = False
        place = 0
        while place < len(commands):
            end = place
            while end < len(commands) and not commands[end][0].startswith(b"!") and end - place < 100:
                end += 1
            if end > place:
                replies = exchange(self.both, commands[place:end])
                finding, goes_on = self.judge_all(commands, place, *replies, counts)
            else:
                end = place + 1
                finding, goes_on = self.judge_talk(commands, place, counts)
            if finding or not goes_on:
                return finding
            place = end
        return self.look_around(commands)

    def look_around(self, commands):
        """Compares all that the sequence left, as if it ended with looking at it. The looks do not count."""
        if self.queued is not None:
            exchange(self.both, [[b"DISCARD"]])
            self.queued = None
            commands = [*commands, [b"DISCARD"]]
        keys = self.both[0].ask([b"KEYS", b"*"])
        types = exchange(self.both[:1], [[b"TYPE", key] for key in keys.value])[0] if keys.value else []
        looks = [[b"KEYS", b"*"]]
        for key, kind in zip(keys.value, types):
            looks += [[b"TYPE", key], [b"PEXPIRETIME", key], *([LOOKS[kind.value](key)] if kind.value in LOOKS else [])]
        return self.judge_all([*commands, *looks], len(commands), *exchange(self.both, looks), counts=False)[0]

    def judge_all(self, commands, start, theirs, ours, counts):
        for offset, (a, b) in enumerate(zip(theirs, ours)):
            place = start + offset
            finding, goes_on = self.judge_one(commands, place, a, b, counts)
            if not finding and offset + 1 < len(theirs) and self.queued is None:
                for who, replies in (("redis", theirs), ("trireme", ours)):
                    if not comparison.is_drawn_from(commands[place], replies[offset], commands[place + 1],
                                                    replies[offset + 1]):
                        finding = Finding(commands, place, a, b, f"{who} drew what is not there")
            if finding or not goes_on:
                return finding, goes_on
        return None, True

    def judge_one(self, commands, place, theirs, ours, counts):
        """A finding or nil, and whether the rest of the sequence can be compared."""
        command = commands[place]
        return self.settle(commands, place, command, theirs, ours, counts, self.follow(command, theirs))

    def settle(self, commands, place, command, theirs, ours, counts, queued=None):
        """The same, of two replies to `command`, which stands at `place`."""
        reason = self.reason_to_go_on(command, theirs, ours)
        verdict = comparison.judge(command, theirs, ours, queued, time.monotonic() - self.began)
        if not verdict.same and reason:
            verdict = comparison.Verdict(False, reason)
        if counts:
            self.compared += 1
        if verdict.same:
            return None, True
        if verdict.expected:
            if counts:
                self.explained[verdict.expected.reason] = self.explained.get(verdict.expected.reason, 0) + 1
            return None, not verdict.expected.parts_ways
        return Finding(commands, place, theirs, ours), False

    def reason_to_go_on(self, command, theirs, ours):
        """Why an `EXEC` that Redis stops may be carried out by the node; nil for any other."""
        name = command[0].upper()
        if name == b"WATCH":
            self.watched |= set(command[1:])
        self.has_quiet_write |= comparison.is_quiet_write(command)
        self.has_removal |= comparison.may_remove(command, self.watched)
        if name not in (b"EXEC", b"DISCARD", b"UNWATCH"):
            return None
        if isinstance(theirs, Reply) and theirs.is_error and b"without MULTI" in theirs.value:
            return None  # What is watched stays so.
        reason = comparison.QUIET_WRITE if self.has_quiet_write else None
        if self.has_removal:
            reason = reason or comparison.ABSENT_AGAIN
        self.watched, self.has_quiet_write, self.has_removal = set(), False, False
        return reason if name == b"EXEC" and is_stopped(theirs) and not is_stopped(ours) else None

    def follow(self, command, reply):
        """Keeps the list of what a transaction holds; returns it when `command` ended one."""
        name = command[0].upper()
        if reply == Reply("+", b"QUEUED"):
            self.queued.append(command)
        elif name == b"MULTI" and reply == Reply("+", b"OK"):
            self.queued = []
        elif name in (b"EXEC", b"DISCARD") and len(command) == 1:
            queued, self.queued = self.queued, None
            return queued
        return None

    def judge_talk(self, commands, place, counts):
        """A step of several requests, of which each depends on the reply before."""
        if commands[place][0] == b"!OTHER":
            command = commands[place][1:]
            theirs, ours = (reply[0] for reply in exchange(self.others, [command]))
            return self.settle(commands, place, command, theirs, ours, counts)
        if self.queued is not None:
            return None, True
        talk = {b"!RESTORE": self.restored}.get(commands[place][0], self.scanned)
        theirs, ours = (talk(connection, commands[place]) for connection in self.both)
        return self.judge_one(commands, place, theirs, ours, counts)

    def scanned(self, connection, command):
        """What a whole iteration gives, sorted and each once; or the first error."""
        name, rest, found, cursor = command[0][1:], list(command[1:]), set(), b"0"
        key = [rest.pop(0)] if name != b"SCAN" else []
        size = 2 if name in (b"HSCAN", b"ZSCAN") else 1
        for _ in range(100_000):
            reply = connection.ask([name, *key, cursor, *rest])
            if reply.is_error:
                return reply
            cursor, items = reply.value[0], reply.value[1].value
            found |= {tuple(items[i:i + size]) for i in range(0, len(items), size)}
            if cursor == b"0":
                return Reply("*", sorted(found))
        return Reply("-", b"the iteration does not end")

    def restored(self, connection, command):
        """The reply to `RESTORE` of what `DUMP` gave."""
        _, source, target, *rest = command
        packed = connection.ask([b"DUMP", source])
        if not isinstance(packed, bytes):
            return packed
        return connection.ask([b"RESTORE", target, *rest[:1], packed, *rest[1:]])


def shrunk(pair, finding, version, budget=400):
    """The shortest sequence found that still ends in a difference of the same signature."""
    best = Finding(finding.commands[:finding.place + 1], finding.place, finding.theirs, finding.ours, finding.why)
    size = max(1, best.place // 2)
    while budget > 0:
        start, progressed = 0, False
        while start < best.place and budget > 0:
            tried = best.commands[:start] + best.commands[min(start + size, best.place):]
            budget -= 1
            again = pair.run(tried, version, counts=False)
            if again and again.signature == finding.signature:
                best = Finding(tried[:again.place + 1], again.place, again.theirs, again.ours, again.why)
                progressed = True
            else:
                start += size
        if size == 1 and not progressed:
            break
        size = max(1, size // 2)
    return best


class Hunt:
    """A run: sequence after sequence until enough was compared."""

    def __init__(self, arguments, redis, node, token):
        self.arguments = arguments
        self.addresses = (redis, node, token)
        self.pair = self.connect()
        known = [self.names(connection) for connection in self.pair.both]
        self.commands = known[0] & known[1] | {NO_COMMAND}
        wanted = {group: ideas(group) for group in arguments.groups}
        self.missing = {name for group in wanted.values() for idea in group for name in idea} - self.commands
        self.groups = [group for group in wanted if any(self.commands.issuperset(idea) for idea in wanted[group])]
        if not self.groups:
            sys.exit("the node has none of the commands of these groups")
        self.findings = {}
        self.is_over = False

    def connect(self):
        redis, node, token = self.addresses
        return Pair(Connection("redis", redis), Connection("trireme", node, token))

    def names(self, connection):
        """The commands that a server has."""
        return {name.upper() for name in connection.ask([b"COMMAND", b"LIST"]).value}

    def run(self):
        arguments = self.arguments
        began, number = time.monotonic(), arguments.sequence
        while True:
            self.one(number)
            number += 1
            if self.is_over or arguments.only_one or len(self.findings) >= arguments.findings:
                break
            if self.pair.compared >= arguments.commands or time.monotonic() - began >= arguments.time:
                break
        return time.monotonic() - began

    def one(self, number):
        """A sequence: the seed and its number decide everything in it."""
        generator = Generator(f"{self.arguments.seed}:{number}", self.groups, self.commands)
        version = generator.rng.choice((2, 3))
        commands = generator.sequence(self.arguments.length)
        try:
            finding = self.pair.run(commands, version)
        except (ConnectionError, TimeoutError, ValueError) as error:
            self.lost(number, commands, version, error)
            return
        if finding and finding.signature not in self.findings:
            signature = finding.signature
            self.findings[signature] = finding = shrunk(self.pair, finding, version)
            print(f"seed {self.arguments.seed} sequence {number}, RESP{version}: {finding.shown()}\n", flush=True)

    def lost(self, number, commands, version, error):
        """A server closed the connection, was silent or spoke nonsense: a finding, and the end of the connection."""
        self.findings["connection", number] = error
        print(f"seed {self.arguments.seed} sequence {number}, RESP{version}: {error}", flush=True)
        path = pathlib.Path(tempfile.gettempdir()) / f"differential-{self.arguments.seed}-{number}.resp"
        path.write_bytes(b"".join(encoded(command) for command in commands))
        print(f"its commands, as they were sent: {path}", flush=True)
        for connection in self.pair.both + self.pair.others:
            connection.close()
        compared, explained = self.pair.compared, self.pair.explained
        try:
            self.pair = self.connect()
        except OSError as end:
            print(f"a server is gone: {end}", flush=True)
            self.is_over = True
            return
        self.pair.compared, self.pair.explained = compared, explained


def parse():
    parser = argparse.ArgumentParser(prog="Tests/differential", description=__doc__)
    parser.add_argument("--commands", type=int, default=100_000, help="how many to compare, at least (100000)")
    parser.add_argument("--time", type=float, default=float("inf"), metavar="SECONDS", help="at most so long")
    parser.add_argument("--seed", type=int, help="repeats a run")
    parser.add_argument("--sequence", type=int, help="of that seed, this sequence only")
    parser.add_argument("--groups", default=",".join(GROUPS), help=f"of {','.join(GROUPS)} (all); "
                        "commands that the node does not have are left out")
    parser.add_argument("--length", type=int, default=150, help="commands in a sequence (150)")
    parser.add_argument("--itself", action="store_true", help="compares redis-server with another redis-server, "
                        "which shows that no difference comes from the fuzzer")
    parser.add_argument("--findings", type=int, default=20, help="ends after so many different ones (20)")
    arguments = parser.parse_args()
    arguments.groups = arguments.groups.split(",")
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    arguments.only_one = arguments.sequence is not None
    arguments.sequence = arguments.sequence or 0
    if arguments.seed is None:
        arguments.seed = int.from_bytes(os.urandom(4), "big")
    return arguments


def report(hunt, seconds):
    """The last lines. True when every difference is explained, and something was compared."""
    arguments, pair = hunt.arguments, hunt.pair
    for reason, count in sorted(pair.explained.items()):
        print(f"explained {count} times: {reason}")
    ok = not hunt.findings and pair.compared > 0
    print(f"differential seed {arguments.seed}: {pair.compared} commands in {seconds:.0f} s, "
          f"{len(hunt.findings)} differences, {'ok' if ok else 'FAILED'}")
    return ok


def main():
    arguments = parse()
    # The disk is not what is compared: in memory a sync costs nothing, and a run is ten times as fast.
    memory = pathlib.Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trireme-differential-", dir=place))
    with contextlib.ExitStack() as stack:
        stack.callback(playground.remove, directory)
        redis = Redis(directory)
        stack.callback(redis.stop)
        if arguments.itself:
            other, token = Redis(directory), None
            stack.callback(other.stop)
            address = other.address
        else:
            nodes = playground.Cluster(directory / "cluster", nodes=1)
            stack.callback(nodes.down)
            address, token = nodes.up().address(nodes.leader(), plaintext=True), nodes.token()
        hunt = Hunt(arguments, redis.address, address, token)
        print(f"seed {arguments.seed}, groups {' '.join(hunt.groups)}")
        if hunt.missing:
            print(f"not compared, for want of them: {' '.join(sorted(name.decode() for name in hunt.missing))}")
        sys.stdout.flush()
        return 0 if report(hunt, hunt.run()) else 1


if __name__ == "__main__":
    sys.exit(main())
