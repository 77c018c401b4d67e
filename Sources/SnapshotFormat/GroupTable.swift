// The table of a group: for each of its slots, the chunks in their order.

/// A value without a place on a disk; `TableReference` says where one is stored.
public struct GroupTable: Hashable, Sendable {
    public let group: SlotGroup
    /// Of all slots, one slot behind the other.
    public private(set) var chunks: [ChunkReference] = []
    /// Where the chunks of the group's n-th slot end (exclusive); for the slots up to the last that has any, at least.
    private var ends: [Int] = []

    /// An empty one.
    public init(group: SlotGroup) { self.group = group }

    public var isEmpty: Bool { chunks.isEmpty }

    /// Appends the next part of a slot. Slots come in ascending order; traps otherwise.
    public mutating func append(_ chunk: ChunkReference, slot: Int) {
        precondition(group.slots.contains(slot), "slot \(slot) is not in \(group)")
        let position = slot - group.slots.lowerBound
        precondition(ends.count <= position + 1, "slot \(slot) behind a later one")
        while ends.count <= position { ends.append(chunks.count) }
        chunks.append(chunk)
        ends[position] = chunks.count
    }

    /// Where in `chunks` those of a slot are.
    public func range(of slot: Int) -> Range<Int> {
        precondition(group.slots.contains(slot), "slot \(slot) is not in \(group)")
        let position = slot - group.slots.lowerBound
        let start = position == 0 ? 0 : end(position - 1)
        return start..<end(position)
    }

    public func chunks(of slot: Int) -> ArraySlice<ChunkReference> { chunks[range(of: slot)] }

    mutating func reserve(_ count: Int) { chunks.reserveCapacity(count) }

    private func end(_ position: Int) -> Int { position < ends.count ? ends[position] : chunks.count }

    public static func == (a: GroupTable, b: GroupTable) -> Bool {
        a.group == b.group && a.chunks == b.chunks && a.group.slots.allSatisfy { a.range(of: $0) == b.range(of: $0) }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(group)
        hasher.combine(chunks)
    }
}

/// Where a group's table is stored, and its checksum.
public struct TableReference: Hashable, Sendable {
    public let pack: PackNumber
    public let offset: Int
    public let length: Int
    public let checksum: UInt32

    public init(pack: PackNumber, offset: Int, length: Int, checksum: UInt32) {
        self.pack = pack
        self.offset = offset
        self.length = length
        self.checksum = checksum
    }

    public var end: Int { offset + length }
}
