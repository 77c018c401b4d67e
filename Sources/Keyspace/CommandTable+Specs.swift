// Every command's particulars, as Redis 7.0 gives them.

extension CommandTable {
    /// In any order.
    static let families = [stringsAndKeys, bitmaps, hashes, lists, sets, sortedSets, indexes]

    static let stringsAndKeys: [CommandSpec] = [
        CommandSpec(
            name: "append", code: .append, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .string, .fast], since: "2.0.0", group: "string",
            summary: "Appends a value to a string."),
        CommandSpec(
            name: "copy", code: .copy, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.keyspace, .write, .slow], since: "6.2.0", group: "generic",
            summary: "Copies a record to another key."),
        CommandSpec(
            name: "dbsize", code: .dbsize, arity: 1, flags: [.readonly, .fast], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .read, .fast], since: "1.0.0", group: "server",
            summary: "Returns the number of keys."),
        CommandSpec(
            name: "decr", code: .decr, arity: 2, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Subtracts one from an integer."),
        CommandSpec(
            name: "decrby", code: .decrby, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Subtracts a number from an integer."),
        CommandSpec(
            name: "del", code: .del, arity: -2, flags: [.write], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.keyspace, .write, .slow], since: "1.0.0", group: "generic",
            summary: "Removes keys."),
        CommandSpec(
            name: "dump", code: .dump, arity: 2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .read, .slow], since: "2.6.0", group: "generic",
            summary: "Returns the value at a key in a form that RESTORE takes."),
        CommandSpec(
            name: "exists", code: .exists, arity: -2, flags: [.readonly, .fast], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "1.0.0", group: "generic",
            summary: "Tells how many of the keys exist."),
        CommandSpec(
            name: "expire", code: .expire, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "1.0.0", group: "generic",
            summary: "Sets the time to live of a key, in seconds."),
        CommandSpec(
            name: "expireat", code: .expireat, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "1.2.0", group: "generic",
            summary: "Sets when a key ends, in seconds of Unix time."),
        CommandSpec(
            name: "expiretime", code: .expiretime, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "7.0.0", group: "generic",
            summary: "Tells when a key ends, in seconds of Unix time."),
        CommandSpec(
            name: "flushall", code: .flushall, arity: -1, flags: [.write], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .write, .slow, .dangerous], since: "1.0.0", group: "server",
            summary: "Removes all keys."),
        CommandSpec(
            name: "flushdb", code: .flushdb, arity: -1, flags: [.write], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .write, .slow, .dangerous], since: "1.0.0", group: "server",
            summary: "Removes all keys."),
        CommandSpec(
            name: "get", code: .get, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .string, .fast], since: "1.0.0", group: "string",
            summary: "Returns the string at a key."),
        CommandSpec(
            name: "getdel", code: .getdel, arity: 2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .fast], since: "6.2.0", group: "string",
            summary: "Returns the string at a key and removes the key."),
        CommandSpec(
            name: "getex", code: .getex, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .fast], since: "6.2.0", group: "string",
            summary: "Returns the string at a key and sets or ends its time to live."),
        CommandSpec(
            name: "getrange", code: .getrange, arity: 4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .string, .slow], since: "2.4.0", group: "string",
            summary: "Returns a part of a string."),
        CommandSpec(
            name: "getset", code: .getset, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Sets a string and returns the one before."),
        CommandSpec(
            name: "incr", code: .incr, arity: 2, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Adds one to an integer."),
        CommandSpec(
            name: "incrby", code: .incrby, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Adds a number to an integer."),
        CommandSpec(
            name: "incrbyfloat", code: .incrbyfloat, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1,
            lastKey: 1, keyStep: 1,
            categories: [.write, .string, .fast], since: "2.6.0", group: "string",
            summary: "Adds a decimal number to a number."),
        CommandSpec(
            name: "keys", code: .keys, arity: 2, flags: [.readonly], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .read, .slow, .dangerous], since: "1.0.0", group: "generic",
            summary: "Returns the keys that match a pattern."),
        CommandSpec(
            name: "lcs", code: .lcs, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.read, .string, .slow], since: "7.0.0", group: "string",
            summary: "Finds the longest subsequence that two strings have in common."),
        CommandSpec(
            name: "mget", code: .mget, arity: -2, flags: [.readonly, .fast], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.read, .string, .fast], since: "1.0.0", group: "string",
            summary: "Returns the strings at the keys."),
        CommandSpec(
            name: "mset", code: .mset, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: -1, keyStep: 2,
            categories: [.write, .string, .slow], since: "1.0.1", group: "string",
            summary: "Sets several strings."),
        CommandSpec(
            name: "msetnx", code: .msetnx, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: -1, keyStep: 2,
            categories: [.write, .string, .slow], since: "1.0.1", group: "string",
            summary: "Sets several strings if none of the keys exists."),
        CommandSpec(
            name: "object", code: .object, arity: -2, flags: [.readonly], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .read, .slow], since: "2.2.3", group: "generic",
            summary: "Tells how a record is kept."),
        CommandSpec(
            name: "persist", code: .persist, arity: 2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "2.2.0", group: "generic",
            summary: "Ends the time to live of a key."),
        CommandSpec(
            name: "pexpire", code: .pexpire, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "2.6.0", group: "generic",
            summary: "Sets the time to live of a key, in milliseconds."),
        CommandSpec(
            name: "pexpireat", code: .pexpireat, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "2.6.0", group: "generic",
            summary: "Sets when a key ends, in milliseconds of Unix time."),
        CommandSpec(
            name: "pexpiretime", code: .pexpiretime, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "7.0.0", group: "generic",
            summary: "Tells when a key ends, in milliseconds of Unix time."),
        CommandSpec(
            name: "psetex", code: .psetex, arity: 4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .slow], since: "2.6.0", group: "string",
            summary: "Sets a string and its time to live, in milliseconds."),
        CommandSpec(
            name: "pttl", code: .pttl, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "2.6.0", group: "generic",
            summary: "Tells the time to live of a key, in milliseconds."),
        CommandSpec(
            name: "randomkey", code: .randomkey, arity: 1, flags: [.readonly], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .read, .slow], since: "1.0.0", group: "generic",
            summary: "Returns one of the keys at random."),
        CommandSpec(
            name: "rename", code: .rename, arity: 3, flags: [.write], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.keyspace, .write, .slow], since: "1.0.0", group: "generic",
            summary: "Gives a record another key."),
        CommandSpec(
            name: "renamenx", code: .renamenx, arity: 3, flags: [.write, .fast], firstKey: 1, lastKey: 2, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "1.0.0", group: "generic",
            summary: "Gives a record another key if that does not exist."),
        CommandSpec(
            name: "restore", code: .restore, arity: -4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .write, .slow, .dangerous], since: "2.6.0", group: "generic",
            summary: "Makes a key with a value that DUMP has returned."),
        CommandSpec(
            name: "scan", code: .scan, arity: -2, flags: [.readonly], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.keyspace, .read, .slow], since: "2.8.0", group: "generic",
            summary: "Returns some of the keys, and where to go on."),
        CommandSpec(
            name: "set", code: .set, arity: -3, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .slow], since: "1.0.0", group: "string",
            summary: "Sets a string."),
        CommandSpec(
            name: "setex", code: .setex, arity: 4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .slow], since: "2.0.0", group: "string",
            summary: "Sets a string and its time to live, in seconds."),
        CommandSpec(
            name: "setnx", code: .setnx, arity: 3, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .string, .fast], since: "1.0.0", group: "string",
            summary: "Sets a string if the key does not exist."),
        CommandSpec(
            name: "setrange", code: .setrange, arity: 4, flags: [.write, .denyoom], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .string, .slow], since: "2.2.0", group: "string",
            summary: "Overwrites a part of a string."),
        CommandSpec(
            name: "strlen", code: .strlen, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .string, .fast], since: "2.2.0", group: "string",
            summary: "Returns the length of a string."),
        CommandSpec(
            name: "substr", code: .substr, arity: 4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .string, .slow], since: "1.0.0", group: "string",
            summary: "Returns a part of a string."),
        CommandSpec(
            name: "touch", code: .touch, arity: -2, flags: [.readonly, .fast], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "3.2.1", group: "generic",
            summary: "Tells how many of the keys exist."),
        CommandSpec(
            name: "ttl", code: .ttl, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "1.0.0", group: "generic",
            summary: "Tells the time to live of a key, in seconds."),
        CommandSpec(
            name: "type", code: .type, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "1.0.0", group: "generic",
            summary: "Returns the type of the record at a key."),
        CommandSpec(
            name: "unlink", code: .unlink, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.keyspace, .write, .fast], since: "4.0.0", group: "generic",
            summary: "Removes keys."),
        CommandSpec(
            name: "version", code: .version, arity: -2, flags: [.readonly, .fast], firstKey: 1, lastKey: -1, keyStep: 1,
            categories: [.keyspace, .read, .fast], since: "7.0.0", group: "generic",
            summary: "Tells which entry of the log wrote each of the keys."),
    ]
}
