# One connection's load by redis-rb, by way of Sentinel. What it is to do and what it prints is in README.md.

require "redis"

NODES = ENV.fetch("NODES").split.map { |node| node.split(":") }
PREFIX = ENV.fetch("PREFIX")

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

END_AT = now + ENV.fetch("SECONDS").to_f
LAST_AT = END_AT + 20

CLIENT = Redis.new(
  url: "redis://#{ENV.fetch('MASTER')}", role: :master, password: ENV.fetch("TOKEN"), timeout: 5,
  reconnect_attempts: 20, reconnect_delay: 0.05, reconnect_delay_max: 0.2,
  sentinels: NODES.map { |host, port| { host: host, port: port.to_i, password: ENV.fetch("TOKEN") } }
)

# The reply and "ok", or nil and what is known of the fate.
def attempt
  [yield, "ok"]
rescue Redis::BaseError, SystemCallError, SocketError, IOError => e
  sleep 0.01
  [nil, "unknown #{e.class}"]
end

number = 0
while now < END_AT
  number += 1
  key = "#{PREFIX}:#{number}"
  value = "value #{number} of #{PREFIX}"
  _, outcome = attempt { CLIENT.set(key, value) }
  puts "SET #{number} #{outcome}"
  if outcome == "ok"
    found, outcome = attempt { CLIENT.get(key) }
    outcome = "wrong #{found.inspect}" if outcome == "ok" && found != value
    puts "GET #{number} #{outcome}"
  end
  while now < LAST_AT
    count, outcome = attempt { CLIENT.call(["ONCE", PREFIX, number.to_s, "INCR", "#{PREFIX}:count"]) }
    isAnswered = outcome == "ok"
    outcome = "wrong #{count.inspect}" if isAnswered && count != number
    puts "ONCE #{number} #{outcome}"
    break if isAnswered
  end
end
puts "END #{number}"
