// Zstandard (RFC 8878) on buffers whose sizes were checked.

import ByteCoding
import CZstd

/// Compresses blocks, each as a frame of its own with its size and a checksum of its contents. Keeps its memory; for
/// one thread.
///
/// Safe because the context is its own, is freed with it, and is never given out.
@safe struct ZstandardCompressor: ~Copyable {
    private let context: OpaquePointer

    /// - Parameter level: 1 to 19, as the zstd command has them.
    init(level: Int) {
        guard let made = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for a compressor") }
        unsafe context = made
        set(ZSTD_c_compressionLevel, level)
        set(ZSTD_c_checksumFlag, 1)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int) {
        let code = unsafe ZSTD_CCtx_setParameter(context, parameter, Int32(value))
        precondition(ZSTD_isError(code) == 0, "zstd refuses \(value)")
    }

    /// Appends the block's frame to `bytes`, and says how long it is.
    mutating func append(_ plain: RawSpan, to bytes: inout [UInt8]) -> Int {
        let start = bytes.count
        let bound = ZSTD_compressBound(plain.byteCount)
        bytes.append(contentsOf: repeatElement(0, count: bound))
        // zstd reads all of `plain` and writes at most `bound` bytes; both buffers live through the call.
        let written = unsafe plain.withUnsafeBytes { from in
            unsafe bytes.withUnsafeMutableBytes { to in
                unsafe ZSTD_compress2(context, to.baseAddress?.advanced(by: start), bound, from.baseAddress, from.count)
            }
        }
        precondition(ZSTD_isError(written) == 0, "zstd can not compress \(plain.byteCount) bytes")
        bytes.removeLast(bound - written)
        return written
    }
}

/// Decompresses blocks. Keeps its memory; for one thread.
///
/// Safe as the compressor is.
@safe struct ZstandardDecompressor: ~Copyable {
    private let context: OpaquePointer

    init() {
        guard let made = unsafe ZSTD_createDCtx() else { preconditionFailure("no memory for a decompressor") }
        unsafe context = made
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Appends what a frame holds, exactly `plainLength` bytes, to `bytes`. False, with nothing appended, when it is no
    /// frame, or one of another length, or its checksum is another.
    mutating func append(_ frame: RawSpan, plainLength: Int, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: plainLength))
        // zstd writes at most `plainLength` bytes, whatever the frame says; both buffers live through the call.
        let written = unsafe frame.withUnsafeBytes { from in
            guard unsafe ZSTD_findFrameCompressedSize(from.baseAddress, from.count) == from.count else { return -1 }
            return unsafe bytes.withUnsafeMutableBytes { to in
                let code = unsafe ZSTD_decompressDCtx(
                    context, to.baseAddress?.advanced(by: start), plainLength, from.baseAddress, from.count)
                return ZSTD_isError(code) == 0 ? code : -1
            }
        }
        if written == plainLength { return true }
        bytes.removeLast(plainLength)
        return false
    }
}
