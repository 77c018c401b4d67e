// The commands that reach the keyspace, by the numbers that stand for them in the log.

/// A command's number in an entry. Numbers are for ever: one is never reused or given another meaning.
///
/// Version history: 1 (feature level 1) all below. See `docs/formats/entries.md`.
public enum CommandCode: UInt16, CaseIterable, Hashable, Sendable {
    /// Removes keys whose time is over. Comes from the leader, never from a client.
    case tick = 1

    // Strings.
    case get = 16
    case set = 17
    case setnx = 18
    case setex = 19
    case psetex = 20
    case getset = 21
    case mget = 22
    case mset = 23
    case msetnx = 24
    case getdel = 25
    case getex = 26
    case append = 27
    case strlen = 28
    case incr = 29
    case decr = 30
    case incrby = 31
    case decrby = 32
    case incrbyfloat = 33
    case getrange = 34
    case substr = 35
    case setrange = 36

    // Keys of any type.
    case del = 64
    case unlink = 65
    case exists = 66
    case type = 67
    case expire = 68
    case pexpire = 69
    case expireat = 70
    case pexpireat = 71
    case ttl = 72
    case pttl = 73
    case expiretime = 74
    case pexpiretime = 75
    case persist = 76
    case rename = 77
    case renamenx = 78
    case touch = 79
    case copy = 80
    case object = 81

    // The keyspace as a whole.
    case scan = 112
    case keys = 113
    case dbsize = 114
    case randomkey = 115
    case flushdb = 116
    case flushall = 117
}
