// The particulars of the commands on lists, as Redis 7.0 gives them.

extension CommandTable {
    static let lists: [CommandSpec] = [
        CommandSpec(
            name: "lpush", code: .lpush, arity: -3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .list, .fast], since: "1.0.0", group: "list",
            summary: "Puts elements at the front of a list."),
        CommandSpec(
            name: "rpush", code: .rpush, arity: -3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .list, .fast], since: "1.0.0", group: "list",
            summary: "Puts elements at the end of a list."),
        CommandSpec(
            name: "lpushx", code: .lpushx, arity: -3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .list, .fast], since: "2.2.0", group: "list",
            summary: "Puts elements at the front of a list if it exists."),
        CommandSpec(
            name: "rpushx", code: .rpushx, arity: -3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .list, .fast], since: "2.2.0", group: "list",
            summary: "Puts elements at the end of a list if it exists."),
        CommandSpec(
            name: "lpop", code: .lpop, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .fast], since: "1.0.0", group: "list",
            summary: "Removes and returns the first elements of a list."),
        CommandSpec(
            name: "rpop", code: .rpop, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .fast], since: "1.0.0", group: "list",
            summary: "Removes and returns the last elements of a list."),
        CommandSpec(
            name: "llen", code: .llen, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .list, .fast], since: "1.0.0", group: "list",
            summary: "Returns the length of a list."),
        CommandSpec(
            name: "lindex", code: .lindex, arity: 3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .list, .slow], since: "1.0.0", group: "list",
            summary: "Returns the element at an index of a list."),
        CommandSpec(
            name: "lset", code: .lset, arity: 4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .slow], since: "1.0.0", group: "list",
            summary: "Sets the element at an index of a list."),
        CommandSpec(
            name: "lrange", code: .lrange, arity: 4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .list, .slow], since: "1.0.0", group: "list",
            summary: "Returns the elements of a part of a list."),
        CommandSpec(
            name: "ltrim", code: .ltrim, arity: 4, flags: [.write], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .slow], since: "1.0.0", group: "list",
            summary: "Removes all elements but those of a part of a list."),
        CommandSpec(
            name: "lrem", code: .lrem, arity: 4, flags: [.write], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .slow], since: "1.0.0", group: "list",
            summary: "Removes elements of a value from a list."),
        CommandSpec(
            name: "linsert", code: .linsert, arity: 5, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .list, .slow], since: "2.2.0", group: "list",
            summary: "Inserts an element before or after another."),
        CommandSpec(
            name: "lpos", code: .lpos, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .list, .slow], since: "6.0.6", group: "list",
            summary: "Returns the indexes of elements of a value."),
        CommandSpec(
            name: "lmove", code: .lmove, arity: 5, flags: [.write, .denyoom], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.write, .list, .slow], since: "6.2.0", group: "list",
            summary: "Moves an element from an end of a list to an end of another."),
        CommandSpec(
            name: "rpoplpush", code: .rpoplpush, arity: 3, flags: [.write, .denyoom], firstKey: 1, lastKey: 2,
            keyStep: 1,
            categories: [.write, .list, .slow], since: "1.2.0", group: "list",
            summary: "Moves the last element of a list to the front of another."),
        CommandSpec(
            name: "lmpop", code: .lmpop, arity: -4, flags: [.write, .movablekeys], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.write, .list, .slow], since: "7.0.0", group: "list",
            summary: "Removes and returns elements of the first list that has any."),
        CommandSpec(
            name: "blpop", code: .blpop, arity: -3, flags: [.write, .blocking], firstKey: 1, lastKey: -2,
            keyStep: 1,
            categories: [.write, .list, .slow, .blocking], since: "2.0.0", group: "list",
            summary: "Removes and returns the first element of a list, and waits for one."),
        CommandSpec(
            name: "brpop", code: .brpop, arity: -3, flags: [.write, .blocking], firstKey: 1, lastKey: -2,
            keyStep: 1,
            categories: [.write, .list, .slow, .blocking], since: "2.0.0", group: "list",
            summary: "Removes and returns the last element of a list, and waits for one."),
        CommandSpec(
            name: "blmove", code: .blmove, arity: 6, flags: [.write, .denyoom, .blocking], firstKey: 1, lastKey: 2,
            keyStep: 1,
            categories: [.write, .list, .slow, .blocking], since: "6.2.0", group: "list",
            summary: "Moves an element from one list to another, and waits for one."),
        CommandSpec(
            name: "brpoplpush", code: .brpoplpush, arity: 4, flags: [.write, .denyoom, .blocking], firstKey: 1,
            lastKey: 2, keyStep: 1,
            categories: [.write, .list, .slow, .blocking], since: "2.2.0", group: "list",
            summary: "Moves the last element of a list to the front of another, and waits for one."),
        CommandSpec(
            name: "blmpop", code: .blmpop, arity: -5, flags: [.write, .blocking, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.write, .list, .slow, .blocking], since: "7.0.0", group: "list",
            summary: "Removes and returns elements of the first list that has some, and waits for them."),
    ]
}
