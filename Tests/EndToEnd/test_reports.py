"""Reports over an archive: sizes week by week, verifications, and whether there is a backup of today."""

import json
import shutil

from test_archive import CONFIG, archived, url
from test_restore import back_up, fill



def report(cluster, *arguments, place=None):
    done = cluster.nodectl("--output", "json", *arguments, "--archive", place or url(cluster), check=False)
    return done.returncode, json.loads(done.stdout)


def test_sizes_are_reported_and_a_backup_of_today_is_asked_for(make_cluster, directory):
    cluster = make_cluster(nodes=1, config=CONFIG, archive=None)
    fill(cluster, 0)
    archived(cluster)
    made = []
    for _ in range(3):
        fill(cluster, 0)
        made.append(back_up(cluster))
    code, found = report(cluster, "report", "storage")
    assert code == 0 and found["class"] == "normal" and found["newest_backup"] == made[-1]["backup_id"]
    assert sum(week["backups"] for week in found["weeks"]) >= 3
    assert found["weeks"][-1]["baseline_bytes"] == found["newest_bytes"] > 0
    assert report(cluster, "backup", "list", "--last", "3", "--check")[0] == 0
    # Ten times as much is not what those before it let expect.
    fill(cluster, 0, count=2000, size=200)
    back_up(cluster)
    code, found = report(cluster, "report", "storage")
    assert code == 1 and found["class"] == "suspicious" and found["deviation"] > 1
    told = cluster.nodectl("report", "storage", "--archive", url(cluster), check=False).stdout
    assert "BASELINE" in told and "suspicious" in told
    # An archive that has the log only.
    shutil.copytree(cluster.directory / "archive", directory / "archive")
    for path in (directory / "archive").glob("*/backups"):
        shutil.rmtree(path)
    place = f"file://{directory}/archive"
    code, found = report(cluster, "report", "storage", place=place)
    assert code == 1 and found["newest_backup"] is None
    code, found = report(cluster, "backup", "list", "--last", "3", "--check", place=place)
    assert code == 1 and found["backups"] == []
    assert report(cluster, "backup", "list", "--last", "3", place=place)[0] == 0


def test_verifications_are_summed_up(make_cluster):
    cluster = make_cluster(nodes=1, config=CONFIG, archive=None)
    fill(cluster, 0)
    back_up(cluster)
    archived(cluster)
    code, found = report(cluster, "report", "verification", "--days", "7")
    assert code == 1 and (found["successes"], found["failures"], found["target"]) == (0, 0, 0.95)
    assert not found["slower_than_data"]
    told = cluster.nodectl("report", "verification", "--archive", url(cluster), check=False)
    assert told.returncode == 1 and "0 proven, 0 failed" in told.stdout and "MISSED" in told.stdout
