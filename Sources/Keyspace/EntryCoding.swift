// Commands as entries of the log: a number, a count, and each argument with its length.

public import ByteCoding

/// Why bytes are no entry of this version.
public enum EntryError: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(ByteError)
    /// A command that this version does not know: written by a newer one.
    case unknownCommand(UInt64)
    /// Bytes behind the last argument.
    case trailingBytes(Int)

    public var description: String {
        switch self {
        case .malformed(let error): "an entry can not be read: \(error)"
        case .unknownCommand(let code): "an entry holds command \(code), which this version does not know"
        case .trailingBytes(let count): "an entry goes on for \(count) bytes behind its last argument"
        }
    }
}

/// Writes the encoded form: `varint code, varint count, count × (varint length, bytes)`. The arguments are those behind
/// the command's name. `docs/formats/entries.md` has the byte table.
public enum EntryCoding {
    /// The entry that removes keys whose time is over.
    public static let tick: [UInt8] = encoded(.tick, [])

    /// The entry that says whether the leader's memory is full.
    public static func memoryFull(_ isFull: Bool) -> [UInt8] { encoded(.memoryFull, [[isFull ? 1 : 0]]) }

    /// Appends the entry of a request, whose words lie at `words` in `request`, the command's name first.
    public static func encode(
        _ code: CommandCode, _ request: RawSpan, words: [Range<Int>], to bytes: inout [UInt8]
    ) {
        precondition(!words.isEmpty, "a request without its command's name")
        bytes.append(varint: UInt64(code.rawValue))
        bytes.append(varint: UInt64(words.count - 1))
        for position in 1..<max(1, words.count) { bytes.append(counted: request.extracting(words[position])) }
    }

    /// The entry of a command with these arguments.
    public static func encoded(_ code: CommandCode, _ arguments: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(code.rawValue))
        bytes.append(varint: UInt64(arguments.count))
        for argument in arguments { bytes.append(counted: argument.rawBytes) }
        return bytes
    }
}

/// One decoded entry: what to do, and with what. Borrows the entry's bytes.
public struct EntryView: ~Escapable {
    public let code: CommandCode
    /// Without the command's name.
    public let arguments: Arguments

    /// The one gate for entries: past it, every argument is known to lie within the bytes.
    @_lifetime(copy entry)
    public init(_ entry: RawSpan) throws(EntryError) {
        var reader = ByteReader(entry)
        let number: UInt64
        do { number = try reader.varint(from: entry) } catch { throw .malformed(error) }
        guard let code = UInt16(exactly: number).flatMap(CommandCode.init) else { throw .unknownCommand(number) }
        self.code = code
        let count: Int
        do { count = try EntryView.argumentCount(from: entry, &reader) } catch { throw .malformed(error) }
        let start = reader.offset
        do throws(ByteError) {
            for _ in 0..<count { _ = try reader.counted(from: entry) }
        } catch { throw .malformed(error) }
        guard reader.isAtEnd else { throw .trailingBytes(reader.remaining) }
        arguments = Arguments(walked: entry, count: count, start: start)
    }

    /// Every argument takes a byte at least, so a count beyond the bytes fails before anything is walked.
    private static func argumentCount(
        from entry: RawSpan, _ reader: inout ByteReader
    ) throws(ByteError) -> Int {
        let count = try reader.varint(from: entry)
        guard count <= UInt64(reader.remaining) else {
            throw .truncated(at: reader.offset, needed: Int(clamping: count) - reader.remaining)
        }
        return Int(count)
    }
}
