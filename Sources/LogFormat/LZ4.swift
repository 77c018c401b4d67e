// The LZ4 block format (lz4.h), on buffers whose sizes were checked.

import ByteCoding
import CLZ4

/// For frames and for snapshots: whatever else is stored compressed in this package.
package enum LZ4 {
    /// A block cannot expand more than 255 times (one length byte adds at most 255), so more is a lie.
    package static func mayHold(plain: Int, stored: Int) -> Bool {
        plain > 0 && stored > 0 && plain / 255 <= stored
    }

    /// Compresses `source` into the first `room` bytes of `target`. Nil when it does not fit.
    static func compress(_ source: RawSpan, into target: inout [UInt8], room: Int) -> Int? {
        precondition(room <= target.count, "\(room) bytes of room in \(target.count)")
        guard source.byteCount <= Int(LZ4_MAX_INPUT_SIZE) else { return nil }
        // LZ4 reads all of `source` and writes at most `room` bytes; both buffers live through the call.
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
        var plain: [UInt8] = []
        return decompress(source, plainLength: plainLength, into: &plain) ? plain : nil
    }

    /// Puts the block's plain bytes in place of what `plain` holds, whose memory is used again. False, with anything in
    /// there, when the block is malformed or does not give exactly `plainLength` bytes.
    package static func decompress(_ source: RawSpan, plainLength: Int, into plain: inout [UInt8]) -> Bool {
        guard let limit = Int32(exactly: plainLength), let size = Int32(exactly: source.byteCount) else { return false }
        if plain.capacity < plainLength {
            // Nothing is copied, and nothing is set to zero that is written in a moment.
            plain = unsafe [UInt8](unsafeUninitializedCapacity: plainLength) { to, count in
                count = unsafe fill(to, from: source, size: size, limit: limit)
            }
            return plain.count == plainLength
        }
        if plain.count > plainLength { plain.removeLast(plain.count - plainLength) }
        plain.append(contentsOf: repeatElement(0, count: plainLength - plain.count))
        return unsafe plain.withUnsafeMutableBufferPointer { to in
            unsafe fill(to, from: source, size: size, limit: limit) == plainLength
        }
    }

    /// How many bytes the block gives; 0 when it is malformed. `to` has room for `limit` of them.
    private static func fill(
        _ to: UnsafeMutableBufferPointer<UInt8>, from source: RawSpan, size: Int32, limit: Int32
    ) -> Int {
        // `LZ4_decompress_safe` stays inside of both buffers whatever the bytes say (lz4.h).
        let written = unsafe source.withUnsafeBytes { from in
            unsafe LZ4_decompress_safe(
                from.baseAddress?.assumingMemoryBound(to: CChar.self),
                to.baseAddress.map { unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self) },
                size, limit)
        }
        return max(0, Int(written))
    }
}
