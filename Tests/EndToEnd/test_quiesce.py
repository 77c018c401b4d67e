"""Files held still while they are copied: a copy taken under load is a node at exactly the printed position."""

import json
import shutil
import subprocess
import time

from cluster import NODED, eventually
from load import Load


def data_of(cluster, name):
    return cluster.path(cluster.node(name)["data"])


def copied(cluster, name, copy, *more):
    return cluster.nodectl(
        "--output", "json", "quiesce", name, "--for", "30s", "--", "cp", "-a", str(data_of(cluster, name)), str(copy),
        *more)


def offline(cluster, name, directory):
    """What the program finds on a directory that no node runs on."""
    config = cluster.path(cluster.node(name)["config"])
    return subprocess.run(
        [NODED, "--config", str(config), "--data.directory", str(directory), "--rebuild-indexes"],
        capture_output=True, text=True, timeout=60)


def test_a_copy_taken_under_load_has_the_printed_digest_and_a_node_starts_on_it(cluster, directory):
    for name in (cluster.leader(), cluster.followers()[0]):
        copy = directory / f"copy-of-{name}"
        with Load(cluster, through=cluster.names()) as load:
            eventually(lambda: load.count > 200, "writes go on")
            # A snapshot may be under way when the files are held.
            cluster.nodectl_in_background("snapshot")
            before = load.count
            report = json.loads(copied(cluster, name, copy).stdout)
            assert report["held"] is True, report
            eventually(lambda: load.count > before + 100, "writes go on behind it")
        found = offline(cluster, name, copy)
        assert found.returncode == 0, found
        line = f"log: index {report['index']}, term {report['term']}, digest {report['digest']}"
        assert line in found.stdout, (report, found.stdout)
        # The node goes on from what the copy has, with all that came behind it from the others.
        cluster.stop(name)
        shutil.rmtree(data_of(cluster, name))
        shutil.copytree(copy, data_of(cluster, name), dirs_exist_ok=True)
        data_of(cluster, name).chmod(0o700)
        cluster.start(name)
        cluster.converged()
        load.verify()


def test_a_held_leader_goes_on_leading_and_writes_do_not_wait_for_its_disk(cluster):
    leader = cluster.leader()
    with Load(cluster, through=[leader]) as load:
        eventually(lambda: load.count > 100, "writes go on")
        holding = cluster.nodectl_in_background("quiesce", leader, "--for", "30s", "--", "sleep", "3")
        eventually(lambda: "files held" in cluster.log(leader), "the files are held")
        before = load.count
        time.sleep(1)
        assert load.count > before + 100, "writes wait although the followers have them"
        assert holding.wait(timeout=30) == 0
    assert cluster.leader() == leader
    cluster.converged()
    load.verify()


def test_a_hold_that_does_not_last_until_the_end_of_the_command_is_a_failure(cluster):
    name = cluster.followers()[0]
    done = cluster.nodectl("quiesce", name, "--for", "1s", "--", "sleep", "3", check=False)
    assert done.returncode == 1 and "did NOT stand still" in done.stdout, done
    assert "files no longer held" in cluster.log(name)
    failed = cluster.nodectl("quiesce", name, "--", "false", check=False)
    assert failed.returncode == 1 and "stood still until" in failed.stdout, failed
    cluster.converged()


def test_a_hold_without_a_command_is_ended_by_hand(cluster):
    name = cluster.followers()[0]
    nothing = cluster.nodectl("quiesce", name, "--release", check=False)
    assert nothing.returncode == 3 and "no files are held" in nothing.stderr, nothing
    report = json.loads(cluster.nodectl("--output", "json", "quiesce", name, "--for", "60s").stdout)
    assert report["digest"] and report["held"] is None
    again = cluster.nodectl("quiesce", name, check=False)
    assert again.returncode == 3 and "held already" in again.stderr, again
    assert "stood still until" in cluster.nodectl("quiesce", name, "--release").stdout
    cluster.client(cluster.leader(), plaintext=True).set("after", "it")
    cluster.converged()


def test_nothing_of_the_files_changes_while_they_are_held(cluster):
    name = cluster.followers()[0]

    def contents():
        return {str(path): path.read_bytes() for path in sorted(data_of(cluster, name).rglob("*")) if path.is_file()}

    with Load(cluster, through=cluster.names()) as load:
        eventually(lambda: load.count > 100, "writes go on")
        cluster.nodectl("quiesce", name, "--for", "60s")
        before = contents()
        cluster.nodectl_in_background("snapshot")
        count = load.count
        eventually(lambda: load.count > count + 500, "writes go on")
        assert contents() == before
        cluster.nodectl("quiesce", name, "--release")
    cluster.converged()
    load.verify()


def test_a_single_node_stalls_its_writes_and_loses_none(make_cluster):
    cluster = make_cluster(nodes=1)
    with Load(cluster, through=cluster.names()) as load:
        eventually(lambda: load.count > 100, "writes go on")
        cluster.nodectl("quiesce", "n1", "--for", "20s", "--", "sleep", "1")
        before = load.count
        eventually(lambda: load.count > before + 100, "writes go on behind it")
    load.verify()
    assert not load.errors, load.errors
