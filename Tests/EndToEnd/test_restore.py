"""Restores as an operator does them at night: what is chosen, refused, left out and told, and what stays behind."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest

from cluster import NODECTL, Cluster, eventually, remove
from test_archive import CONFIG, archived, restore, url

RESTORE_PHASES = ["detect", "decide", "download", "decompress", "load", "replay", "index", "ready"]


def fill(cluster, number, count=200, size=100):
    client = cluster.client(cluster.leader(), plaintext=True)
    with client.pipeline(transaction=False) as pipe:
        for value in range(count):
            pipe.set(f"k{number}:{value}", str(number) * size)
        pipe.execute()


def back_up(cluster):
    return json.loads(cluster.nodectl("--output", "json", "backup", "create").stdout)


def damage(path):
    path.chmod(0o640)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def settled(cluster):
    """Everything that was acknowledged is in the archive."""
    cluster.converged()
    return archived(cluster)


def parts(cluster, backup):
    """The objects that only this backup needs: its newest pack's."""
    shown = json.loads(cluster.nodectl(
        "--output", "json", "backup", "show", backup["backup_id"], "--archive", url(cluster)).stdout)
    folder = shown["packs"][-1]["folder"]
    return sorted((cluster.directory / "archive").glob(f"*/packs/{folder}/*.zst"))


class Archive:
    """A copy of a recorded archive, which a test may damage, with what was recorded beside it."""

    def __init__(self, directory, recorded):
        self.directory = directory
        self.backups, self.record = recorded.backups, recorded.record
        shutil.copytree(recorded.directory / "archive", directory / "archive")

    def nodectl(self, *arguments):
        return subprocess.run([NODECTL, *arguments], capture_output=True, text=True, timeout=60, check=True)


@pytest.fixture(scope="module")
def recorded():
    """Three backups with log between and behind them, by one node, which runs."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="trireme-restore-"))
    (path / "cluster").mkdir()
    made = Cluster(path / "cluster", nodes=1, config=CONFIG, archive=None).up()
    made.backups = []
    for number in range(3):
        fill(made, number)
        made.backups.append(back_up(made))
    fill(made, 3)
    made.record = settled(made)
    yield made
    made.down()
    remove(path)


@pytest.fixture
def history(recorded, directory):
    return Archive(directory, recorded)


@pytest.fixture
def cluster(make_cluster):
    """One node with a backup and log behind it."""
    made = make_cluster(nodes=1, config=CONFIG, archive=None)
    fill(made, 0)
    back_up(made)
    fill(made, 1)
    return made


def start(cluster):
    cluster.playground("start", "n1")
    client = cluster.client("n1", plaintext=True)
    eventually(lambda: cluster.leader() and client.ping(), "the node serves")
    return client


def test_the_report_splits_the_time_and_a_log_tells_all_of_it(history, directory):
    target = directory / "target"
    done = subprocess.run(
        [NODECTL, "--output", "json", "restore", "--from", url(history), "--to", str(target)],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    phases = report["phases"]
    assert [name.removesuffix("_seconds") for name in phases] == [
        name for name in RESTORE_PHASES if f"{name}_seconds" in phases]
    assert abs(sum(phases.values()) - report["duration_seconds"]) < 1e-3
    assert {one["query"]: one["good"] for one in report["smoke"]} == {"known-key": True, "unknown-key": True}
    # A line for each, with sizes; the same in the file beside the target.
    log = pathlib.Path(f"{target}.restore.log").read_text()
    for name in phases:
        assert f"{name.removesuffix('_seconds')}: " in done.stderr and f"{name.removesuffix('_seconds')}: " in log
    assert "digest equal" in log
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["backup_id"] == report["backup_id"] == history.backups[-1]["backup_id"]
    for path in [target, *target.rglob("*")]:
        allowed = 0o750 if path.is_dir() else 0o640
        assert stat.S_IMODE(path.stat().st_mode) & ~allowed == 0, path


def test_a_log_is_left_by_a_failure_and_by_a_kill(history, directory):
    damage(parts(history, history.backups[-1])[0])
    target = directory / "target"
    done = restore(history, to=target, check=False)
    assert done.returncode == 1 and not target.exists()
    text = pathlib.Path(f"{target}.restore.log").read_text()
    assert "failed: object " in text
    # A pipe for an object: the restore waits for it, and is killed there.
    run = sorted((history.directory / "archive").glob("*/log/1/*.zst"))[0]
    run.unlink()
    os.mkfifo(run)
    killed = subprocess.Popen(
        [NODECTL, "restore", "--from", url(history), "--to", str(directory / "other"), "--index", "5"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = directory / "other.restore.log"
    eventually(lambda: log.exists() and "restore of index 5" in log.read_text(), "the log is begun")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (directory / "other").exists() and log.exists()


def test_the_newest_backup_that_verifies_is_found_by_itself(history, directory):
    damage(parts(history, history.backups[2])[0])
    damage(parts(history, history.backups[1])[0])
    plain = restore(history, to=directory / "plain", check=False)
    assert plain.returncode == 1 and "archive verify" in plain.stderr
    report = restore(history, "--newest-verified", to=directory / "verified")
    assert report["backup_id"] == history.backups[0]["backup_id"]
    assert [one["backup_id"] for one in report["passed_over"]] == [
        history.backups[2]["backup_id"], history.backups[1]["backup_id"]]
    assert report["digest"] == history.record["digest"] and report["proof"].startswith("digest equal")
    alone = restore(history, "--newest-verified", "--snapshot-only", to=directory / "alone")
    assert alone["entries_replayed"] == 0 and alone["record_count"] == history.backups[0]["record_count"]


def test_a_fallback_restores_what_can_be_and_says_what_is_lost(history, directory):
    for backup in history.backups[1:]:
        damage(parts(history, backup)[0])
    whole = restore(history, "--fallback", to=directory / "whole")
    assert whole["digest"] == history.record["digest"] and whole["fallback"]["lost_entries"] == 0
    # The log behind the first backup too.
    first = int(history.backups[0]["backup_id"].rsplit("-", 1)[1])
    runs = sorted((history.directory / "archive").glob("*/log/1/*.zst"))
    broken = next(path for path in runs if int(path.name[:20]) > first)
    for path in runs:
        if int(path.name[:20]) <= int(broken.name[21:41]) and int(path.name[21:41]) >= int(broken.name[:20]):
            damage(path)
    report = restore(history, "--fallback", to=directory / "less")
    reached = int(report["position"].split(":")[1])
    assert reached == int(broken.name[:20]) - 1
    lost = report["fallback"]
    assert lost["lost_entries"] == history.record["applied_index"] - reached and lost["lost_seconds"] > 0
    assert any(broken.name in one["object"] for one in lost["damaged"])
    done = subprocess.run(
        [NODECTL, "restore", "--from", url(history), "--to", str(directory / "told"), "--fallback"],
        capture_output=True, text=True, timeout=60)
    assert f"{lost['lost_entries']} entries" in done.stdout and "missing of what was wanted" in done.stdout


def test_a_best_effort_restores_all_else_and_names_the_slots_that_are_lost(history, directory):
    newest = history.backups[-1]
    shown = json.loads(history.nodectl(
        "--output", "json", "backup", "show", newest["backup_id"], "--archive", url(history)).stdout)
    assert len(shown["packs"]) > 1, "a backup that goes on from others"
    part = sorted((history.directory / "archive").glob(f"*/packs/{shown['packs'][0]['folder']}/*.zst"))[0]
    part.unlink()
    assert restore(history, "--snapshot-only", to=directory / "plain", check=False).returncode == 1
    wrong = restore(history, "--best-effort", "--fallback", to=directory / "plain", check=False)
    assert wrong.returncode == 2
    done = restore(history, "--best-effort", to=directory / "rest", check=False)
    assert done.returncode == 5, done.stderr
    report = json.loads(done.stdout)
    assert report["whole"] is False and report["derived"] is True and report["lost_slots"]
    assert [part.name in one["object"] for one in report["lost_parts"]] == [True]
    assert 0 < report["lost_records"] == history.record["keys"] - report["record_count"]
    assert json.loads((directory / "rest" / "manifest.json").read_text())["lost_slots"] == report["lost_slots"]
    told = subprocess.run(
        [NODECTL, "restore", "--from", url(history), "--to", str(directory / "told"), "--best-effort"],
        capture_output=True, text=True, timeout=60)
    assert told.returncode == 5 and "NOT WHOLE" in told.stdout and report["lost_slots"][0] in told.stdout


def test_a_missing_object_before_the_target_fails_with_the_nearest_point(history, directory):
    runs = sorted((history.directory / "archive").glob("*/log/1/*.zst"))
    last = int(history.backups[2]["backup_id"].rsplit("-", 1)[1])
    gone = next(path for path in runs if int(path.name[:20]) > last)
    for path in runs:
        if int(path.name[21:41]) >= int(gone.name[:20]) and int(path.name[:20]) <= int(gone.name[21:41]):
            path.unlink()
    end = history.record["applied_index"]
    for target in ([], ["--index", str(end)]):
        done = restore(history, *target, to=directory / "target", check=False)
        assert done.returncode == 3, done.stderr
        assert gone.name[:20] in done.stderr or "can not be restored" in done.stderr
        assert f"--index {int(gone.name[:20]) - 1}" in done.stderr or "only" in done.stderr
        assert not (directory / "target").exists()


def test_a_damaged_log_is_replaced_and_the_state_is_kept(cluster):
    # In objects of its own: the log ends there when those behind it go.
    fill(cluster, 3)
    settled(cluster)
    fill(cluster, 5)
    cluster.nodectl("snapshot")
    fill(cluster, 4)
    record = settled(cluster)
    cluster.playground("down")
    data = cluster.path(cluster.node("n1")["data"])
    for segment in data.glob("**/wal-*.seg"):
        damage(segment)
    report = restore(cluster, "--log-only", to=data)
    assert report["kept_snapshot_index"] > 0 and report["backup_id"] is None
    assert report["digest"] == record["digest"]
    assert pathlib.Path(report["put_aside"]).is_dir()
    assert start(cluster).get("k4:7") == b"4" * 100
    # Without the log where the state ends they do not meet.
    cluster.playground("down")
    kept = [int(path.stem.split("-")[1]) for path in (data / "snapshots").glob("*.manifest")]
    for path in (cluster.directory / "archive").glob("*/log/1/*.zst"):
        if int(path.name[21:41]) >= min(kept):
            path.unlink()
    done = restore(cluster, "--log-only", "--timeline", "1", to=data, check=False)
    assert done.returncode == 3 and "do not meet" in done.stderr, done.stderr


def test_a_bad_write_is_left_out_and_everybody_elses_are_there(cluster, directory):
    client = cluster.client("n1", plaintext=True)
    client.set("good", "1")
    client.mset({"k0:1": "wrong", "victim:2": "wrong"})
    client.set("later", "2")
    record = settled(cluster)
    report = restore(cluster, "--skip-keys", "victim:*", to=directory / "derived")
    assert report["derived"] is True and report["skipped_entries"] == 1
    assert report["filters"] == ["keys victim:*"] and len(report["skipped"]) == 1
    assert report["new_timeline"].startswith("2-") and report["proof"].startswith("derived")
    manifest = json.loads((directory / "derived" / "manifest.json").read_text())
    assert manifest["derived"] is True and manifest["filters"] == ["keys victim:*"]
    index = report["skipped"][0]["index"]
    again = restore(cluster, "--skip-index", f"{index}-{index}", to=directory / "by-index")
    assert again["digest"] == report["digest"] != record["digest"]
    bad = restore(cluster, "--skip-index", "20-10", to=directory / "bad", check=False)
    assert bad.returncode == 2 and "no range" in bad.stderr
    # A node starts from it.
    cluster.playground("down")
    restore(cluster, "--skip-keys", "victim:*", "--replace", to=cluster.path(cluster.node("n1")["data"]))
    client = start(cluster)
    assert client.get("k0:1") == b"0" * 100 and client.get("victim:2") is None
    assert (client.get("good"), client.get("later")) == (b"1", b"2")
    client.set("new", "3")
    # What it ships from here on is a line of its own, which begins with a backup: the old log never continues in it.
    back_up(cluster)
    record = settled(cluster)
    newest = restore(cluster, to=directory / "newest")
    assert newest["timeline"].startswith("2-") and newest["digest"] == record["digest"]


def test_a_restore_to_the_past_counts_what_it_takes_back(cluster, directory):
    client = cluster.client("n1", plaintext=True)
    index = settled(cluster)["applied_index"]
    before = client.dbsize()
    client.set("k0:1", "other")
    client.delete("k0:2", "k0:3")
    client.set("new", "1")
    settled(cluster)
    report = restore(cluster, "--index", str(index), "--compare", to=directory / "past")
    assert report["compared_with_newest"] | {"newest_position": None} == {
        "newest_position": None, "records_before": before - 1, "records_after": before,
        "keys_removed": 1, "keys_changed": 1, "keys_returned": 2}


def test_whoever_has_the_directory_is_named(recorded):
    data = recorded.path(recorded.node("n1")["data"])
    done = restore(recorded, to=data, check=False)
    assert done.returncode == 3
    assert f"noded, process {recorded.node('n1')['pid']}" in done.stderr, done.stderr


def test_too_little_room_is_told_before_anything_is_written(history, directory):
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 1; exec {NODECTL} restore --plan --from {url(history)} --to {directory}/target"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "estimate" in done.stdout
    assert not (directory / "target.restoring").exists() and not (directory / "target.restore.log").exists()


@pytest.mark.root
def test_a_small_file_system_is_refused_with_both_figures(history, directory):
    small = directory / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], check=True)
    try:
        done = restore(history, to=small / "target", check=False)
        assert done.returncode == 3, done.stderr
        assert "free, and the restore needs" in done.stderr
        assert sorted(path.name for path in small.iterdir()) in ([], ["target.restore.log"])
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.root
def test_files_belong_to_the_service_and_not_to_root(history, directory):
    place = directory / "service"
    place.mkdir()
    shutil.chown(place, "nobody", "nogroup")
    restore(history, to=place / "data")
    for path in [place / "data", *(place / "data").rglob("*")]:
        assert path.stat().st_uid == place.stat().st_uid, path
    restore(history, "--owner", "daemon", to=directory / "daemon")
    assert (directory / "daemon").owner() == "daemon"
    done = restore(history, "--owner", "no-such-user", to=directory / "x", check=False)
    assert done.returncode == 2 and "no such user" in done.stderr


def test_a_service_is_stopped_before_and_started_after(history, directory):
    tools = directory / "tools"
    tools.mkdir()
    script = tools / "systemctl"
    script.write_text(f"#!/bin/sh\necho \"$@\" >> {directory}/orders\n")
    script.chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    restore(history, "--service", "trireme", to=directory / "data", environment=environment)
    assert (directory / "orders").read_text().splitlines() == ["stop trireme", "start trireme"]
    log = (directory / "data.restore.log").read_text()
    assert log.index("systemctl stop") < log.index("load:") < log.index("systemctl start")


@pytest.mark.parametrize("nodes", [1, 5])
def test_an_archive_is_restored_into_a_cluster_of_another_size(make_cluster, recorded, directory, nodes):
    new = Cluster(directory / "new", nodes=nodes)
    make_cluster.made.append(new)
    done = new.playground(
        "restore", "--from", url(recorded), "--nodes", str(nodes), "--base-port", str(new.base_port), "--plaintext")
    assert "digest equal" in done.stdout and recorded.record["digest"] in done.stdout
    assert len(new.names()) == nodes
    new.healthy()
    client = new.client(new.leader(), plaintext=True)
    assert client.get("k2:7") == b"2" * 100
    client.set("after", "the restore")
    new.converged()


def test_a_member_of_the_cluster_as_it_was_is_not_let_in(make_cluster, directory):
    cluster = make_cluster(config=CONFIG, archive=None)
    fill(cluster, 1)
    settled(cluster)
    cluster.playground("down")
    old = cluster.path(cluster.node("n3")["data"])
    shutil.copytree(old, directory / "old")
    # What leaders wrote as they stopped may not be in the archive.
    cluster.playground("restore", "--from", url(cluster), "--replace")
    cluster.converged()
    # By mistake a node is started on what it had before.
    cluster.stop("n3")
    shutil.rmtree(old)
    shutil.move(directory / "old", old)
    cluster.playground("start", "n3", check=False)
    cluster.client(cluster.leader(), plaintext=True).set("after", "the restore")
    refused = eventually(
        lambda: [line for name in cluster.names() for line in cluster.log(name).splitlines() if "timeline" in line],
        "the refusal is told")
    assert refused
    records = {record["id"]: record for record in cluster.status()["nodes"]}
    assert not records["n3"]["healthy"]


def test_a_restore_from_an_archive_that_is_away_makes_nothing(history, directory):
    (history.directory / "archive").rename(history.directory / "away")
    done = restore(history, to=directory / "target", check=False)
    assert done.returncode == 1 and "no-container" in done.stderr
    new = Cluster(directory / "new", nodes=1)
    failed = new.playground("restore", "--from", url(history), "--base-port", str(new.base_port), check=False)
    assert failed.returncode == 1 and "no-container" in failed.stderr
    assert not (directory / "target").exists() and not (directory / "new" / "n1" / "data").exists()
    # Nobody runs that could serve an empty keyspace.
    assert not new.nodes_of_file()
