// The two versions of the Redis protocol that a client may speak.

/// Which protocol a connection speaks: 2 until `HELLO 3` (Redis, "RESP protocol description").
public enum RESPVersion: UInt8, Hashable, Sendable {
    case two = 2
    case three = 3
}
