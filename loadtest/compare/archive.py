#!/usr/bin/env python3
"""Measures what an archive costs, how far behind it is, and what is lost with all nodes.

    loadtest/compare/archive.py [--runs 5] [--seconds 8] [--s3] [--base-port 7500] [--scratch DIR]

Two clusters of three nodes on this machine, one with an archive and one without; the one that is not measured rests.
Writes at full load to each in turn, and the ratio of the medians. Then, under the same load, how long the oldest entry
has waited that is not in the archive, by the leader's own figure, and last a disaster: under full load all three
nodes are ended with SIGKILL and their disks removed; what is restored says up to when it goes. `--s3`: to a server of
moto on this machine instead of a directory.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import ssl
from datetime import datetime
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("TRIREME_PROGRAMS", TOP / ".build" / "release"))


def nodectl(*words):
    done = subprocess.run([PROGRAMS / "nodectl", "--output", "json", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nodectl {' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else None


class Cluster:
    def __init__(self, directory, base_port, archive):
        self.directory = directory
        nodectl("playground", "up", "--dir", directory, "--plaintext", "--base-port", base_port, "--archive", archive)
        self.file = directory / "cluster.json"

    def leader(self):
        while True:
            name = nodectl("--cluster", self.file, "status")["leader"]
            if name:
                return next(node for node in json.loads(self.file.read_text())["nodes"] if node["id"] == name)

    def load(self, seconds):
        return subprocess.Popen(
            [PROGRAMS / "loadtest", "throughput", "--endpoints", self.leader()["client_plaintext"], "--token-file",
             self.directory / "pki/client.token", "--duration", f"{seconds}s", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def metrics(self):
        context = ssl._create_unverified_context()
        token = (self.directory / "pki/admin.token").read_text().strip()
        request = urllib.request.Request(
            f"https://{self.leader()['admin']}/metrics", headers={"Authorization": f"Bearer {token}"})
        return urllib.request.urlopen(request, context=context).read().decode()

    def processes(self):
        """The nodes' processes: those that have a file of this directory in their arguments."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"noded") and any(str(self.directory).encode() + b"/" in word for word in words):
                found.append(int(entry.name))
        return found

    def down(self):
        subprocess.run([PROGRAMS / "nodectl", "playground", "down", "--dir", self.directory], capture_output=True)


def rate(process):
    return json.loads(process.communicate()[0])["per_second"]


def watched(cluster, process, waits):
    """While the load test runs, how long the oldest entry has waited that is not archived, some ten times a second."""
    while process.poll() is None:
        waits.append(float(re.search(r"^trireme_archive_lag_seconds\S* (\S+)", cluster.metrics(), re.M).group(1)))
        time.sleep(0.05)
    return process


def spread(values):
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def disaster(cluster, archive, scratch):
    load = cluster.load(30)
    time.sleep(8)
    processes = cluster.processes()
    if len(processes) != 3:
        sys.exit(f"three nodes were expected, and these run: {processes}")
    ended = time.time()
    for process in processes:
        os.kill(process, signal.SIGKILL)
    load.kill()
    load.wait()
    for node in cluster.directory.glob("n?"):
        shutil.rmtree(node)
    began = time.time()
    report = nodectl("restore", "--from", archive, "--to", scratch / "restored")
    took = time.time() - began
    newest = datetime.fromisoformat(report["timestamp"].replace("Z", "+00:00")).timestamp()
    print(f"all nodes lost at full load: restored up to index {report['position'].split(':')[1]}, "
          f"{ended - newest:.3f} s before the end, {report['record_count']} records in {took:.1f} s; {report['proof']}")


def s3_server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [TOP / ".venv/bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ.update(AWS_ACCESS_KEY_ID="measured", AWS_SECRET_ACCESS_KEY="measured", AWS_DEFAULT_REGION="us-east-1")
    for _ in range(200):
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/backups", method="PUT"))
            break
        except OSError:
            time.sleep(0.1)
    return server, f"s3://backups/measured?endpoint=http://127.0.0.1:{port}&region=us-east-1&style=path"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("--base-port", type=int, default=7500)
    parser.add_argument("--scratch", default=None)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="trireme-archive-", dir=options.scratch))
    (scratch / "archive").mkdir()
    server, archive = s3_server() if options.s3 else (None, f"file://{scratch}/archive")
    clusters = {}
    try:
        clusters["on"] = Cluster(scratch / "on", options.base_port, archive)
        clusters["off"] = Cluster(scratch / "off", options.base_port + 100, "none")
        rates, waits = {"on": [], "off": []}, []
        for _ in range(options.runs):
            for name, cluster in clusters.items():
                rates[name].append(rate(cluster.load(options.seconds)))
        for _ in range(options.runs):
            rate(watched(clusters["on"], clusters["on"].load(options.seconds), waits))
        ratio = statistics.median(rates["on"]) / statistics.median(rates["off"])
        print(f"writes a second: with an archive {spread(rates['on'])}, without {spread(rates['off'])}: {ratio:.2f}")
        waits.sort()
        print(f"the oldest entry not archived has waited: median {waits[len(waits) // 2]:.2f} s, "
              f"p99 {waits[len(waits) * 99 // 100]:.2f} s, at most {waits[-1]:.2f} s, of {len(waits)} looks")
        clusters["off"].down()
        disaster(clusters["on"], archive, scratch)
    finally:
        for cluster in clusters.values():
            cluster.down()
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
