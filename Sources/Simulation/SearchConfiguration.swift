// What may be the case between two events of a history: a value, and which of the open operations are done.

/// A set of at most 256 small numbers.
struct SmallSet: Equatable {
    static let capacity = 256
    private var a: UInt64 = 0
    private var b: UInt64 = 0
    private var c: UInt64 = 0
    private var d: UInt64 = 0

    var isEmpty: Bool { a | b | c | d == 0 }

    func contains(_ number: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(number & 63)
        switch number >> 6 {
        case 0: return a & bit != 0
        case 1: return b & bit != 0
        case 2: return c & bit != 0
        default: return d & bit != 0
        }
    }

    mutating func insert(_ number: Int) {
        let bit: UInt64 = 1 << UInt64(number & 63)
        switch number >> 6 {
        case 0: a |= bit
        case 1: b |= bit
        case 2: c |= bit
        default: d |= bit
        }
    }

    func isSubset(of other: SmallSet) -> Bool {
        (a & ~other.a) | (b & ~other.b) | (c & ~other.c) | (d & ~other.d) == 0
    }

    mutating func subtract(_ other: SmallSet) {
        a &= ~other.a
        b &= ~other.b
        c &= ~other.c
        d &= ~other.d
    }

    mutating func formIntersection(_ other: SmallSet) {
        a &= other.a
        b &= other.b
        c &= other.c
        d &= other.d
    }
}

/// One way in which what was answered so far may have come about.
struct SearchConfiguration: Equatable {
    /// Of the search's `ValueTree`.
    var value: Int32
    /// Which operations that will be answered, and were called and not answered yet, are done; by their places.
    var answered: UInt64 = 0
    /// Which operations without a known outcome were done; by their places.
    var unanswered = SmallSet()
}

/// Configurations without those that another one makes superfluous, in the order in which they came.
///
/// Of two that differ only in the operations without an outcome that they have used up, the one that used up less can
/// do all that the other can: those operations may be done, but need not.
struct SearchConfigurationTable {
    /// In the order of coming. Those that became superfluous later have the value `ValueTree.none`.
    private(set) var entries: [SearchConfiguration] = []
    /// Of a new configuration with one that was there, since the table was made.
    private(set) var comparisons = 0
    /// Behind each entry the next one in its bucket, or -1.
    private var following: [Int32] = []
    private var buckets = [Int32](repeating: -1, count: 64)

    mutating func removeAll() {
        if entries.count < buckets.count / 8 {
            // A superfluous entry was in the bucket of the one that replaced it.
            for entry in entries where entry.value >= 0 { buckets[bucket(of: entry)] = -1 }
        } else {
            for index in buckets.indices { buckets[index] = -1 }
        }
        entries.removeAll(keepingCapacity: true)
        following.removeAll(keepingCapacity: true)
    }

    /// Takes the configuration unless one that is there makes it superfluous.
    mutating func insert(_ new: SearchConfiguration) {
        var index = buckets[bucket(of: new)]
        while index >= 0 {
            let old = entries[Int(index)]
            comparisons += 1
            if old.value == new.value, old.answered == new.answered {
                if old.unanswered.isSubset(of: new.unanswered) { return }
                if new.unanswered.isSubset(of: old.unanswered) { entries[Int(index)].value = ValueTree.none }
            }
            index = following[Int(index)]
        }
        if entries.count >= buckets.count { grow() }
        let bucket = bucket(of: new)
        following.append(buckets[bucket])
        buckets[bucket] = Int32(entries.count)
        entries.append(new)
    }

    private mutating func grow() {
        buckets = [Int32](repeating: -1, count: buckets.count * 4)
        for (index, entry) in entries.enumerated() where entry.value >= 0 {
            let bucket = bucket(of: entry)
            following[index] = buckets[bucket]
            buckets[bucket] = Int32(index)
        }
    }

    /// A multiplicative hash of the parts that must be equal for one entry to stand for another.
    private func bucket(of entry: SearchConfiguration) -> Int {
        let word = entry.answered &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(UInt32(bitPattern: entry.value))
        let mixed = (word ^ word >> 29) &* 0xBF58_476D_1CE4_E5B9
        return Int(mixed >> 32) & (buckets.count - 1)
    }
}
