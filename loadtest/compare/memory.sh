#!/usr/bin/env bash
# What a record takes in memory: the same strings in a keyspace of Trireme's and in redis-server.
#   COUNT=10000000 VALUE_SIZE=100 loadtest/compare/memory.sh
# Keys have 16 bytes. Both figures are of resident memory, before and after, and of the program's own account.
source "$(dirname "$0")/common.sh"
"$top/cluster/install-packages" redis-server redis-tools python3-minimal
count=${COUNT:-10000000}
value_size=${VALUE_SIZE:-100}
base=${BASE_PORT:-32600}

echo "Trireme"
"$loadtest" records memory --count "$count" --key-size 16 --value-size "$value_size"

redis() { redis-cli -p "$base" "$@"; }
figure() { redis info memory | tr -d '\r' | sed -n "s/^$1://p"; }

launch redis-server --port "$base" --bind 127.0.0.1 --dir "$scratch" --save "" --appendonly no
await redis ping
before=$(figure used_memory_rss)
before_used=$(figure used_memory)
python3 - "$count" "$value_size" <<'END' | redis --pipe >"$scratch/pipe.log"
import sys
count, size = int(sys.argv[1]), int(sys.argv[2])
value = "v" * size
write = sys.stdout.write
for number in range(count):
    write(f"*3\r\n$3\r\nSET\r\n$16\r\n{number:016}\r\n${size}\r\n{value}\r\n")
END
[[ $(redis dbsize) -eq $count ]] || {
    echo "redis-server has $(redis dbsize) keys of $count" >&2
    exit 1
}
echo "$(redis-server --version | cut -d' ' -f1-3)"
used=$(($(figure used_memory) - before_used))
resident=$(($(figure used_memory_rss) - before))
python3 - "$count" $((16 + value_size)) "$used" "$resident" <<'END'
import sys
count, payload, used, resident = map(int, sys.argv[1:])
print(f"beside key and value, by its own account:  {used / count - payload:.1f} bytes each")
print(f"beside key and value, of resident memory:  {resident / count - payload:.1f} bytes each")
END
