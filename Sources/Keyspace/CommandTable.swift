// Finding a command by its name, in constant time and without an allocation.

import ByteCoding

/// All commands of the keyspace.
///
/// A name of at most 16 letters is packed into two words, whose hash leads to at most a few candidates.
public struct CommandTable: Sendable {
    public static let shared = CommandTable()

    /// All commands, sorted by name.
    public let specs: [CommandSpec]
    private let packed: [PackedName]
    /// For each hash the position in `specs` plus one; 0 where there is none. Linear probing.
    private let places: [UInt16]
    /// For each command number the position in `specs` plus one; 0 where there is none.
    private let byNumber: [UInt16]

    private static let placesMask = 1023
    /// Above all command numbers.
    private static let numbersMax = 320

    private init() {
        specs = CommandTable.families.joined().sorted { $0.name.description < $1.name.description }
        packed = specs.map { PackedName($0.name) }
        var places = [UInt16](repeating: 0, count: CommandTable.placesMask + 1)
        for (position, name) in packed.enumerated() {
            var place = name.hash & CommandTable.placesMask
            while places[place] != 0 { place = (place + 1) & CommandTable.placesMask }
            places[place] = UInt16(position + 1)
        }
        self.places = places
        var byNumber = [UInt16](repeating: 0, count: CommandTable.numbersMax)
        for (position, spec) in specs.enumerated() { byNumber[Int(spec.code.rawValue)] = UInt16(position + 1) }
        self.byNumber = byNumber
    }

    /// The command of this name in any case, or nil.
    public func lookup(_ name: RawSpan) -> CommandSpec? {
        guard let wanted = PackedName(lowercasing: name) else { return nil }
        var place = wanted.hash & CommandTable.placesMask
        while places[place] != 0 {
            let position = Int(places[place]) - 1
            if packed[position] == wanted { return specs[position] }
            place = (place + 1) & CommandTable.placesMask
        }
        return nil
    }

    /// What is known of a command by its number; nil for those without a name.
    public func spec(of code: CommandCode) -> CommandSpec? {
        let place = byNumber[Int(code.rawValue)]
        return place == 0 ? nil : specs[Int(place) - 1]
    }

    /// Refuses an entry with too many or too few arguments.
    @inline(__always)
    static func checkArity(_ view: borrowing EntryView) throws(CommandError) {
        let arity = Int(arities[Int(view.code.rawValue)])
        let count = view.arguments.count + 1
        guard arity < 0 ? count >= -arity : count == arity else { throw .arity }
    }

    /// By command number.
    private static let arities: InlineArray<320, Int8> = InlineArray { number in
        guard let code = CommandCode(rawValue: UInt16(number)) else { return 0 }
        return Int8(shared.spec(of: code)?.arity ?? code.arityWithoutName)
    }

    /// Whether a command may make the keyspace larger.
    static func mayGrow(_ code: CommandCode) -> Bool { growing[Int(code.rawValue)] }

    /// By command number.
    private static let growing: InlineArray<320, Bool> = InlineArray { number in
        guard let code = CommandCode(rawValue: UInt16(number)) else { return false }
        return shared.spec(of: code)?.flags.contains(.denyoom) ?? false
    }

    /// Whether a command changes the record of its first argument and looks at nothing else, if that is the last of its
    /// arguments that may be a key.
    static func isOfOneKey(_ code: CommandCode, arguments: Int) -> Bool {
        let last = lastKeys[Int(code.rawValue)]
        return last == 1 || last == -1 && arguments == 1
    }

    /// By command number: where the last key of a command stands that writes and never waits, and whose first argument
    /// is a key; 0 for all others.
    private static let lastKeys: InlineArray<320, Int8> = InlineArray { number in
        guard let code = CommandCode(rawValue: UInt16(number)), let spec = shared.spec(of: code),
            spec.firstKey == 1, spec.flags.contains(.write), spec.flags.isDisjoint(with: [.blocking, .movablekeys])
        else { return 0 }
        return Int8(spec.lastKey)
    }

    /// The command of this name in any case, or nil.
    public func lookup(_ name: String) -> CommandSpec? { lookup(Array(name.utf8).rawBytes) }
}

/// At most 16 bytes in two words, in lower case, padded with zeros.
private struct PackedName: Hashable, Sendable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    init(_ name: StaticString) {
        for (position, byte) in name.description.utf8.enumerated() { put(byte, at: position) }
    }

    init?(lowercasing name: RawSpan) {
        guard name.byteCount > 0, name.byteCount <= 16 else { return nil }
        for position in 0..<name.byteCount {
            let byte = name.byte(at: position)
            // A name holds no zero byte, so the padding cannot be mistaken for one.
            guard byte != 0 else { return nil }
            put(byte.asciiLowercased, at: position)
        }
    }

    private mutating func put(_ byte: UInt8, at position: Int) {
        if position < 8 {
            low |= UInt64(byte) << UInt64(8 * position)
        } else {
            high |= UInt64(byte) << UInt64(8 * (position - 8))
        }
    }

    /// Fibonacci hashing; the upper bits are the mixed ones.
    var hash: Int {
        Int(truncatingIfNeeded: ((low ^ (high &* 0xC2B2_AE3D_27D4_EB4F)) &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }
}
