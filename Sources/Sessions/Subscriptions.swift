// Who listens to what: the channels, patterns and shard channels of a node's clients.
//
// Invariants:
// 1. A subscriber is listed under a name exactly when the name is among the subscriber's own. No list is empty.
// 2. No order depends on a hash: receivers come by id, patterns by when they were first subscribed to, a subscriber's
//    own names by when it subscribed, listed channels by their bytes.

import ByteCoding
import Keyspace

/// What a name is a name of.
public enum SubscriptionKind: Int, CaseIterable, Sendable {
    case channel, pattern, shardChannel
}

/// How many of each kind a client is subscribed to.
public struct SubscriptionCounts: Hashable, Sendable {
    public internal(set) var channels = 0
    public internal(set) var patterns = 0
    public internal(set) var shardChannels = 0

    public var total: Int { channels + patterns + shardChannels }
}

/// The registry. Publishing costs what there are receivers and patterns; nothing else ever looks here.
public struct Subscriptions: Sendable {
    typealias Name = [UInt8]

    /// Names that one client may be subscribed to.
    public static let perClientMax = 100_000
    /// Bytes of all these names together.
    public static let nameBytesPerClientMax = 16 << 20

    private var channels: [Name: ReceiverList] = [:]
    private var shardChannels: [Name: ReceiverList] = [:]
    private var patterns = PatternList()
    private var subscribers: [UInt64: Subscriber] = [:]
    private var nextNumber: UInt64 = 0

    public init() {}

    public var isEmpty: Bool { subscribers.isEmpty }
    public var subscriberCount: Int { subscribers.count }
    public var channelCount: Int { channels.count }
    public var patternCount: Int { patterns.count }
    public var shardChannelCount: Int { shardChannels.count }

    // MARK: Receivers

    /// Who is subscribed to this very channel, by id.
    public func receivers(of channel: RawSpan, isSharded: Bool) -> [UInt64] {
        let lists = isSharded ? shardChannels : channels
        guard !lists.isEmpty else { return [] }
        return lists[Name(channel)]?.ids ?? []
    }

    /// Calls `body` with each pattern that matches the channel, and who is subscribed to it, by id. Shard channels are
    /// not matched by patterns.
    public func forEachMatch(of channel: RawSpan, _ body: (_ pattern: [UInt8], _ receivers: [UInt64]) -> Void) {
        patterns.forEach { pattern, receivers in
            if GlobPattern.matches(channel, pattern.rawBytes) { body(pattern, receivers.ids) }
        }
    }

    /// The channels that have subscribers, in the order of their bytes.
    func names(isSharded: Bool, matching pattern: RawSpan?) -> [Name] {
        var found: [Name] = []
        for name in (isSharded ? shardChannels : channels).keys {
            if let pattern, !GlobPattern.matches(name.rawBytes, pattern) { continue }
            found.append(name)
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }

    // MARK: Subscribers

    func counts(of id: UInt64) -> SubscriptionCounts { subscribers[id]?.counts ?? SubscriptionCounts() }

    /// A client's names of one kind, the oldest first.
    func names(of id: UInt64, _ kind: SubscriptionKind) -> [Name] {
        subscribers[id]?[kind].sorted { $0.value < $1.value }.map(\.key) ?? []
    }

    /// Whether the client may be subscribed to these names too. Those that it has already cost nothing.
    func hasRoom(for names: [Name], of id: UInt64, _ kind: SubscriptionKind) -> Bool {
        let subscriber = subscribers[id] ?? Subscriber()
        var (count, bytes) = (subscriber.counts.total, subscriber.nameBytes)
        for name in names where subscriber[kind][name] == nil {
            count += 1
            bytes += name.count
        }
        return count <= Subscriptions.perClientMax && bytes <= Subscriptions.nameBytesPerClientMax
    }

    /// False, and nothing done, when the client is subscribed to the name already.
    @discardableResult
    mutating func subscribe(_ id: UInt64, to name: Name, _ kind: SubscriptionKind) -> Bool {
        guard subscribers[id]?[kind][name] == nil else { return false }
        nextNumber += 1
        subscribers[id, default: Subscriber()].insert(name, nextNumber, kind)
        switch kind {
        case .channel: channels[name, default: ReceiverList()].insert(id)
        case .shardChannel: shardChannels[name, default: ReceiverList()].insert(id)
        case .pattern: patterns.insert(id, name)
        }
        return true
    }

    /// False, and nothing done, when the client is not subscribed to the name.
    @discardableResult
    mutating func unsubscribe(_ id: UInt64, from name: Name, _ kind: SubscriptionKind) -> Bool {
        guard subscribers[id]?[kind][name] != nil else { return false }
        subscribers[id]?.remove(name, kind)
        if subscribers[id]?.counts.total == 0 { subscribers[id] = nil }
        unlist(id, name, kind)
        return true
    }

    /// The client is gone, or begins anew.
    public mutating func leave(_ id: UInt64) {
        guard let subscriber = subscribers.removeValue(forKey: id) else { return }
        for kind in SubscriptionKind.allCases {
            for name in subscriber[kind].keys { unlist(id, name, kind) }
        }
    }

    private mutating func unlist(_ id: UInt64, _ name: Name, _ kind: SubscriptionKind) {
        switch kind {
        case .channel: Subscriptions.remove(id, name, &channels)
        case .shardChannel: Subscriptions.remove(id, name, &shardChannels)
        case .pattern: patterns.remove(id, name)
        }
    }

    private static func remove(_ id: UInt64, _ name: Name, _ lists: inout [Name: ReceiverList]) {
        lists[name]?.remove(id)
        if lists[name]?.ids.isEmpty == true { lists[name] = nil }
    }

    func checkInvariants() {
        var listed = 0
        for (name, list) in channels { listed += check(list, name, .channel) }
        for (name, list) in shardChannels { listed += check(list, name, .shardChannel) }
        patterns.forEach { pattern, list in listed += check(list, pattern, .pattern) }
        let own = subscribers.values.reduce(0) { $0 + $1.counts.total }
        precondition(listed == own, "\(listed) listed receivers, \(own) subscriptions")
        precondition(subscribers.values.allSatisfy { $0.counts.total > 0 }, "a subscriber to nothing")
        patterns.checkInvariants()
    }

    private func check(_ list: ReceiverList, _ name: Name, _ kind: SubscriptionKind) -> Int {
        precondition(!list.ids.isEmpty, "a name without receivers")
        precondition(zip(list.ids, list.ids.dropFirst()).allSatisfy { $0 < $1 }, "receivers out of order")
        precondition(list.ids.allSatisfy { subscribers[$0]?[kind][name] != nil }, "a receiver that did not subscribe")
        return list.ids.count
    }
}

/// One client's own names, each with the number of its subscription.
private struct Subscriber: Sendable {
    private var names: [[[UInt8]: UInt64]] = [[:], [:], [:]]
    private(set) var nameBytes = 0

    subscript(kind: SubscriptionKind) -> [[UInt8]: UInt64] { names[kind.rawValue] }

    var counts: SubscriptionCounts {
        var counts = SubscriptionCounts()
        counts.channels = self[.channel].count
        counts.patterns = self[.pattern].count
        counts.shardChannels = self[.shardChannel].count
        return counts
    }

    mutating func insert(_ name: [UInt8], _ number: UInt64, _ kind: SubscriptionKind) {
        names[kind.rawValue][name] = number
        nameBytes += name.count
    }

    mutating func remove(_ name: [UInt8], _ kind: SubscriptionKind) {
        names[kind.rawValue][name] = nil
        nameBytes -= name.count
    }
}
