// The particulars of the commands on sorted sets, as Redis 7.0 gives them.

extension CommandTable {
    static let sortedSets: [CommandSpec] = [
        CommandSpec(
            name: "zadd", code: .zadd, arity: -4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .sortedSet, .fast], since: "1.2.0", group: "sorted-set",
            summary: "Adds members to a sorted set, or sets their scores."),
        CommandSpec(
            name: "zincrby", code: .zincrby, arity: 4, flags: [.write, .denyoom, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .fast], since: "1.2.0", group: "sorted-set",
            summary: "Adds a number to the score of a member."),
        CommandSpec(
            name: "zrem", code: .zrem, arity: -3, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .sortedSet, .fast], since: "1.2.0", group: "sorted-set",
            summary: "Removes members from a sorted set."),
        CommandSpec(
            name: "zcard", code: .zcard, arity: 2, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "1.2.0", group: "sorted-set",
            summary: "Returns the number of members of a sorted set."),
        CommandSpec(
            name: "zscore", code: .zscore, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "1.2.0", group: "sorted-set",
            summary: "Returns the score of a member."),
        CommandSpec(
            name: "zmscore", code: .zmscore, arity: -3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "6.2.0", group: "sorted-set",
            summary: "Returns the scores of members."),
        CommandSpec(
            name: "zrank", code: .zrank, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "2.0.0", group: "sorted-set",
            summary: "Returns the place of a member, counted from the least score up."),
        CommandSpec(
            name: "zrevrank", code: .zrevrank, arity: 3, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "2.0.0", group: "sorted-set",
            summary: "Returns the place of a member, counted from the greatest score down."),
        CommandSpec(
            name: "zrange", code: .zrange, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "1.2.0", group: "sorted-set",
            summary: "Returns a part of a sorted set, by place, score or text."),
        CommandSpec(
            name: "zrevrange", code: .zrevrange, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "1.2.0", group: "sorted-set",
            summary: "Returns a part of a sorted set, by place, from the greatest score down."),
        CommandSpec(
            name: "zrangebyscore", code: .zrangebyscore, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "1.0.5", group: "sorted-set",
            summary: "Returns the members with scores in a range."),
        CommandSpec(
            name: "zrevrangebyscore", code: .zrevrangebyscore, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "2.2.0", group: "sorted-set",
            summary: "Returns the members with scores in a range, from the greatest down."),
        CommandSpec(
            name: "zrangebylex", code: .zrangebylex, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "2.8.9", group: "sorted-set",
            summary: "Returns the members in a range of texts."),
        CommandSpec(
            name: "zrevrangebylex", code: .zrevrangebylex, arity: -4, flags: [.readonly], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "2.8.9", group: "sorted-set",
            summary: "Returns the members in a range of texts, from the greatest down."),
        CommandSpec(
            name: "zrangestore", code: .zrangestore, arity: -5, flags: [.write, .denyoom], firstKey: 1, lastKey: 2,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Stores a part of a sorted set in another key."),
        CommandSpec(
            name: "zcount", code: .zcount, arity: 4, flags: [.readonly, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "2.0.0", group: "sorted-set",
            summary: "Counts the members with scores in a range."),
        CommandSpec(
            name: "zlexcount", code: .zlexcount, arity: 4, flags: [.readonly, .fast], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.read, .sortedSet, .fast], since: "2.8.9", group: "sorted-set",
            summary: "Counts the members in a range of texts."),
        CommandSpec(
            name: "zremrangebyrank", code: .zremrangebyrank, arity: 4, flags: [.write], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "2.0.0", group: "sorted-set",
            summary: "Removes the members of a range of places."),
        CommandSpec(
            name: "zremrangebyscore", code: .zremrangebyscore, arity: 4, flags: [.write], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "1.2.0", group: "sorted-set",
            summary: "Removes the members with scores in a range."),
        CommandSpec(
            name: "zremrangebylex", code: .zremrangebylex, arity: 4, flags: [.write], firstKey: 1, lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "2.8.9", group: "sorted-set",
            summary: "Removes the members in a range of texts."),
        CommandSpec(
            name: "zpopmin", code: .zpopmin, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .sortedSet, .fast], since: "5.0.0", group: "sorted-set",
            summary: "Removes and returns the members with the least scores."),
        CommandSpec(
            name: "zpopmax", code: .zpopmax, arity: -2, flags: [.write, .fast], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.write, .sortedSet, .fast], since: "5.0.0", group: "sorted-set",
            summary: "Removes and returns the members with the greatest scores."),
        CommandSpec(
            name: "zmpop", code: .zmpop, arity: -4, flags: [.write, .movablekeys], firstKey: 0, lastKey: 0, keyStep: 0,
            categories: [.write, .sortedSet, .slow], since: "7.0.0", group: "sorted-set",
            summary: "Removes and returns members of the first sorted set that has any."),
        CommandSpec(
            name: "zrandmember", code: .zrandmember, arity: -2, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Returns members of a sorted set at random."),
        CommandSpec(
            name: "zunion", code: .zunion, arity: -3, flags: [.readonly, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.read, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Returns the union of sorted sets."),
        CommandSpec(
            name: "zinter", code: .zinter, arity: -3, flags: [.readonly, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.read, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Returns the intersection of sorted sets."),
        CommandSpec(
            name: "zdiff", code: .zdiff, arity: -3, flags: [.readonly, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.read, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Returns the members of a sorted set that others do not have."),
        CommandSpec(
            name: "zunionstore", code: .zunionstore, arity: -4, flags: [.write, .denyoom, .movablekeys], firstKey: 1,
            lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "2.0.0", group: "sorted-set",
            summary: "Stores the union of sorted sets."),
        CommandSpec(
            name: "zinterstore", code: .zinterstore, arity: -4, flags: [.write, .denyoom, .movablekeys], firstKey: 1,
            lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "2.0.0", group: "sorted-set",
            summary: "Stores the intersection of sorted sets."),
        CommandSpec(
            name: "zdiffstore", code: .zdiffstore, arity: -4, flags: [.write, .denyoom, .movablekeys], firstKey: 1,
            lastKey: 1,
            keyStep: 1,
            categories: [.write, .sortedSet, .slow], since: "6.2.0", group: "sorted-set",
            summary: "Stores the members of a sorted set that others do not have."),
        CommandSpec(
            name: "zintercard", code: .zintercard, arity: -3, flags: [.readonly, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.read, .sortedSet, .slow], since: "7.0.0", group: "sorted-set",
            summary: "Counts the members that sorted sets have in common."),
        CommandSpec(
            name: "zscan", code: .zscan, arity: -3, flags: [.readonly], firstKey: 1, lastKey: 1, keyStep: 1,
            categories: [.read, .sortedSet, .slow], since: "2.8.0", group: "sorted-set",
            summary: "Returns some of the members with their scores, and where to go on."),
        CommandSpec(
            name: "bzpopmin", code: .bzpopmin, arity: -3, flags: [.write, .blocking, .fast], firstKey: 1, lastKey: -2,
            keyStep: 1,
            categories: [.write, .sortedSet, .fast, .blocking], since: "5.0.0", group: "sorted-set",
            summary: "Removes and returns the member with the least score, and waits for one."),
        CommandSpec(
            name: "bzpopmax", code: .bzpopmax, arity: -3, flags: [.write, .blocking, .fast], firstKey: 1, lastKey: -2,
            keyStep: 1,
            categories: [.write, .sortedSet, .fast, .blocking], since: "5.0.0", group: "sorted-set",
            summary: "Removes and returns the member with the greatest score, and waits for one."),
        CommandSpec(
            name: "bzmpop", code: .bzmpop, arity: -5, flags: [.write, .blocking, .movablekeys], firstKey: 0, lastKey: 0,
            keyStep: 0,
            categories: [.write, .sortedSet, .slow, .blocking], since: "7.0.0", group: "sorted-set",
            summary: "Removes and returns members of the first sorted set that has some, and waits for them."),
    ]
}
