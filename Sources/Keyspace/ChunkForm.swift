// What a state looks like as chunks of bytes: docs/formats/snapshot.md has the byte tables.

/// What a chunk's first byte says.
enum ChunkKind: UInt8 {
    case records = 1
    /// A piece of a long string.
    case piece = 2
    /// Fields of a large hash, members of a large set or sorted set.
    case fields = 3
    /// Elements of a large list.
    case elements = 4
    case head = 5
}

/// How a state is cut into chunks. Readers do not rely on where it is cut, so these numbers may change; every change
/// has all chunks written anew once.
enum ChunkForm {
    /// The version of all chunks of an image; it stands in the head. Version history: 1 all types.
    static let version: UInt8 = 1
    /// A chunk's kind, and how many items it has.
    static let headerSize = 5
    /// Records that come together in one chunk on average at most, and half as many at least. The less, the less is
    /// written again when few records change, and the worse chunks compress. Measured: docs/PERFORMANCE.md.
    static let recordsPerPart = 32
    /// What long strings are cut into, and about what fields and elements of large collections are.
    static let pieceSize = 256 << 10

    /// By how many bits of their hashes so many records of a slot are parted.
    static func recordBits(count: Int) -> Int { bits(for: count, perPart: recordsPerPart) }

    /// By how many bits of their hashes the fields of a collection are parted, which would take so many bytes packed.
    static func fieldBits(payload: Int) -> Int { bits(for: payload, perPart: pieceSize) }

    private static func bits(for amount: Int, perPart: Int) -> Int {
        guard amount > perPart else { return 0 }
        return Int.bitWidth - ((amount - 1) / perPart).leadingZeroBitCount
    }
}

/// Hashes that begin alike.
struct HashPrefix {
    /// How many bits are given: 0...63.
    let bits: Int
    /// They themselves, then zeros.
    let first: UInt64

    init(bits: Int, number: Int) {
        self.bits = bits
        first = bits == 0 ? 0 : UInt64(number) << UInt64(64 - bits)
    }

    @inline(__always)
    func covers(_ hash: UInt64) -> Bool { bits == 0 || (hash ^ first) >> UInt64(64 - bits) == 0 }
}

/// Records by the type of their value.
public struct KindCounts: Hashable, Sendable {
    public internal(set) var strings = 0
    public internal(set) var hashes = 0
    public internal(set) var lists = 0
    public internal(set) var sets = 0
    public internal(set) var sortedSets = 0

    public init() {}

    public var total: Int { strings + hashes + lists + sets + sortedSets }

    @inline(__always)
    mutating func add(_ kind: ValueKind) {
        switch kind {
        case .string: strings += 1
        case .hash: hashes += 1
        case .list: lists += 1
        case .set: sets += 1
        case .sortedSet: sortedSets += 1
        }
    }

    @inline(__always)
    mutating func remove(_ kind: ValueKind) {
        switch kind {
        case .string: strings -= 1
        case .hash: hashes -= 1
        case .list: lists -= 1
        case .set: sets -= 1
        case .sortedSet: sortedSets -= 1
        }
    }

    public mutating func add(_ other: KindCounts) {
        strings += other.strings
        hashes += other.hashes
        lists += other.lists
        sets += other.sets
        sortedSets += other.sortedSets
    }
}
