# What the comparison scripts share: a scratch directory, certificates, processes that end with the script, one table.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
loadtest=${LOADTEST:-$top/.build/release/loadtest}
duration=${DURATION:-10s}
repetitions=${REPETITIONS:-3}
scratch=$(mktemp -d -p "${SCRATCH:-${TMPDIR:-/tmp}}" --suffix -trireme-compare)
processes=()

cleanup() {
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT

[[ -x $loadtest ]] || {
    echo "$loadtest is missing: swift build -c release" >&2
    exit 1
}

# Starts a process that ends with this script; its output goes to the scratch directory.
launch() {
    "$@" >"$scratch/$(basename "$1").$((${#processes[@]} + 1)).log" 2>&1 &
    processes+=($!)
}

stop_all() {
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
    processes=()
}

# A certificate authority and one certificate for 127.0.0.1, for servers, peers and clients.
make_certificates() {
    (
        cd "$scratch"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 2 \
            -subj /CN=compare-ca -addext keyUsage=keyCertSign,cRLSign
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout node.key -out node.csr -subj /CN=node
        openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out node.crt -days 2 -extfile <(
            echo "subjectAltName=IP:127.0.0.1,DNS:localhost"
            echo "extendedKeyUsage=serverAuth,clientAuth"
        )
    ) >/dev/null 2>&1
}

# Waits until a command succeeds, for ten seconds at most.
await() {
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return
        read -rt 0.1 <> <(:) || true
    done
    echo "not within ten seconds: $*" >&2
    tail -n 5 "$scratch"/*.log >&2
    return 1
}

# measure NAME ARGUMENT…: the median rate of some runs of `loadtest throughput`, with the lowest and highest.
measure() {
    local name=$1
    shift
    local runs=()
    for _ in $(seq "$repetitions"); do
        if ! runs+=("$("$loadtest" throughput --duration "$duration" --json "$@")"); then
            echo "no request of '$name' was answered: ${runs[-1]}" >&2
            tail -n 5 "$scratch"/*.log >&2
            return 1
        fi
    done
    printf '%s\n' "${runs[@]}" | python3 "$top/loadtest/compare/median.py" "$name"
}

# The four loads of docs/PERFORMANCE.md, with the arguments that lead to the system.
measure_all() {
    local name=$1
    shift
    measure "$name, SET, 64 connections" --command set --connections 64 "$@"
    measure "$name, SET, 64 connections, pipeline 16" --command set --connections 64 --pipeline 16 "$@"
    measure "$name, SET, 1 connection" --command set --connections 1 "$@"
    measure "$name, GET, 64 connections" --command get --connections 64 "$@"
}
