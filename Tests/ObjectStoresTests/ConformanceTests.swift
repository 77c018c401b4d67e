// What every store promises, asked of all of them.

import ObjectStores
import Platform
import Synchronization
import Testing

/// A store, and what goes away with it.
struct Fixture {
    let store: any ObjectStore
    var directory: TemporaryDirectory?
}

/// A store to be tested, and what it is not asked.
enum Kind: String, CaseIterable, Sendable {
    case directory, memory, pagedMemory, retryingMemory
    case s3, s3Virtual, s3Retrying
    /// Buckets that do less: see `s3-server`.
    case s3Refuses, s3Rejects, s3Forgets, s3Locked

    static let available = allCases.filter { !$0.isS3 || S3Server.isThere }

    var isS3: Bool { rawValue.hasPrefix("s3") }
    /// Whether it sees to it by itself that one of several writers wins.
    var isAtomic: Bool { self != .s3Refuses && self != .s3Rejects }

    /// A store without objects. Pages are small, and so is what is sent in one piece.
    func fixture() throws -> Fixture {
        let change: (inout S3Options) -> Void = {
            $0.pageSize = 3
            $0.putMax = .kibibytes(64)
            $0.partSize = .kibibytes(20)
            if self == .s3Locked { $0.retention = Retention(mode: .governance, duration: .seconds(3600)) }
        }
        let retrying: (any ObjectStore) -> RetryingStore = {
            RetryingStore($0, RetryPolicy(), RetrySurroundings(now: MonotonicClock.now, random: { 1 }) { _ in true })
        }
        switch self {
        case .directory:
            let directory = try TemporaryDirectory()
            return Fixture(store: try DirectoryObjects(root: directory.path), directory: directory)
        case .memory: return Fixture(store: MemoryObjects())
        case .pagedMemory: return Fixture(store: MemoryObjects(pageSize: 2))
        case .retryingMemory: return Fixture(store: retrying(MemoryObjects()))
        case .s3: return Fixture(store: try S3Server.store("bucket", change))
        case .s3Virtual: return Fixture(store: try S3Server.store("bucket", style: "virtual", change))
        case .s3Retrying: return Fixture(store: retrying(try S3Server.store("bucket", change)))
        case .s3Refuses: return Fixture(store: try S3Server.store("refuses-conditions", change))
        case .s3Rejects: return Fixture(store: try S3Server.store("rejects-conditions", change))
        case .s3Forgets: return Fixture(store: try S3Server.store("forgets-parameters", change))
        case .s3Locked: return Fixture(store: try S3Server.store("locked-objects", change))
        }
    }
}

@Suite struct ConformanceTests {
    @Test(.enabled(if: S3Server.isThere, S3Server.absence))
    func `a real S3 server is among the stores`() throws {
        #expect(S3Server.port != nil)
    }

    @Test(arguments: Kind.available)
    func `what is put is read, whole and in ranges`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let name = try key("log/1-ab/00-01.run")
        #expect(try store.put(name, bytes("0123456789")) == .made)
        #expect(try store.get(name) == bytes("0123456789"))
        #expect(try store.get(name, 0..<1) == bytes("0"))
        #expect(try store.get(name, 3..<7) == bytes("3456"))
        #expect(try store.get(name, 8..<20) == bytes("89"))
        #expect(try store.get(name, 10..<12) == [])
        #expect(try store.get(name, 100..<120) == [])
        #expect(try store.get(name, 5..<5) == [])
    }

    @Test(arguments: Kind.available)
    func `an object may be empty`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        #expect(try store.put(try key("empty"), []) == .made)
        #expect(try store.get(try key("empty")) == [])
        #expect(try store.get(try key("empty"), 0..<10) == [])
        #expect(try store.listAll("") == [ObjectListing(key: try key("empty"), size: 0)])
        #expect(try store.put(try key("empty"), [1]) == .exists)
    }

    @Test(arguments: Kind.available)
    func `an object is never written over`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let name = try key("a")
        #expect(try store.put(name, bytes("first")) == .made)
        #expect(try store.put(name, bytes("second")) == .exists)
        #expect(try store.get(name) == bytes("first"))
        #expect(try store.put(name, noise(100_000)) == .exists)
        #expect(try store.get(name) == bytes("first"))
    }

    @Test(arguments: Kind.available)
    func `large objects arrive whole`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        // Whole parts, a part of one byte, and one that is not sent in parts.
        for count in [65_536, 81_920, 81_921, 150_000] {
            let content = noise(count)
            #expect(try store.put(try key("large/\(count)"), content) == .made)
            #expect(try store.get(try key("large/\(count)")) == content)
            #expect(try store.get(try key("large/\(count)"), 20_470..<20_490) == Array(content[20_470..<20_490]))
            #expect(try store.put(try key("large/\(count)"), content) == .exists)
        }
        #expect(try store.listAll("large/").map(\.size).sorted() == [65_536, 81_920, 81_921, 150_000])
    }

    @Test(arguments: Kind.available)
    func `what is not there is missing, and can be deleted`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let name = try key("nothing/here")
        #expect(failure(try store.get(name))?.reason == .missing)
        #expect(failure(try store.get(name, 0..<3))?.reason == .missing)
        #expect(failure(try store.get(name, 3..<3))?.reason == .missing)
        #expect(try store.list("", after: nil) == ObjectPage(objects: [], isLast: true))
        #expect(try store.list("nothing/", after: nil) == ObjectPage(objects: [], isLast: true))
        try store.delete(name)
    }

    @Test(arguments: Kind.available)
    func `a deleted object is gone, and its name is free`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let name = try key("x/y")
        #expect(try store.put(name, [1]) == .made)
        try store.delete(name)
        #expect(failure(try store.get(name))?.reason == .missing)
        #expect(try store.listAll("").isEmpty)
        #expect(try store.put(name, [2]) == .made)
        #expect(try store.get(name) == [2])
    }

    @Test(arguments: Kind.available)
    func `lists are in the order of bytes, by prefix, and begin behind a key`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let names = ["a-b", "a.b", "a0", "a=c", "aZ", "a_c", "az", "b/1", "b/2", "b/3/4", "b1", "c"]
        for name in names.shuffled() { _ = try store.put(try key(name), bytes(name)) }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try store.listAll("").map(\.key.text) == sorted)
        #expect(try store.listAll("").map(\.size) == sorted.map(\.utf8.count))
        #expect(try store.listAll("b/").map(\.key.text) == ["b/1", "b/2", "b/3/4"])
        #expect(try store.listAll("b").map(\.key.text) == ["b/1", "b/2", "b/3/4", "b1"])
        #expect(try store.listAll("b/3").map(\.key.text) == ["b/3/4"])
        #expect(try store.listAll("d").isEmpty)
        for (position, name) in sorted.enumerated() {
            let page = try store.list("", after: try key(name))
            #expect(page.objects.first?.key.text == sorted.dropFirst(position + 1).first)
        }
        // What lies between two keys need not exist.
        #expect(try store.list("b/", after: try key("b/15")).objects.first?.key.text == "b/2")
        #expect(try store.list("b/", after: try key("c")).objects.isEmpty)
    }

    @Test(arguments: Kind.available)
    func `keys hold every letter that is allowed`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._=+-"
        let names = [
            letters, "sub/" + letters, "-first", "+", "=", "_/_", "a.b.c", "1+1=2", "a++b", "z",
            String(repeating: "x", count: 200) + "/" + String(repeating: "y", count: 200),
        ]
        for name in names { #expect(try store.put(try key(name), bytes(name)) == .made) }
        for name in names { #expect(try store.get(try key(name)) == bytes(name)) }
        #expect(Set(try store.listAll("").map(\.key.text)) == Set(names))
        for name in names { try store.delete(try key(name)) }
        #expect(try store.listAll("").isEmpty)
    }

    @Test(arguments: Kind.available.filter(\.isAtomic))
    func `of many that make one object at once, one makes it`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        for size in [10, 70_000] {
            let name = try key("contested/\(size)")
            let outcomes = Mutex<[Result<PutOutcome, ObjectStoreError>]>([])
            let threads = try (0..<8).map { writer in
                try WorkerThread.start(name: "writer") {
                    let content = [UInt8](repeating: UInt8(writer), count: size)
                    let outcome = Result { () throws(ObjectStoreError) in try store.put(name, content) }
                    outcomes.withLock { $0.append(outcome) }
                }
            }
            for thread in threads { thread.join() }
            let all = outcomes.withLock { $0 }
            #expect(all.filter { $0 == .success(.made) }.count == 1, "\(all)")
            #expect(all.filter { $0 == .success(.exists) }.count == 7, "\(all)")
            let found = try store.get(name)
            #expect(found.count == size && Set(found).count == 1)
        }
    }

    @Test(arguments: Kind.available)
    func `making again is told from a conflict`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        #expect(try store.make(try key("m"), bytes("one")) == .made)
        #expect(try store.make(try key("m"), bytes("one")) == .same)
        #expect(try store.make(try key("m"), bytes("two")) == .conflict)
        #expect(try store.get(try key("m")) == bytes("one"))
    }

    @Test(arguments: Kind.available)
    func `the check leaves nothing behind, and is content`(kind: Kind) throws {
        let fixture = try kind.fixture()
        let store = fixture.store
        let found = try store.capabilities()
        for capability in StoreCapability.allCases where capability.isRequired && capability != .listAfter {
            #expect(found[capability] == .yes, "\(capability)")
        }
        #expect(found.isSufficient == (kind != .s3Forgets))
        #expect((found[.conditionalPut] == .yes) == kind.isAtomic, "\(found[.conditionalPut])")
        #expect((found[.objectLock] == .yes) == (kind == .s3Locked))
        #expect((found[.multipart] == .yes) == kind.isS3, "\(found[.multipart])")
        #expect(try store.listAll("").isEmpty)
    }
}
