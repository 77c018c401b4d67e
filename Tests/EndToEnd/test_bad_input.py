"""Hostile and broken peers: each costs its own connection and nothing else."""

import concurrent.futures
import os
import socket
import ssl
import subprocess
import time

import pytest
import redis

from cluster import eventually

PORTS = ["client", "client_plaintext", "admin", "peer"]

PAYLOADS = {
    "random": bytes((number * 73 + 41) % 256 for number in range(20000)),
    "zeros": bytes(20000),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50,
    "post": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nSET a b\r\n",
    "tls": bytes.fromhex("160301020001000200") + bytes(512),
    "huge array": b"*1000000000\r\n" * 10,
    "huge bulk": b"*2\r\n$3\r\nGET\r\n$4000000000\r\n",
    "negative": b"*-5\r\n$-7\r\n*3\r\n$-1\r\n",
    "endless line": b"x" * 300000,
    "nested": b"*1\r\n" * 5000,
}


def send(address, payload, tls=None, deadline=20):
    """Sends, then reads until the other side closes or the deadline passes; returns what came and whether it closed."""
    connection = socket.create_connection(address, timeout=deadline)
    try:
        if tls is not None:
            connection = tls.wrap_socket(connection)
        try:
            connection.sendall(payload)
        except OSError:
            return b"", True
        answer = b""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            connection.settimeout(max(0.05, end - time.monotonic()))
            try:
                part = connection.recv(65536)
            except TimeoutError:
                return answer, False
            except OSError:
                return answer, True
            if not part:
                return answer, True
            answer += part
        return answer, False
    except (OSError, ssl.SSLError):
        return b"", True
    finally:
        connection.close()


def anyone():
    """A TLS client that checks nothing and has no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def assert_serving(cluster):
    for name in cluster.names():
        assert cluster.is_running(name)
        assert cluster.client(name).set("still", name)
        assert cluster.admin(name, "/healthz")[0] == 200


def send_everything(cluster, port, tls=None):
    """Every payload to every node at the same time; no answer may be long."""
    attacks = [(name, payload) for name in cluster.names() for payload in PAYLOADS.values()]
    with concurrent.futures.ThreadPoolExecutor(len(attacks)) as pool:
        answers = pool.map(
            lambda attack: send(cluster.port_address(attack[0], port), attack[1], tls=tls, deadline=2), attacks)
        for (name, payload), (answer, _) in zip(attacks, answers):
            assert len(answer) < 100_000, f"{name} answered {len(answer)} bytes to {payload[:20]!r}"


@pytest.mark.parametrize("port", PORTS)
def test_garbage_on_a_port_disturbs_nobody(calm, port):
    send_everything(calm, port)
    assert_serving(calm)


@pytest.mark.parametrize("port", ["client", "admin"])
def test_garbage_inside_of_tls_disturbs_nobody(calm, port):
    send_everything(calm, port, tls=anyone())
    assert_serving(calm)


def test_cross_protocol_requests_are_cut_off(calm):
    address = calm.address(calm.names()[0], plaintext=True)
    _, closed = send(address, PAYLOADS["post"], deadline=10)
    assert closed
    assert calm.client(calm.names()[0]).get("a") in (None, b"x")


def test_the_peer_port_wants_a_certificate(calm):
    for name in calm.names():
        _, closed = send(calm.port_address(name, "peer"), b"hello", tls=anyone(), deadline=10)
        assert closed
    assert_serving(calm)


def test_a_clients_certificate_is_no_peers_certificate(calm):
    context = anyone()
    context.load_cert_chain(calm.path(calm.file()["client_cert"]), calm.path(calm.file()["client_key"]))
    _, closed = send(calm.port_address(calm.names()[0], "peer"), b"hello", tls=context, deadline=10)
    assert closed
    assert_serving(calm)


def test_a_certificate_of_another_authority_is_refused(calm, directory):
    directory.mkdir(exist_ok=True)
    certificate, key = directory / "x.crt", directory / "x.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=n2", "-addext", "subjectAltName=DNS:n2"], check=True, capture_output=True)
    context = anyone()
    context.load_cert_chain(certificate, key)
    _, closed = send(calm.port_address(calm.names()[0], "peer"), b"hello", tls=context, deadline=10)
    assert closed
    assert_serving(calm)


def spoken(cluster, port, newest):
    """The version that a port agrees on with a caller that speaks `newest` at most; None when it refuses."""
    context = anyone()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(cluster.port_address(cluster.names()[0], port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                return secure.version()
        except OSError:
            return None


@pytest.mark.parametrize("port", ["client", "admin", "peer"])
def test_versions_of_tls_before_1_3_are_refused(calm, port):
    assert spoken(calm, port, ssl.TLSVersion.TLSv1_1) is None
    assert spoken(calm, port, ssl.TLSVersion.TLSv1_2) is None
    assert spoken(calm, port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


def test_tls_1_2_is_spoken_when_it_is_allowed(make_cluster):
    cluster = make_cluster(nodes=1, config='tls.minimum: "1.2"\n')
    for port in ["client", "admin"]:
        assert spoken(cluster, port, ssl.TLSVersion.TLSv1_1) is None
        assert spoken(cluster, port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"


def test_before_login_hardly_anything_is_allowed(calm):
    host, port = calm.address(calm.names()[0], plaintext=True)
    stranger = redis.Redis(host=host, port=port, socket_timeout=5)
    with pytest.raises(redis.AuthenticationError):
        stranger.get("a")
    with pytest.raises(redis.RedisError):
        redis.Redis(host=host, port=port, password="wrong", socket_timeout=5).ping()
    # A request of more than 16 KiB or 10 arguments ends the connection or is refused, before it is read whole.
    answer, closed = send((host, port), b"*2\r\n$4\r\nAUTH\r\n$1000000\r\n" + b"x" * 40000, deadline=10)
    assert closed and not answer.startswith(b"+")
    answer, closed = send((host, port), b"*11\r\n" + b"$1\r\na\r\n" * 11, deadline=5)
    assert answer.startswith(b"-")


def login(cluster):
    """The request that logs in on a plaintext port."""
    token = cluster.token().encode()
    return b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(token), token)


def test_what_stood_before_garbage_is_answered_first(calm):
    requests = b"".join(b"*3\r\n$3\r\nSET\r\n$6\r\nbefore\r\n$1\r\n%d\r\n" % number for number in range(10))
    for name in calm.names():
        answer, closed = send(calm.address(name, plaintext=True), login(calm) + requests + b"*1\r\n:no\r\n")
        assert closed
        replies = answer.split(b"\r\n")
        assert replies[:11] == [b"+OK"] * 11
        assert replies[11].startswith(b"-ERR Protocol error")


def test_a_request_over_the_limit_is_refused_and_has_no_effect(calm):
    host, port = calm.address(calm.names()[0], plaintext=True)
    over = 600 * 1024 * 1024
    request = b"*3\r\n$3\r\nSET\r\n$4\r\nover\r\n$%d\r\n" % over
    answer, closed = send((host, port), login(calm) + request + b"x" * 100000, deadline=10)
    assert closed
    assert b"-ERR" in answer
    assert calm.client(calm.names()[0]).get("over") is None


def test_silent_connections_are_tolerated_and_bounded(calm):
    sockets = []
    for name in calm.names():
        for port in PORTS:
            for _ in range(20):
                sockets.append(socket.create_connection(calm.port_address(name, port), timeout=5))
    assert_serving(calm)
    for silent in sockets:
        silent.close()


def test_half_a_request_has_no_effect(calm):
    host, port = calm.address(calm.names()[0], plaintext=True)
    connection = socket.create_connection((host, port), timeout=5)
    connection.sendall(login(calm) + b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$10\r\nabc")
    assert connection.recv(100).startswith(b"+OK")
    connection.close()
    assert calm.client(calm.names()[0]).get("half") is None


def test_a_client_that_never_reads_cannot_grow_the_node(cluster):
    name = cluster.leader()
    fat = cluster.client(name, timeout=60)
    eventually(lambda: fat.set("fat", b"x" * (1024 * 1024)), "the value is stored")
    host, port = cluster.address(name, plaintext=True)
    before = cluster.resident_bytes(name)
    term = cluster.status()["term"]
    greedy = []
    for _ in range(4):
        connection = socket.create_connection((host, port), timeout=2)
        connection.sendall(login(cluster))
        try:
            # Asks for 2 GiB of answers on each connection and reads none of them.
            for _ in range(2000):
                connection.sendall(b"*2\r\n$3\r\nGET\r\n$3\r\nfat\r\n")
        except OSError:
            pass
        greedy.append(connection)
    assert_serving(cluster)
    assert cluster.leader() == name and cluster.status()["term"] == term, "it cost the node its leadership"
    grown = cluster.resident_bytes(name) - before
    # client.output-buffer-max (128 MiB) for each of the four, and what one turn of the loop makes.
    assert grown < (4 * 128 + 48) << 20, f"grew by {grown >> 20} MiB"
    for connection in greedy:
        connection.close()
    cluster.client(name).delete("fat")


def test_health_is_answered_under_load(calm):
    name = calm.leader()
    host, port = calm.address(name, plaintext=True)
    load = subprocess.Popen(
        ["redis-benchmark", "-h", host, "-p", str(port), "-a", calm.token(), "-t", "set", "-n", "200000", "-c", "50",
         "-P", "16", "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        for _ in range(20):
            assert calm.admin(name, "/healthz")[0] == 200
            assert calm.admin(name, "/readyz")[0] == 200
    finally:
        load.wait(timeout=60)
    eventually(lambda: calm.admin(name, "/healthz")[0] == 200, "healthy after the load")
