// Majority arithmetic: how many make a quorum, and what a quorum agrees on.

/// Decisions of a set of voters by majority (Raft paper, section 5). Two majorities of one set share a member; all of
/// Raft's safety rests on that.
enum Quorum {
    /// The smallest number of members that is more than half of `count`.
    static func majority(of count: Int) -> Int { count / 2 + 1 }

    /// The highest value that a majority of `count` voters has reached, when voter `i` has reached `value(i)`; zero
    /// for no voters. That is the element at rank `majority` of the values in descending order, found by counting,
    /// since there are a handful of voters and this runs in every turn of the loop.
    static func reached(count: Int, by value: (Int) -> UInt64) -> UInt64 {
        let needed = majority(of: count)
        var best: UInt64 = 0
        for i in 0..<count {
            let candidate = value(i)
            if candidate > best, members(count, where: { value($0) >= candidate }) >= needed { best = candidate }
        }
        return best
    }

    /// Whether a majority of `count` voters satisfies `condition`. Never true for no voters.
    static func holds(count: Int, where condition: (Int) -> Bool) -> Bool {
        members(count, where: condition) >= majority(of: count)
    }

    private static func members(_ count: Int, where condition: (Int) -> Bool) -> Int {
        var found = 0
        for i in 0..<count where condition(i) { found += 1 }
        return found
    }
}
