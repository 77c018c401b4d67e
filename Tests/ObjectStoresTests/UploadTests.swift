// Uploads in parts, conditions that a store does not know, locks, and credentials that change: request by request.

import ObjectStores
import Platform
import Synchronization
import Testing
import Vocabulary

/// What comes of a put.
enum Came: Equatable, Sendable {
    case made, exists
    case failed(ObjectStoreError.Reason)

    init(_ result: Result<PutOutcome, ObjectStoreError>) {
        switch result {
        case .success(let outcome): self = outcome == .made ? .made : .exists
        case .failure(let error): self = .failed(error.reason)
        }
    }
}

@Suite struct UploadTests {
    private static let begun =
        "<InitiateMultipartUploadResult><UploadId>up+1</UploadId></InitiateMultipartUploadResult>"
    private static let done = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"

    /// A store that plays along; `odd` says what it does otherwise, by the request's line.
    private func upload(
        retention: Retention? = nil, _ odd: @escaping @Sendable (Heard) -> Reply?
    ) throws -> (outcome: Came, heard: [Heard]) {
        let server = try ScriptedServer { _, heard in
            if let reply = odd(heard) { return reply }
            let method = heard.line.prefix { $0 != " " }
            switch method {
            case "HEAD": return .answer(404)
            case "POST": return .answer(200, [], heard.line.hasSuffix("?uploads=") ? Self.begun : Self.done)
            case "PUT": return .answer(200, [("ETag", "\"e&\(heard.body.count)\"")])
            default: return .answer(204)
            }
        }
        let store = try server.store {
            $0.putMax = ByteCount(10)
            $0.partSize = ByteCount(8)
            $0.retention = retention
            $0.now = { Timestamp(microseconds: 1_700_000_000_123_456) }
        }
        let outcome = Result { () throws(ObjectStoreError) in try store.put(.any, noise(20)) }
        return (Came(outcome), server.heard)
    }

    private static let whole = [
        "HEAD /bucket/p/any/key", "POST /bucket/p/any/key?uploads=",
        "PUT /bucket/p/any/key?partNumber=1&uploadId=up%2B1", "PUT /bucket/p/any/key?partNumber=2&uploadId=up%2B1",
        "PUT /bucket/p/any/key?partNumber=3&uploadId=up%2B1", "POST /bucket/p/any/key?uploadId=up%2B1",
    ]
    private static let abort = "DELETE /bucket/p/any/key?uploadId=up%2B1"

    @Test func `an upload has its steps, and its last one the condition`() throws {
        let (outcome, heard) = try upload { _ in nil }
        #expect(outcome == .made)
        #expect(heard.map(\.line) == Self.whole)
        #expect(heard[2...4].map(\.body.count) == [8, 8, 4])
        #expect(heard.map { $0.header("if-none-match") } == [nil, nil, nil, nil, nil, "*"])
        let parts = [8, 8, 4].enumerated().map {
            "<Part><PartNumber>\($0 + 1)</PartNumber><ETag>&quot;e&amp;\($1)&quot;</ETag></Part>"
        }
        #expect(String(decoding: heard[5].body, as: UTF8.self).contains(">" + parts.joined() + "<"))
        #expect(heard.allSatisfy { $0.header("expect") == nil && $0.header("content-type") == nil })
    }

    @Test func `what exists is not uploaded`() throws {
        let (outcome, heard) = try upload { $0.line.hasPrefix("HEAD") ? .answer(200) : nil }
        #expect(outcome == .exists)
        #expect(heard.count == 1)
    }

    /// The answer to the last request, what comes of it, and whether the upload is aborted.
    @Test(arguments: [
        (Reply.refusal(412, "PreconditionFailed"), Came.exists),
        (.refusal(200, "PreconditionFailed"), .exists),
        (.refusal(200, "InternalError"), .failed(.serverError)),
        (.refusal(200, "SlowDown"), .failed(.throttled)),
        (.refusal(200, "AccessDenied"), .failed(.denied)),
        (.refusal(200, "Whatever"), .failed(.serverError)),
        (.answer(200, [], "no XML"), .failed(.serverError)),
        (.answer(200), .failed(.serverError)),
        (.refusal(409, "ConditionalRequestConflict"), .failed(.serverError)),
        (.refusal(404, "NoSuchUpload"), .failed(.serverError)),
        (.refusal(500, "InternalError"), .failed(.serverError)),
        (.close, .failed(.truncated)),
    ])
    func `the last answer's body decides`(
        reply: Reply, expected: Came
    ) throws {
        let (outcome, heard) = try upload { $0.line == Self.whole[5] ? reply : nil }
        #expect(outcome == expected, "\(outcome)")
        #expect(heard.last?.line == Self.abort)
    }

    @Test(arguments: [1, 2, 3, 4]) func `an upload that fails is aborted`(step: Int) throws {
        let (outcome, heard) = try upload { $0.line == Self.whole[step] ? .refusal(503, "SlowDown") : nil }
        #expect(outcome == .failed(.throttled))
        #expect(heard.map(\.line) == Self.whole.prefix(step + 1) + (step == 1 ? [] : [Self.abort]))
    }

    @Test func `a part without its tag, and an upload without its name, are no answers`() throws {
        let untagged = try upload { $0.line == Self.whole[3] ? .answer(200) : nil }
        #expect(untagged.outcome == .failed(.serverError))
        #expect(untagged.heard.last?.line == Self.abort)
        let unnamed = try upload { $0.line == Self.whole[1] ? .answer(200, [], "<Other/>") : nil }
        #expect(unnamed.outcome == .failed(.serverError))
    }

    @Test func `an upload to a store that refuses the condition looks again at the end`() throws {
        let (outcome, heard) = try upload {
            $0.header("if-none-match") != nil ? .refusal(501, "NotImplemented") : nil
        }
        #expect(outcome == .made)
        #expect(heard.map(\.line) == Self.whole + ["HEAD /bucket/p/any/key", Self.whole[5]])
    }

    @Test func `a lock goes with the object, and with what it needs`() throws {
        let retention = Retention(mode: .compliance, duration: .seconds(86_400))
        let (outcome, heard) = try upload(retention: retention) { _ in nil }
        #expect(outcome == .made)
        #expect(heard[1].header("x-amz-object-lock-mode") == "COMPLIANCE")
        #expect(heard[1].header("x-amz-object-lock-retain-until-date") == "2023-11-15T22:13:20Z")
        #expect(heard[2...4].allSatisfy { $0.header("content-md5")?.count == 24 })
        let server = try ScriptedServer { _, _ in .answer(200) }
        let store = try server.store { $0.retention = Retention(mode: .governance, duration: .seconds(1)) }
        #expect(try store.put(.any, bytes("Welcome to Amazon S3.")) == .made)
        #expect(server.heard[0].header("x-amz-object-lock-mode") == "GOVERNANCE")
        // As `openssl md5 -binary | base64` has it.
        #expect(server.heard[0].header("content-md5") == "1EfQ6PKJ8WoS/2AnznfCWA==")
    }

    @Test func `a store that refuses the condition is remembered, one that refuses the object is not`() throws {
        let server = try ScriptedServer { _, heard in
            if heard.header("if-none-match") != nil { return .refusal(400, "InvalidArgument") }
            if heard.line.hasPrefix("HEAD") { return .answer(404) }
            return heard.body.isEmpty ? .refusal(400, "InvalidArgument") : .answer(200)
        }
        let store = try server.store()
        #expect(failure(try store.put(.any, []))?.reason == .failed)
        #expect(failure(try store.put(.any, []))?.reason == .failed)
        #expect(server.heard.filter { $0.header("if-none-match") != nil }.count == 2)
        #expect(try store.put(.any, [1]) == .made)
        #expect(try store.put(.any, [1]) == .made)
        #expect(server.heard.filter { $0.header("if-none-match") != nil }.count == 3)
    }

    @Test func `an answer to HEAD that says nothing is asked for its reason`() throws {
        let server = try ScriptedServer { _, heard in
            heard.line.hasPrefix("HEAD") ? .answer(403) : .refusal(403, "RequestTimeTooSkewed")
        }
        let store = try server.store { $0.putMax = .zero }
        #expect(failure(try store.put(.any, [1]))?.reason == .clockSkew)
        #expect(server.heard.map(\.line) == ["HEAD /bucket/p/any/key", "GET /bucket/p/any/key"])
    }

    @Test func `refused credentials are read again, and tried once more when they are others`() throws {
        let directory = try TemporaryDirectory()
        let write = { (name: String) in
            try directory.write("AWS_ACCESS_KEY_ID=\(name)\nAWS_SECRET_ACCESS_KEY=s\n", to: "keys")
        }
        let file = try write("old")
        let source = try CredentialsSource(file: file, environment: [:])
        let server = try ScriptedServer { _, heard in
            heard.header("authorization")?.contains("Credential=new/") == true
                ? .answer(200, [], "known") : .refusal(403, "InvalidAccessKeyId")
        }
        let store = try server.store(credentials: source)
        #expect(failure(try store.get(.any))?.reason == .notAuthenticated)
        #expect(server.heard.count == 1)
        // Of the same size and, as like as not, of the same second: only the refusal tells.
        _ = try write("new")
        #expect(try store.get(.any) == bytes("known"))
        #expect(source.current().accessKey == "new")
        #expect(server.heard.count <= 3)
    }
}
