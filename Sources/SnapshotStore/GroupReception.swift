// A group that is being received: the sender's table, and the node's own in the making.

import SnapshotFormat

struct GroupReception {
    /// The sender's: what is to be there.
    let table: GroupTable
    /// The own base's, if there is one.
    let base: GroupTable?
    /// Where this node has the table's chunks.
    private var own: [ChunkReference?]
    private(set) var missing: Int

    init(_ table: GroupTable, base: GroupTable?) {
        self.table = table
        self.base = base
        own = Array(repeating: nil, count: table.chunks.count)
        missing = table.chunks.count
    }

    mutating func put(_ chunk: ChunkReference, at position: Int) {
        precondition(own[position] == nil, "chunk \(position) of \(table.group) has come twice")
        own[position] = chunk
        missing -= 1
    }

    /// Nil when the table has no such place.
    func position(of place: ChunkPlace) -> Int? {
        let range = table.range(of: place.slot)
        return place.part < range.count ? range.lowerBound + place.part : nil
    }

    /// The node's own table. Traps while a chunk is missing.
    var ownTable: GroupTable {
        var result = GroupTable(group: table.group)
        for slot in table.group.slots {
            for position in table.range(of: slot) {
                guard let chunk = own[position] else { preconditionFailure("chunk \(position) has not come") }
                result.append(chunk, slot: slot)
            }
        }
        return result
    }

    /// What has come.
    var present: [ChunkKey: ChunkReference] {
        var present: [ChunkKey: ChunkReference] = [:]
        for slot in table.group.slots {
            for position in table.range(of: slot) {
                guard let chunk = own[position] else { continue }
                present[ChunkKey(slot: slot, name: chunk.name)] = chunk
            }
        }
        return present
    }
}
