// A seed that an input names.

import Vocabulary

extension SplitMix64 {
    /// Seeded by the bytes (FNV-1a), so that what a harness draws belongs to its input and is repeated with it.
    init(of bytes: [UInt8]) {
        self.init(seed: bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })
    }
}
