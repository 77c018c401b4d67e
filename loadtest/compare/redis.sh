#!/usr/bin/env bash
# Measures Redis on loopback with the client that measures Trireme: one that syncs every write, and one with two
# replicas where each SET is followed by WAIT 1.
#   DURATION=10s REPETITIONS=3 SCRATCH=/var/tmp loadtest/compare/redis.sh
# Neither is a quorum: WAIT says that a replica has received a write, not that a majority has it on disk.
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" redis-server redis-tools openssl python3-minimal
base=${BASE_PORT:-32400}

# redis_process K ARGUMENT…
redis_process() {
    local k=$1
    shift
    mkdir -p "$scratch/r$k"
    launch redis-server --port $((base + k)) --tls-port $((base + 10 + k)) --bind 127.0.0.1 --dir "$scratch/r$k" \
        --tls-cert-file "$scratch/node.crt" --tls-key-file "$scratch/node.key" --tls-ca-cert-file "$scratch/ca.crt" \
        --tls-auth-clients no --save "" --appendonly yes --appendfsync always "$@"
    await redis-cli -p $((base + k)) ping
}

replicas_are_there() { [[ $(redis-cli -p $((base + 1)) info replication | grep -c state=online) -eq 2 ]]; }

make_certificates
tls=(--tls --ca "$scratch/ca.crt")
echo "$(redis-server --version | cut -d' ' -f1-3), appendfsync always, ${duration} a run, $repetitions runs"
redis_process 1
measure_all "one redis, plaintext" --endpoints 127.0.0.1:$((base + 1))
measure_all "one redis, TLS" --endpoints 127.0.0.1:$((base + 11)) "${tls[@]}"
redis_process 2 --replicaof 127.0.0.1 $((base + 1))
redis_process 3 --replicaof 127.0.0.1 $((base + 1))
await replicas_are_there
measure_all "redis, 2 replicas, WAIT 1, plaintext" --endpoints 127.0.0.1:$((base + 1)) --wait 1
measure_all "redis, 2 replicas, WAIT 1, TLS" --endpoints 127.0.0.1:$((base + 11)) --wait 1 "${tls[@]}"
