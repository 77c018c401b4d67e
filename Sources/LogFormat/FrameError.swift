// Why bytes are no frame.

public import ByteCoding
public import Vocabulary

/// Why a frame, or an entry in one, cannot be read. A frame that decoded is valid and is not checked again.
public enum FrameError: Error, Hashable, Sendable {
    case truncated(needed: ByteCount, found: ByteCount)
    case overLimit(length: ByteCount, limit: ByteCount)
    case badMagic(found: UInt32)
    case checksumMismatch(stated: UInt32, computed: UInt32)
    /// Written by a newer release. Checked behind the checksum, so it is no damage.
    case newerVersion(found: UInt16, supported: UInt16)
    case lengthMismatch(stated: ByteCount, found: ByteCount)
    case invalidField(Field)
    /// The payload is encrypted with a key that this node does not have.
    case keyUnavailable(UInt32)
    /// The LZ4 payload is malformed or does not give `plainLength` bytes.
    case badCompression(plainLength: ByteCount)
    case badEntry(ByteError)
    /// The payload holds more or fewer entries than the header says.
    case entryCount(stated: UInt32, bytesLeft: Int)

    public enum Field: String, Hashable, Sendable {
        case version, kind, codec, flags, reserved, plainLength, firstIndex, count, timestamp, term
    }
}

extension FrameError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let found): "a frame needs \(needed), only \(found) are there"
        case .overLimit(let length, let limit): "a frame of \(length) is over the limit of \(limit)"
        case .badMagic(let found): "no frame begins with 0x\(String(found, radix: 16))"
        case .checksumMismatch(let stated, let computed):
            "frame checksum is 0x\(String(computed, radix: 16)), its header says 0x\(String(stated, radix: 16))"
        case .newerVersion(let found, let supported):
            "frame format version \(found) is newer than \(supported), the newest that this release reads"
        case .lengthMismatch(let stated, let found): "frame payload is \(found), its header says \(stated)"
        case .invalidField(let field): "frame header field \(field.rawValue) has an impossible value"
        case .keyUnavailable(let key): "frame is encrypted with key \(key), which this node does not have"
        case .badCompression(let length): "frame payload does not decompress to \(length)"
        case .badEntry(let error): "frame payload is no list of entries: \(error)"
        case .entryCount(let stated, let left):
            "frame payload does not hold \(stated) entries (\(left) bytes left over)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .newerVersion: .operate("start the release that wrote it, or a newer one")
        case .keyUnavailable: .operate("give this node the key, or the key service that unwraps it")
        case .overLimit: .operate("raise the request size limit to that of the other nodes")
        default: .automatic("the frame is refused, and fetched again from a node that has it whole")
        }
    }
}
