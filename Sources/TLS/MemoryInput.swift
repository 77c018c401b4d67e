// Bytes in memory as something that OpenSSL reads from.

import COpenSSL

/// A copy of bytes that OpenSSL's readers can take from, wiped and freed with its holder (BIO_s_secmem(3)).
///
/// A copy, because `BIO_new_mem_buf` would keep a pointer into an array beyond the call that it was passed to.
struct MemoryInput: ~Copyable {
    private let pointer: OpaquePointer

    /// - Parameter path: where the bytes are from, for the error.
    init(_ bytes: [UInt8], path: String) throws(TLSError) {
        let made = BIO_new(BIO_s_secmem())
        guard let pointer = made, bytes.isEmpty || BIO_write(pointer, bytes, Int32(bytes.count)) == bytes.count else {
            BIO_free(made)
            throw .failed(doing: "reading \(path)", reason: OpenSSLFailure.take().text)
        }
        self.pointer = pointer
    }

    /// What `parse` makes of the bytes; the pointer is good for the time of the call.
    borrowing func read(_ parse: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? { parse(pointer) }

    deinit { BIO_free(pointer) }
}
