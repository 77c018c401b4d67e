// What a store can do, found out by doing it with small objects.

import Platform

/// Something that an archive asks of a store, or would like of it.
public enum StoreCapability: String, Hashable, Sendable, CaseIterable {
    /// What was put is read back, whole.
    case putAndGet = "put-and-get"
    /// Of two that put one key, one is told that it exists: in one step, not by looking first.
    case conditionalPut = "conditional-put"
    case rangeGet = "range-get"
    /// An object that was just made is listed.
    case listAfterPut = "list-after-put"
    /// Lists are in the order of keys.
    case listOrder = "list-order"
    /// A list can begin behind a key.
    case listAfter = "list-after"
    case delete
    /// An object that was just deleted is not listed any more.
    case listAfterDelete = "list-after-delete"
    /// Objects can be sent in parts.
    case multipart
    /// The store can keep objects from being deleted.
    case objectLock = "object-lock"

    /// Whether an archive cannot be kept without it.
    public var isRequired: Bool {
        switch self {
        case .putAndGet, .rangeGet, .listOrder, .listAfter, .delete: true
        case .conditionalPut, .listAfterPut, .listAfterDelete, .multipart, .objectLock: false
        }
    }
}

public enum StoreVerdict: Hashable, Sendable {
    case yes
    /// With what was seen instead.
    case no(String)
    /// With what stood in the way of knowing.
    case unknown(String)
}

/// One verdict for each capability.
public struct StoreCapabilities: Hashable, Sendable {
    public fileprivate(set) var verdicts: [StoreCapability: StoreVerdict] = [:]

    public subscript(capability: StoreCapability) -> StoreVerdict {
        verdicts[capability] ?? .unknown("the check did not come so far")
    }

    /// Whether an archive can be kept in the store.
    public var isSufficient: Bool { StoreCapability.allCases.allSatisfy { !$0.isRequired || self[$0] == .yes } }
}

extension ObjectStore {
    /// Finds out what the store can do, with objects below `check/` of which none stays.
    ///
    /// - Throws: when nothing can be put or read: that is no question of capabilities.
    public func capabilities() throws(ObjectStoreError) -> StoreCapabilities {
        try capabilities(name: String(SystemRandom.word(), radix: 36))
    }

    /// - Parameter name: tells this check's objects from those of others; a segment of a key, never used before.
    public func capabilities(name: String) throws(ObjectStoreError) -> StoreCapabilities {
        try StoreCheck(store: self, prefix: "check/" + name + "/").run()
    }

    /// A store that knows a better way than the general one to find out has it here. It removes what it makes, or
    /// leaves it below `prefix`.
    public func verdict(
        on capability: StoreCapability, below prefix: String
    ) throws(ObjectStoreError) -> StoreVerdict? { nil }
}

/// The check by what every store has: put, get, list, delete.
struct StoreCheck<Store: ObjectStore> {
    let store: Store
    let prefix: String

    private static var bytes: [UInt8] { Array("0123456789".utf8) }

    func run() throws(ObjectStoreError) -> StoreCapabilities {
        var found = StoreCapabilities()
        do throws(ObjectStoreError) {
            found.verdicts[.putAndGet] = try putAndGet()
            try ask(.conditionalPut, &found, conditionalPut)
            try ask(.rangeGet, &found, rangeGet)
            try ask(.listAfterPut, &found) { () throws(ObjectStoreError) in try listAfterPut() }
            try ask(.listOrder, &found, listOrder)
            try ask(.listAfter, &found, listAfter)
            try ask(.multipart, &found) { () throws(ObjectStoreError) in .unknown("this kind of store has none") }
            try ask(.objectLock, &found) { () throws(ObjectStoreError) in .unknown("this kind of store has none") }
        } catch {
            _ = try? clear()
            throw error
        }
        try ask(.delete, &found, clear)
        try ask(.listAfterDelete, &found, listAfterDelete)
        return found
    }

    /// The store's own way if it has one. What is refused for good is a verdict, what may pass ends the check.
    private func ask(
        _ capability: StoreCapability, _ found: inout StoreCapabilities,
        _ body: () throws(ObjectStoreError) -> StoreVerdict
    ) throws(ObjectStoreError) {
        do throws(ObjectStoreError) {
            let own = try store.verdict(on: capability, below: prefix)
            found.verdicts[capability] = if let own { own } else { try body() }
        } catch {
            guard !error.isTransient, error.reason != .stopped else { throw error }
            found.verdicts[capability] = .no(error.description)
        }
    }

    private func key(_ name: String) throws(ObjectStoreError) -> ObjectKey {
        guard let key = ObjectKey(prefix + name) else {
            throw ObjectStoreError(.put, prefix + name, .failed, "the check's name is no segment of a key")
        }
        return key
    }

    private var names: [String] { ["a", "a+b=c", "b/a", "c"] }

    private func putAndGet() throws(ObjectStoreError) -> StoreVerdict {
        for name in names { _ = try store.put(try key(name), Self.bytes) }
        let found = try store.get(try key("a+b=c"))
        return found == Self.bytes ? .yes : .no("\(found.count) other bytes came back")
    }

    private func conditionalPut() throws(ObjectStoreError) -> StoreVerdict {
        guard try store.put(try key("a"), [0]) == .exists else { return .no("an object was written over") }
        return try store.get(try key("a")) == Self.bytes ? .yes : .no("an object was written over, and said to exist")
    }

    private func rangeGet() throws(ObjectStoreError) -> StoreVerdict {
        let cases = [(2..<5, "234"), (8..<20, "89"), (10..<12, "")]
        for (range, expected) in cases {
            let found = try store.get(try key("c"), range)
            guard found == Array(expected.utf8) else { return .no("bytes \(range) of 10 were \(found.count)") }
        }
        return .yes
    }

    private func listed(after: ObjectKey? = nil) throws(ObjectStoreError) -> [String] {
        var found: [ObjectListing] = []
        while true {
            let page = try store.list(prefix, after: found.last?.key ?? after)
            found += page.objects
            if page.isLast || page.objects.isEmpty { return found.map { String($0.key.text.dropFirst(prefix.count)) } }
        }
    }

    private func listAfterPut() throws(ObjectStoreError) -> StoreVerdict {
        let missing = Set(names).subtracting(try listed())
        return missing.isEmpty ? .yes : .no("\(missing.count) of \(names.count) new objects are not listed")
    }

    private func listOrder() throws(ObjectStoreError) -> StoreVerdict {
        let found = try listed().filter(names.contains)
        let expected = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return found == expected ? .yes : .no("the order was \(found)")
    }

    private func listAfter() throws(ObjectStoreError) -> StoreVerdict {
        let found = try listed(after: try key("a+b=c"))
        return found.contains("a") || found.contains("a+b=c") ? .no("objects before the key were listed") : .yes
    }

    private func clear() throws(ObjectStoreError) -> StoreVerdict {
        var kept: ObjectStoreError?
        // Not those that are listed only: the newest may not be.
        let names = Set(names).union(try listed())
        for name in names.sorted() {
            do throws(ObjectStoreError) { try store.delete(try key(name)) } catch { kept = error }
        }
        if let kept { throw kept }
        return .yes
    }

    private func listAfterDelete() throws(ObjectStoreError) -> StoreVerdict {
        let found = try listed()
        return found.isEmpty ? .yes : .no("\(found.count) deleted objects are still listed")
    }
}
