// Why bytes were not accepted as an HTTP request.

package import Vocabulary

/// What the parser or the connection refuses. Each ends the connection after its answer, because where the next
/// request would begin is not certain any more.
package enum HTTPRefusal: Error, Equatable, Sendable {
    /// Not the grammar of RFC 9112, or a framing that two readers could understand differently.
    case malformed(String)
    /// The request did not end in time.
    case timeout
    /// A body whose length is not announced (chunked).
    case lengthRequired
    case bodyTooLarge(max: Int)
    case expectation
    case headTooLarge(max: Int)
    case coding
    case version

    package var status: Int {
        switch self {
        case .malformed: 400
        case .timeout: 408
        case .lengthRequired: 411
        case .bodyTooLarge: 413
        case .expectation: 417
        case .headTooLarge: 431
        case .coding: 501
        case .version: 505
        }
    }

    package var code: String {
        switch self {
        case .malformed: "bad_request"
        case .timeout: "request_timeout"
        case .lengthRequired: "length_required"
        case .bodyTooLarge: "body_too_large"
        case .expectation: "expectation_failed"
        case .headTooLarge: "header_too_large"
        case .coding: "transfer_coding_not_implemented"
        case .version: "version_not_supported"
        }
    }

    package var text: String {
        switch self {
        case .malformed(let what): "not a valid request: \(what)"
        case .timeout: "the request did not arrive in time"
        case .lengthRequired: "a chunked body is not accepted"
        case .bodyTooLarge(let max): "the body is longer than \(ByteCount(max))"
        case .expectation: "no expectation is met here"
        case .headTooLarge(let max): "request line and header are longer than \(ByteCount(max)) or have too many fields"
        case .coding: "the transfer coding is not known here"
        case .version: "the protocol version is not HTTP/1.1 or HTTP/1.0"
        }
    }

    package var remedy: Remedy {
        switch self {
        case .malformed: .operate("send a request as RFC 9112 describes it, with one Host and at most one length")
        case .timeout: .retry("send the request again, without pauses in it")
        case .lengthRequired, .coding: .operate("send the body with a Content-Length and without Transfer-Encoding")
        case .bodyTooLarge, .headTooLarge: .operate("send less")
        case .expectation: .operate("send the request without Expect; curl: -H 'Expect:'")
        case .version: .operate("speak HTTP/1.1")
        }
    }
}
