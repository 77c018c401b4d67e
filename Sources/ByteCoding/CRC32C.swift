// CRC32C (Castagnoli; RFC 3720, appendix B.4), by the processor's instruction where there is one.

import CSystem

public enum CRC32C {
    /// The checksum of `bytes`, continued from `seed`: `checksum(b, seed: checksum(a)) == checksum(a + b)`.
    @inline(__always)
    public static func checksum(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe trireme_crc32c(seed, $0.baseAddress, $0.count) }
    }
}
