// Signatures, by the examples that AWS has published.

import Testing
import Vocabulary

@testable import ObjectStores

@Suite struct SignatureTests {
    private static let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Key, moment, region and host of the examples.
    private func signature(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], hash: String = nothing
    ) throws -> String {
        let credentials = try #require(
            StoreCredentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
        let signature = S3Signature(
            credentials: credentials, region: "us-east-1", time: Timestamp(microseconds: 1_369_353_600_000_000))
        let signed =
            headers + [
                ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", hash),
                ("x-amz-date", signature.date),
            ]
        return signature.authorization(
            S3Signature.Request(method: method, path: path, query: query, headers: signed, payloadHash: hash))
    }

    // "Examples: Signature Calculations", Authenticating Requests (AWS Signature Version 4), Amazon S3 API Reference.

    @Test func `a get of a range`() throws {
        #expect(
            try signature("GET", "/test.txt", headers: [("range", "bytes=0-9")])
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func `a put with a name that is encoded`() throws {
        let headers = [
            (name: "date", value: "Fri, 24 May 2013 00:00:00 GMT"),
            (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
        ]
        let path = "/" + PercentCoding.encode("test$file.text", slashStays: true)
        #expect(
            try signature(
                "PUT", path, headers: headers,
                hash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
            ).hasSuffix("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }

    @Test func `a query without a value`() throws {
        #expect(
            try signature("GET", "/", query: [("lifecycle", "")])
                .hasSuffix("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test func `a list, whatever the order of its parameters`() throws {
        let expected = "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        #expect(try signature("GET", "/", query: [("max-keys", "2"), ("prefix", "J")]).hasSuffix(expected))
        #expect(try signature("GET", "/", query: [("prefix", "J"), ("max-keys", "2")]).hasSuffix(expected))
    }

    @Test func `percent signs are put in and taken out again`() {
        #expect(PercentCoding.encode("a/b c+d=e~f%g") == "a%2Fb%20c%2Bd%3De~f%25g")
        #expect(PercentCoding.encode("a/b+ä", slashStays: true) == "a/b%2B%C3%A4")
        for text in ["", "plain", "a/b c+d=e~f%g", "ä€😀", "\u{0}\n"] {
            #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
        }
        #expect(PercentCoding.decode("%2f%2F+") == "//+")
        for text in ["%", "%4", "%zz", "a%2", "%ff", "%+1"] { #expect(PercentCoding.decode(text) == nil, "\(text)") }
    }
}
