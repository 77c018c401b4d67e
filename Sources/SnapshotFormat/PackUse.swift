// Packs as a manifest names them, and which of them are not worth to be kept.

public import Vocabulary

/// Names a pack: a file of chunks and tables, which is written once. Mostly the log index of the snapshot that it was
/// begun for; the next number that is free, when that was taken.
public struct PackNumber: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Inclusive, and far from where counting on could overflow.
    static let valueMax: UInt64 = 1 << 62

    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }

    public static func < (a: PackNumber, b: PackNumber) -> Bool { a.rawValue < b.rawValue }
    public var description: String { String(rawValue) }

    /// The number of a new pack for a snapshot at `index`, in a directory that has had packs up to `highest`.
    public static func next(for index: LogIndex, above highest: PackNumber?) -> PackNumber {
        guard let highest else { return PackNumber(index.rawValue) }
        return PackNumber(max(index.rawValue, highest.rawValue + 1))
    }
}

/// How much of a pack one snapshot needs.
public struct PackUse: Hashable, Sendable {
    /// How many packs a new snapshot refers to at most, with its own.
    public static let countMax = 64

    public let number: PackNumber
    /// Up to the end of what was written for a snapshot; the file may be longer.
    public let size: Int
    /// Of its header, and of the chunks and tables that the snapshot refers to. At most `size`.
    public let live: Int

    public init(number: PackNumber, size: Int, live: Int) {
        self.number = number
        self.size = size
        self.live = live
    }

    /// The packs that a snapshot after this one leaves behind when no dead byte is to stay. Ascending.
    public static func incomplete(of packs: [PackUse]) -> [PackNumber] {
        let dead = packs.filter { $0.live < $0.size }.map(\.number)
        return Set(dead + stale(of: packs)).sorted()
    }

    /// The packs that a snapshot after this one should not refer to any more, so that they can go: those of which less
    /// than half is live, and, when there would be too many, those with the least live bytes. Ascending.
    ///
    /// Of too many it lets half go: small packs are merged once in a while, and not one with every snapshot.
    public static func stale(of packs: [PackUse]) -> [PackNumber] {
        var stale = packs.filter { $0.live < $0.size - $0.live }.map(\.number)
        let kept = packs.filter { $0.live >= $0.size - $0.live }
        if kept.count >= countMax {
            let byLive = kept.sorted { $0.live != $1.live ? $0.live < $1.live : $0.number < $1.number }
            stale += byLive.prefix(kept.count - countMax / 2).map(\.number)
        }
        return stale.sorted()
    }
}
