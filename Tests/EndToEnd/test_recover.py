"""A cluster whose majority is lost for good goes on from its only survivor, and keeps those away that it gave up."""

import json
import shutil
import subprocess

from cluster import NODECTL, NODED, eventually
from load import Load
from test_members import facts, roles

SURVIVOR, LOST = "n1", ["n2", "n3"]


def recover(cluster, *arguments, check=True):
    done = subprocess.run(
        [NODECTL, "--output", "json", "recover", "--unsafe-from-survivor", *arguments],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    if check:
        assert done.returncode == 0, f"{done.returncode} {done.stdout}\n{done.stderr}"
    return done


def data(cluster, name):
    return cluster.path(cluster.node(name)["data"])


def end(cluster, name, deadline=30):
    """Starts a node's program, waits until it ends, and gives its exit code and what it wrote."""
    done = subprocess.run(
        [NODED, "--config", str(cluster.path(cluster.node(name)["config"]))], capture_output=True, text=True,
        timeout=deadline)
    return done.returncode, done.stderr


def interrupt_start(cluster, name, pause):
    """Starts a node's program and kills it so many seconds later."""
    process = subprocess.Popen(
        [NODED, "--config", str(cluster.path(cluster.node(name)["config"]))], stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=pause)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def lose_majority(cluster):
    """Kills all, and takes the directories of the majority away; one is put aside for whoever wants to come back."""
    cluster.kill_all()
    for name in LOST:
        shutil.move(data(cluster, name), cluster.directory / f"{name}.lost")


def forget_lost(cluster):
    """The playground's description without the nodes that are gone."""
    path = cluster.directory / "cluster.json"
    described = json.loads(path.read_text())
    described["nodes"] = [node for node in described["nodes"] if node["id"] not in LOST]
    path.write_text(json.dumps(described))


def test_a_cluster_goes_on_from_its_only_survivor(cluster):
    with Load(cluster, cluster.names()) as load:
        eventually(lambda: load.count > 200, "writes are acknowledged")
        # What is acknowledged now, the survivor has as well: it is connected, and a majority needs it.
        for name in LOST[1:]:
            cluster.kill(name)
        before = load.count
        eventually(lambda: load.count > before + 200, "writes are acknowledged by two")
    cluster.start(LOST[1])
    lose_majority(cluster)
    lost = {name: dict(cluster.node(name)) for name in LOST}

    done = recover(cluster, "--config", str(cluster.path(cluster.node(SURVIVOR)["config"])), "--yes")
    told = json.loads(done.stdout)
    assert told["node"] == SURVIVOR and told["forgotten"] == LOST and told["timeline"] == 2
    assert told["last_index"] >= told["commit_index"] > 0
    for word in ["only member", "n2, n3", "lost", told["timeline_name"]]:
        assert word in done.stderr, done.stderr
    assert all(kept.startswith(str(data(cluster, SURVIVOR))) for kept in told["kept"]) and len(told["kept"]) == 2

    # Asked once more, it has begun and changes nothing.
    again = recover(cluster, "--data-dir", str(data(cluster, SURVIVOR)))
    assert json.loads(again.stdout)["timeline_name"] == told["timeline_name"] and "begun already" in again.stderr

    # Whatever the first starts come to, the next one finishes what they left.
    for pause in [0, 0.01, 0.03, 0.1, 0.3]:
        interrupt_start(cluster, SURVIVOR, pause)
    forget_lost(cluster)
    cluster.start(SURVIVOR)
    assert cluster.leader() == SURVIVOR
    assert roles(cluster) == {SURVIVOR: "voter"}
    load.verify([SURVIVOR])
    status = facts(cluster, SURVIVOR)["node"]
    assert (status["timeline"], status["timeline_name"]) == (2, told["timeline_name"])
    assert f"timeline {told['timeline_name']}" in cluster.nodectl("status").stdout

    # It becomes a cluster of three again, and the timeline is theirs also after a restart.
    described = cluster.file()
    described["nodes"] += [lost["n2"], lost["n3"]]
    (cluster.directory / "cluster.json").write_text(json.dumps(described))
    cluster.playground("add")
    cluster.playground("add")
    forget_lost(cluster)
    assert roles(cluster) == {SURVIVOR: "voter", "n4": "voter", "n5": "voter"}
    cluster.kill_all()
    for name in cluster.names():
        cluster.start(name)
    cluster.converged()
    assert {node["timeline_name"] for node in cluster.status()["nodes"]} == {told["timeline_name"]}
    load.verify(["n4"])

    # Who was given up comes back with what it had: it is refused, says so, and ends.
    term = cluster.status()["term"]
    described = cluster.file()
    described["nodes"].append(lost["n2"])
    (cluster.directory / "cluster.json").write_text(json.dumps(described))
    shutil.move(cluster.directory / "n2.lost", data(cluster, "n2"))
    code, text = end(cluster, "n2")
    assert code == 65, text
    assert "was recovered without this node" in text and told["timeline_name"] in text and "members add" in text
    forget_lost(cluster)
    assert cluster.status()["term"] == term
    assert cluster.client(SURVIVOR, plaintext=True).set("undisturbed", "v")


def test_nothing_is_recovered_without_a_word(cluster):
    place = str(data(cluster, SURVIVOR))
    running = recover(cluster, "--data-dir", place, "--yes", check=False)
    assert running.returncode == 1 and "in use by another process" in running.stderr
    cluster.kill_all()
    unasked = recover(cluster, "--data-dir", place, check=False)
    assert unasked.returncode == 3 and "--yes" in unasked.stderr
    bare = subprocess.run([NODECTL, "recover", "--data-dir", place], capture_output=True, text=True, timeout=60)
    assert bare.returncode == 2 and "--unsafe-from-survivor" in bare.stderr
    nothing = recover(cluster, "--data-dir", str(cluster.directory), "--yes", check=False)
    assert nothing.returncode == 1 and "identity" in nothing.stderr
    # Whoever runs would be given up: that takes more than a slip.
    cluster.start("n2")
    mistaken = recover(
        cluster, "--config", str(cluster.path(cluster.node(SURVIVOR)["config"])), "--yes", check=False)
    assert mistaken.returncode == 3 and cluster.node("n2")["peer"] in mistaken.stderr
    # Nothing of that has changed anything.
    for name in cluster.names():
        cluster.start(name)
    cluster.converged()
    assert facts(cluster, SURVIVOR)["node"]["timeline"] == 1
