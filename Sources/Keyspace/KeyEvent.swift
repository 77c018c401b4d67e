// What happened to keys, for those who want to be told: Redis's keyspace notifications, as the keyspace reports them.

/// Classes of events, and the two forms in which clients hear of them: the letters of `notify-keyspace-events`.
public struct KeyEventClasses: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Told on `__keyspace@0__:<key>`, with the event as the message.
    public static let keyspace = KeyEventClasses(rawValue: 1 << 0)
    /// Told on `__keyevent@0__:<event>`, with the key as the message.
    public static let keyevent = KeyEventClasses(rawValue: 1 << 1)
    /// Of any type: `del`, `expire`, `rename_from`, ….
    public static let generic = KeyEventClasses(rawValue: 1 << 2)
    public static let string = KeyEventClasses(rawValue: 1 << 3)
    public static let list = KeyEventClasses(rawValue: 1 << 4)
    public static let set = KeyEventClasses(rawValue: 1 << 5)
    public static let hash = KeyEventClasses(rawValue: 1 << 6)
    public static let sortedSet = KeyEventClasses(rawValue: 1 << 7)
    /// A key was removed because its time was over.
    public static let expired = KeyEventClasses(rawValue: 1 << 8)
    public static let evicted = KeyEventClasses(rawValue: 1 << 9)
    public static let stream = KeyEventClasses(rawValue: 1 << 10)
    public static let module = KeyEventClasses(rawValue: 1 << 11)
    /// A key that was not there is now. Not among `all`, as in Redis.
    public static let new = KeyEventClasses(rawValue: 1 << 12)
    /// A read found no key. Not among `all`, as in Redis; never reported, since reads are answered by any node.
    public static let miss = KeyEventClasses(rawValue: 1 << 13)

    /// What the letter `A` stands for.
    public static let all: KeyEventClasses = [
        .generic, .string, .list, .set, .hash, .sortedSet, .expired, .evicted, .stream, .module,
    ]

    /// In the order in which Redis writes them.
    private static let lettersOfClasses: [(Character, KeyEventClasses)] = [
        ("g", .generic), ("$", .string), ("l", .list), ("s", .set), ("h", .hash), ("z", .sortedSet), ("x", .expired),
        ("e", .evicted), ("t", .stream), ("d", .module), ("n", .new), ("K", .keyspace), ("E", .keyevent), ("m", .miss),
    ]

    /// Nil when there is a letter that means nothing.
    public init?(letters: String) {
        self = []
        for letter in letters {
            if letter == "A" {
                formUnion(.all)
            } else if let (_, found) = KeyEventClasses.lettersOfClasses.first(where: { $0.0 == letter }) {
                formUnion(found)
            } else {
                return nil
            }
        }
    }

    /// As `CONFIG GET` shows them. Like Redis, it leaves `n` out beside `A`.
    public var letters: String {
        let isAll = isSuperset(of: .all)
        let rest = subtracting(isAll ? .all.union(.new) : [])
        return (isAll ? "A" : "") + KeyEventClasses.lettersOfClasses.filter { rest.contains($0.1) }.map(\.0)
    }

    /// What the keyspace has to report for them: nothing when there is no form in which it could be told.
    public var reported: KeyEventClasses {
        isDisjoint(with: [.keyspace, .keyevent]) ? [] : subtracting([.keyspace, .keyevent, .miss])
    }
}

/// One thing that happened to one key.
public struct KeyEvent: Sendable {
    /// One class.
    public let kind: KeyEventClasses
    /// Redis's name of it: `set`, `del`, `rename_to`, ….
    public let name: StaticString
    /// Where the key lies in the list's bytes.
    public let key: Range<Int>
}

/// Events in the order in which they happened, flat: no object per event. Only what is `wanted` gets in.
public struct KeyEventList: Sendable {
    /// Classes that somebody wants to hear of. Empty from the start: then nothing is gathered.
    public var wanted: KeyEventClasses = []
    public private(set) var events: [KeyEvent] = []
    /// The keys, one behind the other.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { events.isEmpty }

    /// Adds an event. The caller has looked whether its class is wanted.
    mutating func append(_ kind: KeyEventClasses, _ name: StaticString, _ key: RawSpan) {
        let start = bytes.count
        bytes.append(bytes: key)
        events.append(KeyEvent(kind: kind, name: name, key: start..<bytes.count))
    }

    /// Takes over the events of another list, behind its own, and leaves that one empty.
    public mutating func take(_ other: inout KeyEventList) {
        let base = bytes.count
        for event in other.events {
            let key = base + event.key.lowerBound..<base + event.key.upperBound
            events.append(KeyEvent(kind: event.kind, name: event.name, key: key))
        }
        bytes.append(contentsOf: other.bytes)
        other.removeAll()
    }

    /// Empties the list; keeps what is wanted, and memory up to a bound.
    public mutating func removeAll() {
        let isSmall = bytes.capacity <= KeyEventList.keptMax
        events.removeAll(keepingCapacity: isSmall)
        bytes.removeAll(keepingCapacity: isSmall)
    }

    private static let keptMax = 1 << 20
}

extension Keyspace {
    /// Reports what a command did to a key. One comparison when nobody wants to know.
    @inline(__always)
    mutating func note(_ kind: KeyEventClasses, _ name: StaticString, _ key: RawSpan) {
        guard !events.wanted.isDisjoint(with: kind) else { return }
        events.append(kind, name, key)
    }

    /// Reports that a command is about to write a key which it has not looked up: whether its time was over, and
    /// whether it will be new. Costs a lookup, and one comparison when nobody wants to know.
    @inline(__always)
    mutating func noteCreation(_ key: RawSpan, at place: KeyPlace) {
        guard !events.wanted.isDisjoint(with: [.new, .expired]) else { return }
        let old = records.find(key, at: place)
        if old?.isOver(at: now) == true { note(.expired, "expired", key) }
        if old == nil || old?.isOver(at: now) == true { note(.new, "new", key) }
    }

    /// Reports a new deadline; one that was over from the start has removed the key.
    mutating func noteDeadline(_ deadline: UInt64, _ key: RawSpan) {
        note(.generic, "expire", key)
        if deadline <= now { note(.expired, "expired", key) }
    }
}
