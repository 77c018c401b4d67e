// A value on its own, as DUMP gives it and RESTORE takes it: `docs/formats/dump.md` has the byte table.

import ByteCoding

/// Version history: 1 all types.
///
/// `TRD`, the version, the kind, the body, and a CRC32C of all before it. A string's body is its bytes. A collection's
/// is the number of its entries and its items, each counted, as in the packed form but in any order.
enum DumpPayload {
    static let version: UInt8 = 1
    private static let magic = [UInt8(ascii: "T"), UInt8(ascii: "R"), UInt8(ascii: "D")]
    private static let headSize = 5
    private static let checksumSize = 4

    // MARK: Writing

    static func encoded(_ record: Record, hashKey: SipHash.Key) -> [UInt8] {
        var bytes = magic + [version, record.kind.rawValue]
        if record.kind == .string {
            bytes.reserveCapacity(headSize + record.valueLength + checksumSize)
            record.forEachPiece(of: 0..<record.valueLength) { bytes.append(bytes: $0) }
        } else {
            encode(CollectionView(record, hashKey: hashKey), to: &bytes)
        }
        bytes.append(littleEndian: CRC32C.checksum(bytes.rawBytes))
        return bytes
    }

    private static func encode(_ view: CollectionView, to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(view.count))
        guard !view.kind.hasElements else {
            return view.walk(from: 0) {
                bytes.append(counted: $0)
                return true
            }
        }
        view.forEachField { field, value in
            bytes.append(counted: field)
            if view.kind == .hash { bytes.append(counted: value) }
        }
    }

    // MARK: Reading

    /// The kind, and where the body lies. Refused when the bytes are no payload of a version that is known here.
    static func body(of payload: RawSpan) throws(CommandError) -> (kind: ValueKind, range: Range<Int>) {
        let end = payload.byteCount - checksumSize
        guard end >= headSize, payload.extracting(0..<3).hasSameBytes(as: magic.rawBytes),
            payload.byte(at: 3) == version
        else { throw .dumpChecksum }
        var reader = ByteReader(offset: end, end: payload.byteCount)
        guard let stated = try? reader.integer(UInt32.self, from: payload),
            stated == CRC32C.checksum(payload.extracting(0..<end))
        else { throw .dumpChecksum }
        guard let kind = ValueKind(rawValue: payload.byte(at: 4)) else { throw .dumpFormat }
        return (kind, headSize..<end)
    }

    /// Puts the entries of a collection's body into an empty one. Refused when they are not just those that the body
    /// states, each once.
    static func read(_ body: RawSpan, into editor: inout CollectionEditor) throws(CommandError) {
        var reader = ByteReader(body)
        guard let stated = try? reader.varint(from: body), stated > 0, stated <= UInt64(reader.remaining) else {
            throw .dumpFormat
        }
        for _ in 0..<stated { try readEntry(body, &reader, into: &editor) }
        guard reader.isAtEnd else { throw .dumpFormat }
    }

    private static func readEntry(
        _ body: RawSpan, _ reader: inout ByteReader, into editor: inout CollectionEditor
    ) throws(CommandError) {
        guard let range = try? reader.counted(from: body) else { throw .dumpFormat }
        let item = body.extracting(range)
        switch editor.kind {
        case .list: editor.push(item, .right)
        case .set: guard editor.set(item, item.extracting(first: 0)) else { throw .dumpFormat }
        case .hash:
            guard let value = try? reader.counted(from: body), editor.set(item, body.extracting(value)) else {
                throw .dumpFormat
            }
        case .sortedSet:
            guard item.byteCount >= ScoredMember.scoreSize else { throw .dumpFormat }
            let (score, member) = (ScoredMember.score(of: item), ScoredMember.member(of: item))
            guard !score.isNaN, editor.score(of: member) == nil else { throw .dumpFormat }
            editor.setScore(of: member, score, instead: nil)
        case .string: throw .dumpFormat
        }
    }
}

/// What `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]` asks for. The last two say how
/// warm a record was, which is not kept here.
struct RestoreOptions {
    private(set) var replaces = false
    private(set) var isAbsolute = false

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var (hasIdleTime, hasFrequency) = (false, false)
        var position = 3
        while position < arguments.count {
            let word = arguments[position]
            if word.isWord("replace") {
                replaces = true
            } else if word.isWord("absttl") {
                isAbsolute = true
            } else if word.isWord("idletime"), position + 1 < arguments.count, !hasFrequency {
                position += 1
                hasIdleTime = true
                guard try arguments.integer(position) >= 0 else { throw .idleTime }
            } else if word.isWord("freq"), position + 1 < arguments.count, !hasIdleTime {
                position += 1
                hasFrequency = true
                guard 0...255 ~= (try arguments.integer(position)) else { throw .frequency }
            } else {
                throw .syntax
            }
            position += 1
        }
    }

    /// In milliseconds since 1970; `TreeNode.never` for none.
    func deadline(in arguments: borrowing Arguments, now: UInt64) throws(CommandError) -> UInt64 {
        let time = try arguments.integer(1)
        guard time >= 0 else { throw .restoreTime }
        guard time > 0 else { return TreeNode.never }
        guard !isAbsolute else { return UInt64(time) }
        let (end, overflow) = time.addingReportingOverflow(Int64(clamping: now))
        guard !overflow else { throw .restoreTime }
        return UInt64(end)
    }
}
