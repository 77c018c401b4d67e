// A first-in first-out list in one array, for frames above the commit index and frames in flight.

/// Elements by position from the oldest. Taking from the front moves a mark; the space behind it is reclaimed when it
/// is more than half, so every operation is of constant cost on average and a steady flow allocates nothing.
struct Queue<Element: Sendable>: Sendable {
    private var storage: [Element] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { storage.count == head }
    var first: Element? { isEmpty ? nil : storage[head] }
    var last: Element? { isEmpty ? nil : storage[storage.count - 1] }

    subscript(position: Int) -> Element { storage[head + position] }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func removeFirst() {
        precondition(!isEmpty, "nothing to remove")
        head += 1
        if head * 2 > storage.count, head >= 32 || isEmpty { compact() }
    }

    /// Keeps the oldest `length` elements.
    mutating func cut(to length: Int) {
        precondition(length <= count, "\(length) of \(count) elements")
        storage.removeLast(count - length)
    }

    mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
        head = 0
    }

    private mutating func compact() {
        storage.removeFirst(head)
        head = 0
    }
}
