"""After a restore: six questions to the cluster, compared with the restore's report or with the archive."""

import json

from cluster import Cluster
from test_archive import CONFIG, archived, url
from test_restore import back_up, fill


def checks(cluster, *arguments):
    done = cluster.nodectl("--output", "json", "doctor", "--after-restore", *arguments, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["passed"] else 1), done.stderr
    return {one["check"]: one for one in found["checks"]}


def failed(found):
    return [name for name, one in found.items() if not one["passed"]]


def test_a_restored_cluster_passes_until_its_state_is_another(make_cluster):
    cluster = make_cluster(nodes=1, config=CONFIG, archive=None)
    fill(cluster, 0)
    back_up(cluster)
    fill(cluster, 1)
    archived(cluster)
    found = checks(cluster)
    assert failed(found) == ["state"] and "no restore.json" in found["state"]["found"]
    cluster.playground("down")
    cluster.playground("restore", "--from", url(cluster), "--replace")
    cluster.converged()
    found = checks(cluster)
    assert list(found) == ["process", "state", "read", "write", "metrics", "page"]
    assert failed(found) == [] and "restore.json" in found["state"]["found"]
    told = cluster.nodectl("doctor", "--after-restore").stdout.splitlines()
    assert len(told) == 6 and all(line.startswith("pass  ") for line in told)
    # Its own key is gone again, so asking twice says the same; the archive has all of it.
    assert failed(checks(cluster, "--from", url(cluster))) == []
    client = cluster.client("n1", plaintext=True)
    assert client.dbsize() == 400
    client.set("more", "1")
    cluster.converged()
    found = checks(cluster)
    assert failed(found) == ["state"] and "entries came since" in found["state"]["found"]
    assert failed(checks(cluster, "--from", url(cluster))) == []


def test_a_copy_that_ships_elsewhere_is_compared_at_the_point_that_its_restore_noted(make_cluster, directory):
    cluster = make_cluster(nodes=1, config=CONFIG, archive=None)
    fill(cluster, 0)
    back_up(cluster)
    index = archived(cluster)["applied_index"]
    fill(cluster, 1)
    archived(cluster)
    copy = Cluster(directory / "copy", nodes=1)
    make_cluster.made.append(copy)
    copy.playground("restore", "--from", url(cluster), "--index", str(index), "--nodes", "1", "--base-port",
                    str(copy.base_port))
    copy.converged()
    assert failed(checks(copy)) == []
    found = checks(copy, "--from", url(cluster))
    assert failed(found) == [] and f"at index {index}" in found["state"]["found"]


def test_a_cluster_that_does_not_run_fails_each_question(directory):
    cluster = Cluster(directory / "cluster", nodes=1).up()
    cluster.down()
    found = checks(cluster)
    assert failed(found) == list(found) and len(found) == 6
    done = cluster.nodectl("doctor", "--smoke", "--after-restore", check=False)
    assert done.returncode == 2
