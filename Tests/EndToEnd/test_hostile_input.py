"""Made-up input for live nodes: requests drawn from the admin port's own description, and bytes for the Redis port.

Whatever comes, a node answers by its documents or closes the connection, lives on, and grows by no more than a bound.
Hypothesis prints how to repeat what failed.
"""

import json
import random
import socket
import time

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies
from schemathesis.generation import GenerationMode

from cluster import eventually
from test_bad_input import anyone, assert_serving, login, send

#: What a node may have grown by when it is at rest again: caches, buffers and what the allocator keeps.
GROWTH_MAX = 64 << 20

BOUNDED = hypothesis.settings(
    deadline=None, database=None, print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate])


@pytest.fixture
def sturdy(calm):
    """The shared cluster, which must be the same processes afterwards, serving, and hardly larger."""
    before = {name: (calm.node(name)["pid"], calm.resident_bytes(name)) for name in calm.names()}
    yield calm
    assert_serving(calm)
    calm.converged()
    for name, (pid, size) in before.items():
        assert calm.node(name)["pid"] == pid and calm.is_running(name)
        grown = calm.resident_bytes(name) - size
        assert grown < GROWTH_MAX, f"{name} grew by {grown >> 20} MiB"


# The admin port


class AdminPort:
    """A node's admin port, and what its document says of it."""

    def __init__(self, cluster, name, token=None):
        host, port = cluster.port_address(name, "admin")
        self.base = f"https://{host}:{port}"
        self.session = requests.Session()
        # Neither a proxy nor an authority of the environment's.
        self.session.trust_env = False
        self.session.verify = str(cluster.path(cluster.file()["ca"]))
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        self.document = json.loads(cluster.admin(name, "/v1/openapi.json", token=cluster.token())[1])

    def statuses(self, path, method):
        return {int(status) for status in self.document["paths"][path][method]["responses"]}


def check_answer(port, case, answer):
    method = case.method.lower()
    operation = port.document["paths"].get(case.path, {}).get(method)
    if operation is not None and answer.status_code >= 500:
        assert answer.status_code in port.statuses(case.path, method), f"{answer.status_code}: {answer.text}"
        assert answer.status_code != 500, answer.text
    if answer.status_code >= 400 and method != "head":
        body = answer.json()
        assert answer.status_code == 503 and "ready" in body or body["error"]["code"], answer.text


@pytest.mark.parametrize("with_token", [True, False], ids=["token", "stranger"])
def test_requests_drawn_from_the_document_are_answered_by_it(sturdy, with_token):
    port = AdminPort(sturdy, sturdy.leader(), sturdy.token() if with_token else None)
    schema = schemathesis.openapi.from_dict(port.document)
    operations = [found.ok() for found in schema.get_all_operations()]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    if not with_token:
        # Each refusal is answered late, the later the more of them there were: one of a kind has to do.
        operations = [operation for operation in operations if operation.method != "head"]
        modes = [GenerationMode.POSITIVE]
    assert len(operations) >= 8
    seen = set()
    asked = set()
    for operation in operations:
        for mode in modes:
            # A failover lasts; the others take milliseconds.
            examples = 5 if "failover" in operation.path else 20
            end = time.monotonic() + 0.5

            @hypothesis.settings(BOUNDED, max_examples=examples)
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                if time.monotonic() > end and (operation.path, operation.method, mode) in asked:
                    return
                asked.add((operation.path, operation.method, mode))
                answer = case.call(base_url=port.base, session=port.session, verify=port.session.verify, timeout=30)
                seen.add((operation.path, answer.status_code))
                check_answer(port, case, answer)

            try:
                ask()
            except hypothesis.errors.Unsatisfiable:
                # Nothing in this operation can be wrong: it takes no parameter and no body.
                assert mode is GenerationMode.NEGATIVE
    assert len({path for path, _ in seen}) == len({operation.path for operation in operations})
    if not with_token:
        protected = {path for path, status in seen if status == 401}
        assert {"/v1/status", "/v1/failover"} <= protected


def edge_requests():
    """Requests at the edges of what the admin port takes, with the statuses that each may have."""
    head = b"Host: a\r\nConnection: close\r\n"
    yield b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + head + b"\r\n", {401, 404}
    yield b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + head + b"\r\n", {431}
    for path in [b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/v1/../v1/status", b"//", b"/v1/status/%00",
                 b"/v1/\\..\\status"]:
        yield b"GET " + path + b" HTTP/1.1\r\n" + head + b"\r\n", {400, 401, 404}
    yield b"GET /\xff\xfe HTTP/1.1\r\n" + head + b"\r\n", {400}
    yield b"GET /healthz HTTP/1.1\r\n" + head + b"X: \xff\xfe\r\n\r\n", {200}
    yield b"GET /healthz HTTP/1.1\r\n" + head + head + b"\r\n", {400}
    yield b"GET /healthz HTTP/1.1\r\n" + head + b"X: y\r\n" * 62 + b"\r\n", {200}
    yield b"GET /healthz HTTP/1.1\r\n" + head + b"X: y\r\n" * 63 + b"\r\n", {431}
    yield b"GET /v1/status HTTP/1.1\r\n" + head + b"Authorization: Bearer a\r\n" * 2 + b"\r\n", {400, 401}
    for length in [b"-1", b"", b"0x10", b"1e3", b"99999999999999999999", b"1, 1", b"+1"]:
        yield b"POST /v1/failover HTTP/1.1\r\n" + head + b"Content-Length: " + length + b"\r\n\r\n", {400, 413}
    yield b"POST /v1/failover HTTP/1.1\r\n" + head + b"Content-Length: 1048577\r\n\r\n", {413}
    yield b"POST /v1/failover HTTP/1.1\r\n" + head + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", {400}
    yield b"POST /v1/failover HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {411}


def test_requests_at_the_edges_are_refused_by_name(sturdy):
    name = sturdy.names()[0]
    for request, statuses in edge_requests():
        answer, _ = send(sturdy.port_address(name, "admin"), request, tls=anyone(), deadline=20)
        assert answer.startswith(b"HTTP/1.1 "), f"{answer[:100]} to {request[:60]}"
        assert int(answer.split()[1]) in statuses, f"{answer[:200]} to {request[:60]}"


def bodies():
    """Bodies at the edges: empty, wrong, huge, deep, and of bytes that are no text."""
    yield b""
    yield b"{"
    yield b"[]"
    yield b"{\"to\": 7}"
    yield b"{\"to\": \"n2\", \"to\": \"n3\"}"
    yield b"{\"to\": \"" + b"x" * 500_000 + b"\"}"
    yield b"{\"to\": \"../../n2\"}"
    yield b"{\"to\": \"\xff\xfe\"}"
    yield b"{\"to\": \"\\ud800\"}"
    yield b"{\"force\": -1}"
    yield b"{\"force\": 1e999}"
    yield b"[" * 1_000_000
    # A member that is not known is refused at once; those of an inner object are all read before.
    yield b"{\"to\": {" + b",".join(b"\"%d\":0" % number for number in range(95_000)) + b"}}"


def test_bodies_at_the_edges_are_refused_in_time(sturdy):
    name = sturdy.names()[0]
    port = AdminPort(sturdy, name, sturdy.token())
    for body in bodies():
        begin = time.monotonic()
        answer = port.session.post(port.base + "/v1/failover", data=body, timeout=30)
        if body:
            assert answer.status_code == 400, f"{answer.status_code} {answer.text} to {body[:40]}"
        # Generous: what grows with the square of a body's length takes minutes.
        assert time.monotonic() - begin < 10, f"{body[:40]} took {time.monotonic() - begin} s"


# The Redis port


def array(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


NAMES = [
    b"GET", b"SET", b"MGET", b"MSET", b"DEL", b"INCRBY", b"SETRANGE", b"GETRANGE", b"SCAN", b"KEYS", b"EXPIRE", b"TTL",
    b"COPY", b"OBJECT", b"CLIENT", b"CONFIG", b"COMMAND", b"INFO", b"CLUSTER", b"SENTINEL", b"HELLO", b"AUTH", b"WAIT",
    b"MULTI", b"EXEC", b"SELECT", b"ECHO", b"PING", b"RESET", b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE",
    b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"PUBLISH", b"SPUBLISH", b"PUBSUB", b"nothing", b"",
]
WORDS = [
    b"", b"k", b"../../etc/passwd", b"\xff\xfe\x00", b"-1", b"0", b"9223372036854775807", b"-9223372036854775808",
    b"18446744073709551616", b"1e400", b"nan", b"*", b"[", b"\\", b"NX", b"EX", b"COUNT", b"MATCH", b"LIST", b"GET",
    b"KILL", b"SETINFO", b"TRACKING", b"ON", b"REPLY", b"x" * 300, b"\r\n", b"{}", b"{a}", b"DOCS", b"3",
]

word = strategies.one_of(strategies.sampled_from(WORDS), strategies.binary(max_size=40))
command = strategies.builds(
    lambda name, words: array(name, *words), strategies.sampled_from(NAMES), strategies.lists(word, max_size=5))
#: What only looks like a request: counts and lengths that are none, or huge, or negative.
broken = strategies.builds(
    lambda mark, number, rest: mark + number + b"\r\n" + rest,
    strategies.sampled_from([b"*", b"$", b"*1\r\n$", b"*3\r\n$3\r\nSET\r\n$"]),
    strategies.sampled_from(
        [b"-1", b"0", b"00", b"-0", b"1048577", b"2147483648", b"9223372036854775808", b"99999999999999999999", b"x"]),
    strategies.binary(max_size=100))
inline = strategies.builds(lambda text: text + b"\r\n", strategies.binary(max_size=200))


@strategies.composite
def streams(draw):
    """What one connection sends: requests, some of them cut, doubled or with a byte changed."""
    kind = strategies.one_of(command, command, command, broken, inline, strategies.binary(max_size=100))
    stream = bytearray(b"".join(draw(strategies.lists(kind, max_size=12))))
    for _ in range(draw(strategies.integers(0, 3))):
        if stream:
            stream[draw(strategies.integers(0, len(stream) - 1))] = draw(strategies.integers(0, 255))
    return bytes(stream)


def is_lost(stream):
    """Commands that would end the shared cluster's data, a connection's silence, or wait for long by themselves."""
    upper = stream.upper()
    return any(name in upper for name in [b"WAIT", b"FLUSH", b"SHUTDOWN"])


@pytest.mark.parametrize("plaintext", [True, False], ids=["plain", "tls"])
@pytest.mark.parametrize("with_login", [True, False], ids=["login", "stranger"])
def test_bytes_on_the_redis_port_are_answered_or_cut_off(sturdy, plaintext, with_login):
    addresses = [sturdy.address(name, plaintext=plaintext) for name in sturdy.names()]
    prefix = login(sturdy) if with_login else b""
    context = None if plaintext else anyone()
    generator = random.Random()
    end = time.monotonic() + 5
    count = 0

    @hypothesis.settings(BOUNDED, max_examples=25)
    @hypothesis.given(stream=streams())
    def send_some(stream):
        nonlocal count
        if is_lost(stream):
            return
        count += 1
        with socket.create_connection(generator.choice(addresses), timeout=10) as plain:
            connection = context.wrap_socket(plain) if context else plain
            with connection:
                exchange(connection, prefix + stream)

    def exchange(connection, stream):
        try:
            cut = generator.randrange(len(stream) + 1)
            connection.sendall(stream[:cut])
            connection.sendall(stream[cut:])
            connection.settimeout(0.02)
            received = 0
            while received < 4 << 20:
                part = connection.recv(65536)
                if not part:
                    return
                received += len(part)
        except OSError:
            return

    while time.monotonic() < end:
        send_some()
    assert count > 20, f"only {count} connections in the time"
    eventually(lambda: sturdy.status().get("leader"), "there is a leader")
