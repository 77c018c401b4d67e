"""One connection's load by redis-py: plain with retries, by way of Sentinel, or as a Cluster's client.

    client.py plain|sentinel|cluster

What it is to do and what it prints is in `README.md`.
"""

import os
import sys
import time

import redis
from redis.backoff import ConstantBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel

NODES = [(host, int(port)) for host, port in (node.rsplit(":", 1) for node in os.environ["NODES"].split())]
PREFIX = os.environ["PREFIX"]
END = time.monotonic() + float(os.environ["SECONDS"])
#: An answer that did not come by then never will.
LAST = END + 20

COMMON = dict(password=os.environ["TOKEN"], socket_timeout=5, socket_connect_timeout=2)
if "CA" in os.environ:
    COMMON |= dict(ssl=True, ssl_ca_certs=os.environ["CA"], ssl_check_hostname=True)


def connect(mode):
    if mode == "cluster":
        return RedisCluster(startup_nodes=[ClusterNode(*node) for node in NODES], **COMMON)
    if mode == "sentinel":
        sentinel = Sentinel(NODES, sentinel_kwargs=COMMON, **COMMON)
        return sentinel.master_for(os.environ["MASTER"])
    host, port = NODES[0]
    return redis.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.05), 100), **COMMON)


def attempt(call):
    """The reply and `ok`, or nothing and what is known of the fate."""
    try:
        return call(), "ok"
    # redis-py's Cluster client has an error that is none of redis-py's.
    except (redis.RedisError, redis.exceptions.RedisClusterException, OSError) as error:
        time.sleep(0.01)
        return None, f"unknown {type(error).__name__}"


def main():
    client = None
    while client is None and time.monotonic() < END:
        client, _ = attempt(lambda: connect(sys.argv[1]))
    number = 0
    while time.monotonic() < END:
        number += 1
        key, value = f"{PREFIX}:{number}", f"value {number} of {PREFIX}"
        _, outcome = attempt(lambda: client.set(key, value))
        print("SET", number, outcome)
        if outcome == "ok":
            found, outcome = attempt(lambda: client.get(key))
            print("GET", number, outcome if found is None else "ok" if found == value.encode() else f"wrong {found}")
        while time.monotonic() < LAST:
            count, outcome = attempt(
                lambda: client.execute_command("ONCE", PREFIX, number, "INCR", f"{PREFIX}:count"))
            print("ONCE", number, outcome if count is None else "ok" if count == number else f"wrong {count}")
            if outcome == "ok":
                break
    print("END", number)


main()
