// The head of a request: request line and header fields, held against RFC 9112's grammar.

/// A head that was taken apart. Framing (`bodyLength`) is decided here and nowhere else.
struct HTTPHead {
    var request: HTTPRequest

    /// `bytes` is the head without its last two line ends.
    init(_ bytes: ArraySlice<UInt8>, fieldsMax: Int, headMax: Int) throws(HTTPRefusal) {
        var lines = try HTTPHead.lines(bytes)[...]
        let (method, target, isKeptByDefault) = try HTTPHead.requestLine(lines.removeFirst())
        guard lines.count <= fieldsMax else { throw .headTooLarge(max: headMax) }
        var fields: [HTTPField] = []
        for line in lines { fields.append(try HTTPHead.field(line)) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        request = HTTPRequest(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", fields: fields,
            keepsAlive: isKeptByDefault)
        try checkHost(isNeeded: isKeptByDefault)
        try decideConnection()
    }

    /// The announced length of the body; 0 without one (RFC 9112, section 6.3).
    func bodyLength(max: Int) throws(HTTPRefusal) -> Int {
        let length = try announcedLength(max: max)
        // Behind the length: whoever asks before sending too much learns that it is too much.
        if request.fieldCount("expect") > 0 { throw .expectation }
        return length
    }

    private func announcedLength(max: Int) throws(HTTPRefusal) -> Int {
        let lengths = request.fields.filter { $0.name == "content-length" }
        let codings = request.fields.filter { $0.name == "transfer-encoding" }
        guard codings.isEmpty || lengths.isEmpty else { throw .malformed("two framings of one body") }
        if let coding = codings.first {
            throw codings.count == 1 && coding.value.lowercased() == "chunked" ? .lengthRequired : .coding
        }
        guard let text = lengths.first?.value else { return 0 }
        guard lengths.count == 1 else { throw .malformed("more than one Content-Length") }
        guard !text.isEmpty, text.utf8.count <= 19, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let length = Int(text)
        else { throw .malformed("Content-Length is not a number") }
        guard length <= max else { throw .bodyTooLarge(max: max) }
        return length
    }

    /// Splits at CRLF and refuses every other control character but the tab.
    private static func lines(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var begin = bytes.startIndex
        var position = begin
        while position < bytes.endIndex {
            let byte = bytes[position]
            if byte == .carriageReturn, position + 1 < bytes.endIndex, bytes[position + 1] == .lineFeed {
                lines.append(bytes[begin..<position])
                position += 2
                begin = position
                continue
            }
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw .malformed("a control character") }
            position += 1
        }
        lines.append(bytes[begin...])
        return lines
    }

    private static func requestLine(
        _ line: ArraySlice<UInt8>
    ) throws(HTTPRefusal) -> (method: String, target: String, isKeptByDefault: Bool) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(isToken) else {
            throw .malformed("the request line is not METHOD TARGET VERSION")
        }
        guard words[1].first == UInt8(ascii: "/"),
            words[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { throw .malformed("the target is not a path") }
        let version = String(decoding: words[2], as: UTF8.self)
        guard version.hasPrefix("HTTP/") else { throw .malformed("the request line has no version") }
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw .version }
        return (
            String(decoding: words[0], as: UTF8.self), String(decoding: words[1], as: UTF8.self), version == "HTTP/1.1"
        )
    }

    private static func field(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> HTTPField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed("a field without a colon") }
        // A blank before the colon, or a folded line, fails here: neither is a token.
        guard colon > line.startIndex, line[..<colon].allSatisfy(isToken) else {
            throw .malformed("a field's name is not a token")
        }
        var value = line[(colon + 1)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        return HTTPField(name: name, value: String(decoding: value, as: UTF8.self))
    }

    /// tchar of RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private func checkHost(isNeeded: Bool) throws(HTTPRefusal) {
        let count = request.fieldCount("host")
        guard count == 1 || count == 0 && !isNeeded else { throw .malformed("not exactly one Host") }
    }

    private mutating func decideConnection() throws(HTTPRefusal) {
        for field in request.fields where field.name == "connection" {
            for option in field.value.split(separator: ",") {
                switch option.filter({ $0 != " " && $0 != "\t" }).lowercased() {
                case "close": request.keepsAlive = false
                case "keep-alive": request.keepsAlive = request.keepsAlive || !isClosing
                default: break
                }
            }
        }
    }

    private var isClosing: Bool {
        request.fields.contains { $0.name == "connection" && $0.value.lowercased().contains("close") }
    }
}
