#!/usr/bin/env bash
# Measures three nodes on loopback, as etcd.sh and redis.sh measure theirs: default settings, the leader's client port.
#   DURATION=10s REPETITIONS=3 SCRATCH=/var/tmp loadtest/compare/trireme.sh
# The nodes speak mutual TLS with each other in both parts.
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" openssl python3-minimal
nodectl=$top/.build/release/nodectl
base=${BASE_PORT:-32500}

"$nodectl" playground up --dir "$scratch/cluster" --base-port "$base" --plaintext >"$scratch/up.log" 2>&1
# The address of a port of the leader, and all process ids, from what the playground has written.
member() {
    python3 - "$scratch/cluster/cluster.json" "$@" <<'END'
import json, sys
nodes = json.load(open(sys.argv[1]))["nodes"]
for node in nodes:
    if sys.argv[2] in (node["id"], "all"):
        print(node[sys.argv[3]])
END
}
mapfile -t processes < <(member all pid)
leader=$("$nodectl" --cluster "$scratch/cluster/cluster.json" --output json status |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])')
token=(--token-file "$scratch/cluster/pki/client.token")

echo "Trireme $("$nodectl" --version), three processes, ${duration} a run, $repetitions runs"
measure_all "Trireme, plaintext clients" --endpoints "$(member "$leader" client_plaintext)" "${token[@]}"
measure_all "Trireme, TLS everywhere" --endpoints "$(member "$leader" client)" --tls \
    --ca "$scratch/cluster/pki/ca.crt" "${token[@]}"
