// Which keys entries of a log are about, so that a state may be proven without holding what they leave alone.

import ByteCoding
public import Vocabulary

/// A set of keys that may name more than were added, never fewer: one bit for each of many hashes (a Bloom filter with
/// one hash function; Bloom, "Space/time trade-offs in hash coding", 1970).
///
/// The bits of a slot lie in one window, so that whoever goes from slot to slot asks a processor's cache and not the
/// memory. Windows overlap: where all keys are of one slot, there are bits for them still.
public struct TouchedKeys: Sendable {
    private let hashKey: SipHash.Key
    private var words: [UInt64]
    private let mask: UInt64
    /// From the beginning of one slot's window to that of the next.
    private let stride: UInt64
    /// Whether an entry was about more than the keys that it names, such as FLUSHALL: the set is of no use then.
    public private(set) var isOfAllKeys = false

    /// Bits for each entry: of the keys that were not added, one in so many is named none the less.
    private static let bitsPerEntry = 16
    /// 16 Ki bits to 32 MiB.
    private static let bits = 14...28
    /// 16 KiB of bits.
    private static let window = UInt64(1) << 17 - 1

    /// - Parameter entries: as many as will be added, roughly.
    public init(of cluster: ClusterID, entries: Int) {
        hashKey = Keyspace.hashKey(of: cluster)
        let wanted = max(1, entries.multipliedReportingOverflow(by: TouchedKeys.bitsPerEntry).partialValue)
        let exponent = Int.bitWidth - (wanted - 1).leadingZeroBitCount
        let bits = UInt64(1) << UInt64(min(max(exponent, TouchedKeys.bits.lowerBound), TouchedKeys.bits.upperBound))
        (mask, stride) = (bits - 1, bits / UInt64(HashSlot.count))
        words = [UInt64](repeating: 0, count: Int(bits / 64))
    }

    /// Adds all keys that an entry could read or change.
    public mutating func add(_ entry: RawSpan) {
        guard !isOfAllKeys else { return }
        if let key = PartitionedEntries.onlyKey(of: entry) { return insert(entry.extracting(key)) }
        guard let view = try? EntryView(entry) else {
            isOfAllKeys = true
            return
        }
        guard view.code == .envelope else { return add(view) }
        // Header and conditions stand before the commands.
        if view.arguments.count > 1 { addConditions(view.arguments[1]) }
        for position in 2..<max(2, view.arguments.count) { add(view.arguments[position]) }
    }

    private mutating func add(_ view: borrowing EntryView) {
        switch view.code {
        // What they remove has a deadline, or is no record.
        case .tick, .memoryFull, .unblock, .literal: return
        default: break
        }
        let spec = CommandTable.shared.spec(of: view.code)
        let known: Bool? =
            spec?.anyKey(of: view.arguments) { key in
                insert(key)
                return false
            } ?? nil
        if known == nil { isOfAllKeys = true }
    }

    /// `Envelope.require` writes them.
    private mutating func addConditions(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            guard let key = try? reader.counted(from: bytes), (try? reader.varint(from: bytes)) != nil else {
                isOfAllKeys = true
                return
            }
            insert(bytes.extracting(key))
        }
    }

    private mutating func insert(_ key: RawSpan) {
        let bit = bit(of: SipHash.hash(key, key: hashKey), inSlot: HashSlot.of(key))
        words[Int(bit >> 6)] |= 1 << (bit & 63)
    }

    @inline(__always)
    private func bit(of hash: UInt64, inSlot slot: Int) -> UInt64 {
        (UInt64(slot) * stride + hash & TouchedKeys.window) & mask
    }

    /// Whether a key of this hash and slot may have been added.
    @inline(__always)
    func mayHave(_ hash: UInt64, inSlot slot: Int) -> Bool {
        let bit = bit(of: hash, inSlot: slot)
        return words[Int(bit >> 6)] & 1 << (bit & 63) != 0
    }
}

/// Records that were proven and let go: what is missing from a state that was loaded for some keys only.
public struct OmittedRecords: Hashable, Sendable {
    public internal(set) var count = 0
    /// The sum of their hashes.
    public internal(set) var digest = Digest.empty

    public static let none = OmittedRecords()

    public init() {}

    mutating func add(_ other: OmittedRecords) {
        count += other.count
        digest.add(other.digest)
    }
}
