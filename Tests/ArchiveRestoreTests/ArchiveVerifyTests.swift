// Verification: whatever happens to an object that was written, a finding names it.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import ObjectStores
import Testing
import Vocabulary

@testable import ArchiveRestore

struct ArchiveVerifyTests {
    private func verdict(_ store: any ObjectStore, isQuick: Bool = false) throws -> ArchiveVerdict {
        let view = try ArchiveView(store, cluster: History.cluster)
        var verify = try ArchiveVerify(view, isQuick: isQuick)
        return try verify.run()
    }

    @Test func `an archive as it was written is whole, and its range is all of the log`() throws {
        let history = try History.usual(MemoryObjects(pageSize: 7))
        for isQuick in [false, true] {
            let verdict = try verdict(history.store, isQuick: isQuick)
            #expect(verdict.findings.isEmpty)
            #expect(verdict.ranges.map(\.range) == [LogIndex(1)...history.last])
            #expect(verdict.backups == 3 && verdict.goodBackups == 3)
            #expect(verdict.entries >= history.last.rawValue)
            if !isQuick { #expect(verdict.objects == (try history.store.listAll("").count)) }
        }
    }

    private enum Harm: CaseIterable { case flip, truncate, remove, swap, replay }

    /// An object whose range others have too is not missed, and of the log's newest nothing tells that it was there:
    /// those two are not removed.
    @Test func `whichever object is damaged, cut, removed, exchanged or replayed, a finding names it`() throws {
        let store = MemoryObjects(pageSize: 11)
        let history = try History.usual(store, rounds: 18)
        let names = try store.listAll("").map(\.key.text)
        let newest = try #require(names.compactMap(RunName.init).max { $0.last < $1.last }).description
        #expect(names.count > 20, "\(names)")
        #expect(names.contains { $0.hasSuffix("tail.zst") && $0 != newest })
        var random = SplitMix64(seed: 3)
        func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        for round in 0..<500 {
            let name = names[number(names.count)]
            let bytes = try store.bytes(name)
            let other = names[number(names.count)]
            let others = try store.bytes(other)
            let harm = Harm.allCases[round % Harm.allCases.count]
            var told = [name]
            switch harm {
            case .flip:
                var changed = bytes
                changed[number(bytes.count)] ^= 1 << UInt8(number(8))
                try store.replace(name, by: changed)
            case .truncate: try store.replace(name, by: Array(bytes.prefix(number(bytes.count))))
            case .remove where name == newest: continue
            case .remove: try store.replace(name, by: nil)
            case .swap where other == name, .replay where other == name: continue
            case .swap:
                told.append(other)
                try store.replace(name, by: others)
                try store.replace(other, by: bytes)
            case .replay: try store.replace(name, by: others)
            }
            let found = try verdict(store).damages
            if harm == .remove, RunName(name) != nil, let index = names.firstIndex(of: name) {
                // A gap is told with the object behind it, and with the one before.
                let gap = found.first { $0.object == names[index + 1] && $0.kind == .missing }
                let before = RunName(names[index - 1]) == nil ? "the log before" : names[index - 1]
                #expect(gap?.text.contains(before) == true, "\(name): \(found)")
            } else {
                for name in told { #expect(found.contains { $0.object == name }, "\(harm) of \(name): \(found)") }
            }
            try store.replace(name, by: bytes)
            if harm == .swap { try store.replace(other, by: others) }
        }
        #expect(try verdict(store).isWhole)
        _ = history
    }

    @Test func `every bit of every object counts`() throws {
        let store = MemoryObjects()
        let history = try History(store, seed: 4)
        try history.lead(1)
        try history.write(2)
        try history.backUp()
        try history.ship()
        for name in try store.listAll("").map(\.key.text) {
            let bytes = try store.bytes(name)
            // Of long objects every byte of both ends, and some between.
            let places = bytes.indices.filter { $0 < 300 || $0 >= bytes.count - 300 || $0 % 97 == 0 }
            for place in places {
                var changed = bytes
                changed[place] ^= 1 << UInt8(place % 8)
                try store.replace(name, by: changed)
                let found = try verdict(store).damages
                #expect(found.contains { $0.object == name }, "\(name) at \(place)")
            }
            try store.replace(name, by: bytes)
        }
    }

    @Test func `two leaders that have different entries at one index are told`() throws {
        let (store, elsewhere) = (MemoryObjects(), MemoryObjects())
        let history = try History(store, seed: 5)
        let other = try History(elsewhere, seed: 6)
        for each in [history, other] {
            try each.lead(1)
            try each.write(9)
            try each.ship()
        }
        let foreign = try #require(try elsewhere.listAll("").first?.key)
        _ = try store.put(foreign, try elsewhere.get(foreign))
        let found = try verdict(store).damages
        #expect(found.map(\.kind) == [.contradiction])
        #expect(found.contains { ($0.object + $0.text).contains(foreign.text) })
    }

    @Test func `objects that nobody needs are told, and are no damage`() throws {
        let store = MemoryObjects()
        let history = try History.usual(store)
        let folder = PackFolder(
            cluster: History.cluster, number: 900, term: Term(1), timeline: TimelineName(Timeline.first))
        let names = [PieceName(pack: folder, offset: 0).description, "\(History.cluster)/notes.txt"]
        for name in names { try store.replace(name, by: [1, 2, 3]) }
        let verdict = try verdict(store)
        #expect(verdict.isWhole && verdict.findings.count == 2)
        #expect(Set(verdict.findings.map(\.object)) == Set(names))
        #expect(Set(verdict.findings.map(\.kind)) == [.leftover, .unknownName])
        _ = history
    }

    @Test func `what two leaders shipped of the same entries is whole`() throws {
        let store = MemoryObjects()
        let history = try History(store, seed: 7)
        try history.lead(1)
        try history.write(8)
        try history.ship()
        let first = try store.listAll("")
        try history.lead(2)
        try history.write(20)
        try history.ship()
        // Tails that were put together come back: a deposed leader's late upload.
        for item in first { _ = try store.put(item.key, try store.get(item.key)) }
        #expect(try verdict(store).findings.isEmpty)
    }
}
