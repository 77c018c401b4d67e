#!/usr/bin/env python3
"""Measures what snapshots and followers that catch up cost three nodes under load.

    loadtest/compare/snapshots.py [--records 10000000] [--rounds 5] [--away 5000000] [--scratch /var/tmp]

Keys have 16 bytes and values 100. In turn, so that both are measured in the same minutes: writes from 64 connections
to random keys, and the same while all three nodes write a snapshot. Then ten snapshots with nothing changed between
them, one after 1 % of the keys was written again, and a follower that was stopped while `--away` entries came, while
writes go on: with its leader's log to follow, and with a snapshot to fetch. Last, what clients feel of one that catches
up.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from restart import PROGRAMS, fill_redis, pairs, until


class Cluster:
    def __init__(self, directory, base_port, config):
        self.directory = directory
        file = directory.with_suffix(".yaml")
        file.write_text(config)
        self.playground("up", "--plaintext", "--base-port", str(base_port), "--config", str(file))
        self.description = self.described()
        self.token = directory / "pki/client.token"

    def described(self):
        return json.loads((self.directory / "cluster.json").read_text())

    def playground(self, *words):
        subprocess.run([PROGRAMS / "nodectl", "playground", *words, "--dir", self.directory], check=True,
                       stdout=subprocess.DEVNULL)

    def ask(self, *words):
        run = subprocess.run([PROGRAMS / "nodectl", "--cluster", self.directory / "cluster.json", *words, "--output",
                              "json"], capture_output=True, text=True)
        try:
            return json.loads(run.stdout)
        except ValueError:
            return None

    def status(self):
        while not (found := self.ask("status")) or not found.get("leader"):
            time.sleep(0.05)
        return found

    def node(self, name, status=None):
        return next(node for node in (status or self.status())["nodes"] if node["id"] == name)

    def lag(self, name):
        """How many entries of its leader a node has not applied."""
        status = self.status()
        return self.node(status["leader"], status)["applied_index"] - (self.node(name, status)["applied_index"] or 0)

    def address(self, name):
        return next(node for node in self.description["nodes"] if node["id"] == name)["client_plaintext"]

    def fill(self, records):
        port = self.address(self.status()["leader"]).rpartition(":")[2]
        fill_redis(pairs(records), ["redis-cli", "-p", port, "-a", self.token.read_text().strip(), "--no-auth-warning"])

    def load(self, seconds, records, connections=64, pipeline=1, names=None):
        endpoints = ",".join(self.address(name) for name in names or [self.status()["leader"]])
        return subprocess.Popen(
            [PROGRAMS / "loadtest", "throughput", "--endpoints", endpoints, "--token-file", self.token, "--json",
             "--connections", str(connections), "--pipeline", str(pipeline), "--keys", str(records),
             "--duration", f"{seconds}s"], stdout=subprocess.PIPE, text=True)

    def logged(self, name, message):
        """The facts of the newest line with this message in a node's log."""
        lines = [line for line in (self.directory / name / "noded.log").read_text().splitlines()
                 if f'msg="{message}"' in line]
        return dict(word.split("=", 1) for word in lines[-1].split() if "=" in word) if lines else {}


def shown(figures, unit="", digits=1):
    text = f"{statistics.median(figures):.{digits}f}{unit}"
    return text if len(figures) == 1 else f"{text} ({min(figures):.{digits}f}-{max(figures):.{digits}f})"


def remove(directory):
    """And waits until the disk is done with it: gigabytes that go keep the syncs of the next cluster waiting."""
    shutil.rmtree(directory)
    subprocess.run(["sync"], check=True)


def measure_pause(cluster, options, connections):
    quiet, during, share = [], [], []
    for _ in range(options.rounds):
        quiet.append(json.loads(cluster.load(options.seconds, options.records, connections).communicate()[0]))
        load = cluster.load(options.seconds, options.records, connections)
        time.sleep(1)
        cluster.ask("snapshot")
        is_over = load.poll() is not None
        during.append(json.loads(load.communicate()[0]))
        share.append("all of the run" if is_over else "part of the run")
    for name in ("per_second", "p50_ms", "p99_ms", "max_ms"):
        print(f"{connections:3} connections, {name:12} before {shown([run[name] for run in quiet])}  during"
              f" {shown([run[name] for run in during])}"
              f"  ratio {shown([b[name] / a[name] for a, b in zip(quiet, during)], '', 2)}")
    print(f"a snapshot was being written in {share}")


def written(cluster):
    leader = cluster.status()["leader"]
    facts = cluster.logged(leader, "snapshot stored")
    return int(facts["bytes.written"]), float(facts["seconds"])


def measure_reuse(cluster, options):
    port = cluster.address(cluster.status()["leader"]).rpartition(":")[2]
    # One for what the runs before have changed.
    cluster.ask("snapshot")
    sizes = []
    for _ in range(10):
        cluster.ask("snapshot")
        sizes.append(written(cluster)[0])
    print(f"ten snapshots, nothing changed between them: {sizes} bytes")
    changed = random.Random(7).sample(range(options.records), options.records // 100)
    command = ["redis-cli", "-p", port, "-a", cluster.token.read_text().strip(), "--no-auth-warning", "--pipe"]
    lines = [b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$100\r\n%0100d\r\n" % (key, key) for key in changed]
    subprocess.run(command, input=b"".join(lines), check=True, stdout=subprocess.DEVNULL)
    cluster.ask("snapshot")
    print(f"after 1 % of the keys: {written(cluster)[0]} bytes")


def measure_catch_up(cluster, options, title):
    status = cluster.status()
    leader = status["leader"]
    away = next(node["id"] for node in status["nodes"] if node["id"] != leader)
    cluster.playground("stop", away)
    leave_behind(cluster, options, leader)
    # The rate of the foreground alone, and then beside the follower.
    before = foreground_run(cluster, options)
    load = cluster.load(120, options.records, options.foreground)
    time.sleep(1)
    start = subprocess.Popen([PROGRAMS / "nodectl", "playground", "start", away, "--dir", cluster.directory],
                             stdout=subprocess.DEVNULL)
    points = []
    began = time.monotonic()
    while True:
        status = cluster.status()
        own, leads = cluster.node(away, status)["applied_index"], cluster.node(leader, status)["applied_index"]
        if own and leads:
            points.append((time.monotonic() - began, own, leads))
        if own and leads and leads - own < 5000:
            break
        if time.monotonic() - began > 110:
            print("not caught up in 110 s", points[-1:])
            break
        time.sleep(0.05)
    load.terminate()
    load.communicate()
    start.wait()
    (first, own, leads), (last, own_last, leads_last) = points[0], points[-1]
    foreground = (leads_last - leads) / (last - first)
    rate = (own_last - own) / (last - first)
    print(f"{title}: {options.away} entries away; {rate:.0f} entries/s beside {foreground:.0f} writes/s of the"
          f" foreground, {rate / foreground:.1f} times; caught up {last:.1f} s after its process was started;"
          f" the foreground alone did {before['per_second']:.0f}/s, p99 {before['p99_ms']:.1f} ms")


def measure_foreground(cluster, options, title):
    """The p99 of the foreground with all nodes level and while one catches up: runs of equal length, in turn.

    The one that is behind was suspended, so that nothing but what it catches up with is measured: a start's replay, for
    which it uses all cores, would take them from the other two here, where each node has its own machine elsewhere.
    """
    ratios, level, behind = [], [], []
    for _ in range(options.rounds):
        level.append(foreground_run(cluster, options))
        status = cluster.status()
        leader = status["leader"]
        away = next(node["id"] for node in status["nodes"] if node["id"] != leader)
        process = next(node["pid"] for node in cluster.described()["nodes"] if node["id"] == away)
        os.kill(process, signal.SIGSTOP)
        try:
            leave_behind(cluster, options, leader)
        finally:
            os.kill(process, signal.SIGCONT)
        behind.append(foreground_run(cluster, options))
        lag = cluster.lag(away)
        if lag < 5000:
            print(f"{title}: it was level before the run's end; ask for more with --away")
        until(lambda: cluster.lag(away) < 5000)
        ratios.append(behind[-1]["p99_ms"] / level[-1]["p99_ms"])
    for name in ("per_second", "p50_ms", "p99_ms"):
        print(f"{title}: foreground {name:12} {shown([run[name] for run in level])} with all nodes level,"
              f" {shown([run[name] for run in behind])} while one catches up")
    print(f"{title}: p99 {shown(ratios, ' times', 2)}")


def foreground_run(cluster, options):
    load = cluster.load(options.seconds, options.records, options.foreground)
    return json.loads(load.communicate()[0])


def leave_behind(cluster, options, leader):
    """Writes until whoever is away lacks `--away` entries."""
    begun = cluster.node(leader)["applied_index"]
    while (behind := cluster.node(leader)["applied_index"] - begun) < options.away:
        cluster.load(max(2, min(20, (options.away - behind) // 300_000)), options.records, 64, 16).communicate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--away", type=int, default=5_000_000)
    parser.add_argument("--foreground", type=int, default=16, help="connections of the load beside a catch-up")
    parser.add_argument("--only", default="pause,reuse,log,snapshot")
    parser.add_argument("--scratch", default="/var/tmp")
    parser.add_argument("--base-port", type=int, default=32700)
    options = parser.parse_args()
    wanted = options.only.split(",")
    scratch = Path(tempfile.mkdtemp(prefix="trireme-snapshots-", dir=options.scratch))
    cluster = None
    try:
        if "pause" in wanted or "reuse" in wanted:
            # Snapshots when they are asked for only.
            cluster = Cluster(scratch / "pause", options.base_port, "snapshot.log-min: 64GiB\nsnapshot.interval: 0s\n")
            cluster.fill(options.records)
            cluster.ask("snapshot")
            size, seconds = written(cluster)
            print(f"the first snapshot of {options.records} records: {size} bytes, {seconds:.1f} s")
            if "pause" in wanted:
                for connections in (16, 64):
                    measure_pause(cluster, options, connections)
            if "reuse" in wanted:
                measure_reuse(cluster, options)
            cluster.playground("down")
            remove(scratch / "pause")
        for kind, config in (("log", "snapshot.log-min: 64GiB\nlog.retain: 64GiB\nsnapshot.interval: 0s\n"),
                             ("snapshot", "")):
            if kind in wanted:
                cluster = Cluster(scratch / kind, options.base_port, config)
                cluster.fill(min(options.records, 1_000_000))
                options.records = min(options.records, 1_000_000)
                measure_catch_up(cluster, options, f"by {kind}")
                measure_foreground(cluster, options, f"by {kind}")
                cluster.playground("down")
                remove(scratch / kind)
        cluster = None
    finally:
        if cluster:
            cluster.playground("down")
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
