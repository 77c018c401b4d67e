#!/usr/bin/env python3
"""Measures a restore beside the least that one can be: plain copies of the same objects, and `zstd -d` of each.

    loadtest/compare/restore.py [--records 10000000] [--runs 3] [--scratch /var/tmp] [--archive DIR] [--cold]

One node with an archive in a directory is filled with records (keys of 16 bytes, values of 100) and backed up; three
tenths of them are written again, backed up again, and a hundredth once more. Then two restores are measured: to the
newest entry, and to the time in the middle of the second writing. Before each, what it has to be measured by: `cp` and
`zstd -d` of the objects that its plan names, two at a time, with `sync` of the files at the end. The order alternates.
`--archive` uses one that was made before (`--keep` leaves it). A restore that does not prove its digest is an error.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from restart import TOP, cold, fill_redis, pairs, until, values  # noqa: E402

import random  # noqa: E402


def control(programs, *words):
    done = subprocess.run([programs / "nodectl", "--output", "json", *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"nodectl {' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else None


class Source:
    """An archive, and the moments to restore."""

    def __init__(self, programs, directory):
        self.programs, self.directory = programs, directory
        self.url = f"file://{directory}/archive"

    def fill(self, records, base_port):
        words = ("--dir", self.directory)
        config = self.directory.with_suffix(".yaml")
        config.write_text("snapshot.log-min: 64GiB\nsnapshot.interval: 0s\n")
        control(self.programs, "playground", "up", "--nodes", 1, "--plaintext", "--base-port", base_port, *words,
                "--config", config)
        token = (self.directory / "pki/client.token").read_text().strip()
        client = ["redis-cli", "-p", str(base_port + 4), "-a", token, "--no-auth-warning"]
        cluster = ("--cluster", self.directory / "cluster.json")
        fill_redis(pairs(records), client)
        control(self.programs, *cluster, "backup", "create")
        self.rewrite(records, records * 15 // 100, 9, client)
        middle = time.time()
        self.rewrite(records, records * 15 // 100, 10, client)
        control(self.programs, *cluster, "backup", "create")
        self.rewrite(records, records // 100, 11, client)
        until(lambda: self.is_archived(cluster))
        control(self.programs, "playground", "down", *words)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(middle))
        (self.directory / "middle").write_text(stamp)

    @staticmethod
    def rewrite(records, count, seed, client):
        pool, source = values(), random.Random(seed)
        chosen = (source.randrange(records) for _ in range(count))
        fill_redis(((b"key:%012d" % key, b"%012d%s" % (key, pool[key + seed & 4095])) for key in chosen), client)

    def is_archived(self, cluster):
        status = control(self.programs, *cluster, "status")["nodes"][0]
        listed = control(self.programs, "archive", "list", "--archive", self.url, "--last", 1)
        return listed["objects"][-1]["last_index"] >= status["applied_index"]

    def target(self, is_latest):
        return () if is_latest else ("--at", (self.directory / "middle").read_text())

    def objects(self, is_latest):
        """What a restore fetches, as paths."""
        plan = control(self.programs, "restore", "--from", self.url, "--to", self.directory / "none", "--plan",
                       *self.target(is_latest))
        root = self.directory / "archive"
        found = [root / name for name in plan["objects"]]
        if plan["backup_id"]:
            backup = control(self.programs, "backup", "show", plan["backup_id"], "--archive", self.url)
            for pack in backup["packs"]:
                for part in pack["parts"]:
                    folder = root / plan["cluster_id"] / "packs" / pack["folder"]
                    found.append(folder / f"{part['offset']:020}.pack.zst")
        return found, plan


def settle(directory):
    """What was written before is on the disk, and gone, before the clock runs."""
    shutil.rmtree(directory, ignore_errors=True)
    os.sync()


def plain(objects, directory):
    """Copies and decompresses the objects, two at a time, and brings the result to the disk."""
    directory.mkdir()
    script = 'cp "$1" "$0/${1##*/}.$$" && zstd -dq --rm "$0/${1##*/}.$$" -o "$0/$$.plain"'
    began = time.monotonic()
    subprocess.run(["xargs", "-0", "-P", "2", "-n", "1", "sh", "-c", script, str(directory)], check=True,
                   input=b"\0".join(str(path).encode() for path in objects))
    subprocess.run(["sync", *directory.iterdir()], check=True)
    return time.monotonic() - began


def restore(source, target, directory):
    began = time.monotonic()
    report = control(source.programs, "restore", "--from", source.url, "--to", directory, *target)
    took = time.monotonic() - began
    if not report["proof"].startswith("digest equal"):
        sys.exit(f"no proof: {report['proof']}")
    return took, report


def told(times):
    return f"{statistics.median(times):6.2f} s ({min(times):.2f}-{max(times):.2f})"


def measure(source, is_latest, options, scratch):
    objects, plan = source.objects(is_latest)
    size = sum(path.stat().st_size for path in objects)
    (ours, theirs, phases) = ([], [], [])
    for number in range(options.runs):
        def by_hand():
            settle(scratch / "plain")
            if options.cold:
                cold([source.directory / "archive"])
            theirs.append(plain(objects, scratch / "plain"))
            shutil.rmtree(scratch / "plain")

        def by_restore():
            settle(scratch / "restored")
            (scratch / "restored.restore.log").unlink(missing_ok=True)
            if options.cold:
                cold([source.directory / "archive"])
            took, report = restore(source, source.target(is_latest), scratch / "restored")
            ours.append(took)
            phases.append(report)
            shutil.rmtree(scratch / "restored")

        for run in (by_hand, by_restore) if number % 2 == 0 else (by_restore, by_hand):
            run()
    share = statistics.median(theirs) / statistics.median(ours)
    print(f"{'latest' if is_latest else 'middle'}: {len(objects)} objects, {size / 1e6:.0f} MB, "
          f"{plan['entries']} entries to replay, {phases[0]['record_count']} records")
    print(f"  cp and zstd -d   {told(theirs)}")
    print(f"  nodectl restore  {told(ours)}: {100 * share:.0f} % of the speed")
    for name in phases[0]["phases"]:
        print(f"    {name:24} {told([report['phases'][name] for report in phases])}")
    print(f"  {phases[-1]['proof']}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scratch", default="/var/tmp")
    parser.add_argument("--archive", help="a directory that an earlier run has kept")
    parser.add_argument("--keep", action="store_true", help="leave the archive, and say where it is")
    parser.add_argument("--cold", action="store_true", help="have the objects read from the disk each time")
    parser.add_argument("--programs", default=TOP / ".build/release", type=Path)
    parser.add_argument("--base-port", type=int, default=32600)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="trireme-restore-", dir=options.scratch))
    source = Source(options.programs.resolve(), Path(options.archive or scratch / "cluster").resolve())
    try:
        if not options.archive:
            source.fill(options.records, options.base_port)
        for is_latest in (True, False) if options.runs else ():
            measure(source, is_latest, options, scratch)
    finally:
        if options.keep and not options.archive:
            print(f"kept: --archive {source.directory}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
