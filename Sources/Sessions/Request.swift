// One request as its session sees it: words that point into the connection's bytes.

import RESP

/// Borrowed for the time of one call. At least one word: the command's name.
struct Request: ~Escapable {
    let bytes: RawSpan
    let arguments: [Range<Int>]

    @_lifetime(copy bytes)
    init(_ arguments: [Range<Int>], in bytes: RawSpan) {
        precondition(!arguments.isEmpty, "a request without a word")
        self.bytes = bytes
        self.arguments = arguments
    }

    var count: Int { arguments.count }

    subscript(position: Int) -> RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(arguments[position]) }
    }

    /// The word as text; bytes that are not UTF-8 are replaced.
    func text(_ position: Int) -> String {
        unsafe self[position].withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The word as a name: ASCII in lower case. Empty when it is longer than any name, so that nothing matches it.
    func name(_ position: Int) -> String {
        guard arguments[position].count <= Request.nameLengthMax else { return "" }
        // As many bytes are written as there is room for, and each of them is ASCII or replaced when read.
        return unsafe self[position].withUnsafeBytes { word in
            unsafe String(unsafeUninitializedCapacity: word.count) { text in
                for offset in 0..<word.count {
                    let byte = unsafe word[offset]
                    unsafe text[offset] = 65...90 ~= byte ? byte | 0x20 : byte
                }
                return word.count
            }
        }
    }

    /// No name of a command, option or section is longer.
    static let nameLengthMax = 64

    func integer(_ position: Int) -> Int64? { DecimalText.integer(in: self[position]) }

    /// Whether every byte of the word is a printable character other than a blank, as in the names of clients.
    func isPlain(_ position: Int) -> Bool {
        unsafe self[position].withUnsafeBytes { word in
            unsafe word.allSatisfy { UInt8(ascii: "!")...UInt8(ascii: "~") ~= $0 }
        }
    }
}
