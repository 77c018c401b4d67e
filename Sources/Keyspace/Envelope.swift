// Commands that hold only together or only under a condition: one entry around several.

import ByteCoding
public import RESP

/// What stands around the commands of an entry: whether they are a transaction, on which versions of keys they depend,
/// and by which name a client will ask for their outcome again.
///
/// As an entry it is command `envelope` with these arguments: a header, the conditions, and each command as an entry of
/// its own. `docs/formats/entries.md` has the bytes.
public struct Envelope: Sendable {
    public enum Form: UInt8, Hashable, Sendable {
        /// One command, whose reply is the reply; null when a condition does not hold.
        case single = 0
        /// `EXEC`: the replies of all commands in an array; null when a condition does not hold.
        case transaction = 1
        /// One command, which waits when it finds nothing.
        case blocking = 2
    }

    public var form: Form
    /// How the reply is written. Part of the entry, since a reply may be kept and given again.
    public var version: RESPVersion
    /// Who repeats the request under which number, until the outcome is known; nil when it is not to be repeated.
    public private(set) var client: [UInt8]?
    public private(set) var number: UInt64 = 0
    private var conditions: [UInt8] = []
    private var entries: [UInt8] = []
    public private(set) var count = 0

    public init(_ form: Form, version: RESPVersion) {
        self.form = form
        self.version = version
    }

    /// Bytes of the commands and conditions so far.
    public var byteCount: Int { entries.count + conditions.count }
    public var hasConditions: Bool { !conditions.isEmpty }

    /// The outcome is kept, and given again when `client` asks under the same number.
    public mutating func once(_ client: RawSpan, _ number: UInt64) {
        self.client = [UInt8](client)
        self.number = number
    }

    /// Nothing is done unless the key has this version: the index of the entry that wrote it, 0 for a key that is not
    /// there.
    public mutating func require(_ key: RawSpan, version: UInt64) {
        conditions.append(counted: key)
        conditions.append(varint: version)
    }

    /// Adds a command: its entry is what `encode` appends.
    public mutating func add(_ encode: (inout [UInt8]) -> Void) {
        var entry: [UInt8] = []
        encode(&entry)
        entries.append(counted: entry.rawBytes)
        count += 1
    }

    /// Adds a reply that is known already, in the place of a command's.
    public mutating func add(reply: RawSpan) {
        add {
            $0.append(varint: UInt64(CommandCode.literal.rawValue))
            $0.append(varint: 1)
            $0.append(counted: reply)
        }
    }

    /// Appends the entry.
    public func encode(to bytes: inout [UInt8]) {
        var header: [UInt8] = [form.rawValue, version == .three ? 3 : 2, client == nil ? 0 : 1]
        if let client {
            header.append(counted: client.rawBytes)
            header.append(varint: number)
        }
        bytes.append(varint: UInt64(CommandCode.envelope.rawValue))
        bytes.append(varint: UInt64(2 + count))
        bytes.append(counted: header.rawBytes)
        bytes.append(counted: conditions.rawBytes)
        bytes.append(contentsOf: entries)
    }
}

/// The header of an envelope as an entry has it.
struct EnvelopeHeader {
    let form: Envelope.Form
    let version: RESPVersion
    /// Where the client's name lies in the header.
    let client: Range<Int>?
    let number: UInt64

    init(_ bytes: RawSpan) throws(CommandError) {
        guard bytes.byteCount >= 3, let form = Envelope.Form(rawValue: bytes.byte(at: 0)) else { throw .envelope }
        self.form = form
        version = bytes.byte(at: 1) == 3 ? .three : .two
        guard bytes.byte(at: 2) == 1 else {
            (client, number) = (nil, 0)
            return
        }
        var reader = ByteReader(offset: 3, end: bytes.byteCount)
        guard let client = try? reader.counted(from: bytes), let number = try? reader.varint(from: bytes) else {
            throw .envelope
        }
        (self.client, self.number) = (client, number)
    }
}
