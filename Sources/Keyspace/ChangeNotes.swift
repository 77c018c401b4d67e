// What an entry changed, as far as its own bytes do not tell: for those who follow the changes.

import ByteCoding

/// What the entry that was applied last did. No part of the state, though every node notes the same.
///
/// An entry's bytes say what was asked for, not what came of it: a condition that does not hold changes nothing, `SPOP`
/// takes members that nobody named, and a push may serve commands of earlier entries. `items` says it where it differs.
public struct ChangeNotes: Sendable {
    /// Whether a record is other than before, not counting those that went because their time was over.
    public private(set) var hasChanged = false
    /// What changed records, as `ChangeItem` reads it. Empty when that is just what the entry says: its command, or all
    /// commands of its envelope.
    public private(set) var items: [UInt8] = []
    /// Whether `items` says no more than the entry does.
    private var isAsAsked = true

    public init() {}

    // MARK: While an entry is applied

    @inline(__always)
    mutating func begin() {
        if !items.isEmpty { items.removeAll(keepingCapacity: items.capacity <= ChangeNotes.keptMax) }
        isAsAsked = true
    }

    @inline(__always)
    mutating func end(hasChanged: Bool) {
        self.hasChanged = hasChanged
        if isAsAsked, !items.isEmpty { items.removeAll(keepingCapacity: true) }
    }

    /// What was noted so far goes on behind what the entry itself has changed, so that must stand among it.
    mutating func settle(hasChanged: Bool) {
        if hasChanged, items.isEmpty { items.append(varint: 1) }
    }

    /// A command within an envelope was carried out; `start` is how long `items` was before.
    mutating func nested(_ position: Int, hasChanged: Bool, since start: Int) {
        guard hasChanged else {
            isAsAsked = false
            items.removeLast(items.count - start)
            return
        }
        if items.count == start { items.append(varint: UInt64(position + 1)) }
    }

    /// The command that is being carried out does what this one would.
    mutating func replace(by code: CommandCode, _ arguments: [[UInt8]]) {
        isAsAsked = false
        items.append(varint: 0)
        items.append(counted: EntryCoding.encoded(code, arguments).rawBytes)
    }

    private static let keptMax = 64 << 10
}

/// One item of `ChangeNotes.items`: a varint, 0 for a command that follows as a counted entry, else the position plus 1
/// of a command within the entry's envelope; of an entry that is no envelope, 1 is the entry itself.
enum ChangeItem {
    case command(Range<Int>)
    case nested(Int)

    /// The item at the reader's place; nil at the end. Traps when the bytes are none of `ChangeNotes`.
    static func next(_ reader: inout ByteReader, in items: RawSpan) -> ChangeItem? {
        guard !reader.isAtEnd else { return nil }
        guard let tag = try? reader.varint(from: items) else { preconditionFailure("a change that can not be read") }
        if tag > 0 { return .nested(Int(tag) - 1) }
        guard let range = try? reader.counted(from: items) else { preconditionFailure("a change that is cut short") }
        return .command(range)
    }
}
