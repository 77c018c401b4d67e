// One HTTP answer and its bytes.

import JSON
import Telemetry

/// Status, body and what goes with them. Lengths, connection and security headers are added as it is encoded.
struct HTTPResponse: Equatable, Sendable {
    var status: Int
    var contentType: String
    var body: [UInt8]
    /// Headers beyond the common ones.
    var fields: [HTTPField] = []
    /// Whether the connection ends with it, whatever the client wishes.
    var endsConnection = false

    init(_ status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A JSON document.
    init(_ status: Int, json body: [UInt8]) { self.init(status, contentType: "application/json", body: body) }

    /// An error as every route words it: `{"error": {"code", "message", "remedy"}}` and facts beside them.
    static func error(
        _ status: Int, _ code: String, _ message: String, remedy: String, facts: [HTTPField] = []
    ) -> HTTPResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("error") { writer in
                writer.object { writer in
                    writer.member("code", code)
                    writer.member("message", message)
                    writer.member("remedy", remedy)
                    for fact in facts { writer.member(fact.name, fact.value) }
                }
            }
        }
        return HTTPResponse(status, json: writer.bytes)
    }

    init(_ refusal: HTTPRefusal) {
        self = HTTPResponse.error(
            refusal.status, refusal.code, refusal.text, remedy: refusal.remedy.text)
        endsConnection = true
    }

    /// The bytes to send. A HEAD request gets the same head and no body.
    func encoded(forHead isHead: Bool, keepsAlive: Bool, date: String) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(HTTPResponse.reason(status))\r\n"
        head += "Date: \(date)\r\nContent-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        head += HTTPResponse.commonFields
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        head += "Connection: \(keepsAlive ? "keep-alive" : "close")\r\n\r\n"
        return Array(head.utf8) + (isHead ? [] : body)
    }

    /// Answers are for this moment and this reader; nothing is framed, sniffed or loaded from elsewhere.
    private static let commonFields = """
        Cache-Control: no-store\r
        X-Content-Type-Options: nosniff\r
        X-Frame-Options: DENY\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: same-origin\r
        Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n
        """

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Internal Server Error"
        }
    }
}
