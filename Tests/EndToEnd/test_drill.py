"""Drills: disasters on a scratch copy, measured, reported, and kept in the archive."""

import json
import os
import pathlib
import subprocess

import pytest

from cluster import NODECTL
from test_archive import CONFIG, archived, url


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """An archive with two backups, of a cluster that is gone."""
    from cluster import Cluster

    cluster = Cluster(tmp_path_factory.mktemp("drill") / "cluster", nodes=1, config=CONFIG, archive=None)
    try:
        cluster.up()
        client = cluster.client("n1", plaintext=True)
        for number in range(400):
            client.set(f"key:{number}", number)
            if number in (150, 300):
                cluster.nodectl("backup", "create")
        archived(cluster)
    finally:
        cluster.down()
    return cluster


def nodectl(*words, check=0):
    done = subprocess.run([NODECTL, *map(str, words)], capture_output=True, text=True, timeout=150)
    assert done.returncode == check, f"{words}: {done.returncode} {done.stdout}\n{done.stderr}"
    return done


def drill(directory, *words, check=0):
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    done = nodectl("--output", "json", "drill", "run", "--scratch", scratch, *words, check=check)
    assert not list(scratch.iterdir()), "the scratch copy is left"
    return json.loads(done.stdout)


def test_everything_is_lost_and_one_command_proves_that_it_comes_back(source, directory):
    place = url(source)
    checks = directory / "checks"
    checks.write_text("# of the shop\nGET no-such-key => (nil)\nTYPE key:1 => string\n")
    reports = directory / "reports"
    record = drill(directory, "--from", place, "--checks", checks, "--report", reports)
    assert record["verdict"] == "passed", record
    assert record["scenario"] == "total-loss"
    listed = nodectl("--output", "json", "drill", "list", "--from", place).stdout
    assert record["drill_id"] in listed
    shown = json.loads(nodectl("--output", "json", "drill", "show", "--from", place, record["drill_id"]).stdout)
    assert shown == record
    again = drill(directory, "--from", place, "--seed", record["seed"], "--no-record")
    assert again["source"]["index"] == record["source"]["index"]
    kept = {path.suffix: path for path in reports.iterdir()}
    assert set(kept) == {".md", ".html", ".json"}
    assert "<svg" in kept[".html"].read_text()
    assert "whole" in nodectl("drill", "verify-report", kept[".json"]).stdout
    changed = kept[".json"].read_text().replace("passed", "failed", 1)
    kept[".json"].write_text(changed)
    nodectl("drill", "verify-report", kept[".json"], check=1)


def test_a_wrong_expectation_and_a_budget_fail_a_drill_and_say_why(source, directory):
    checks = directory / "checks"
    checks.write_text("GET no-such-key => there\n")
    record = drill(directory, "--from", url(source), "--checks", checks, check=1)
    failed = [item for item in record["checks"] if not item["passed"]]
    assert [(item["expected"], item["found"]) for item in failed] == [("there", "(nil)")]
    late = drill(directory, "--from", url(source), "--rto", 0, check=1)
    assert late["verdict"] == "over-budget", late


def test_a_backup_is_verified_by_a_node_that_starts_on_it(source, directory):
    done = nodectl("backup", "verify", "--full", "--archive", url(source), "--scratch", directory)
    assert "digest" in done.stdout


@pytest.mark.parametrize("scenario", ["lost-leader", "corrupt-log", "bad-write"])
def test_other_disasters_are_rehearsed_with_records_made_up(directory, scenario):
    record = drill(directory, "--scenario", scenario)
    assert record["verdict"] == "passed", record
    assert record["lost_entries"] == 0, record
