// What a key holds, as a value by itself: for those who look at states of the past, not for commands.

import ByteCoding

/// A value, exact to the byte and independent of the keyspace that it was read from. Equal values are equal to clients.
public enum StoredValue: Hashable, Sendable {
    case string([UInt8])
    /// Ascending by name.
    case hash([StoredField])
    case list([[UInt8]])
    /// Ascending.
    case set([[UInt8]])
    /// In the order of `ZRANGE`.
    case sortedSet([StoredMember])

    public var kind: ValueKind {
        switch self {
        case .string: .string
        case .hash: .hash
        case .list: .list
        case .set: .set
        case .sortedSet: .sortedSet
        }
    }

    /// Fields, elements or members; of a string its bytes.
    public var count: Int {
        switch self {
        case .string(let bytes): bytes.count
        case .hash(let fields): fields.count
        case .list(let elements), .set(let elements): elements.count
        case .sortedSet(let members): members.count
        }
    }
}

public struct StoredField: Hashable, Sendable {
    public let name: [UInt8]
    public let value: [UInt8]

    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

public struct StoredMember: Hashable, Sendable {
    public let member: [UInt8]
    public let score: Double

    public init(member: [UInt8], score: Double) {
        self.member = member
        self.score = score
    }
}

public struct StoredRecord: Hashable, Sendable {
    public let key: [UInt8]
    public let value: StoredValue
    /// When it ends, in milliseconds since 1970; nil for never.
    public let deadline: UInt64?

    public init(key: [UInt8], value: StoredValue, deadline: UInt64?) {
        self.key = key
        self.value = value
        self.deadline = deadline
    }
}

extension ValueKind {
    /// As `TYPE` says it.
    public var typeName: String { name.description }
}

extension Keyspace {
    /// The record of a key; nil when there is none, or its time was over at the last entry.
    public func stored(_ key: [UInt8]) -> StoredRecord? {
        let place = records.place(of: key.rawBytes)
        return records.find(key.rawBytes, at: place).flatMap { $0.isOver(at: now) ? nil : stored($0) }
    }

    /// The entry that wrote a key since the state was begun or loaded; nil when it is not there, or its time was over.
    /// What was loaded has one number, whichever entry wrote it: only a difference says something.
    public func writeMark(_ key: [UInt8]) -> UInt64? {
        let place = records.place(of: key.rawBytes)
        return records.find(key.rawBytes, at: place).flatMap { $0.isOver(at: now) ? nil : $0.version }
    }

    /// Calls `visit` with every record whose key matches and whose time was not over at the last entry, in the order of
    /// `SCAN`, until it returns false.
    ///
    /// - Parameter pattern: Redis's; nil for all.
    public func forEachStored(matching pattern: [UInt8]?, _ visit: (StoredRecord) -> Bool) {
        var goesOn = true
        var cursor: WalkCursor? = WalkCursor(rawValue: 0)
        while goesOn, let start = cursor {
            cursor = records.walk(from: start, count: Keyspace.walkStep) { record in
                guard goesOn, isMeant(record, pattern) else { return }
                goesOn = visit(stored(record))
            }
        }
    }

    private static let walkStep = 256

    /// Calls `visit` with every key that matches and differs between this state and a later or earlier one of the same
    /// cluster: what it has here, and what there. Slots with equal digests are passed over.
    public func forEachDifference(
        to other: Keyspace, matching pattern: [UInt8]?, _ visit: (StoredRecord?, StoredRecord?) -> Void
    ) {
        for slot in 0..<HashSlot.count where isDifferent(slot, other) {
            forEachMeant(slot, pattern) { record, key in
                let place = records.place(of: key)
                guard let found = other.records.find(key, at: place), !found.isOver(at: other.now) else {
                    return visit(stored(record), nil)
                }
                if found.digest() != record.digest() { visit(stored(record), other.stored(found)) }
            }
            other.forEachMeant(slot, pattern) { record, key in
                let found = records.find(key, at: records.place(of: key))
                if found == nil || found?.isOver(at: now) == true { visit(nil, other.stored(record)) }
            }
        }
    }

    /// Equal records may be over in one state and not in the other.
    private func isDifferent(_ slot: Int, _ other: Keyspace) -> Bool {
        guard digest(ofSlot: slot) == other.digest(ofSlot: slot) else { return true }
        return records.node(ofSlot: slot).map { TreeNode($0).deadline <= max(now, other.now) } ?? false
    }

    private func forEachMeant(_ slot: Int, _ pattern: [UInt8]?, _ visit: (Record, RawSpan) -> Void) {
        guard let node = records.node(ofSlot: slot) else { return }
        RecordTree.forEachRecord(below: node, hashKey: records.hashKey) { record in
            guard isMeant(record, pattern) else { return }
            record.withKey { visit(record, $0) }
        }
    }

    private func isMeant(_ record: Record, _ pattern: [UInt8]?) -> Bool {
        guard !record.isOver(at: now) else { return false }
        guard let pattern else { return true }
        return record.withKey { GlobPattern.finds($0, pattern.rawBytes) }
    }

    private func stored(_ record: Record) -> StoredRecord {
        let value: StoredValue =
            record.kind == .string
            ? .string(record.withValue { [UInt8]($0) }) : CollectionView(record, hashKey: records.hashKey).stored
        return StoredRecord(
            key: record.withKey { [UInt8]($0) }, value: value, deadline: record.isTimed ? record.deadline : nil)
    }
}

extension CollectionView {
    /// What is in it. Traps for a string.
    fileprivate var stored: StoredValue {
        switch kind {
        case .string: preconditionFailure("a string is no collection")
        case .hash:
            var fields: [StoredField] = []
            forEachField { fields.append(StoredField(name: [UInt8]($0), value: [UInt8]($1))) }
            return .hash(fields.sorted { $0.name.lexicographicallyPrecedes($1.name) })
        case .set:
            var members: [[UInt8]] = []
            forEachField { member, _ in members.append([UInt8](member)) }
            return .set(members.sorted { $0.lexicographicallyPrecedes($1) })
        case .list:
            var elements: [[UInt8]] = []
            forEach(ofRanks: 0..<count) { elements.append([UInt8]($0)) }
            return .list(elements)
        case .sortedSet:
            var members: [StoredMember] = []
            forEach(ofRanks: 0..<count) { element in
                let member = [UInt8](ScoredMember.member(of: element))
                members.append(StoredMember(member: member, score: ScoredMember.score(of: element)))
            }
            return .sortedSet(members)
        }
    }
}
