// Damage at rest: bits that flip, sectors that are lost or somebody else's, files that are gone.

extension SimulatedDisk {
    public static let sectorSize = 512

    /// Changes a file at rest, on stable storage too.
    public func edit(_ name: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let inode = state.names[name] else { return }
            state.bytes(of: inode, change)
            state.inodes[inode].durable = state.inodes[inode].bytes
            state.inodes[inode].pending = []
        }
    }

    /// A file is gone, by name and for good: no change of names that is under way brings it back.
    public func removeFile(_ name: String) {
        state.withLock { state in
            state.removeName(name)
            state.durableNames[name] = nil
            state.pendingNames = state.pendingNames.compactMap { $0.without(name) }
        }
    }

    /// The names of segments, in order.
    var segmentNames: [String] {
        state.withLock { state in state.names.keys.filter { $0.hasPrefix("wal-") && $0.hasSuffix(".seg") }.sorted() }
    }

    /// The segment that is being written: the last one that has a header. What a torn batch left in the body of a
    /// prepared one does not begin it.
    var newestSegment: String? {
        let files = files
        return segmentNames.last { files[$0]?.prefix(8).contains { $0 != 0 } == true }
    }

    /// Flips one bit of what is on stable storage. What was written since the last sync there stays as it is.
    func flipBit(_ bit: Int, of name: String) {
        damage(name) { bytes in
            guard bit / 8 < bytes.count else { return }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    /// A sector reads as zeros, or as another sector of the same file.
    func replaceSector(_ sector: Int, of name: String, bySector source: Int?) {
        damage(name) { bytes in
            let start = sector * SimulatedDisk.sectorSize
            let end = min(start + SimulatedDisk.sectorSize, bytes.count)
            guard start < end else { return }
            for offset in start..<end {
                let from = source.map { $0 * SimulatedDisk.sectorSize + offset - start }
                bytes[offset] = from.flatMap { $0 < bytes.count ? bytes[$0] : nil } ?? 0
            }
        }
    }

    private func damage(_ name: String, _ change: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let inode = state.names[name] else { return }
            change(&state.inodes[inode].durable)
            change(&state.inodes[inode].bytes)
        }
    }
}
