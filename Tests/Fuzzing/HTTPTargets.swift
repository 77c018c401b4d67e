// HTTP on both ends: requests to the admin port, and the answers that nodectl reads.

import AdminAPI
import ByteCoding
import NodeControl

extension FuzzTarget {
    /// 1. The requests, and the refusal that ends them, are the same however the bytes are cut.
    /// 2. What is held stays within one head, one body and what was given last; a refusal is final.
    /// 3. A request, written anew, is parsed as the same request.
    static let httpRequests = FuzzTarget("http-requests", lengthMax: 2048) { bytes throws(Violation) in
        var whole: HTTPRun?
        for way in Cuts.ways(of: bytes) {
            var run = HTTPRun(isSmall: bytes.first == UInt8(ascii: "S"))
            try run.feed(bytes, in: way)
            if let whole {
                try require(run.requests == whole.requests, "\(run.requests) in pieces, \(whole.requests) whole")
                try require(run.refusal == whole.refusal, "\(run.refusal as Any), \(whole.refusal as Any) whole")
            }
            whole = whole ?? run
        }
    }

    /// 1. An answer that is whole, or malformed, stays so whatever follows.
    /// 2. At the end of the connection nothing is incomplete.
    static let httpAnswers = FuzzTarget("http-answers", lengthMax: 2048) { bytes throws(Violation) in
        let whole = HTTPAnswer.parse(bytes, isEnded: false)
        try require(HTTPAnswer.parse(bytes, isEnded: true) != .incomplete, "incomplete for ever")
        for way in Cuts.ways(of: bytes).dropFirst().prefix(2) {
            var count = 0
            for piece in way {
                count += piece
                let part = HTTPAnswer.parse(Array(bytes[..<count]), isEnded: false)
                if part == .incomplete { continue }
                try require(part == whole, "\(part) after \(count) bytes, \(whole) in the end")
            }
        }
        guard case .whole(let answer) = whole else { return }
        try require((100...599).contains(answer.status), "status \(answer.status)")
        try require(answer.body.count <= bytes.count, "a body of \(answer.body.count) bytes")
    }
}

/// One connection's parsing.
private struct HTTPRun {
    private(set) var requests: [HTTPRequest] = []
    private(set) var refusal: HTTPRefusal?
    private var parser: HTTPRequestParser
    private var limits = HTTPRequestParser.Limits()

    init(isSmall: Bool) {
        if isSmall {
            limits.headMax = 64
            limits.bodyMax = 16
            limits.fieldsMax = 3
        }
        parser = HTTPRequestParser(limits: limits)
    }

    mutating func feed(_ stream: [UInt8], in pieces: [Int]) throws(Violation) {
        var offset = 0
        for piece in pieces {
            parser.append(Array(stream[offset..<offset + piece]).rawBytes)
            offset += piece
            while let request = try next() {
                try check(request)
                requests.append(request)
            }
            if refusal != nil { return try checkEnd() }
            let held = limits.headMax + limits.bodyMax + piece
            try require(parser.buffered <= held, "\(parser.buffered) bytes are held, \(held) would do")
        }
    }

    private mutating func next() throws(Violation) -> HTTPRequest? {
        do throws(HTTPRefusal) { return try parser.next() } catch {
            refusal = error
            let isTold = !error.text.isEmpty && !error.code.isEmpty && !error.remedy.text.isEmpty
            try require((400...599).contains(error.status) && isTold, "a refusal without a word: \(error)")
            return nil
        }
    }

    private mutating func checkEnd() throws(Violation) {
        parser.append(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).rawBytes)
        try require(parser.buffered == 0, "\(parser.buffered) bytes are held behind a refusal")
        let final = refusal
        let request = try next()
        try require(request == nil && refusal == final, "\(request as Any), \(refusal as Any) behind \(final as Any)")
    }

    private func check(_ request: HTTPRequest) throws(Violation) {
        try require(request.path.hasPrefix("/"), "path \(request.path)")
        try require(request.fields.count <= limits.fieldsMax, "\(request.fields.count) fields")
        try require(request.body.count <= limits.bodyMax, "a body of \(request.body.count) bytes")
        var again = HTTPRequestParser()
        again.append(HTTPRun.encode(request).rawBytes)
        var parsed: HTTPRequest?
        do throws(HTTPRefusal) { parsed = try again.next() } catch { throw Violation("\(request): \(error)") }
        // The version is not kept, so whether the connection lives on may differ.
        parsed?.keepsAlive = request.keepsAlive
        try require(parsed == request, "\(request) was parsed as \(parsed as Any)")
    }

    private static func encode(_ request: HTTPRequest) -> [UInt8] {
        let query = request.query.isEmpty ? "" : "?" + request.query
        let version = request.fieldCount("host") == 1 ? "HTTP/1.1" : "HTTP/1.0"
        var text = "\(request.method) \(request.path)\(query) \(version)\r\n"
        for field in request.fields { text += "\(field.name): \(field.value)\r\n" }
        return Array((text + "\r\n").utf8) + request.body
    }
}
