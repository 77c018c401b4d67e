// Objects in a bucket that speaks S3: Amazon's, or one of the many that do the same.
//
// 1. A put is one request, or an upload in parts that is an object only when its last request has been answered.
// 2. An object that exists is not written over: the store is asked to see to it (`If-None-Match: *`). One that knows no
//    such condition is asked first whether the object exists, and then two writers at once may both succeed.
// 3. Every body is signed with its SHA-256; every answer's length is compared with what the store announced.

import ByteCoding
import Hashing
import Synchronization
import Vocabulary

public final class S3Objects: ObjectStore {
    /// Documents of success, a page of 1000 keys with their escapes among them, are shorter.
    static let documentMax = 16 << 20

    public let location: String
    let place: S3Place
    let options: S3Options
    private let credentials: CredentialsSource
    private let settings: HTTPSettings
    private let pool = ConnectionPool()
    /// Whether the store is known to know no conditions for writes.
    private let looksFirstFlag = Atomic<Bool>(false)

    public init(_ place: S3Place, credentials: CredentialsSource, options: S3Options = S3Options()) {
        location = StoreURL.bucket(place).description
        self.place = place
        self.options = options
        self.credentials = credentials
        settings = HTTPSettings(
            authorityFile: options.authorityFile, isDirect: place.endpoint.isLoopback, timeouts: options.timeouts,
            isStopped: options.isStopped)
    }

    /// Whether puts ask first and write then, because the store refused the condition.
    var looksFirst: Bool {
        get { looksFirstFlag.load(ordering: .relaxed) }
        set { looksFirstFlag.store(newValue, ordering: .relaxed) }
    }

    public func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        if bytes.count > options.putMax.rawValue { return try putInParts(key, bytes) }
        if !looksFirst {
            if let outcome = try putConditionally(key, bytes) { return outcome }
        }
        if try isThere(key) { return .exists }
        try putAnyway(key, bytes)
        // Only now it is certain that the condition was what the store did not like.
        looksFirst = true
        return .made
    }

    /// In one step. Nil when the store refuses the condition.
    func putConditionally(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome? {
        let call = call(.put, "PUT", key, headers: writing(bytes, 0..<bytes.count) + lock + [S3Call.condition])
        let answer = try send(call, Payload(bytes))
        if answer.isSuccess { return .made }
        let refusal = S3Refusal(answer)
        if refusal.isUnmetCondition { return .exists }
        if refusal.mayRefuseCondition { return nil }
        throw error(call, refusal)
    }

    private func putAnyway(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) {
        _ = try succeed(
            call(.put, "PUT", key, headers: writing(bytes, 0..<bytes.count) + lock), Payload(bytes))
    }

    /// Headers of what is written. A bucket with object lock insists on a checksum.
    func writing(_ bytes: [UInt8], _ range: Range<Int>) -> [(name: String, value: String)] {
        ContentMD5.header(bytes.rawBytes.extracting(range)).map { [("content-md5", $0)] } ?? []
    }

    /// Headers of the lock that new objects get.
    var lock: [(name: String, value: String)] {
        guard let retention = options.retention else { return [] }
        let microseconds = UInt64(clamping: retention.duration.inNanoseconds / 1000)
        let until = Timestamp(microseconds: options.now().rawValue + microseconds)
        return [
            ("x-amz-object-lock-mode", retention.mode.rawValue.uppercased()),
            ("x-amz-object-lock-retain-until-date", S3Signature.seconds(until)),
        ]
    }

    public func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        guard let range else { return try getAll(key, max: options.getMax.rawValue) }
        guard !range.isEmpty else {
            guard try isThere(key) else { throw error(call(.get, "GET", key), .missing, "there is no such object") }
            return []
        }
        let header = ("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        let call = call(.get, "GET", key, headers: [header])
        // A store that does not know ranges sends everything.
        let answer = try send(call, nil, answerMax: max(range.count, options.getMax.rawValue))
        switch answer.status {
        case 206: return try part(answer, range, call)
        // The object ends before the range begins.
        case 416: return []
        case 200...299:
            let bytes = try whole(answer, call)
            return Array(bytes[range.clamped(to: 0..<bytes.count)])
        default: throw error(call, S3Refusal(answer))
        }
    }

    private func getAll(_ key: ObjectKey, max: Int) throws(ObjectStoreError) -> [UInt8] {
        let call = call(.get, "GET", key)
        return try whole(try succeed(call, nil, answerMax: max), call)
    }

    /// The connection's end alone does not tell that all of the object has come.
    private func whole(_ answer: HTTPAnswer, _ call: S3Call) throws(ObjectStoreError) -> [UInt8] {
        guard answer.isDelimited, answer.contentLength ?? answer.body.count == answer.body.count else {
            throw error(call, .truncated, "\(answer.body.count) bytes came, and the store told of no end")
        }
        return answer.body
    }

    /// The bytes of `Content-Range: bytes 0-9/100` must be those that were asked for, up to the object's end.
    private func part(
        _ answer: HTTPAnswer, _ range: Range<Int>, _ call: S3Call
    ) throws(ObjectStoreError) -> [UInt8] {
        let body = try whole(answer, call)
        let text = answer.contentRange ?? ""
        let numbers = text.split { !$0.isNumber }.map { Int($0) ?? -1 }
        guard text.hasPrefix("bytes "), numbers.count >= 2, numbers[0] == range.lowerBound,
            numbers[1] - numbers[0] == body.count - 1, body.count <= range.count,
            body.count == range.count || numbers.count < 3 || numbers[1] == numbers[2] - 1
        else {
            throw error(call, .truncated, "\(body.count) bytes came, of the range `\(text.prefix(64))`")
        }
        return body
    }

    public func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        var continuation: String?
        while true {
            var query = [("list-type", "2"), ("prefix", place.path(prefix)), ("max-keys", String(options.pageSize))]
            if let key { query.append(("start-after", place.path(key.text))) }
            if let continuation { query.append(("continuation-token", continuation)) }
            let call = call(.list, "GET", prefix: prefix, query: query)
            let answer = try succeed(call, nil)
            guard let list = S3List(answer.body) else {
                throw error(call, .serverError, "the answer is no list of objects")
            }
            let page = try page(list, prefix, after: key, call)
            // A page may hold nothing but objects of others; where `start-after` is not known, it holds the first ones.
            guard page.objects.isEmpty, !page.isLast else { return page }
            guard list.continuation != continuation else {
                throw error(call, .serverError, "the store lists the same page again")
            }
            continuation = list.continuation
        }
    }

    /// Those of the objects that are keys of ours, without the prefix of the place.
    private func page(
        _ list: S3List, _ prefix: String, after: ObjectKey?, _ call: S3Call
    ) throws(ObjectStoreError) -> ObjectPage {
        let top = place.path("")
        let objects = list.objects.compactMap { found -> ObjectListing? in
            guard found.key.hasPrefix(top), let key = ObjectKey(String(found.key.dropFirst(top.count))),
                key.text.hasPrefix(prefix), after.map({ $0 < key }) ?? true
            else { return nil }
            return ObjectListing(key: key, size: found.size)
        }
        guard zip(objects, objects.dropFirst()).allSatisfy({ $0.key < $1.key }) else {
            throw error(call, .unsupported, "the store does not list in the order of keys")
        }
        return ObjectPage(objects: objects, isLast: list.continuation == nil)
    }

    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        let call = call(.delete, "DELETE", key)
        let answer = try send(call, nil)
        if answer.isSuccess { return }
        let refusal = S3Refusal(answer)
        guard refusal.reason(isAboutObject: true) != .missing else { return }
        throw error(call, refusal)
    }

    func isThere(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        let head = try send(call(.get, "HEAD", key), nil)
        if head.isSuccess { return true }
        if head.status == 404 { return false }
        // An answer to HEAD has no body that says why: one to a read of a byte has.
        let call = call(.get, "GET", key, headers: [("range", "bytes=0-0")])
        let answer = try send(call, nil, answerMax: options.getMax.rawValue)
        if answer.isSuccess || answer.status == 416 { return true }
        let refusal = S3Refusal(answer)
        if refusal.reason(isAboutObject: true) == .missing { return false }
        throw error(call, refusal)
    }
}

/// A request before it is signed, and what its errors are about.
struct S3Call {
    let operation: ObjectStoreError.Operation
    let subject: String
    /// Whether it is about an object, rather than about the bucket.
    let isAboutObject: Bool
    let method: String
    /// Percent-encoded, without the bucket.
    let path: String
    let query: [(name: String, value: String)]
    /// Names in lower case.
    let headers: [(name: String, value: String)]

    /// Writes only what is not there.
    static let condition = (name: "if-none-match", value: "*")
}

// Asking, once the question is known.
extension S3Objects {
    func call(
        _ operation: ObjectStoreError.Operation, _ method: String, _ key: ObjectKey,
        query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = []
    ) -> S3Call {
        S3Call(
            operation: operation, subject: location(of: key.text), isAboutObject: true, method: method,
            path: PercentCoding.encode(place.path(key.text), slashStays: true), query: query, headers: headers)
    }

    func call(
        _ operation: ObjectStoreError.Operation, _ method: String, prefix: String,
        query: [(name: String, value: String)]
    ) -> S3Call {
        S3Call(
            operation: operation, subject: location(of: prefix), isAboutObject: false, method: method, path: "",
            query: query, headers: [])
    }

    /// The place alone: its options tell nothing about one object.
    private func location(of key: String) -> String { "s3://\(place.bucket)/\(place.path(key))" }

    /// Answers of success only.
    func succeed(
        _ call: S3Call, _ body: Payload?, answerMax: Int = documentMax
    ) throws(ObjectStoreError) -> HTTPAnswer {
        let answer = try send(call, body, answerMax: answerMax)
        guard answer.isSuccess else { throw error(call, S3Refusal(answer)) }
        return answer
    }

    /// Any answer. When the store does not take the credentials and there are others by now, it is asked once more.
    func send(
        _ call: S3Call, _ body: Payload?, answerMax: Int = documentMax
    ) throws(ObjectStoreError) -> HTTPAnswer {
        let first = credentials.current()
        let answer = try exchange(call, body, first, answerMax)
        let isRefused = !answer.isSuccess && S3Refusal(answer).reason(isAboutObject: true) == .notAuthenticated
        guard isRefused, let second = try credentials.another(than: first) else { return answer }
        return try exchange(call, body, second, answerMax)
    }

    private func exchange(
        _ call: S3Call, _ body: Payload?, _ credentials: StoreCredentials, _ answerMax: Int
    ) throws(ObjectStoreError) -> HTTPAnswer {
        let signature = S3Signature(credentials: credentials, region: place.region, time: options.now())
        let payload = body ?? Payload([])
        let hash = S3Signature.hex(SHA256.hash(payload.bytes.rawBytes.extracting(payload.range)))
        var headers = call.headers
        headers += [("host", place.host), ("x-amz-content-sha256", hash), ("x-amz-date", signature.date)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let path = place.pathOfBucket + "/" + call.path
        let authorization = signature.authorization(
            S3Signature.Request(
                method: call.method, path: path, query: call.query, headers: headers, payloadHash: hash))
        headers.append(("authorization", authorization))
        let query = call.query.isEmpty ? "" : "?" + S3Signature.canonical(call.query)
        let request = HTTPRequest(
            method: call.method, url: place.endpoint.scheme + "://" + place.host + path + query, headers: headers,
            body: body, answerMax: answerMax)
        do throws(ExchangeFailure) { return try pool.exchange(request, settings) } catch {
            throw self.error(call, error.reason, error.text)
        }
    }

    func error(_ call: S3Call, _ refusal: S3Refusal) -> ObjectStoreError {
        error(call, refusal.reason(isAboutObject: call.isAboutObject), refusal.text)
    }

    func error(_ call: S3Call, _ reason: ObjectStoreError.Reason, _ text: String) -> ObjectStoreError {
        ObjectStoreError(call.operation, call.subject, reason, text)
    }
}
