// AWS signature version 4: what proves to a store who asks, and that nobody has changed the question.

import ByteCoding
import Hashing
import Vocabulary

/// Signs requests of one moment ("Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference).
///
/// A pure function of its fields: the clock is the caller's.
struct S3Signature {
    let credentials: StoreCredentials
    let region: String
    let time: Timestamp

    /// A request as far as it is signed. Names of headers are in lower case; `path` is percent-encoded already.
    struct Request {
        var method: String
        var path: String
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)]
        /// SHA-256 of the body, in hexadecimal digits.
        var payloadHash: String
    }

    /// The value of the header `Authorization`.
    func authorization(_ request: Request) -> String {
        let signature = S3Signature.hex(SHA256.code(of: Array(textToSign(request).utf8).rawBytes, key: signingKey))
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope),SignedHeaders=\(names(request)),"
            + "Signature=\(signature)"
    }

    /// The value of the header `x-amz-date`: `20130524T000000Z`.
    var date: String { S3Signature.seconds(time).filter { $0 != "-" && $0 != ":" } }

    /// The moment in RFC 3339, without a fraction: `2013-05-24T00:00:00Z`.
    static func seconds(_ time: Timestamp) -> String { time.description.prefix(19) + "Z" }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The query in the order that is signed, which is also the one that is sent.
    static func canonical(_ query: [(name: String, value: String)]) -> String {
        query.map { (PercentCoding.encode($0.name), PercentCoding.encode($0.value)) }.sorted { $0 < $1 }
            .map { $0.0 + "=" + $0.1 }.joined(separator: "&")
    }

    private var scope: String { "\(date.prefix(8))/\(region)/s3/aws4_request" }

    func canonicalRequest(_ request: Request) -> String {
        let headers = request.headers.sorted { $0.name < $1.name }.map { $0.name + ":" + $0.value + "\n" }.joined()
        return [
            request.method, request.path, S3Signature.canonical(request.query), headers, names(request),
            request.payloadHash,
        ].joined(separator: "\n")
    }

    private func names(_ request: Request) -> String { request.headers.map(\.name).sorted().joined(separator: ";") }

    private func textToSign(_ request: Request) -> String {
        let hash = S3Signature.hex(SHA256.hash(Array(canonicalRequest(request).utf8)))
        return ["AWS4-HMAC-SHA256", date, scope, hash].joined(separator: "\n")
    }

    private var signingKey: [UInt8] {
        var key = Array("AWS4".utf8) + credentials.secretKey.utf8
        for step in [String(date.prefix(8)), region, "s3", "aws4_request"] {
            key = SHA256.code(of: Array(step.utf8).rawBytes, key: key)
        }
        return key
    }
}
