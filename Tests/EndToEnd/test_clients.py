"""What an unmodified client sees: every node takes every command, and the stock tools run without an error."""

import subprocess
import time

import pytest
import redis

from cluster import eventually


@pytest.mark.parametrize("plaintext", [False, True], ids=["tls", "plaintext"])
def test_a_write_through_any_node_is_read_through_every_node(calm, plaintext):
    for writer in calm.names():
        key = f"any:{plaintext}:{writer}"
        assert calm.client(writer, plaintext).set(key, writer)
        for reader in calm.names():
            # Linearizable: no waiting between the write and the reads.
            assert calm.client(reader, plaintext).get(key) == writer.encode()


def test_a_follower_answers_by_itself_after_readonly(calm):
    calm.client(calm.leader()).set("own", "answer")
    for name in calm.followers():
        client = calm.readonly_client(name)
        eventually(lambda c=client: c.get("own") == b"answer", f"{name} has applied the write")
        client.close()


def test_values_keep_every_byte(calm):
    every_byte = bytes(range(256)) * 300
    client = calm.client(calm.followers()[0])
    client.set(b"bytes\r\n\0", every_byte)
    assert client.get(b"bytes\r\n\0") == every_byte


def test_a_value_of_many_mebibytes_is_kept(calm):
    value = bytes(range(251)) * (16 * 1024 * 1024 // 251)
    client = calm.client(calm.followers()[0], timeout=60)
    client.set("large", value)
    assert client.get("large") == value
    client.delete("large")


def test_the_two_protocol_versions_give_the_same_facts(calm):
    for protocol in (2, 3):
        client = calm.client(calm.names()[0], protocol=protocol)
        client.mset({"p:a": "1", "p:b": "2"})
        assert client.mget("p:a", "p:b", "p:none") == [b"1", b"2", None]
        assert client.incr(f"p:count:{protocol}") == 1


def test_a_pipeline_is_answered_in_order(calm):
    client = calm.client(calm.followers()[0])
    pipeline = client.pipeline(transaction=False)
    for number in range(1000):
        pipeline.set(f"pipe:{number}", number)
        pipeline.get(f"pipe:{number}")
    replies = pipeline.execute()
    assert replies[0::2] == [True] * 1000
    assert replies[1::2] == [str(number).encode() for number in range(1000)]


def test_counters_raised_through_all_nodes_add_up(calm):
    calm.client(calm.names()[0]).delete("sum")
    clients = [calm.client(name) for name in calm.names()]
    for _ in range(100):
        for client in clients:
            client.incr("sum")
    assert clients[0].get("sum") == b"300"


def test_keys_expire_everywhere(calm):
    calm.client(calm.names()[0]).set("brief", "x", px=50)
    for name in calm.names():
        client = calm.readonly_client(name)
        eventually(lambda c=client: c.get("brief") is None, f"the key is gone on {name}")
        client.close()


def test_a_key_may_end_after_any_clock(cluster):
    client = cluster.client(cluster.leader())
    for end in (4 * 10**15, 9_300_000_000_000_000, 9223372036854770000, 2**63 - 1):
        client.set("far", "away")
        assert client.pexpireat("far", end) and client.execute_command("PEXPIRETIME", "far") == end
        client.set("near", "by", px=50)
        eventually(lambda: client.get("near") is None, "a key with less time ends")
    assert client.delete("far") == 1
    assert all(cluster.is_running(name) for name in cluster.names())


def test_time_is_the_time(calm):
    client = calm.client(calm.leader())
    for _ in range(3):
        before = time.time()
        seconds, microseconds = client.time()
        assert before - 1 <= seconds + microseconds / 1e6 <= time.time() + 1
        started = client.info("server")["server_time_usec"]
        eventually(lambda: client.info("server")["server_time_usec"] > started + 500_000, "the time goes on")


def test_errors_are_worded_as_redis_words_them(calm):
    client = calm.client(calm.names()[0])
    client.set("text", "abc")
    with pytest.raises(redis.ResponseError, match="value is not an integer or out of range"):
        client.incr("text")
    with pytest.raises(redis.ResponseError, match="unknown command 'nonsense'"):
        client.execute_command("nonsense", "a")
    with pytest.raises(redis.ResponseError, match="wrong number of arguments for 'get' command"):
        client.execute_command("GET")


def test_wait_counts_the_nodes_that_have_synced(calm):
    client = calm.client(calm.leader(), single_connection_client=True)
    client.set("waited", "for")
    assert client.wait(3, 10000) == 3
    follower = calm.client(calm.followers()[0], single_connection_client=True)
    follower.set("waited", "again")
    assert follower.wait(2, 10000) >= 2


def test_redis_cli_as_printed_works_on_every_node(calm):
    for name in calm.names():
        for plaintext in (False, True):
            assert calm.redis_cli(name, "SET", "cli", name, plaintext=plaintext).stdout.strip() == "OK"
            assert calm.redis_cli(name, "GET", "cli", plaintext=plaintext).stdout.strip() == name
        assert "role:" in calm.redis_cli(name, "INFO", "replication").stdout


def test_redis_cli_pipe_loads_in_bulk(calm):
    count = 5000
    lines = "".join(f"SET bulk:{number} value:{number}\r\n" for number in range(count))
    done = calm.redis_cli(calm.followers()[0], "--pipe", input=lines)
    assert f"errors: 0, replies: {count}" in done.stdout, done.stdout + done.stderr
    assert calm.client(calm.names()[0]).get(f"bulk:{count - 1}") == f"value:{count - 1}".encode()


@pytest.mark.parametrize("pipeline", [1, 16])
@pytest.mark.parametrize("plaintext", [False, True], ids=["tls", "plaintext"])
def test_redis_benchmark_runs_without_an_error(calm, plaintext, pipeline):
    host, port = calm.address(calm.leader(), plaintext)
    command = [
        "redis-benchmark", "-h", host, "-p", str(port), "-a", calm.token(), "-t", "set,get", "-n", "20000", "-c", "20",
        "-d", "100", "-r", "1000", "-P", str(pipeline), "--csv",
    ]
    if not plaintext:
        command += ["--tls", "--cacert", str(calm.path(calm.file()["ca"]))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"SET"' in done.stdout and '"GET"' in done.stdout
    assert "rror" not in done.stdout + done.stderr.replace("Could not fetch server CONFIG", "")
