// What goes wrong between a store and us: each fault has exactly one reason.

import ObjectStores
import Platform
import Synchronization
import TLS
import Testing
import Vocabulary

/// An answer, and what it means.
struct Meaning: Sendable, CustomTestStringConvertible {
    let name: String
    let reply: Reply
    let reason: ObjectStoreError.Reason

    init(_ name: String, _ reply: Reply, _ reason: ObjectStoreError.Reason) {
        self.name = name
        self.reply = reply
        self.reason = reason
    }

    var testDescription: String { name }

    /// A refusal with that status and code.
    init(_ status: Int, _ code: String, _ reason: ObjectStoreError.Reason, message: String = "so it is") {
        self.init("\(status) \(code) \(message)", .refusal(status, code, message), reason)
    }

    static let ofGet: [Meaning] = [
        Meaning(404, "NoSuchKey", .missing),
        Meaning(404, "NoSuchBucket", .noContainer),
        Meaning(403, "SignatureDoesNotMatch", .notAuthenticated),
        Meaning(403, "InvalidAccessKeyId", .notAuthenticated),
        Meaning(400, "ExpiredToken", .notAuthenticated),
        Meaning(400, "InvalidToken", .notAuthenticated),
        Meaning(403, "RequestTimeTooSkewed", .clockSkew),
        Meaning(403, "AccessDenied", .denied),
        Meaning(503, "SlowDown", .throttled),
        Meaning(429, "TooManyRequests", .throttled),
        Meaning(500, "InternalError", .serverError),
        Meaning(503, "ServiceUnavailable", .serverError),
        Meaning(409, "OperationAborted", .serverError),
        Meaning(400, "RequestTimeout", .timeout),
        Meaning(507, "XMinioStorageFull", .noSpace),
        Meaning(501, "NotImplemented", .unsupported),
        Meaning(400, "AuthorizationHeaderMalformed", .failed),
        Meaning("a bare 401", .answer(401), .notAuthenticated),
        Meaning("a bare 403", .answer(403), .denied),
        Meaning("a bare 404", .answer(404), .missing),
        Meaning("a bare 429", .answer(429), .throttled),
        Meaning("a bare 500", .answer(500), .serverError),
        Meaning("a page of a proxy's", .answer(502, [], "<html><body><p>Bad<br>Gateway"), .serverError),
        Meaning("a redirection", .answer(301, [("x-amz-bucket-region", "eu-west-1")]), .failed),
        Meaning("an end before the end", .raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), .truncated),
        Meaning("an end that is not told", .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"), .truncated),
        Meaning("a closed connection", .close, .truncated),
        Meaning("no HTTP", .raw("+PONG\r\n"), .serverError),
        Meaning(
            "chunks that are none", .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), .truncated),
    ]
}

@Suite struct FaultTests {
    private func reason(_ reply: Reply, _ body: (S3Objects) throws -> Void) throws -> ObjectStoreError? {
        let server = try ScriptedServer { _, _ in reply }
        let store = try server.store()
        do {
            try body(store)
            return nil
        } catch let error as ObjectStoreError { return error }
    }

    @Test(arguments: Meaning.ofGet) func `a failed get has its reason`(meaning: Meaning) throws {
        let error = try reason(meaning.reply) { _ = try $0.get(try key("k/1")) }
        #expect(error?.reason == meaning.reason, "\(String(describing: error))")
        #expect(error?.subject == "s3://bucket/p/k/1")
        #expect(error?.operation == .get)
    }

    @Test func `what the store says is told, and no more of it`() throws {
        let long = String(repeating: "x", count: 5000)
        let error = try #require(
            try reason(.refusal(400, "Odd", "a &lt;b&gt;\n\(long)")) { _ = try $0.get(try key("k")) })
        #expect(error.text.hasPrefix("Odd: a <b> xxx"))
        #expect(error.text.count <= 300)
        let moved = try reason(.answer(301, [("x-amz-bucket-region", "eu-west-1")])) { _ = try $0.get(try key("k")) }
        #expect(moved?.text == "HTTP status 301 (the bucket is in region eu-west-1)")
    }

    @Test func `no error holds a secret`() throws {
        let secret = try #require(S3Server.credentials).secretKey
        for meaning in Meaning.ofGet {
            let error = try #require(try reason(meaning.reply) { _ = try $0.get(try key("k")) })
            #expect(!"\(error)".contains(secret) && !"\(error)".contains("Signature="))
        }
        #expect(!"\(try #require(S3Server.credentials))".contains(secret))
        #expect(!String(reflecting: try #require(S3Server.credentials)).contains(secret))
        var dumped = ""
        dump(try #require(S3Server.credentials), to: &dumped)
        #expect(!dumped.contains(secret))
    }

    @Test(arguments: [
        Meaning(404, "NoSuchBucket", .noContainer), Meaning("a bare 404", .answer(404), .noContainer),
        Meaning("no XML", .answer(200, [], "{}"), .serverError),
        Meaning("another document", .answer(200, [], "<Other/>"), .serverError),
        Meaning("half a document", .answer(200, [], "<ListBucketResult><Contents><Key>p/a"), .serverError),
        Meaning(
            "a document of its own kind", .answer(200, [], "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult/>"),
            .serverError),
        Meaning(
            "no size",
            .answer(200, [], "<ListBucketResult><Contents><Key>p/a</Key></Contents></ListBucketResult>"), .serverError),
        Meaning(
            "a page that never ends",
            .answer(
                200, [],
                "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
                    + "</ListBucketResult>"), .serverError),
        Meaning(
            "disorder",
            .answer(
                200, [],
                "<ListBucketResult><Contents><Key>p/b</Key><Size>1</Size></Contents>"
                    + "<Contents><Key>p/a</Key><Size>1</Size></Contents></ListBucketResult>"), .unsupported),
    ])
    func `a failed list has its reason`(meaning: Meaning) throws {
        let error = try reason(meaning.reply) { _ = try $0.list("", after: nil) }
        #expect(error?.reason == meaning.reason, "\(String(describing: error))")
        #expect(error?.operation == .list)
    }

    @Test func `objects of others are passed over`() throws {
        let page = """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
            <Contents><Key>p/a &amp; b</Key><Size>1</Size></Contents><Contents><Key>p/c</Key><Size>7</Size></Contents>
            <Contents><Key>p/d&#x1;</Key><Size>1</Size></Contents><Contents><Key>q/e</Key><Size>1</Size></Contents>
            </ListBucketResult>
            """
        let server = try ScriptedServer { _, _ in .answer(200, [], page) }
        #expect(try server.store().listAll("") == [ObjectListing(key: try key("c"), size: 7)])
    }

    @Test(arguments: [
        Meaning(409, "ConditionalRequestConflict", .serverError), Meaning(403, "AccessDenied", .denied),
        Meaning(400, "BadDigest", .truncated), Meaning(400, "EntityTooLarge", .unsupported),
        Meaning(503, "SlowDown", .throttled),
    ])
    func `a failed put has its reason`(meaning: Meaning) throws {
        let error = try reason(meaning.reply) { _ = try $0.put(try key("k"), [1, 2]) }
        #expect(error?.reason == meaning.reason, "\(String(describing: error))")
    }

    @Test(arguments: [
        Meaning(403, "AccessDenied", .denied),
        Meaning(
            403, "AccessDenied", .retained, message: "Access Denied because object protected by object lock."),
        Meaning(400, "InvalidRequest", .retained, message: "Object is WORM protected and cannot be overwritten"),
    ])
    func `a failed delete has its reason`(meaning: Meaning) throws {
        let error = try reason(meaning.reply) { try $0.delete(try key("k")) }
        #expect(error?.reason == meaning.reason, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("bytes 0-3/10", "0123", ObjectStoreError.Reason?.some(.truncated)),
        ("bytes 2-5/10", "2345", nil), ("bytes 2-5/*", "2345", nil), ("bytes 2-5/10", "234", .truncated),
        ("bytes 2-3/10", "23", .truncated), ("bytes 2-3/4", "23", nil), ("", "2345", .truncated),
        ("bytes 2-6/10", "23456", .truncated), ("bytes 99999999999999999999-1/2", "1", .truncated),
    ])
    func `a range is compared with what was asked`(
        header: String, body: String, reason: ObjectStoreError.Reason?
    ) throws {
        var found: [UInt8]?
        let error = try self.reason(.answer(206, [("Content-Range", header)], body)) {
            found = try $0.get(.any, 2..<6)
        }
        #expect(found == (reason == nil ? bytes(body) : nil))
        #expect(error?.reason == reason, "\(String(describing: error))")
    }

    @Test func `an answer has its bounds`() throws {
        let server = try ScriptedServer { _, _ in .answer(200, [], String(repeating: "x", count: 2000)) }
        let store = try server.store { $0.getMax = .kibibytes(1) }
        let error = failure(try store.get(.any))
        #expect(error?.reason == .serverError)
        #expect(error?.text == "the answer is longer than 1024 bytes")
    }

    @Test func `a slow store is given up, at once when this process stops`() throws {
        let server = try ScriptedServer { _, _ in .silence }
        let slow = try server.store { $0.timeouts.total = .milliseconds(200) }
        #expect(failure(try slow.get(.any))?.reason == .timeout)
        let stalled = try server.store { $0.timeouts.stall = .seconds(1) }
        #expect(failure(try stalled.get(.any))?.reason == .timeout)
        // Asked first before anything is sent, and then while nothing comes.
        let asked = Count()
        let stopping = try server.store { $0.isStopped = { asked.add() >= 2 } }
        let start = MonotonicClock.now()
        #expect(failure(try stopping.get(.any))?.reason == .stopped)
        #expect(MonotonicClock.now() - start < .seconds(5))
        let stopped = try server.store { $0.isStopped = { true } }
        let heard = server.heard.count
        #expect(failure(try stopped.put(.any, []))?.reason == .stopped)
        #expect(server.heard.count == heard)
    }

    @Test func `connections are kept, and a stale one is no failure`() throws {
        let server = try ScriptedServer { number, _ in number == 3 ? .close : .kept("\(number)") }
        let store = try server.store()
        for number in 0..<3 { #expect(try store.get(.any) == bytes("\(number)")) }
        #expect(server.connections == 1)
        // The third is closed without an answer, and asked again over another connection by libcurl.
        #expect(try store.get(.any) == bytes("4"))
        #expect(server.connections == 2)
    }

    @Test func `a host is looked up and connected to, or the reason is told`() throws {
        func reason(_ url: String) throws -> ObjectStoreError.Reason? {
            guard case .bucket(let place) = try StoreURL(url) else { return nil }
            let store = S3Objects(place, credentials: CredentialsSource(try #require(S3Server.credentials)))
            return failure(try store.get(.any))?.reason
        }
        #expect(try reason("s3://bucket?endpoint=http://nowhere.invalid") == .nameNotResolved)
        let listener = try Socket.listen(on: .loopback(port: 0))
        let port = try #require(Socket.localAddress(listener)).port
        Socket.close(listener)
        #expect(try reason("s3://bucket?endpoint=http://127.0.0.1:\(port)") == .refusedConnection)
    }

    @Test func `a certificate is believed when its authority is, and its name is right`() throws {
        let directory = try TemporaryDirectory()
        let authority = try CertificateAuthority.create(directory.path + "/pki")
        func context(_ name: String, _ addresses: [String]) throws -> TLSContext {
            let issued = try authority.issue(commonName: name, role: .server, addresses: addresses, days: 2)
            let identity = TLSIdentity(
                certificateFile: issued.certificateFile, keyFile: issued.keyFile,
                authorityFile: authority.certificateFile)
            return try TLSContext.server(identity, clientCertificates: .notAsked, oldest: .tls12)
        }
        let script: @Sendable (Int, Heard) -> Reply = { _, _ in .answer(200, [], "over TLS") }
        let good = try ScriptedServer(context: try context("good", ["127.0.0.1"]), script)
        #expect(try good.store { $0.authorityFile = authority.certificateFile }.get(.any) == bytes("over TLS"))
        let unknown = try good.store()
        #expect(failure(try unknown.get(.any))?.reason == .tls)
        let unreadable = try good.store { $0.authorityFile = directory.path + "/none" }
        #expect(failure(try unreadable.get(.any))?.reason == .tls)
        let other = try ScriptedServer(context: try context("other", ["127.0.0.9"]), script)
        let misnamed = try other.store { $0.authorityFile = authority.certificateFile }
        #expect(failure(try misnamed.get(.any))?.reason == .tls)
        #expect(other.heard.isEmpty)
    }

    @Test func `what is lost while TLS begins is no question of certificates`() throws {
        func error(_ port: UInt16) throws -> ObjectStoreError? {
            guard case .bucket(let place) = try StoreURL("s3://bucket?endpoint=https://127.0.0.1:\(port)") else {
                throw FixtureError.noBucket
            }
            var options = S3Options()
            options.timeouts.connect = .milliseconds(300)
            let credentials = CredentialsSource(try #require(S3Server.credentials))
            return failure(try S3Objects(place, credentials: credentials, options: options).get(.any))
        }
        // Waits for a request that never comes in plain text.
        let mute = try ScriptedServer { _, _ in .close }
        #expect(try error(mute.port)?.reason == .timeout)
        let listener = try Socket.listen(on: .loopback(port: 0))
        let port = try #require(Socket.localAddress(listener)).port
        let thread = try WorkerThread.start(name: "hangs-up") {
            _ = Socket.wait(listener, .readable, until: MonotonicClock.now() + .seconds(30))
            guard let found = try? Socket.accept(listener) else { return }
            _ = Socket.wait(found.descriptor, .readable, until: MonotonicClock.now() + .seconds(30))
            Socket.resetOnClose(found.descriptor)
            Socket.close(found.descriptor)
        }
        let lost = try error(port)
        #expect(lost?.reason == .truncated, "\(String(describing: lost))")
        thread.join()
        Socket.close(listener)
    }
}

extension ObjectKey {
    /// For calls whose key does not matter.
    static var any: ObjectKey {
        guard let key = ObjectKey("any/key") else { preconditionFailure("any/key is a key") }
        return key
    }
}
