"""The admin port: who may ask what, and answers that tools can read."""

import json
import re
import shutil
import subprocess

import pytest


def test_health_and_readiness_need_no_token(calm):
    for name in calm.names():
        status, body = calm.admin(name, "/healthz")
        assert status == 200 and json.loads(body)["status"] == "ok"
        assert calm.admin(name, "/readyz")[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/v1/status"])
def test_the_other_routes_need_the_token(calm, path):
    name = calm.names()[0]
    assert calm.admin(name, path)[0] == 401
    assert calm.admin(name, path, token="wrong")[0] == 401
    assert calm.admin(name, path, token=calm.token()[:-1])[0] == 401
    assert calm.admin(name, path, token=calm.token())[0] == 200


def test_health_counts_what_dbsize_does_and_has_the_position_and_digest_of_the_status(cluster):
    assert cluster.admin(cluster.leader(), "/v1/health")[0] == 401
    client = cluster.client(cluster.leader())
    for number in range(7):
        client.set(f"counted:{number}", number)
    index, digest = cluster.converged()
    for name in cluster.names():
        status, body = cluster.admin(name, "/v1/health", token=cluster.token())
        health = json.loads(body)
        assert status == 200 and health["status"] == "ok" and health["uptime_seconds"] > 0 and health["version"]
        assert health["record_count"] == client.dbsize() == 7
        term, at = health["position"].split(":")
        assert (int(at), health["digest"]) == (index, digest) and int(term) >= 1


def test_unknown_routes_and_methods_are_told_apart(calm):
    name = calm.names()[0]
    assert calm.admin(name, "/v1/nothing", token=calm.token())[0] == 404
    assert calm.admin(name, "/healthz", method="DELETE", token=calm.token())[0] == 405


def test_metrics_are_prometheus_text_with_base_units(calm):
    calm.client(calm.leader()).set("measured", "x")
    _, text = calm.admin(calm.leader(), "/metrics", token=calm.token())
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names and all(re.fullmatch(r"trireme_[a-z0-9_]+", name) for name in names)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_status_has_the_agreed_fields(calm):
    status = calm.status()
    assert {"leader", "term", "commit_index", "nodes"} <= set(status)
    fields = {
        "id", "role", "healthy", "term", "last_index", "commit_index", "applied_index", "digest", "lag_entries",
        "lag_ms", "version", "feature_level",
    }
    assert len(status["nodes"]) == 3
    for node in status["nodes"]:
        assert fields <= set(node), f"missing {fields - set(node)}"
        assert re.fullmatch(r"[0-9a-f]{32}", node["digest"])
    assert [node["role"] for node in status["nodes"]].count("leader") == 1


def test_the_status_of_a_cluster_with_a_dead_node_is_still_told(cluster):
    dead = cluster.followers()[0]
    cluster.kill(dead)
    done = cluster.nodectl("--output", "json", "status", check=False)
    records = {record["id"]: record for record in json.loads(done.stdout)["nodes"]}
    assert not records[dead]["healthy"]
    assert all(records[name]["healthy"] for name in cluster.names() if name != dead)


def test_doctor_finds_nothing_wrong_with_a_fresh_cluster(calm):
    done = calm.nodectl("doctor", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 errors, 0 warnings\n")
    for name in calm.names():
        assert "turned away" not in calm.log(name), "its look at the ports is taken for a fault"


def test_a_node_serves_when_the_playground_says_that_it_is_started(cluster):
    leader = cluster.leader()
    cluster.kill(leader)
    cluster.start(leader)
    done = cluster.nodectl("doctor", check=False)
    assert done.stdout.endswith("0 errors, 0 warnings\n"), done.stdout


def test_a_node_that_has_no_majority_is_started_and_said_not_to_serve_yet(cluster):
    cluster.kill_all()
    done = cluster.playground("start", cluster.names()[0])
    assert "does not serve yet: no leader is known" in done.stderr


def test_no_secret_is_in_logs_arguments_or_output(calm):
    token = calm.token()
    for name in calm.names():
        assert token not in calm.log(name)
        arguments = open(f"/proc/{calm.node(name)['pid']}/cmdline", "rb").read()
        environment = open(f"/proc/{calm.node(name)['pid']}/environ", "rb").read()
        assert token.encode() not in arguments + environment
    assert token not in calm.nodectl("status").stdout
    assert token not in calm.nodectl("doctor", check=False).stdout
