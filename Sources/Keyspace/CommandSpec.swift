// What is known of a command without carrying it out: its arity, its route, where its keys stand.

/// One command as `COMMAND` tells of it.
public struct CommandSpec: Sendable {
    /// How a command has to be carried out.
    public enum Route: Hashable, Sendable {
        /// Through the log: `Keyspace.apply`.
        case write
        /// From a keyspace that is recent enough: `Keyspace.read`.
        case read
    }

    /// In lower case.
    public let name: StaticString
    public let code: CommandCode
    /// Words of the request with the name; negative for "at least".
    public let arity: Int
    public let flags: CommandFlags
    /// Positions of the first and last key in the request (negative: counted from its end) and the step from key to
    /// key; all 0 when no position holds a key.
    public let firstKey: Int
    public let lastKey: Int
    public let keyStep: Int
    public let categories: CommandCategories
    /// The version of Redis that brought it.
    public let since: StaticString
    /// `string`, `bitmap`, `hash`, `list`, `set`, `sorted-set`, `generic` or `server`.
    public let group: StaticString
    public let summary: StaticString

    public var route: Route { flags.contains(.write) ? .write : .read }

    /// Whether a request of `count` words, the name included, has as many as the command takes.
    public func accepts(argumentCount count: Int) -> Bool {
        arity < 0 ? count >= -arity : count == arity
    }
}

/// Redis's command flags, as far as commands here have them.
public struct CommandFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let write = CommandFlags(rawValue: 1 << 0)
    public static let readonly = CommandFlags(rawValue: 1 << 1)
    /// May make the keyspace larger: refused when memory is short.
    public static let denyoom = CommandFlags(rawValue: 1 << 2)
    /// Takes a time that does not depend on the size of what it works on.
    public static let fast = CommandFlags(rawValue: 1 << 3)
    /// May wait until there is something for it.
    public static let blocking = CommandFlags(rawValue: 1 << 4)
    /// Which words are keys depends on the other words.
    public static let movablekeys = CommandFlags(rawValue: 1 << 5)

    /// In Redis's words and order.
    public var names: [StaticString] {
        let all: [(CommandFlags, StaticString)] = [
            (.write, "write"), (.readonly, "readonly"), (.denyoom, "denyoom"), (.blocking, "blocking"), (.fast, "fast"),
            (.movablekeys, "movablekeys"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// Redis's categories of access control, as far as commands here have them.
public struct CommandCategories: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let keyspace = CommandCategories(rawValue: 1 << 0)
    public static let read = CommandCategories(rawValue: 1 << 1)
    public static let write = CommandCategories(rawValue: 1 << 2)
    public static let string = CommandCategories(rawValue: 1 << 3)
    public static let fast = CommandCategories(rawValue: 1 << 4)
    public static let slow = CommandCategories(rawValue: 1 << 5)
    public static let dangerous = CommandCategories(rawValue: 1 << 6)
    public static let sortedSet = CommandCategories(rawValue: 1 << 7)
    public static let list = CommandCategories(rawValue: 1 << 8)
    public static let blocking = CommandCategories(rawValue: 1 << 9)
    public static let hash = CommandCategories(rawValue: 1 << 10)
    public static let set = CommandCategories(rawValue: 1 << 11)
    public static let bitmap = CommandCategories(rawValue: 1 << 12)

    /// In Redis's words and order, each with its `@`.
    public var names: [StaticString] {
        let all: [(CommandCategories, StaticString)] = [
            (.keyspace, "@keyspace"), (.read, "@read"), (.write, "@write"), (.set, "@set"),
            (.sortedSet, "@sortedset"), (.list, "@list"), (.hash, "@hash"), (.string, "@string"), (.bitmap, "@bitmap"),
            (.fast, "@fast"), (.slow, "@slow"), (.blocking, "@blocking"), (.dangerous, "@dangerous"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
