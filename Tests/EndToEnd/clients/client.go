// One connection's load by redigo, which knows nothing of failovers: its pool dials the next node when one is lost.
// What it is to do and what it prints is in README.md.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

var nodes = strings.Fields(os.Getenv("NODES"))
var next int

func dial() (redis.Conn, error) {
	node := nodes[next%len(nodes)]
	connection, err := redis.Dial("tcp", node, redis.DialPassword(os.Getenv("TOKEN")),
		redis.DialConnectTimeout(2*time.Second), redis.DialReadTimeout(5*time.Second))
	if err != nil {
		next++
	}
	return connection, err
}

// The reply and "ok", or what is known of the fate.
func attempt(pool *redis.Pool, command string, words ...interface{}) (interface{}, string) {
	connection := pool.Get()
	defer connection.Close()
	if connection.Err() != nil {
		time.Sleep(10 * time.Millisecond)
		return nil, "refused connection"
	}
	reply, err := connection.Do(command, words...)
	if err == nil {
		return reply, "ok"
	}
	time.Sleep(10 * time.Millisecond)
	if answer, isAnswer := err.(redis.Error); isAnswer {
		word := strings.Fields(string(answer))[0]
		switch word {
		case "TRYAGAIN", "CLUSTERDOWN", "READONLY", "LOADING", "MAINTENANCE", "OOM", "NOSPACE":
			return nil, "refused " + word
		}
		return nil, "unknown " + word
	}
	next++
	return nil, "unknown connection"
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	seconds, _ := strconv.ParseFloat(os.Getenv("SECONDS"), 64)
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	last := end.Add(20 * time.Second)
	prefix := os.Getenv("PREFIX")
	pool := &redis.Pool{MaxIdle: 1, Dial: dial}
	number := int64(0)
	for time.Now().Before(end) {
		number++
		key := fmt.Sprintf("%s:%d", prefix, number)
		value := fmt.Sprintf("value %d of %s", number, prefix)
		_, outcome := attempt(pool, "SET", key, value)
		fmt.Fprintln(out, "SET", number, outcome)
		if outcome == "ok" {
			reply, outcome := attempt(pool, "GET", key)
			if found, err := redis.String(reply, nil); outcome == "ok" && (err != nil || found != value) {
				outcome = "wrong " + found
			}
			fmt.Fprintln(out, "GET", number, outcome)
		}
		for time.Now().Before(last) {
			reply, outcome := attempt(pool, "ONCE", prefix, number, "INCR", prefix+":count")
			isAnswered := outcome == "ok"
			if count, err := redis.Int64(reply, nil); isAnswered && (err != nil || count != number) {
				outcome = fmt.Sprint("wrong ", reply)
			}
			fmt.Fprintln(out, "ONCE", number, outcome)
			if isAnswered {
				break
			}
		}
	}
	fmt.Fprintln(out, "END", number)
}
