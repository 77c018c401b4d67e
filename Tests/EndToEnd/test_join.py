"""A machine with a token becomes a node: certificate, configuration and membership come of one command."""

import base64
import json
import stat
import subprocess
import time

import pytest
import redis

from cluster import NODECTL, NODED, eventually
from load import Load
from test_members import roles


class Newcomer:
    """A directory that is to be a node, beside a cluster's own, and its process."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.data = cluster.directory / f"{name}-joined"
        self.config = self.data / "noded.yaml"
        self.process = None
        base = cluster.base_port + 10 * (int(name[1:]) - 1)
        self.addresses = {kind: f"127.0.0.1:{base + k}" for k, kind in enumerate(["client", "admin", "peer"], start=1)}

    def join(self, token, *arguments, check=True):
        places = [word for kind, address in self.addresses.items() for word in (f"--{kind}", address)]
        done = subprocess.run(
            [NODECTL, "join", "-", "--data-dir", str(self.data), *places, *arguments],
            input=token, capture_output=True, text=True, timeout=90)
        if check:
            assert done.returncode == 0, f"{done.returncode} {done.stdout}\n{done.stderr}"
        return done

    def start(self):
        with open(self.data / "noded.log", "w") as log:
            self.process = subprocess.Popen([NODED, "--config", str(self.config)], stdout=log, stderr=log)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)

    def client(self):
        host, port = self.addresses["client"].rsplit(":", 1)
        return redis.Redis(
            host=host, port=int(port), password=self.cluster.token(), ssl=True,
            ssl_ca_certs=str(self.data / "pki" / "ca.crt"), ssl_check_hostname=True)


@pytest.fixture
def newcomer(cluster):
    made = Newcomer(cluster, "n4")
    yield made
    made.stop()


def issue(cluster, name, *arguments):
    return json.loads(cluster.nodectl("--output", "json", "members", "token", name, *arguments).stdout)


def altered(token, change):
    """The token with other contents, as somebody would make it who has not the authority's key."""
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    return base64.urlsafe_b64encode(change(text).encode()).decode().rstrip("=")


def test_a_node_joins_by_a_token_and_becomes_a_voter(cluster, newcomer):
    token = issue(cluster, "n4")["token"]
    # Whoever leads takes it, also when that is another one by now.
    cluster.nodectl("failover")
    with Load(cluster, cluster.names()) as load:
        eventually(lambda: load.count > 100, "writes are acknowledged")
        told = newcomer.join(token)
        assert str(newcomer.config) in told.stdout
        assert roles(cluster)["n4"] == "learner"
        newcomer.start()
        eventually(lambda: roles(cluster)["n4"] == "voter", "it votes")
    load.verify()
    key = next(iter(load.acknowledged))
    assert newcomer.client().get(key).decode() == load.acknowledged[key]
    for path in [newcomer.config, *(newcomer.data / "pki").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    # It is one of them: it starts again by itself, and who leads knows it.
    newcomer.stop()
    newcomer.start()
    status = eventually(
        lambda: next((n for n in cluster.status()["nodes"] if n["id"] == "n4" and n["healthy"]), None), "it is healthy")
    assert status["role"] in ("follower", "leader")

    again = Newcomer(cluster, "n4")
    again.data = cluster.directory / "second"
    refused = again.join(token, check=False)
    assert refused.returncode == 3 and "was used" in refused.stderr, refused.stderr
    assert not (again.data / "pki" / "node.key").exists() and not (again.data / "noded.yaml").exists()
    member = cluster.nodectl("members", "token", "n4", check=False)
    assert member.returncode == 3 and "is a member already" in member.stderr
    there = newcomer.join(token, check=False)
    assert there.returncode == 3 and "is there already" in there.stderr


def test_a_token_that_is_not_good_lets_nobody_in(cluster, newcomer):
    before = roles(cluster)
    short = issue(cluster, "n4", "--ttl", "1s")
    expired = time.monotonic() + 2
    token = issue(cluster, "n4", "--ttl", "2h", "--learner")["token"]

    def refusal(word, *arguments):
        refused = newcomer.join(word, *arguments, check=False)
        assert refused.returncode in (2, 3), refused.stderr
        return refused.stderr

    assert "no join token" in refusal("nonsense")
    assert "is for n4, not for n5" in refusal(token, "--node", "n5")
    # Another name, another time, another authority: nobody without the authority's key makes such a token.
    assert "not one of this cluster" in refusal(altered(token, lambda text: text.replace("\nn4\n", "\nn5\n")))
    assert "not one of this cluster" in refusal(altered(token, lambda text: text.replace("\nlearner\n", "\nvoter\n")))
    assert altered(token, lambda text: text) == token
    other = altered(token, lambda text: "\n".join(
        "0" * 64 if len(line) == 64 and number == 5 else line for number, line in enumerate(text.split("\n"))))
    assert "another cluster, or somebody stands in between" in refusal(other)
    eventually(lambda: time.monotonic() > expired, "the first one expires")
    assert "was good until" in refusal(short["token"])
    assert roles(cluster) == before

    newcomer.join(token)
    assert roles(cluster)["n4"] == "learner"


def test_who_cannot_sign_says_so(make_cluster):
    cluster = make_cluster(nodes=1)
    path = cluster.path(cluster.node("n1")["config"])
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "authority-key" not in line))
    cluster.stop("n1")
    cluster.start("n1")
    cluster.leader()
    refused = cluster.nodectl("members", "token", "n4", check=False)
    assert refused.returncode == 3 and "tls.authority-key" in refused.stderr
