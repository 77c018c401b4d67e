// The LZ4 block format (lz4.h), on buffers whose sizes were checked.

import CLZ4

enum LZ4 {
    /// A block cannot expand more than 255 times (one length byte adds at most 255), so more is a lie.
    static func mayHold(plain: Int, stored: Int) -> Bool {
        plain > 0 && stored > 0 && plain / 255 <= stored
    }

    /// Compresses `source` into the first `room` bytes of `target`. Nil when it does not fit.
    static func compress(_ source: [UInt8], into target: inout [UInt8], room: Int) -> Int? {
        precondition(room <= target.count, "\(room) bytes of room in \(target.count)")
        guard source.count <= Int(LZ4_MAX_INPUT_SIZE) else { return nil }
        // LZ4 reads `source.count` and writes at most `room` bytes; both buffers live through the call.
        let written = unsafe source.withUnsafeBytes { from in
            unsafe target.withUnsafeMutableBytes { to in
                unsafe LZ4_compress_default(
                    from.baseAddress?.assumingMemoryBound(to: CChar.self),
                    to.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(from.count), Int32(room))
            }
        }
        return written > 0 ? Int(written) : nil
    }

    /// The block's plain bytes. Nil when it is malformed or does not give exactly `plainLength` bytes.
    static func decompress(_ source: RawSpan, plainLength: Int) -> [UInt8]? {
        guard let limit = Int32(exactly: plainLength), let size = Int32(exactly: source.byteCount) else { return nil }
        var written: Int32 = 0
        // `LZ4_decompress_safe` stays inside of both buffers whatever the bytes say (lz4.h).
        let plain = unsafe [UInt8](unsafeUninitializedCapacity: plainLength) { to, count in
            written = unsafe source.withUnsafeBytes { from in
                unsafe LZ4_decompress_safe(
                    from.baseAddress?.assumingMemoryBound(to: CChar.self),
                    to.baseAddress.map { unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self) },
                    size, limit)
            }
            count = max(0, Int(written))
        }
        return Int(written) == plainLength ? plain : nil
    }
}
