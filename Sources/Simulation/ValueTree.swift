// The values that a key may have had, each once, as small numbers.

/// A number for each value that a search has met; equal values, equal numbers.
///
/// Values are paths in a tree of bytes, so that a list that grows by appending costs its new bytes only.
struct ValueTree {
    /// A key that is not there.
    static let absent: Int32 = 0
    /// Any value that nobody will see, where not even its length makes a difference; see `unseen(ofLength:)`.
    static let unseen: Int32 = 1
    /// The empty string, the root of the tree.
    static let empty: Int32 = 2
    /// In place of a value: there is none that would do.
    static let none: Int32 = -1

    private struct Node {
        var parent = ValueTree.none
        var firstChild = ValueTree.none
        var nextSibling = ValueTree.none
        var length: Int32 = 0
        /// What `mark` was given; -1 before.
        var mark: Int32 = -1
        var lastSeen: Int32 = -1
        var byte: UInt8 = 0
        var isOnPath = false
        var isUnseen = false
    }

    private var nodes = [Node](repeating: Node(), count: 3)
    private var unseenOfLength: [Int: Int32] = [0: ValueTree.unseen]

    init() { nodes[Int(ValueTree.unseen)].isUnseen = true }

    /// Bytes held, and three.
    var count: Int { nodes.count }

    func length(of value: Int32) -> Int { Int(nodes[Int(value)].length) }
    func mark(of value: Int32) -> Int { Int(nodes[Int(value)].mark) }
    mutating func mark(_ value: Int32, with mark: Int) { nodes[Int(value)].mark = Int32(mark) }

    func isUnseen(_ value: Int32) -> Bool { nodes[Int(value)].isUnseen }

    /// Stands for all values of this length that are no integers, stay none whatever is appended, and will not be seen.
    mutating func unseen(ofLength length: Int) -> Int32 {
        if let known = unseenOfLength[length] { return known }
        let made = Int32(nodes.count)
        var new = Node()
        new.length = Int32(length)
        new.isUnseen = true
        nodes.append(new)
        unseenOfLength[length] = made
        return made
    }

    /// The value that is `value` with `bytes` behind it.
    mutating func appended(_ bytes: [UInt8], to value: Int32) -> Int32 {
        guard !isUnseen(value) else { return unseen(ofLength: length(of: value) + bytes.count) }
        var node = value
        for byte in bytes { node = child(of: node, byte) }
        return node
    }

    mutating func value(_ bytes: [UInt8]) -> Int32 { appended(bytes, to: ValueTree.empty) }

    private mutating func child(of node: Int32, _ byte: UInt8) -> Int32 {
        var child = nodes[Int(node)].firstChild
        while child != ValueTree.none {
            if nodes[Int(child)].byte == byte { return child }
            child = nodes[Int(child)].nextSibling
        }
        let made = Int32(nodes.count)
        var new = Node()
        new.parent = node
        new.nextSibling = nodes[Int(node)].firstChild
        new.length = nodes[Int(node)].length + 1
        new.byte = byte
        nodes.append(new)
        nodes[Int(node)].firstChild = made
        return made
    }

    /// The bytes of a value; of at most the `limit` last ones.
    func bytes(of value: Int32, limit: Int = .max) -> [UInt8] {
        var reversed: [UInt8] = []
        var node = value
        while node > ValueTree.empty, reversed.count < limit {
            reversed.append(nodes[Int(node)].byte)
            node = nodes[Int(node)].parent
        }
        return reversed.reversed()
    }

    /// The number that the value spells as Redis reads one: digits without a leading zero, perhaps behind a minus sign.
    func integer(of value: Int32) -> Int64? {
        let length = length(of: value)
        guard value > ValueTree.empty, length <= 20, !isUnseen(value) else { return nil }
        var node = value
        var (sum, scale): (Int64, Int64) = (0, 1)
        for place in 0..<length {
            let byte = nodes[Int(node)].byte
            node = nodes[Int(node)].parent
            if byte == UInt8(ascii: "-"), place == length - 1, sum < 0 { return sum }
            guard byte &- 48 < 10, place < 19 else { return nil }
            if byte == 48, place == length - 1, length > 1 { return nil }
            // Summed up below zero, where there is room for the least number too.
            let (part, isOver) = scale.multipliedReportingOverflow(by: -Int64(byte - 48))
            let (next, isBeyond) = sum.addingReportingOverflow(part)
            guard !isOver, !isBeyond else { return nil }
            sum = next
            // Past the 19th digit it is not used.
            scale = scale &* 10
            if byte == 48, place == length - 2, nodes[Int(node)].byte == UInt8(ascii: "-") { return nil }
        }
        return sum == .min ? nil : -sum
    }

    /// Whether the value, or one that begins with it, may be an integer. Never false by mistake.
    func mayBecomeInteger(_ value: Int32) -> Bool {
        guard length(of: value) <= 20, !isUnseen(value) else { return false }
        var node = value
        while node > ValueTree.empty {
            guard ValueTree.mayBeOfInteger(nodes[Int(node)].byte) else { return false }
            node = nodes[Int(node)].parent
        }
        return true
    }

    static func mayBeOfInteger(_ byte: UInt8) -> Bool { byte &- 48 < 10 || byte == UInt8(ascii: "-") }

    // MARK: Who sees it

    /// The last event at which a `get` was answered with the value or with one that begins with it; -1 for never.
    func lastSeen(_ value: Int32) -> Int { Int(nodes[Int(value)].lastSeen) }

    /// Notes that `value` was seen at `event`. The last event has to come first.
    mutating func see(_ value: Int32, at event: Int) {
        var node = value
        while node > ValueTree.absent, nodes[Int(node)].lastSeen < event {
            nodes[Int(node)].lastSeen = Int32(event)
            node = nodes[Int(node)].parent
        }
    }

    /// Which values of each length are the beginning of one that was seen.
    func seenByLength() -> [Int: [Int32]] {
        var found: [Int: [Int32]] = [:]
        for (index, node) in nodes.enumerated() where node.lastSeen >= 0 {
            found[Int(node.length), default: []].append(Int32(index))
        }
        return found
    }

    // MARK: One path

    /// Remembers the beginnings of `value`, itself among them.
    mutating func drawPath(to value: Int32) {
        var node = value
        while node != ValueTree.none {
            nodes[Int(node)].isOnPath = true
            node = nodes[Int(node)].parent
        }
    }

    func isOnPath(_ value: Int32) -> Bool { nodes[Int(value)].isOnPath }
}
