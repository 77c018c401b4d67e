// Whether a chunk stands in an older snapshot already.

import SnapshotFormat

/// An older snapshot's table of a group, asked slot by slot.
struct ChunkFinder {
    let table: GroupTable
    /// The slot that was asked for last, and where in the table its chunks are. Made when one is not where it was.
    private var slot = -1
    private var positions: [ChunkName: Int] = [:]

    init(_ table: GroupTable) { self.table = table }

    /// The chunk of this name in the same slot: mostly at the same part, or at another one when chunks before it came
    /// or went.
    mutating func find(_ name: ChunkName, at place: ChunkPlace) -> ChunkReference? {
        let range = table.range(of: place.slot)
        if place.part < range.count, table.chunks[range.lowerBound + place.part].name == name {
            return table.chunks[range.lowerBound + place.part]
        }
        if slot != place.slot {
            slot = place.slot
            positions = Dictionary(range.map { (table.chunks[$0].name, $0) }, uniquingKeysWith: min)
        }
        return positions[name].map { table.chunks[$0] }
    }
}
