// States under test: chunks by slot, and the plain dictionary that says what a snapshot must give back.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

/// The naive twin of a snapshot's contents.
struct ChunkState: Equatable {
    var slots: [Int: [[UInt8]]] = [:]

    var digest: Digest {
        var sum = Digest.empty
        for (slot, parts) in slots {
            for (part, bytes) in parts.enumerated() {
                var text: [UInt8] = []
                text.append(littleEndian: UInt64(slot))
                text.append(littleEndian: UInt64(part))
                text += bytes
                sum.add(SipHash.digest(text.rawBytes, key: SipHash.Key(1, 2)))
            }
        }
        return sum
    }

    var bytes: Int { slots.values.joined().reduce(0) { $0 + $1.count } }

    /// Text that LZ4 makes small, or noise that it does not.
    static func chunk(_ count: Int, _ random: inout SplitMix64) -> [UInt8] {
        let seed = random.next()
        if Bool.random(using: &random) {
            return (0..<count).map { UInt8(truncatingIfNeeded: $0 / 20 &+ Int(seed & 15)) }
        }
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// What time does to a state.
    mutating func change(_ random: inout SplitMix64, changes: Int, size: ClosedRange<Int> = 1...300) {
        for _ in 0..<changes {
            let slot = SnapshotWorld.slots[random.below(SnapshotWorld.slots.count)]
            var parts = slots[slot] ?? []
            switch random.below(6) {
            case 0 where !parts.isEmpty: parts.remove(at: random.below(parts.count))
            case 1, 2:
                parts.insert(Self.chunk(.random(in: size, using: &random), &random), at: random.below(parts.count + 1))
            case 3 where parts.count > 6: parts.removeSubrange(..<(parts.count / 2))
            default:
                let new = Self.chunk(.random(in: size, using: &random), &random)
                if parts.isEmpty { parts = [new] } else { parts[random.below(parts.count)] = new }
            }
            slots[slot] = parts.isEmpty ? nil : parts
        }
    }
}

enum SnapshotWorld {
    static let cluster = ClusterID(high: 1, low: 2)
    /// Of some groups, the last one and the head; two in one group.
    static let slots = [0, 1, 127, 128, 5000, 9000, 16383, 16384]

    static func facts(_ index: UInt64) -> SnapshotFacts {
        SnapshotFacts(
            cluster: cluster, position: LogPosition(term: Term(3), index: LogIndex(index)),
            frameChecksum: UInt32(truncatingIfNeeded: index &* 77), timestamp: Timestamp(microseconds: index * 1000),
            featureLevel: 1, configuration: Array("members".utf8), registry: Array("registry".utf8))
    }

    static func contents(_ state: ChunkState) -> SnapshotContents {
        SnapshotContents(digest: state.digest, strings: 1, hashes: 2, lists: 3, sets: 4, sortedSets: 5)
    }

    /// Writes a snapshot and leaves it to the caller to abort after an error.
    static func write<Disk: Storage>(
        _ state: ChunkState, at index: UInt64, base: SnapshotManifest? = nil,
        _ writer: inout SnapshotWriter<Disk>
    ) throws(SnapshotError) -> SnapshotManifest {
        var slots = state.slots.keys.sorted()[...]
        for group in SlotGroup.all {
            try writer.begin(group)
            while let slot = slots.first, SlotGroup(slot: slot) == group {
                slots.removeFirst()
                for (part, bytes) in (state.slots[slot] ?? []).enumerated() {
                    let place = try writer.add(slot: slot, records: UInt32(bytes.count % 7), bytes.rawBytes)
                    if place != ChunkPlace(slot: slot, part: part) { Issue.record("\(place) for part \(part)") }
                }
            }
        }
        return try writer.finish(contents(state))
    }

    @discardableResult
    static func write<Disk: Storage>(
        _ state: ChunkState, at index: UInt64, base: SnapshotManifest? = nil, on disk: Disk
    ) throws(SnapshotError) -> SnapshotManifest {
        var writer = try SnapshotWriter(disk: disk, facts: facts(index), base: base)
        do throws(SnapshotError) { return try write(state, at: index, base: base, &writer) } catch {
            try? writer.abort()
            throw error
        }
    }

    static func read<Disk: Storage>(_ manifest: SnapshotManifest, on disk: Disk) throws(SnapshotError) -> ChunkState {
        var state = ChunkState()
        var reader = SnapshotReader(disk: disk, manifest: manifest, readAhead: ByteCount(1000))
        for group in SlotGroup.all {
            let table = try reader.table(group)
            guard !table.isEmpty else { continue }
            for slot in group.slots where !table.range(of: slot).isEmpty {
                var parts: [[UInt8]] = []
                for part in table.chunks(of: slot).indices {
                    var bytes: [UInt8] = []
                    let place = ChunkPlace(slot: slot, part: part - table.range(of: slot).lowerBound)
                    try reader.read(place, of: table, into: &bytes)
                    parts.append(bytes)
                }
                state.slots[slot] = parts
            }
        }
        return state
    }

    static func open<Disk: Storage>(_ disk: Disk) throws(SnapshotError) -> SnapshotCatalogue<Disk> {
        try SnapshotCatalogue.open(disk, cluster: cluster)
    }

    static func packs(_ disk: SimulatedDisk) -> Set<PackNumber> {
        Set(disk.files.keys.compactMap(SnapshotName.pack(of:)))
    }
}
