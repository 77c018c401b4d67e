#!/usr/bin/env bash
# Measures three etcd processes on loopback with the client that measures Trireme: Put and linearizable Range by gRPC.
#   DURATION=10s REPETITIONS=3 SCRATCH=/var/tmp loadtest/compare/etcd.sh
# Defaults of Debian's etcd, except that data and certificates are in a scratch directory. Connections are spread over
# all three; etcd forwards to its leader.
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" etcd-server etcd-client openssl python3-minimal
base=${BASE_PORT:-32300}
export ETCDCTL_API=3

# etcd_cluster http|https
etcd_cluster() {
    local scheme=$1 members="" security=()
    if [[ $scheme == https ]]; then
        local files=(--cert-file "$scratch/node.crt" --key-file "$scratch/node.key")
        local peers=(--peer-cert-file "$scratch/node.crt" --peer-key-file "$scratch/node.key")
        security=("${files[@]}" "${peers[@]}" --peer-trusted-ca-file "$scratch/ca.crt" --peer-client-cert-auth)
    fi
    for k in 1 2 3; do members+="e$k=$scheme://127.0.0.1:$((base + 10 * k + 1)),"; done
    for k in 1 2 3; do
        local client=$scheme://127.0.0.1:$((base + 10 * k)) peer=$scheme://127.0.0.1:$((base + 10 * k + 1))
        launch etcd --name "e$k" --data-dir "$scratch/$scheme-e$k" --logger zap --log-level error \
            --listen-client-urls "$client" --advertise-client-urls "$client" \
            --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
            --initial-cluster "${members%,}" --initial-cluster-state new "${security[@]}"
    done
    await etcdctl --cacert "$scratch/ca.crt" --endpoints "$scheme://127.0.0.1:$((base + 10))" put ready yes
}

endpoints=127.0.0.1:$((base + 10)),127.0.0.1:$((base + 20)),127.0.0.1:$((base + 30))
make_certificates
echo "$(etcd --version | head -1), three processes, ${duration} a run, $repetitions runs"
etcd_cluster http
measure_all "etcd, plaintext everywhere" --wire etcd --endpoints "$endpoints"
stop_all
etcd_cluster https
measure_all "etcd, TLS everywhere" --wire etcd --endpoints "$endpoints" --tls --ca "$scratch/ca.crt"
