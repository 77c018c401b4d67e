// Where a chunk belongs: the keyspace's slots, in groups that have a table each.

/// 128 groups of 128 slots, by `slot >> 7`, and behind them the head, whose one slot is 16384: what a state has
/// besides records.
public struct SlotGroup: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let slotsEach = 128
    /// With the head.
    public static let count = 129
    /// With that of the head.
    public static let slotCount = 16385

    /// Below `count`.
    public let rawValue: Int

    public init?(rawValue: Int) {
        guard (0..<SlotGroup.count).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    private init(known value: Int) { rawValue = value }

    public static let head = SlotGroup(known: count - 1)
    /// Ascending; the head is the last.
    public static let all = (0..<count).map { SlotGroup(known: $0) }

    /// The group of a slot. Traps for what is no slot.
    public init(slot: Int) {
        precondition((0..<SlotGroup.slotCount).contains(slot), "there is no slot \(slot)")
        rawValue = slot / SlotGroup.slotsEach
    }

    public var slots: Range<Int> {
        let first = rawValue * SlotGroup.slotsEach
        return first..<min(first + SlotGroup.slotsEach, SlotGroup.slotCount)
    }

    public static func < (a: SlotGroup, b: SlotGroup) -> Bool { a.rawValue < b.rawValue }
    public var description: String { self == .head ? "head" : "group \(rawValue)" }
}

/// One chunk's place in a snapshot. The parts of a slot are counted from 0.
public struct ChunkPlace: Hashable, Sendable, CustomStringConvertible {
    public let slot: Int
    public let part: Int

    public init(slot: Int, part: Int) {
        self.slot = slot
        self.part = part
    }

    public var description: String { "slot \(slot), part \(part)" }
}
