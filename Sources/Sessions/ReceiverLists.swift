// The lists that the registry of subscriptions is made of: receivers of one name, and patterns in their order.

/// Subscribers' ids in ascending order. A new client has the highest id, so joining mostly appends.
struct ReceiverList: Sendable {
    private(set) var ids: [UInt64] = []

    mutating func insert(_ id: UInt64) {
        let place = place(of: id)
        precondition(place == ids.count || ids[place] != id, "a receiver listed twice")
        ids.insert(id, at: place)
    }

    mutating func remove(_ id: UInt64) {
        let place = place(of: id)
        precondition(place < ids.count && ids[place] == id, "a receiver that is not listed")
        ids.remove(at: place)
    }

    /// Where the id is or belongs.
    private func place(of id: UInt64) -> Int {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Patterns with their receivers, in the order in which they were first subscribed to.
///
/// A pattern that lost its last receiver leaves a gap. Gaps are closed once they are more than the patterns, so that
/// joining and leaving cost the same however many there are.
struct PatternList: Sendable {
    private var places: [(pattern: [UInt8], receivers: ReceiverList)?] = []
    private var index: [[UInt8]: Int] = [:]

    var count: Int { index.count }

    mutating func insert(_ id: UInt64, _ pattern: [UInt8]) {
        if let place = index[pattern] {
            places[place]?.receivers.insert(id)
        } else {
            var receivers = ReceiverList()
            receivers.insert(id)
            index[pattern] = places.count
            places.append((pattern, receivers))
        }
    }

    mutating func remove(_ id: UInt64, _ pattern: [UInt8]) {
        guard let place = index[pattern] else { preconditionFailure("a pattern that is not listed") }
        places[place]?.receivers.remove(id)
        guard places[place]?.receivers.ids.isEmpty == true else { return }
        places[place] = nil
        index[pattern] = nil
        if places.count > 2 * count + PatternList.gapsKept { closeGaps() }
    }

    func forEach(_ body: (_ pattern: [UInt8], _ receivers: ReceiverList) -> Void) {
        for case let (pattern, receivers)? in places { body(pattern, receivers) }
    }

    private static let gapsKept = 16

    private mutating func closeGaps() {
        places.removeAll { $0 == nil }
        for (place, entry) in places.enumerated() {
            if let entry { index[entry.pattern] = place }
        }
    }

    func checkInvariants() {
        precondition(places.count <= 2 * count + PatternList.gapsKept, "\(places.count) places for \(count) patterns")
        for (pattern, place) in index {
            precondition(places[place]?.pattern == pattern, "a pattern in another's place")
        }
    }
}
