#!/usr/bin/env bash
# Measures a mix of commands on one sorted set of a million members: within a process, and what redis-server tells of
# its own time for the same requests, which leaves its network out too.
#   ROUNDS=5 OPERATIONS=10000000 MEMBERS=1000000 SCRATCH=/var/tmp loadtest/compare/sorted-set.sh
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" redis-server redis-tools python3-minimal
port=${BASE_PORT:-32400}
rounds=${ROUNDS:-5}
mix=(--members "${MEMBERS:-1000000}" --operations "${OPERATIONS:-10000000}")

redis() { redis-cli -p "$port" "$@"; }

# What redis-server has spent on commands since CONFIG RESETSTAT, for each in nanoseconds.
nanoseconds_each() {
    redis info commandstats | tr -d '\r' | grep -E '^cmdstat_z' | python3 -c '
import re, sys
calls = time = 0
for line in sys.stdin:
    found = re.search(r"calls=(\d+),usec=(\d+)", line)
    calls += int(found[1])
    time += int(found[2])
print(round(time * 1000 / calls))'
}

launch redis-server --port "$port" --bind 127.0.0.1 --dir "$scratch" --save "" --appendonly no
await redis ping
echo "$(redis-server --version | cut -d' ' -f1-3), ${mix[*]}, $rounds rounds"
for round in $(seq "$rounds"); do
    "$loadtest" sorted-set "${mix[@]}" --seed "$round"
    redis flushall >/dev/null
    "$loadtest" sorted-set "${mix[@]}" --seed "$round" --print members | redis --pipe >/dev/null
    redis config resetstat >/dev/null
    "$loadtest" sorted-set "${mix[@]}" --seed "$round" --print operations | redis --pipe >/dev/null
    echo "redis-server: $(nanoseconds_each) ns each"
done
