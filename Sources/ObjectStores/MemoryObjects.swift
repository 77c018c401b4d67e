// Objects in memory: the simplest store that keeps the promises, for tests and for the simulator.

import Synchronization

/// Lists in pages, so that those who list meet the ends of pages.
public final class MemoryObjects: ObjectStore {
    public let location = "memory://"
    private let pageSize: Int
    private let objects = Mutex<[ObjectKey: [UInt8]]>([:])

    public init(pageSize: Int = 1000) {
        precondition(pageSize > 0, "a page of \(pageSize) objects")
        self.pageSize = pageSize
    }

    public func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        objects.withLock {
            if $0[key] != nil { return .exists }
            $0[key] = bytes
            return .made
        }
    }

    public func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        guard let bytes = objects.withLock({ $0[key] }) else {
            throw ObjectStoreError(.get, location + key.text, .missing, "there is no such object")
        }
        return range.map { Array(bytes[$0.clamped(to: 0..<bytes.count)]) } ?? bytes
    }

    public func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        let found = objects.withLock { objects in
            objects.map { ObjectListing(key: $0.key, size: $0.value.count) }
        }
        let behind = found.filter { $0.key.text.hasPrefix(prefix) && (key ?? $0.key) <= $0.key && $0.key != key }
            .sorted { $0.key < $1.key }
        return ObjectPage(objects: Array(behind.prefix(pageSize)), isLast: behind.count <= pageSize)
    }

    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        objects.withLock { _ = $0.removeValue(forKey: key) }
    }
}
