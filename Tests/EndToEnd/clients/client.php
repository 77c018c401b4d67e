<?php
// One connection's load by php-redis: RedisSentinel tells where the leader is, after each loss of a connection again.
// What it is to do and what it prints is in README.md.

$nodes = array_map(fn($node) => explode(":", $node), explode(" ", getenv("NODES")));
$prefix = getenv("PREFIX");
$end = microtime(true) + (float) getenv("SECONDS");
$last = $end + 20;
$client = null;

/// The leader's address, from the first node that answers.
function leader(array $nodes): array
{
    foreach ($nodes as [$host, $port]) {
        try {
            $sentinel = new RedisSentinel($host, (int) $port, 1.0, null, 0, 2.0, getenv("TOKEN"));
            $found = $sentinel->getMasterAddrByName(getenv("MASTER"));
            // A node that knows no leader says so, which is an empty array here.
            if (is_array($found) && count($found) === 2) {
                return $found;
            }
        } catch (RedisException $error) {
        }
    }
    throw new RedisException("no node knows a leader");
}

function connect(array $nodes): Redis
{
    [$host, $port] = leader($nodes);
    $client = new Redis();
    $client->connect($host, (int) $port, 2.0, null, 0, 5.0);
    $client->setOption(Redis::OPT_MAX_RETRIES, 0);
    if (!$client->auth(getenv("TOKEN"))) {
        throw new RedisException("not logged in");
    }
    return $client;
}

/// The reply and "ok", or null and what is known of the fate.
function attempt(callable $call): array
{
    global $client, $nodes;
    try {
        $client ??= connect($nodes);
        $client->clearLastError();
        $reply = $call($client);
        $error = $client->getLastError();
        if ($error === null) {
            return [$reply, "ok"];
        }
        usleep(10000);
        return [null, "unknown " . explode(" ", $error)[0]];
    } catch (RedisException $error) {
        $client = null;
        usleep(10000);
        return [null, "unknown connection"];
    }
}

$number = 0;
while (microtime(true) < $end) {
    $number += 1;
    $key = "$prefix:$number";
    $value = "value $number of $prefix";
    [$reply, $outcome] = attempt(fn($client) => $client->set($key, $value));
    if ($outcome === "ok" && $reply !== true) {
        $outcome = "wrong " . var_export($reply, true);
    }
    echo "SET $number $outcome\n";
    if ($outcome === "ok") {
        [$found, $outcome] = attempt(fn($client) => $client->get($key));
        if ($outcome === "ok" && $found !== $value) {
            $outcome = "wrong " . var_export($found, true);
        }
        echo "GET $number $outcome\n";
    }
    while (microtime(true) < $last) {
        [$count, $outcome] = attempt(
            fn($client) => $client->rawCommand("ONCE", $prefix, "$number", "INCR", "$prefix:count"));
        $isAnswered = $outcome === "ok";
        if ($isAnswered && $count !== $number) {
            $outcome = "wrong " . var_export($count, true);
        }
        echo "ONCE $number $outcome\n";
        if ($isAnswered) {
            break;
        }
    }
}
echo "END $number\n";
