"""A short campaign, and the campaign's own tools: what is to find lost writes must be seen to find them."""

import os
import pathlib
import random
import subprocess
import sys

import pytest

from cluster import TOP

sys.path.insert(0, str(TOP / "Tests" / "Campaign"))

import history  # noqa: E402
import search  # noqa: E402
from disk import Disk  # noqa: E402

CAMPAIGN = [sys.executable, str(TOP / "Tests" / "Campaign" / "campaign.py")]


def campaign(*arguments, timeout=170):
    """Runs it, shows what it says, and returns that."""
    environment = os.environ | {"PYTHONPATH": str(TOP / "Tests" / "Campaign")}
    done = subprocess.run(
        [*CAMPAIGN, *arguments], capture_output=True, text=True, timeout=timeout, env=environment)
    print(done.stdout[-4000:], done.stderr[-4000:])
    assert done.returncode == 0
    return done.stdout


# The campaign itself.

@pytest.mark.parametrize("scenario", [
    "new-directories", "power-cuts", "control", "clock-jumps", "failing-sync", "failing-reads", "full-disks"])
def test_a_fault_by_itself_leads_to_what_is_documented(scenario):
    """`new-directories`: a new node's directories survive a power cut; the others likewise, see scenarios.py."""
    assert f"scenario {scenario}: " in campaign("scenario", scenario)


@pytest.mark.root
def test_a_mix_of_kills_power_cuts_and_partitions_loses_nothing():
    output = campaign("--time", "15s", "--faults", "kill,power,pause,network", "--every-fault")
    assert output.splitlines()[-1].endswith(", ok")


def test_flipped_bits_are_repaired_or_harmless():
    output = campaign("bitflips", "--trials", "20")
    assert "20 trials" in output and "repaired" in output


# The disk that forgets. The program below stands in for a node.

def on_disk(directory, program):
    """Runs a Python program in `root` below the directory, on the disk that forgets; returns that disk."""
    root = directory / "root"
    root.mkdir(exist_ok=True)
    disk = Disk(root, directory / "side")
    subprocess.run(
        [sys.executable, "-c", "import os\n" + program], check=True, cwd=root,
        env=os.environ | disk.environment() | {"ROOT": str(root.resolve())})
    return disk


OPEN = """
root = os.environ["ROOT"]
def make(name, content):
    file = os.open(f"{root}/{name}", os.O_RDWR | os.O_CREAT)
    os.pwrite(file, content, 0)
    return file
def sync_directory():
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(directory)
    os.close(directory)
"""


def read(directory, name):
    path = pathlib.Path(directory) / "root" / name
    return path.read_bytes() if path.exists() else None


def test_a_power_cut_takes_what_was_not_synced_and_only_that(directory):
    disk = on_disk(directory, OPEN + """
file = make("a", b"synced")
os.fdatasync(file)
sync_directory()
os.pwrite(file, b"unsynced", 0)
""")
    assert read(directory, "a") == b"unsynced"
    disk.cut_power(random.Random(1), "nothing")
    assert read(directory, "a") == b"synced"


def test_a_power_cut_takes_names_that_no_directory_sync_kept(directory):
    disk = on_disk(directory, OPEN + """
os.fsync(make("kept", b"1"))
sync_directory()
os.fsync(make("lost", b"2"))
os.rename(f"{root}/kept", f"{root}/renamed")
""")
    disk.cut_power(random.Random(1), "nothing")
    assert (read(directory, "kept"), read(directory, "lost"), read(directory, "renamed")) == (b"1", None, None)


def test_a_power_cut_brings_back_what_was_removed_or_replaced(directory):
    disk = on_disk(directory, OPEN + """
for name in "abc":
    os.fsync(make(name, name.encode()))
sync_directory()
os.unlink(f"{root}/a")
os.rename(f"{root}/b", f"{root}/c")
""")
    assert (read(directory, "a"), read(directory, "b"), read(directory, "c")) == (None, None, b"b")
    disk.cut_power(random.Random(1), "nothing")
    assert (read(directory, "a"), read(directory, "b"), read(directory, "c")) == (b"a", b"b", b"c")


def test_what_a_failed_sync_was_to_keep_is_not_kept_by_the_next_one(directory):
    root = directory / "root"
    root.mkdir()
    Disk(root, directory / "side")  # makes the control file, which the program sets by itself
    disk = on_disk(directory, OPEN + f"""
import struct
file = make("a", b"old")
os.fsync(file)
sync_directory()
os.pwrite(file, b"new", 0)
with open({str(directory / "side" / "control")!r}, "r+b") as control:
    control.seek(12)
    control.write(struct.pack("<i", 1))
try:
    os.fdatasync(file)
    raise SystemExit("the sync did not fail")
except OSError:
    pass
os.fdatasync(file)
""")
    disk.cut_power(random.Random(1), "nothing")
    assert read(directory, "a") == b"old"


def test_a_sync_that_lies_keeps_nothing(directory):
    disk = on_disk(directory, OPEN + f"""
import struct
file = make("a", b"old")
os.fsync(file)
sync_directory()
with open({str(directory / "side" / "control")!r}, "r+b") as control:
    control.seek(8)
    control.write(struct.pack("<i", -1))
os.pwrite(file, b"new", 0)
os.fdatasync(file)
""")
    disk.cut_power(random.Random(1), "nothing")
    assert read(directory, "a") == b"old"


def test_a_power_cut_tears_writes_at_sectors_and_leaves_the_rest(directory):
    program = OPEN + """
file = make("a", b"o" * 4096)
os.fsync(file)
sync_directory()
os.pwrite(file, b"n" * 2048, 1024)
"""
    torn = set()
    for seed in range(20):
        disk = on_disk(directory, program)
        disk.cut_power(random.Random(seed), "sectors")
        after = read(directory, "a")
        assert len(after) == 4096 and after[:1024] == b"o" * 1024 and after[3072:] == b"o" * 1024
        torn.add(after)
        (directory / "root" / "a").unlink()
    assert len(torn) > 10


# The checks of histories.

def judged(*lines):
    operations = []
    for line in lines:
        call, end, client, name, key, argument, result = line.split()
        operations.append(history.Operation(
            int(call), int(end) if end != "-" else 0, int(client), name, key, argument, result))
    return history.violations(operations), search.search(operations)


def test_a_history_of_one_copy_passes():
    assert judged(
        "1 2 1 set register:0:0 a ok", "3 - 2 set register:0:0 b ?", "4 5 1 get register:0:0 - =a",
        "6 7 1 get register:0:0 - =b", "1 4 1 incr counter:0:0 - #1", "2 3 2 incr counter:0:0 - #2",
        "5 6 1 get counter:0:0 - =2", "1 2 1 append list:0:0 xx #2", "3 - 1 append list:0:0 yy ?",
        "5 6 1 get list:0:0 - =xxyy", "7 8 2 append list:0:0 zz #6", "1 2 1 set mixed:0:0 a ok",
        "3 6 2 del mixed:0:0 - #1", "4 5 1 append mixed:0:0 b #1", "7 8 1 setnx mixed:0:0 c nil") == ([], ([], 0))


@pytest.mark.parametrize("what, lines", [
    ("lost", ["1 2 1 set register:0:0 a ok", "3 4 2 get register:0:0 - nil"]),
    ("stale", ["1 2 1 set register:0:0 a ok", "3 4 1 set register:0:0 b ok", "5 6 2 get register:0:0 - =a"]),
    ("nobody wrote", ["1 2 1 get register:0:0 - =a"]),
    ("nobody wrote", ["1 2 1 set register:0:0 a !", "3 4 1 get register:0:0 - =a"]),
    ("same number", ["1 2 1 incr counter:0:0 - #1", "3 4 2 incr counter:0:0 - #1"]),
    ("older than", ["1 2 1 incr counter:0:0 - #5", "3 4 2 get counter:0:0 - =4"] + ["1 - 3 incr counter:0:0 - ?"] * 4),
    ("lost", ["1 2 1 append list:0:0 xx #2", "3 4 2 append list:0:0 yy #2", "5 6 2 get list:0:0 - =yy"]),
    ("twice", ["1 2 1 append list:0:0 xx #2", "3 4 2 get list:0:0 - =xxxx"]),
    ("no beginning", ["1 9 1 get list:0:0 - =xx", "2 8 2 get list:0:0 - =yyxx"]),
])
def test_a_history_that_no_single_copy_could_have_made_is_found(what, lines):
    found, (impossible, undecided) = judged(*lines)
    assert any(what in sentence for sentence in found), found
    assert len(impossible) == 1 and undecided == 0


@pytest.mark.parametrize("lines", [
    ["1 2 1 set mixed:0:0 a ok", "3 4 1 del mixed:0:0 - #0"],
    ["1 2 1 set mixed:0:0 a ok", "3 4 2 setnx mixed:0:0 b ok"],
    ["1 2 1 set mixed:0:0 a ok", "3 4 2 append mixed:0:0 b #1"],
    ["1 9 1 set register:0:0 a ok", "2 3 2 get register:0:0 - =a", "4 5 3 get register:0:0 - nil"],
])
def test_the_search_finds_what_the_simpler_checks_do_not(lines):
    assert len(judged(*lines)[1][0]) == 1
