// A snapshot that moves from node to node: only what is missing, whatever interrupts it, and nothing that is false.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

/// A node that has a snapshot to give.
private struct Sender {
    let disk: SimulatedDisk
    let manifest: SnapshotManifest
    var reader: SnapshotReader<SimulatedDisk>

    /// - Parameter detours: how many older snapshots its packs come from.
    init(_ state: ChunkState, at index: UInt64, detours: Int = 0, seed: UInt64 = 1) throws {
        var random = SplitMix64(seed: seed)
        let disk = SimulatedDisk()
        var manifests: [SnapshotManifest] = []
        for number in 0..<detours {
            var older = state
            older.change(&random, changes: 10)
            manifests.append(
                try SnapshotWorld.write(older, at: UInt64(number + 1), base: manifests.last, on: disk))
        }
        let manifest = try SnapshotWorld.write(state, at: index, base: manifests.last, on: disk)
        self.init(disk: disk, manifest: manifest)
    }

    private init(disk: SimulatedDisk, manifest: SnapshotManifest) {
        self.disk = disk
        self.manifest = manifest
        reader = SnapshotReader(disk: disk, manifest: manifest)
    }

    mutating func answer(_ ask: SnapshotAsk) throws(SnapshotError) -> [UInt8] {
        var bytes: [UInt8] = []
        try reader.readRaw(ask.pack, offset: ask.offset, count: ask.count, into: &bytes)
        return bytes
    }
}

@Suite struct SnapshotReceiverTests {
    static func state(_ seed: UInt64, changes: Int = 120) -> ChunkState {
        var random = SplitMix64(seed: seed)
        var state = ChunkState()
        state.change(&random, changes: changes)
        return state
    }

    private func begin(
        _ disk: SimulatedDisk, from sender: Sender, base: SnapshotManifest? = nil, leftovers: [PackNumber] = [],
        rangeMax: Int = 700
    ) throws(SnapshotError) -> SnapshotReceiver<SimulatedDisk> {
        let manifest = sender.manifest.encoded
        return try SnapshotReceiver(
            disk: disk, cluster: SnapshotWorld.cluster, manifest: manifest.rawBytes, base: base,
            leftovers: leftovers, rangeMax: ByteCount(rangeMax))
    }

    /// Asks and answers, with some asks under way, until `limit` answers came or all is there.
    private func exchange(
        _ receiver: inout SnapshotReceiver<SimulatedDisk>, _ sender: inout Sender, answers limit: Int = .max
    ) throws {
        var underWay: [SnapshotAsk] = []
        var answers = 0
        while answers < limit {
            while underWay.count < 5, let ask = receiver.nextAsk() { underWay.append(ask) }
            guard !underWay.isEmpty else { return }
            let answer = try sender.answer(underWay.removeFirst())
            try receiver.take(answer.rawBytes)
            answers += 1
        }
    }

    @Test(arguments: [1, 64, 700, 1 << 20])
    func `a snapshot is received as it was sent, in ranges of any size`(rangeMax: Int) throws {
        let state = Self.state(1, changes: rangeMax == 1 ? 10 : 120)
        var sender = try Sender(state, at: 20, detours: 3)
        let disk = SimulatedDisk()
        var receiver = try begin(disk, from: sender, rangeMax: rangeMax)
        try exchange(&receiver, &sender)
        #expect(receiver.isComplete)
        let received = try receiver.finish()
        #expect(received.isSameState(as: sender.manifest))
        #expect(received.chunkCount == sender.manifest.chunkCount)
        #expect(try SnapshotWorld.open(disk).snapshots == [received])
        #expect(try SnapshotWorld.read(received, on: disk) == state)
        #expect(try SnapshotVerification.run(disk, received).isEmpty)
    }

    @Test func `only what the receiver has not is asked for`() throws {
        var random = SplitMix64(seed: 2)
        var state = Self.state(2)
        let disk = SimulatedDisk()
        let base = try SnapshotWorld.write(state, at: 10, on: disk)
        state.change(&random, changes: 3)
        var sender = try Sender(state, at: 20, detours: 2)
        var receiver = try begin(disk, from: sender, base: base)
        try exchange(&receiver, &sender)
        #expect(receiver.figures.chunksWritten <= 3)
        let received = try receiver.finish()
        #expect(try SnapshotWorld.read(received, on: disk) == state)
        #expect(try SnapshotVerification.run(disk, received).isEmpty)
    }

    @Test func `a damaged base is no base`() throws {
        let state = Self.state(3)
        let disk = SimulatedDisk()
        let base = try SnapshotWorld.write(state, at: 10, on: disk)
        let table = try #require(base.table(of: SlotGroup(slot: 0)))
        disk.edit(SnapshotName.pack(table.pack)) { $0[table.offset + 30] ^= 1 }
        var sender = try Sender(state, at: 20)
        var receiver = try begin(disk, from: sender, base: base)
        try exchange(&receiver, &sender)
        #expect(try SnapshotWorld.read(try receiver.finish(), on: disk) == state)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a reception that changes its sender at any time goes on where it was`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let state = Self.state(seed)
        let disk = SimulatedDisk()
        var senders = [
            try Sender(state, at: 20, detours: 3, seed: 5), try Sender(state, at: 20),
            try Sender(state, at: 20, detours: 7),
        ]
        var receiver = try begin(disk, from: senders[0])
        var current = 0
        while !receiver.isComplete {
            try exchange(&receiver, &senders[current], answers: 1 + random.below(12))
            current = random.below(3)
            #expect(try receiver.change(sender: senders[current].manifest.encoded.rawBytes))
        }
        #expect(receiver.figures.chunksWritten == senders[0].manifest.chunkCount)
        #expect(try SnapshotWorld.read(try receiver.finish(), on: disk) == state)
        #expect(SnapshotWorld.packs(disk).count == 1)
    }

    @Test func `chunks that came of another snapshot are found again`() throws {
        var random = SplitMix64(seed: 7)
        var state = Self.state(7)
        var first = try Sender(state, at: 20)
        state.change(&random, changes: 3)
        var second = try Sender(state, at: 30)
        let disk = SimulatedDisk()
        var receiver = try begin(disk, from: first)
        try exchange(&receiver, &first)
        #expect(try !receiver.change(sender: second.manifest.encoded.rawBytes))
        try receiver.suspend()
        var next = try begin(disk, from: second, leftovers: [receiver.pack])
        try exchange(&next, &second)
        #expect(next.bytesReceived.rawValue < second.manifest.storedBytes)
        let received = try next.finish()
        #expect(try SnapshotWorld.read(received, on: disk) == state)
        var catalogue = try SnapshotWorld.open(disk)
        #expect(try catalogue.leftoverPacks() == [receiver.pack])
        _ = try catalogue.collectGarbage(keeping: 1)
        #expect(SnapshotWorld.packs(disk) == Set(received.packs.map(\.number)))
    }

    @Test(arguments: 0..<5)
    func `a power loss at any call of a reception costs at most what was not synced`(way: Int) throws {
        var random = SplitMix64(seed: UInt64(way))
        let state = Self.state(8, changes: 60)
        var sender = try Sender(state, at: 20, detours: 2)
        var calls = 0
        var isWhole = false
        while !isWhole {
            let disk = SimulatedDisk()
            let base = try SnapshotWorld.write(Self.state(9, changes: 20), at: 5, on: disk)
            disk.endPower(afterCalls: calls)
            calls += 1
            isWhole = (try? receiveWithBreak(disk, &sender, base)) != nil
            disk.losePower(
                keepsName: { _ in way == 1 || way > 2 && Bool.random(using: &random) },
                keepsPiece: { _, _ in way == 1 || way > 2 && Bool.random(using: &random) })
            let catalogue = try SnapshotWorld.open(disk)
            #expect(catalogue.findings.isEmpty)
            let newest = try #require(catalogue.snapshots.first)
            if newest.index == LogIndex(20) {
                #expect(try SnapshotWorld.read(newest, on: disk) == state)
                continue
            }
            #expect(!isWhole)
            let leftovers = try catalogue.leftoverPacks()
            var receiver = try begin(disk, from: sender, base: base, leftovers: leftovers)
            try exchange(&receiver, &sender)
            #expect(try SnapshotWorld.read(try receiver.finish(), on: disk) == state)
        }
        #expect(calls > 20)
    }

    private func receiveWithBreak(_ disk: SimulatedDisk, _ sender: inout Sender, _ base: SnapshotManifest) throws {
        var first = try begin(disk, from: sender, base: base)
        try exchange(&first, &sender, answers: 10)
        try first.suspend()
        var second = try begin(disk, from: sender, base: base, leftovers: [first.pack])
        try exchange(&second, &sender)
        _ = try second.finish()
    }

    @Test func `a sync that failed costs the reception, and nothing of it is trusted`() throws {
        let state = Self.state(10)
        var sender = try Sender(state, at: 20)
        let disk = SimulatedDisk()
        var receiver = try begin(disk, from: sender)
        try exchange(&receiver, &sender, answers: 30)
        disk.fail(.sync)
        #expect(throws: SnapshotError.self) { try receiver.suspend() }
        // Another process sees the bytes, which never get to the device.
        disk.survivesProcess()
        let leftovers = try SnapshotWorld.open(disk).leftoverPacks()
        #expect(leftovers.count == 1)
        var second = try begin(disk, from: sender, leftovers: leftovers)
        try exchange(&second, &sender)
        let received = try second.finish()
        disk.losePower(keepsName: { _ in false }, keepsPiece: { _, _ in false })
        #expect(try SnapshotWorld.open(disk).snapshots == [received])
        #expect(try SnapshotWorld.read(received, on: disk) == state)
    }

    @Test(arguments: [StorageError.Operation.create, .write, .sync])
    func `a reception that the disk has ended is suspended, and the next one makes it good`(
        operation: StorageError.Operation
    ) throws {
        let state = Self.state(10)
        var sender = try Sender(state, at: 20)
        let disk = SimulatedDisk()
        disk.fail(operation)
        var receiver = try begin(disk, from: sender)
        #expect(throws: SnapshotError.self) {
            try exchange(&receiver, &sender)
            _ = try receiver.finish()
        }
        try receiver.suspend()
        var second = try begin(disk, from: sender, leftovers: try SnapshotWorld.open(disk).leftoverPacks())
        try exchange(&second, &sender)
        #expect(try SnapshotWorld.read(try second.finish(), on: disk) == state)
    }

    @Test func `an answer with any changed byte is refused, and the next sender makes it good`() throws {
        let state = Self.state(11, changes: 12)
        var sender = try Sender(state, at: 20)
        let disk = SimulatedDisk()
        var receiver = try begin(disk, from: sender, rangeMax: 200)
        var random = SplitMix64(seed: 11)
        var refusals = 0
        while !receiver.isComplete {
            guard let ask = receiver.nextAsk() else { break }
            var bytes = try sender.answer(ask)
            if random.below(3) == 0 { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
            do { try receiver.take(bytes.rawBytes) } catch {
                guard case .refused = error else { throw error }
                #expect(!error.description.isEmpty && !error.remedy.text.isEmpty)
                refusals += 1
                #expect(try receiver.change(sender: sender.manifest.encoded.rawBytes))
            }
        }
        #expect(refusals > 0)
        #expect(try SnapshotWorld.read(try receiver.finish(), on: disk) == state)
    }

    @Test func `answers that nobody asked for and manifests of nobody are refused`() throws {
        let sender = try Sender(Self.state(12), at: 20)
        let disk = SimulatedDisk()
        var receiver = try begin(disk, from: sender)
        #expect(throws: SnapshotError.refused(.damaged(.badLength, at: 0), nil, offset: 0)) {
            try receiver.take([1, 2, 3].rawBytes)
        }
        let next = receiver.nextAsk()
        let ask = try #require(next)
        #expect(throws: SnapshotError.self) {
            try receiver.take([UInt8](repeating: 0, count: ask.count + 1).rawBytes)
        }
        #expect(throws: SnapshotError.refused(.damaged(.badMagic, at: 0), nil, offset: 0)) {
            try receiver.change(sender: [UInt8](repeating: 0, count: 500).rawBytes)
        }
        let other = ClusterID(high: 9, low: 9)
        #expect(throws: SnapshotError.otherCluster(found: SnapshotWorld.cluster, expected: other)) {
            _ = try SnapshotReceiver(
                disk: disk, cluster: other, manifest: sender.manifest.encoded.rawBytes, base: nil,
                rangeMax: ByteCount(100))
        }
        try receiver.abort()
        #expect(disk.files.isEmpty)
    }
}
