#!/usr/bin/env bash
# What a secondary index costs the writes of three nodes: HSET of a field that one covers, against the same without.
#   ROUNDS=5 RECORDS=1000000 REQUESTS=1000000 SCRATCH=/var/tmp loadtest/compare/indexed-writes.sh
# Prints for each load the rate, and the processor time that one write takes on the three nodes together.
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" redis-tools python3-minimal
base=${BASE_PORT:-32700}
"$top/.build/release/nodectl" playground up --dir "$scratch/cluster" --base-port "$base" --plaintext \
    >"$scratch/up.log" 2>&1
mapfile -t processes < <(python3 -c '
import json, sys
for node in json.load(open(sys.argv[1]))["nodes"]: print(node["pid"])' "$scratch/cluster/cluster.json")
python3 - "$scratch/cluster" "${ROUNDS:-5}" "${RECORDS:-1000000}" "${REQUESTS:-1000000}" <<'END'
import json, os, pathlib, statistics, subprocess, sys, time

directory, rounds, records, requests = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:])
nodes = json.load(open(directory / "cluster.json"))["nodes"]
token = (directory / "pki" / "client.token").read_text().strip()


def command(node, *words, lines=None):
    port = node["client_plaintext"].rsplit(":", 1)[1]
    return subprocess.run(
        ["redis-cli", "-p", port, "--no-auth-warning", "-a", token, *words], input=lines,
        check=True, text=True, capture_output=True).stdout


leader = next(node for node in nodes if "role:master" in command(node, "info", "replication"))


def processor_seconds():
    ticks = 0
    for node in nodes:
        fields = pathlib.Path(f"/proc/{node['pid']}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def write(field, pipeline):
    port = leader["client_plaintext"].rsplit(":", 1)[1]
    count = requests if pipeline > 1 else requests // 8
    before, began = processor_seconds(), time.monotonic()
    subprocess.run(
        ["redis-benchmark", "-p", port, "-a", token, "-c", "32", "-P", str(pipeline), "-q",
         "-n", str(count), "-r", str(records), "hset", "user:__rand_int__", field, "x__rand_int__"],
        check=True, capture_output=True)
    took, used = time.monotonic() - began, processor_seconds() - before
    return count / took, used / count * 1e6


def is_built():
    return all("ready" in command(node, "index.info", "bench") for node in nodes)


command(leader, "--pipe", lines="".join(
    f"hset user:{number:012} age {number % 90} city city-{number % 1000} score {number} email u{number}@example.com\n"
    for number in range(records)))
assert int(command(leader, "dbsize")) == records, "not all records were written"
found = {}
for number in range(rounds):
    for is_indexed in (False, True):
        if is_indexed:
            command(leader, *"index.create bench on hash prefix user: field email".split())
            while not is_built():
                time.sleep(0.1)
        for pipeline in (16, 1):
            found.setdefault((pipeline, is_indexed), []).append(write("email", pipeline))
        if is_indexed:
            command(leader, "index.drop", "bench")


def told(values):
    return f"{statistics.median(values):,.3g} ({min(values):,.3g}–{max(values):,.3g})"


for pipeline in (16, 1):
    print(f"32 connections, pipeline {pipeline}")
    for position, unit in enumerate(("writes/s", "µs of processor time a write, three nodes together")):
        plain, indexed = ([run[position] for run in found[pipeline, which]] for which in (False, True))
        ratio = [b / a for a, b in zip(plain, indexed)]
        print(f"  {unit}: {told(plain)} without, {told(indexed)} with an index, {told(ratio)} times")
END
