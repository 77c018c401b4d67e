// The particulars of the commands on bits of strings, as Redis 7.0 gives them.

extension CommandTable {
    static let bitmaps: [CommandSpec] = [
        CommandSpec(
            name: "bitcount", code: .bitcount, arity: -2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .bitmap, .slow], since: "2.6.0", group: "bitmap",
            summary: "Counts the bits of a string that are set."),
        CommandSpec(
            name: "bitop", code: .bitop, arity: -4, flags: [.write, .denyoom], firstKey: 2, lastKey: -1, keyStep: 1,
            categories: [.write, .bitmap, .slow], since: "2.6.0", group: "bitmap",
            summary: "Combines strings bit by bit and stores the result."),
        CommandSpec(
            name: "bitpos", code: .bitpos, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .bitmap, .slow], since: "2.8.7", group: "bitmap",
            summary: "Finds the first bit of a string that is set, or is not."),
        CommandSpec(
            name: "getbit", code: .getbit, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .bitmap, .fast], since: "2.2.0", group: "bitmap",
            summary: "Returns a bit of a string."),
        CommandSpec(
            name: "setbit", code: .setbit, arity: 4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .bitmap, .slow], since: "2.2.0", group: "bitmap",
            summary: "Sets a bit of a string and returns the one before."),
    ]
}
