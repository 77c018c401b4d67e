// Reading back: it comes to the end of what was shipped, and stops at what is not as it was shipped.

import ArchiveFormat
import ArchiveStore
import ObjectStores
import Platform
import Testing
import Vocabulary

@testable import ArchiveRestore

struct ReadBackTests {
    private let name = TimelineName(.first)

    private func readAll(_ reading: inout ReadBack, _ store: any ObjectStore) throws -> ReadBackOutcome {
        while true {
            let outcome = try reading.step(in: store)
            if !outcome.isBehind { return outcome }
        }
    }

    @Test func `reading back follows shipping, whatever becomes of the tails meanwhile`() throws {
        let store = MemoryObjects()
        let history = try History(store, seed: 3)
        try history.lead(1)
        var reading = ReadBack(History.cluster, name, behind: .zero)
        for round in 0..<40 {
            try history.write(1 + round % 3)
            try history.ship()
            if round == 20 { try history.lead(2) }
            guard round.isMultiple(of: 3) else { continue }
            let outcome = try readAll(&reading, store)
            #expect(outcome.finding == nil)
            #expect(outcome.index == history.points.last { $0.position.index <= outcome.index }?.position.index)
        }
        try history.ship()
        let outcome = try readAll(&reading, store)
        #expect(outcome.index == history.last && outcome.finding == nil)
    }

    @Test func `it stops at every damaged object and names it, and goes on when that was put right`() throws {
        let store = MemoryObjects()
        let history = try History.usual(store)
        let items = try RunCatalogue.read(store, History.cluster, name)
        for item in items.path(behind: .zero, through: items.last) {
            let text = item.name.description
            let whole = try store.bytes(text)
            var flipped = whole
            flipped[history.number(whole.count)] ^= 1 << UInt8(history.number(8))
            var reading = ReadBack(History.cluster, name, behind: .zero)
            try store.replace(text, by: flipped)
            let outcome = try readAll(&reading, store)
            #expect(outcome.finding?.object == text)
            #expect(outcome.index < item.name.last)
            try store.replace(text, by: whole)
            let mended = try readAll(&reading, store)
            #expect(mended.finding == nil && mended.index == history.last)
        }
    }

    @Test func `an object that is gone is missing, and a log that was begun anew is none`() throws {
        let store = MemoryObjects()
        let history = try History(store, seed: 5)
        try history.lead(1)
        for _ in 0..<30 {
            try history.write(4)
            try history.ship()
        }
        let runs = try RunCatalogue.read(store, History.cluster, name).items.map(\.name).filter { !$0.isTail }
        let gone = try #require(runs.dropFirst(2).first)
        var reading = ReadBack(History.cluster, name, behind: .zero)
        try store.replace(gone.description, by: nil)
        let outcome = try readAll(&reading, store)
        #expect(outcome.finding?.kind == .missing)
        #expect(outcome.index == gone.first.previous)
    }

    @Test func `a trial restores, proves and leaves nothing; a damaged backup is to blame, and not the verifier`()
        throws
    {
        let scratch = try Scratch()
        let directory = scratch.path + "/verify"
        let store = MemoryObjects()
        let history = try History.usual(store)
        // What a killed one has left.
        try FileSystem.makeDirectory(directory + "/data/log", permissions: 0o700, intermediate: true)
        let good = RestoreTrial.run(store, cluster: History.cluster, node: History.node, in: directory)
        #expect(good.failure == nil)
        #expect(good.report?.digest == history.points.last?.digest)
        #expect(good.report?.records == history.points.last?.records)
        #expect(!FileSystem.exists(directory))

        let newest = try #require(history.backups.last)
        let part = try #require(newest.packs.first?.parts.first)
        let name = try #require(newest.packs.first).name(of: part).description
        var bytes = try store.bytes(name)
        bytes[bytes.count / 2] ^= 1
        try store.replace(name, by: bytes)
        let bad = RestoreTrial.run(store, cluster: History.cluster, node: History.node, in: directory)
        #expect(bad.failure?.blame == .backupDamaged)
        #expect(bad.report == nil)
        #expect(!FileSystem.exists(directory))

        let empty = RestoreTrial.run(MemoryObjects(), cluster: History.cluster, node: History.node, in: directory)
        #expect(empty.failure?.blame == .nothingToRestore)
        let blocked = RestoreTrial.run(
            store, cluster: History.cluster, node: History.node, in: "/proc/no-such-place/verify")
        #expect(blocked.failure?.blame == .verifierFailed)
    }

    @Test func `a trial asks what an operator wants to know, and says what was expected and found`() throws {
        let scratch = try Scratch()
        let (directory, file) = (scratch.path + "/verify", scratch.path + "/checks")
        let store = MemoryObjects()
        let history = try History.usual(store)
        let count = try #require(history.points.last?.records)
        func trial(_ checks: String) throws -> RestoreTrial {
            try FileSystem.writeAtomically(file, Array(checks.utf8).rawBytes)
            return RestoreTrial.run(
                store, cluster: History.cluster, node: History.node, in: directory, checks: file)
        }
        let good = try trial("DBSIZE => \(count)\nGET no-such-key => (nil)\n")
        #expect(good.failure == nil)
        #expect(good.report?.checks.filter { $0.kind == .own }.count == 2)
        let wrong = try trial("DBSIZE => \(count + 1)\nGET no-such-key => (nil)\n")
        #expect(wrong.failure?.blame == .checkFailed)
        #expect(wrong.failure?.error.description.contains("expected \(count + 1), found \(count)") ?? false)
        #expect(wrong.report?.digest == history.points.last?.digest)
        let none = try trial("DBSIZE\n")
        #expect(none.failure?.blame == .verifierFailed)
        #expect(none.failure?.error.description.contains("line 1") ?? false)
    }
}
