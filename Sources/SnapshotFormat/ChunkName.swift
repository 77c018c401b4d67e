// What a chunk is called: a hash of what is in it.

public import ByteCoding
public import Vocabulary

/// SipHash-2-4-128 of a chunk's plain bytes, under a key that every cluster has: equal names, equal bytes. The key is
/// no secret, so this protects against accidents and not against people.
public struct ChunkName: Identifier128 {
    /// The fraction of pi behind the 128 bits that are the key of records' digests, so that no sum of one is the other.
    public static let key = SipHash.Key(0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89)

    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init(of bytes: RawSpan) {
        let digest = SipHash.digest(bytes, key: ChunkName.key)
        self.init(high: digest.high, low: digest.low)
    }
}
