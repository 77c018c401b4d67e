"""Members that come and go while clients write: nothing acknowledged is lost, and nobody who left disturbs."""

import json
import shutil
import time

import pytest

from cluster import eventually
from load import Load


def members(cluster):
    return json.loads(cluster.nodectl("--output", "json", "members").stdout)


def roles(cluster):
    return {member["id"]: member["role"] for member in members(cluster)["members"]}


def facts(cluster, name):
    status, body = cluster.admin(name, "/v1/status", cluster.token())
    assert status == 200, body
    return json.loads(body)


def write(cluster, key, value="v"):
    client = cluster.client(cluster.leader(), plaintext=True)
    return eventually(lambda: client.set(key, value), "a write is taken")


def equal(cluster, names):
    """Waits until these nodes have one applied index and digest."""
    def look():
        nodes = {node["id"]: node for node in cluster.status()["nodes"] if node["id"] in names}
        if set(nodes) != set(names) or not all(node["healthy"] for node in nodes.values()):
            return None
        return len({(node["applied_index"], node["digest"]) for node in nodes.values()}) == 1
    eventually(look, f"{names} are equal", pause=0.1)


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_node_that_is_not_there_stops_nobody(make_cluster, nodes):
    cluster = make_cluster(nodes=nodes)
    cluster.nodectl("members", "add", "n9", "--peer", "127.0.0.1:9", "--client", "127.0.0.1:9")
    assert roles(cluster)["n9"] == "learner"
    assert write(cluster, "while-it-is-away")
    refused = cluster.nodectl("members", "promote", "n9", check=False)
    assert refused.returncode == 3 and "n9" in refused.stderr
    # A promotion that waits is called off with the removal of whom it waits for.
    waiting = cluster.nodectl_in_background("members", "promote", "n9", "--when-caught-up")
    eventually(lambda: members(cluster)["stage"] == "catching_up", "the promotion waits")
    assert write(cluster, "while-it-is-waited-for")
    cluster.nodectl("members", "remove", "n9")
    waiting.kill()
    waiting.wait()
    assert "n9" not in roles(cluster)
    assert write(cluster, "afterwards")


def test_what_would_be_unsafe_is_refused_with_code_3(cluster):
    follower = cluster.followers()[0]
    refused = cluster.nodectl("members", "remove", follower, check=False)
    assert refused.returncode == 3
    assert "--force" in refused.stderr
    assert len(roles(cluster)) == 3
    assert cluster.nodectl("members", "remove", "n7", check=False).returncode == 3
    again = cluster.nodectl(
        "members", "add", follower, "--peer", "127.0.0.1:9", "--client", "127.0.0.1:9", check=False)
    assert again.returncode == 3 and "replace" in again.stderr
    cluster.nodectl("members", "remove", follower, "--force")
    assert follower not in roles(cluster)


def test_one_node_becomes_three_under_load(make_cluster):
    cluster = make_cluster(nodes=1)
    with Load(cluster, cluster.names()) as load:
        time.sleep(0.5)
        cluster.playground("add")
        cluster.playground("add")
        time.sleep(0.5)
    assert roles(cluster) == {"n1": "voter", "n2": "voter", "n3": "voter"}
    equal(cluster, ["n1", "n2", "n3"])
    assert load.count > 0
    load.verify()
    # Two of three decide: any one may go.
    victim = cluster.leader()
    cluster.kill(victim)
    assert write(cluster, "with-two")
    cluster.start(victim)
    equal(cluster, ["n1", "n2", "n3"])
    # All of them know it after a restart, by their logs alone.
    cluster.kill_all()
    for name in cluster.names():
        cluster.start(name)
    eventually(lambda: roles(cluster) == {"n1": "voter", "n2": "voter", "n3": "voter"}, "the logs know the members")
    assert write(cluster, "after-the-restart")


def test_three_nodes_become_five_and_three_again(cluster):
    with Load(cluster, cluster.names()) as load:
        cluster.playground("add")
        cluster.playground("add")
        assert set(roles(cluster).values()) == {"voter"} and len(roles(cluster)) == 5
        for name in ["n1", "n2"]:
            # From four to three, as many may fail as before; from five to four, one less.
            cluster.nodectl("members", "remove", name, "--force")
        time.sleep(0.5)
    assert set(roles(cluster)) == {"n3", "n4", "n5"}
    equal(cluster, ["n3", "n4", "n5"])
    load.verify(["n3", "n4", "n5"])


def test_a_node_without_its_disk_is_replaced_under_its_name(cluster):
    lost = cluster.followers()[0]
    write(cluster, "before")
    cluster.kill(lost)
    shutil.rmtree(cluster.path(cluster.node(lost)["data"]))
    cluster.start(lost)
    leader = cluster.leader()
    eventually(
        lambda: "members replace" in cluster.log(leader) + cluster.log(lost), "the way out is named")
    assert not facts(cluster, lost)["node"]["healthy"]
    with Load(cluster, cluster.names()) as load:
        cluster.nodectl("members", "replace", lost)
        time.sleep(0.3)
    assert roles(cluster)[lost] == "voter"
    cluster.converged()
    load.verify()


def test_another_node_takes_the_place_of_one_that_is_gone(cluster):
    lost = cluster.followers()[0]
    cluster.kill(lost)
    cluster.playground("add", "--learner")
    place = cluster.node("n4")
    cluster.nodectl(
        "members", "replace", lost, "n4", "--peer", place["peer"], "--client", place["client"], "--admin",
        place["admin"])
    assert roles(cluster) == {name: "voter" for name in ["n1", "n2", "n3", "n4"] if name != lost}
    assert write(cluster, "with-the-new-one")


def test_the_leader_is_removed_and_knows_it(cluster):
    leader = cluster.leader()
    others = cluster.followers()
    with Load(cluster, others) as load:
        time.sleep(0.3)
        cluster.nodectl("members", "remove", leader, "--force")
        time.sleep(0.5)
    assert set(roles(cluster)) == set(others)
    equal(cluster, others)
    load.verify(others)
    status = eventually(
        lambda: next((s for s in [facts(cluster, leader)] if any(
            reason["code"] == "not_a_member" for reason in s["node"]["reasons"])), None), "it knows it")
    assert not status["node"]["ready"]
    assert cluster.admin(leader, "/readyz")[0] == 503
    # It lives on beside them, and even starts again: no election comes of it.
    term = cluster.status()["term"]
    cluster.stop(leader)
    cluster.start(leader)
    time.sleep(2)
    assert cluster.status()["term"] == term
    assert write(cluster, "undisturbed")


def test_a_node_that_was_away_hears_of_its_removal(cluster):
    away = cluster.followers()[0]
    cluster.kill(away)
    cluster.nodectl("members", "remove", away, "--force")
    term = cluster.status()["term"]
    cluster.start(away)
    eventually(lambda: "is not a member" in cluster.log(away), "it is told")
    time.sleep(1)
    assert cluster.status()["term"] == term
    assert write(cluster, "undisturbed")


def test_who_was_away_elects_a_node_that_it_has_not_heard_of(cluster):
    away, lost = "n1", ["n2", "n3"]
    write(cluster, "before")
    cluster.kill(away)
    for old, new in zip(lost, ["n4", "n5"]):
        cluster.playground("add", "--learner")
        place = cluster.node(new)
        cluster.nodectl(
            "members", "replace", old, new, "--peer", place["peer"], "--client", place["client"], "--admin",
            place["admin"])
    assert roles(cluster) == {name: "voter" for name in [away, "n4", "n5"]}
    acknowledged = write(cluster, "by-the-new-ones")
    for name in [*lost, "n4", "n5"]:
        cluster.kill(name)
    # Its log names n1, n2 and n3, and only n4 can be elected.
    cluster.start("n4")
    cluster.start(away)
    assert cluster.leader() == "n4"
    assert acknowledged and cluster.client(away, plaintext=True).get("by-the-new-ones") == b"v"
