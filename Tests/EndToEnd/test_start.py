"""Starting wrong: each mistake is named with its remedy, exits with the agreed code, and touches no data."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from cluster import NODECTL, NODED, eventually


def run_noded(config, *arguments, timeout=30):
    return subprocess.run(
        [NODED, "--config", str(config), *arguments], capture_output=True, text=True, timeout=timeout)


def config_of(cluster, name):
    return cluster.path(cluster.node(name)["config"])


def test_an_unknown_key_is_named_with_the_nearest_known_one(cluster):
    config = config_of(cluster, "n1")
    wrong = config.parent / "wrong.yaml"
    wrong.write_text(config.read_text() + "\nelection_timeot: 1s\n")
    done = run_noded(wrong, "--check-config")
    assert done.returncode == 78
    assert "election_timeot" in done.stderr


def test_a_good_configuration_is_confirmed(cluster):
    assert run_noded(config_of(cluster, "n1"), "--check-config").returncode == 0


def test_a_missing_configuration_is_a_configuration_error(directory):
    done = run_noded(directory / "nothing.yaml")
    assert done.returncode == 78
    assert "nothing.yaml" in done.stderr


def test_bad_usage_exits_with_64():
    assert subprocess.run([NODED, "--nonsense"], capture_output=True, timeout=30).returncode == 64


def test_a_second_process_on_the_same_directory_is_refused(cluster):
    client = cluster.client("n1")
    client.set("first", "process")
    done = run_noded(config_of(cluster, "n1"))
    assert done.returncode in (1, 78)
    assert "n1" in done.stderr or "in use" in done.stderr or "lock" in done.stderr
    assert client.get("first") == b"process"
    cluster.converged()


def test_a_port_in_use_is_named(cluster):
    cluster.kill("n1")
    other = cluster.node("n2")["client"]
    config = config_of(cluster, "n1")
    taken = config.parent / "taken.yaml"
    taken.write_text(config.read_text().replace(cluster.node("n1")["client"], other))
    done = run_noded(taken)
    assert done.returncode in (1, 78)
    assert other.rsplit(":", 1)[1] in done.stderr


def holding(address):
    """A socket that listens there, as soon as the process that did has let go."""
    host, port = address.rsplit(":", 1)
    return eventually(lambda: socket.create_server((host, int(port))), f"{address} is free")


def test_a_start_waits_for_a_port_that_a_dying_process_has_not_let_go_yet(cluster):
    cluster.kill("n1")
    with holding(cluster.node("n1")["client"]) as dying:
        release = threading.Timer(0.5, dying.close)
        release.start()
        cluster.start("n1")
        release.join()
    cluster.converged()


def test_a_start_gives_up_on_a_port_that_somebody_keeps(cluster):
    cluster.kill("n1")
    address = cluster.node("n1")["client"]
    with holding(address):
        done = cluster.playground("start", "n1", check=False)
    assert done.returncode != 0
    assert f"port {address} (`listen.client`) is in use" in done.stderr


def test_a_data_directory_of_another_node_is_refused(cluster):
    cluster.client("n1").set("kept", "x")
    cluster.kill("n1")
    cluster.kill("n2")
    one, two = (cluster.path(cluster.node(name)["data"]) for name in ("n1", "n2"))
    spare = one.parent / "spare"
    one.rename(spare)
    shutil.copytree(two, one)
    done = run_noded(config_of(cluster, "n1"))
    assert done.returncode != 0
    assert "n2" in done.stderr, done.stderr
    shutil.rmtree(one)
    spare.rename(one)
    cluster.start("n1")
    cluster.start("n2")
    cluster.converged()


def test_a_data_directory_of_another_cluster_is_refused(cluster, make_cluster):
    stranger = make_cluster("stranger")
    stranger.client("n1").set("from", "elsewhere")
    stranger.kill("n1")
    cluster.kill("n1")
    mine, other = (each.path(each.node("n1")["data"]) for each in (cluster, stranger))
    spare = mine.parent / "spare"
    mine.rename(spare)
    shutil.copytree(other, mine)
    done = run_noded(config_of(cluster, "n1"))
    assert done.returncode != 0
    assert "cluster" in done.stderr, done.stderr
    shutil.rmtree(mine)
    spare.rename(mine)
    cluster.start("n1")
    cluster.converged()


def test_a_node_whose_data_was_wiped_does_not_vote_under_its_old_name(cluster):
    for number in range(100):
        cluster.client("n1").set(f"wipe:{number}", number)
    victim = cluster.followers()[0]
    cluster.kill(victim)
    shutil.rmtree(cluster.path(cluster.node(victim)["data"]))
    cluster.playground("start", victim, check=False)
    # The other two go on and lose nothing, whatever the wiped node does.
    eventually(lambda: cluster.client(cluster.leader()).set("goes", "on"), "writes go on")
    assert cluster.client(cluster.leader()).get("wipe:99") == b"99"


def test_up_again_starts_what_is_stopped_and_changes_nothing_else(cluster):
    cluster.client("n1").set("before", "x")
    before = {node["id"]: node["pid"] for node in cluster.nodes_of_file()}
    victim = cluster.followers()[0]
    cluster.kill(victim)
    cluster.playground("up", "--base-port", str(cluster.base_port), "--nodes", "3", "--plaintext")
    after = {node["id"]: node["pid"] for node in cluster.nodes_of_file()}
    assert {name for name in before if before[name] != after[name]} == {victim}
    cluster.converged()
    assert cluster.client(victim).get("before") == b"x"


def test_an_archive_that_is_not_there_is_refused_before_anything_is_made(directory):
    missing = directory / "missing"
    done = subprocess.run(
        [NODECTL, "playground", "up", "--dir", str(directory / "cluster"), "--archive", f"file://{missing}"],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 3 and f"file://{missing}: there is no such directory" in done.stderr
    assert not missing.exists() and not (directory / "cluster" / "cluster.json").exists()


def test_one_node_alone_is_a_cluster(make_cluster):
    alone = make_cluster("alone", nodes=1)
    client = alone.client("n1")
    assert client.set("one", "node")
    alone.kill("n1")
    alone.start("n1")
    eventually(lambda: alone.client("n1").get("one") == b"node", "the record is back")


def test_a_start_tells_how_much_of_its_log_it_has_applied(make_cluster):
    alone = make_cluster("alone", nodes=1)
    client = alone.client("n1")
    for number in range(500):
        client.set(f"replayed:{number}", "x")
    alone.kill("n1")
    before = len(alone.log("n1"))
    alone.start("n1")
    eventually(lambda: '"node ready"' in alone.log("n1")[before:], "the node is ready")
    ended = [line for line in alone.log("n1")[before:].splitlines() if '"phase ended"' in line]
    replay = next(line for line in ended if "phase=replaying" in line)
    # What was written last may not have been known to be committed, and a new term adds a few of its own.
    found = re.search(r" entries=([0-9]+) entries.per-second=([0-9]+) .* seconds=([0-9.e-]+)", replay)
    assert found and 490 <= int(found[1]) <= 520 and int(found[2]) > 0 and float(found[3]) > 0, replay
    # Nothing but a replay has applied anything.
    assert all("entries" not in line for line in ended if line != replay), ended


def test_writes_are_taken_from_the_start_with_segments_of_any_size(make_cluster):
    for name, config in [("default", None), ("small", "log.segment-size: 64KiB\n")]:
        cluster = make_cluster(name, config=config)
        client = cluster.client("n1")
        for number in range(100):
            assert client.set(f"value:{number}", bytes(100) + os.urandom(20_000))
        cluster.converged()
        for node in cluster.names():
            assert "log has no room" not in cluster.log(node)
        cluster.down()


def test_cores_are_kept_awake_while_nodes_work_where_that_was_asked_for(make_cluster):
    device = "/dev/cpu_dma_latency"
    cluster = make_cluster(config="cpu.latency-max: 0s\n")
    client = cluster.client("n1")
    assert client.set("goes", "on")
    if not os.access(device, os.R_OK | os.W_OK):
        assert all("`cpu.latency-max` has no effect" in cluster.log(name) for name in cluster.names())
        return

    def holds(name):
        directory = pathlib.Path(f"/proc/{cluster.node(name)['pid']}/fd")
        return device in [os.readlink(file) for file in directory.iterdir() if file.is_symlink()]

    eventually(lambda: client.set("goes", "on") and all(holds(name) for name in cluster.names()), "all hold it")
    eventually(lambda: not any(holds(name) for name in cluster.names()), "all let it go")
