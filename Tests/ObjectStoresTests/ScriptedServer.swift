// An HTTP server that says exactly what a test wants, byte by byte, with or without TLS.
//
// Faults it may inject: any answer at all, an answer cut short, silence, a connection closed without a word, and a
// certificate that nobody trusts.

import ObjectStores
import Platform
import Synchronization
import TLS
import Testing
import Vocabulary

/// What the server does with one request.
enum Reply: Sendable {
    /// With its length, and the connection closed behind it.
    case answer(Int, [(String, String)] = [], String = "")
    case raw(String)
    /// The connection stays open behind it.
    case kept(String)
    /// Nothing, until the client gives up.
    case silence
    case close

    static func refusal(_ status: Int, _ code: String, _ message: String = "") -> Reply {
        .answer(status, [], "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>")
    }

    var text: String? {
        switch self {
        case .answer(let status, let headers, let body):
            let lines = headers.map { $0.0 + ": " + $0.1 + "\r\n" }.joined()
            return "HTTP/1.1 \(status) Said\r\nConnection: close\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n"
                + body
        case .raw(let text): return text
        case .kept(let body): return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        case .silence, .close: return nil
        }
    }
}

/// One request as it came.
struct Heard: Sendable {
    /// `PUT /bucket/key?query`.
    let line: String
    let head: String
    let body: [UInt8]

    func header(_ name: String) -> String? {
        head.split(separator: "\r\n").map { $0.split(separator: ": ", maxSplits: 1) }
            .first { $0.count == 2 && $0[0].lowercased() == name }.map { String($0[1]) }
    }
}

/// Serves one connection after the other on a thread of its own; ends with the object.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let context: TLSContext?
    private let thread: Mutex<WorkerThread?>
    private let shared: Shared

    private final class Shared: Sendable {
        let isStopping = Atomic<Bool>(false)
        let heard = Mutex<[Heard]>([])
        let connections = Count()
    }

    /// - Parameter script: what comes of the request, given its number from 0.
    init(context: TLSContext? = nil, _ script: @escaping @Sendable (Int, Heard) -> Reply) throws {
        listener = try Socket.listen(on: .loopback(port: 0))
        port = try #require(Socket.localAddress(listener)).port
        self.context = context
        let shared = Shared()
        self.shared = shared
        thread = Mutex(nil)
        let listener = listener
        let made = try WorkerThread.start(name: "scripted") {
            while !shared.isStopping.load(ordering: .relaxed) {
                guard Socket.wait(listener, .readable, until: MonotonicClock.now() + .milliseconds(50)),
                    let found = try? Socket.accept(listener)
                else { continue }
                shared.connections.add()
                let wire = ServedWire(found.descriptor, context)
                wire?.serve { request in
                    let number = shared.heard.withLock {
                        $0.append(request)
                        return $0.count - 1
                    }
                    return script(number, request)
                }
                Socket.close(found.descriptor)
            }
        }
        thread.withLock { $0 = made }
    }

    deinit {
        shared.isStopping.store(true, ordering: .relaxed)
        thread.withLock { $0?.join() }
        Socket.close(listener)
    }

    var connections: Int { shared.connections.now }

    /// All requests so far.
    var heard: [Heard] { shared.heard.withLock { $0 } }

    /// A store whose bucket is here.
    func store(
        credentials: CredentialsSource? = nil, _ change: (inout S3Options) -> Void = { _ in }
    ) throws -> S3Objects {
        let scheme = context == nil ? "http" : "https"
        guard case .bucket(let place) = try StoreURL("s3://bucket/p?endpoint=\(scheme)://127.0.0.1:\(port)") else {
            throw FixtureError.noBucket
        }
        var options = S3Options()
        options.timeouts = StoreTimeouts(connect: .seconds(5), total: .seconds(20), stall: .seconds(10))
        change(&options)
        let known = CredentialsSource(try #require(S3Server.credentials))
        return S3Objects(place, credentials: credentials ?? known, options: options)
    }
}

/// The server's end of one connection.
private final class ServedWire {
    private let descriptor: Int32
    private let session: TLSSession?
    private let deadline = MonotonicClock.now() + .seconds(30)

    /// Nil when TLS does not come about.
    init?(_ descriptor: Int32, _ context: TLSContext?) {
        self.descriptor = descriptor
        session = context.flatMap { try? TLSSession(server: $0, descriptor: descriptor) }
        while let session {
            switch session.handshake() {
            case .done: return
            case .failed: return nil
            case .wantsRead: guard Socket.wait(descriptor, .readable, until: deadline) else { return nil }
            case .wantsWrite: guard Socket.wait(descriptor, .writable, until: deadline) else { return nil }
            }
        }
    }

    func serve(_ script: (Heard) -> Reply) {
        while let request = request() {
            let reply = script(request)
            if case .silence = reply { _ = read() }
            guard let text = reply.text else { return }
            write(Array(text.utf8))
            guard case .kept = reply else { return }
        }
    }

    private func request() -> Heard? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let position = bytes.firstRange(of: end) {
                let head = String(decoding: bytes[..<position.lowerBound], as: UTF8.self)
                let first = head.split(separator: "\r\n").first ?? ""
                let line = first.split(separator: " ").prefix(2).joined(separator: " ")
                let heard = Heard(line: line, head: head, body: Array(bytes[position.upperBound...]))
                if heard.body.count >= heard.header("content-length").flatMap({ Int($0) }) ?? 0 { return heard }
            }
            guard let more = read() else { return nil }
            bytes += more
        }
    }

    /// Nil at the end, whatever the end is.
    private func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while Socket.wait(descriptor, .readable, until: deadline) {
            let outcome = buffer.withUnsafeMutableBytes { session?.read(into: $0) ?? Socket.read(descriptor, into: $0) }
            switch outcome {
            case .bytes(let count): return Array(buffer.prefix(count))
            case .wouldBlockRead, .wouldBlockWrite: continue
            case .end, .failed: return nil
            }
        }
        return nil
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let outcome = rest.withUnsafeBytes { session?.write($0) ?? Socket.write(descriptor, $0) }
            switch outcome {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlockRead, .wouldBlockWrite:
                guard Socket.wait(descriptor, .writable, until: deadline) else { return }
            case .end, .failed: return
            }
        }
    }
}
