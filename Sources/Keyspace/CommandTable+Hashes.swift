// The particulars of the commands on hashes, as Redis 7.0 gives them.

extension CommandTable {
    static let hashes: [CommandSpec] = [
        CommandSpec(
            name: "hdel", code: .hdel, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Removes fields of a hash."),
        CommandSpec(
            name: "hexists", code: .hexists, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Tells whether a hash has a field."),
        CommandSpec(
            name: "hget", code: .hget, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Returns a field of a hash."),
        CommandSpec(
            name: "hgetall", code: .hgetall, arity: 2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .slow], since: "2.0.0", group: "hash",
            summary: "Returns all fields and values of a hash."),
        CommandSpec(
            name: "hincrby", code: .hincrby, arity: 4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Adds a number to an integer in a field."),
        CommandSpec(
            name: "hincrbyfloat", code: .hincrbyfloat, arity: 4, flags: [.write, .denyoom, .fast], firstKey: 1,
            lastKey: 1, keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.6.0", group: "hash",
            summary: "Adds a decimal number to a number in a field."),
        CommandSpec(
            name: "hkeys", code: .hkeys, arity: 2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .slow], since: "2.0.0", group: "hash",
            summary: "Returns all fields of a hash."),
        CommandSpec(
            name: "hlen", code: .hlen, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Returns the number of fields of a hash."),
        CommandSpec(
            name: "hmget", code: .hmget, arity: -3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Returns fields of a hash."),
        CommandSpec(
            name: "hmset", code: .hmset, arity: -4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Sets fields of a hash."),
        CommandSpec(
            name: "hrandfield", code: .hrandfield, arity: -2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .slow], since: "6.2.0", group: "hash",
            summary: "Returns fields of a hash at random."),
        CommandSpec(
            name: "hscan", code: .hscan, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .slow], since: "2.8.0", group: "hash",
            summary: "Returns some of a hash's fields and values, and where to go on."),
        CommandSpec(
            name: "hset", code: .hset, arity: -4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Sets fields of a hash."),
        CommandSpec(
            name: "hsetnx", code: .hsetnx, arity: 4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .hash, .fast], since: "2.0.0", group: "hash",
            summary: "Sets a field of a hash if it does not exist."),
        CommandSpec(
            name: "hstrlen", code: .hstrlen, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .fast], since: "3.2.0", group: "hash",
            summary: "Returns the length of a field's value."),
        CommandSpec(
            name: "hvals", code: .hvals, arity: 2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .hash, .slow], since: "2.0.0", group: "hash",
            summary: "Returns all values of a hash."),
    ]
}
