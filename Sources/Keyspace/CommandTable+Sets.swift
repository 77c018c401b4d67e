// The particulars of the commands on sets, as Redis 7.0 gives them.

extension CommandTable {
    static let sets: [CommandSpec] = [
        CommandSpec(
            name: "sadd", code: .sadd, arity: -3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .set, .fast], since: "1.0.0", group: "set",
            summary: "Adds members to a set."),
        CommandSpec(
            name: "scard", code: .scard, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .set, .fast], since: "1.0.0", group: "set",
            summary: "Returns the number of members of a set."),
        CommandSpec(
            name: "sdiff", code: .sdiff, arity: -2, flags: [.readonly], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.read, .set, .slow], since: "1.0.0", group: "set",
            summary: "Returns the members of the first set that no other has."),
        CommandSpec(
            name: "sdiffstore", code: .sdiffstore, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: -1,
            keyStep: 1,
            categories: [.write, .set, .slow], since: "1.0.0", group: "set",
            summary: "Stores the members of the first set that no other has."),
        CommandSpec(
            name: "sinter", code: .sinter, arity: -2, flags: [.readonly], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.read, .set, .slow], since: "1.0.0", group: "set",
            summary: "Returns the members that all the sets have."),
        CommandSpec(
            name: "sintercard", code: .sintercard, arity: -3, flags: [.readonly, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.read, .set, .slow], since: "7.0.0", group: "set",
            summary: "Returns how many members all the sets have."),
        CommandSpec(
            name: "sinterstore", code: .sinterstore, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: -1,
            keyStep: 1,
            categories: [.write, .set, .slow], since: "1.0.0", group: "set",
            summary: "Stores the members that all the sets have."),
        CommandSpec(
            name: "sismember", code: .sismember, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .set, .fast], since: "1.0.0", group: "set",
            summary: "Tells whether a set has a member."),
        CommandSpec(
            name: "smembers", code: .smembers, arity: 2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .set, .slow], since: "1.0.0", group: "set",
            summary: "Returns all members of a set."),
        CommandSpec(
            name: "smismember", code: .smismember, arity: -3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .set, .fast], since: "6.2.0", group: "set",
            summary: "Tells which of the members a set has."),
        CommandSpec(
            name: "smove", code: .smove, arity: 4, flags: [.write, .fast], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.write, .set, .fast], since: "1.0.0", group: "set",
            summary: "Moves a member from one set to another."),
        CommandSpec(
            name: "spop", code: .spop, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .set, .fast], since: "1.0.0", group: "set",
            summary: "Removes members of a set at random and returns them."),
        CommandSpec(
            name: "srandmember", code: .srandmember, arity: -2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .set, .slow], since: "1.0.0", group: "set",
            summary: "Returns members of a set at random."),
        CommandSpec(
            name: "srem", code: .srem, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .set, .fast], since: "1.0.0", group: "set",
            summary: "Removes members of a set."),
        CommandSpec(
            name: "sscan", code: .sscan, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .set, .slow], since: "2.8.0", group: "set",
            summary: "Returns some of a set's members, and where to go on."),
        CommandSpec(
            name: "sunion", code: .sunion, arity: -2, flags: [.readonly], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.read, .set, .slow], since: "1.0.0", group: "set",
            summary: "Returns the members of all the sets."),
        CommandSpec(
            name: "sunionstore", code: .sunionstore, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: -1,
            keyStep: 1,
            categories: [.write, .set, .slow], since: "1.0.0", group: "set",
            summary: "Stores the members of all the sets."),
    ]
}
