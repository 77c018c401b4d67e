// Requests and answers as values, and the handles that carry them.

import CCurl
import Synchronization
import Vocabulary

/// One request, signed and ready. `headers` hold no line ends.
struct HTTPRequest {
    let method: String
    let url: String
    let headers: [(name: String, value: String)]
    let body: Payload?
    /// The most bytes that an answer of success may have. Answers of failure have `refusalMax`.
    let answerMax: Int

    /// What a store says about a failure is short; the rest of it is dropped.
    static let refusalMax = 1 << 16
}

/// Bytes to be sent: a part of an array, which is shared and not copied.
struct Payload {
    let bytes: [UInt8]
    let range: Range<Int>

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        self.range = range ?? 0..<bytes.count
    }
}

struct HTTPAnswer {
    let status: Int
    let body: [UInt8]
    let etag: String?
    let contentRange: String?
    let contentLength: Int?
    /// Whether the end of the body was told by the store, rather than by the end of the connection.
    let isDelimited: Bool
    /// The region that the bucket is in, when the store tells.
    let region: String?

    var isSuccess: Bool { (200...299).contains(status) }
}

/// No answer: why.
struct ExchangeFailure: Error {
    let reason: ObjectStoreError.Reason
    let text: String
}

/// Who is asked, and how long it may take: the same for all requests of a store.
struct HTTPSettings: Sendable {
    let authorityFile: String?
    /// Whether the proxy of the environment is left out: for this machine's own addresses.
    let isDirect: Bool
    let timeouts: StoreTimeouts
    let isStopped: @Sendable () -> Bool
}

/// A connection that stays open between exchanges.
///
/// Sendable because `ConnectionPool` gives it to one caller at a time, and libcurl's handles may move between threads.
@safe final class HTTPConnection: @unchecked Sendable {
    private let handle: OpaquePointer

    init?() {
        guard let made = unsafe trireme_curl_make() else { return nil }
        unsafe handle = made
    }

    deinit { unsafe trireme_curl_free(handle) }

    func exchange(_ request: HTTPRequest, _ settings: HTTPSettings) throws(ExchangeFailure) -> HTTPAnswer {
        // As curl would: an answer to come is not waited for when nobody wants it any more.
        if settings.isStopped() { throw ExchangeFailure(reason: .stopped, text: "this process stops") }
        let receiver = Receiver(self, request.answerMax, settings.isStopped)
        let outcome = perform(request, settings, receiver)
        guard outcome == TRIREME_CURL_DONE else { throw failure(outcome, receiver) }
        return HTTPAnswer(
            status: status, body: receiver.body, etag: header("etag"), contentRange: header("content-range"),
            contentLength: header("content-length").flatMap { Int($0) },
            isDelimited: header("content-length") != nil || header("transfer-encoding") != nil,
            region: header("x-amz-bucket-region"))
    }

    private func perform(_ request: HTTPRequest, _ settings: HTTPSettings, _ receiver: Receiver) -> Int32 {
        let lines = request.headers.map { $0.name + ": " + $0.value + "\n" }.joined()
        let whole = request.body?.bytes ?? []
        // The array, the texts and the receiver outlive the call, beyond which nothing keeps a pointer to them.
        return withExtendedLifetime(receiver) {
            unsafe whole.withUnsafeBufferPointer { bytes in
                var order = unsafe trireme_curl_order()
                let range = request.body?.range ?? 0..<0
                unsafe order.has_body = request.body == nil ? 0 : 1
                unsafe order.body = bytes.baseAddress.map { unsafe $0 + range.lowerBound }
                unsafe order.body_length = range.count
                unsafe order.is_direct = settings.isDirect ? 1 : 0
                unsafe order.connect_milliseconds = milliseconds(settings.timeouts.connect)
                unsafe order.total_milliseconds = milliseconds(settings.timeouts.total)
                unsafe order.slow_bytes = StoreTimeouts.stallBytes
                unsafe order.slow_seconds = max(1, milliseconds(settings.timeouts.stall) / 1000)
                unsafe order.context = unsafe Unmanaged.passUnretained(receiver).toOpaque()
                unsafe order.take = { context, bytes, count in
                    guard let context = unsafe context else { return 0 }
                    let receiver = unsafe Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                    return unsafe receiver.take(UnsafeBufferPointer(start: bytes, count: count)) ? 1 : 0
                }
                unsafe order.is_stopped = { context in
                    guard let context = unsafe context else { return 0 }
                    return unsafe Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue().isStopped() ? 1 : 0
                }
                return unsafe carry(&order, request, lines, settings.authorityFile)
            }
        }
    }

    private func carry(
        _ order: inout trireme_curl_order, _ request: HTTPRequest, _ lines: String, _ authorities: String?
    ) -> Int32 {
        // The C strings live as long as the innermost closure, which makes the call.
        unsafe request.method.withCString { method in
            unsafe request.url.withCString { url in
                unsafe lines.withCString { lines in
                    unsafe order.method = unsafe method
                    unsafe order.url = unsafe url
                    unsafe order.headers = unsafe lines
                    guard let authorities else { return unsafe trireme_curl_perform(handle, &order) }
                    return unsafe authorities.withCString {
                        unsafe order.authorities = unsafe $0
                        return unsafe trireme_curl_perform(handle, &order)
                    }
                }
            }
        }
    }

    private func milliseconds(_ duration: Duration) -> Int { max(1, Int(duration.inNanoseconds / 1_000_000)) }

    fileprivate var status: Int { unsafe trireme_curl_status(handle) }

    private func header(_ name: String) -> String? {
        // Copied before the next call.
        guard let value = unsafe trireme_curl_header(handle, name) else { return nil }
        return unsafe String(cString: value)
    }

    private func failure(_ outcome: Int32, _ receiver: Receiver) -> ExchangeFailure {
        // Copied before the next exchange.
        let text = unsafe String(cString: trireme_curl_text(handle))
        let reason: ObjectStoreError.Reason =
            switch outcome {
            case TRIREME_CURL_NAME_NOT_RESOLVED: .nameNotResolved
            case TRIREME_CURL_REFUSED: .refusedConnection
            case TRIREME_CURL_TLS: .tls
            case TRIREME_CURL_TIMEOUT: .timeout
            case TRIREME_CURL_LOST: .truncated
            case TRIREME_CURL_STOPPED: .stopped
            case TRIREME_CURL_NOT_TAKEN, TRIREME_CURL_NO_ANSWER: .serverError
            default: .failed
            }
        if outcome == TRIREME_CURL_NOT_TAKEN {
            return ExchangeFailure(reason: reason, text: "the answer is longer than \(receiver.answerMax) bytes")
        }
        return ExchangeFailure(reason: reason, text: text)
    }
}

/// Gathers an answer's body. Used by the thread that makes the exchange, during the exchange.
private final class Receiver {
    unowned let connection: HTTPConnection
    let answerMax: Int
    let isStopped: () -> Bool
    private(set) var body: [UInt8] = []

    init(_ connection: HTTPConnection, _ answerMax: Int, _ isStopped: @escaping () -> Bool) {
        self.connection = connection
        self.answerMax = answerMax
        self.isStopped = isStopped
    }

    func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if connection.status >= 300 {
            unsafe body.append(contentsOf: bytes.prefix(HTTPRequest.refusalMax - body.count))
            return true
        }
        guard bytes.count <= answerMax - body.count else { return false }
        unsafe body.append(contentsOf: bytes)
        return true
    }
}

/// Connections that wait for their next exchange. Any number may be in use; few are kept.
final class ConnectionPool: Sendable {
    /// The most that are kept open unused.
    static let idleMax = 8

    private let idle = Mutex<[HTTPConnection]>([])

    func exchange(_ request: HTTPRequest, _ settings: HTTPSettings) throws(ExchangeFailure) -> HTTPAnswer {
        guard let connection = idle.withLock({ $0.popLast() }) ?? HTTPConnection() else {
            throw ExchangeFailure(reason: .failed, text: "there is no memory for a connection")
        }
        defer { idle.withLock { if $0.count < ConnectionPool.idleMax { $0.append(connection) } } }
        return try connection.exchange(request, settings)
    }
}
