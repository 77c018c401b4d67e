// What the tests of Platform share: connected sockets, directories that go away, random numbers that repeat.

import Glibc
import Platform
import Testing

/// Two connected sockets on loopback, closed with the value.
struct SocketPair: ~Copyable {
    let client: Int32
    let server: Int32

    init() throws { (client, server) = try SocketPair.connected() }

    private static func connected() throws -> (client: Int32, server: Int32) {
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let client = try Socket.connect(to: try #require(Socket.localAddress(listener)))
        #expect(Socket.wait(client, .writable, until: nil))
        #expect(Socket.connectOutcome(client) == nil)
        #expect(Socket.wait(listener, .readable, until: nil))
        return (client, try #require(try Socket.accept(listener)).descriptor)
    }

    deinit {
        Socket.close(client)
        Socket.close(server)
    }
}

/// A directory for one test, removed with the value.
struct TemporaryDirectory: ~Copyable {
    let path: String

    init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "platform-test") }

    deinit { try? FileSystem.removeTree(path) }

    func file(_ name: String) -> String { path + "/" + name }
}

func write(_ text: String, to descriptor: Int32) -> IOOutcome {
    Array(text.utf8).withUnsafeBytes { Socket.write(descriptor, $0) }
}

/// Reads once, waiting for it: the text, or how else it came out.
func read(from descriptor: Int32) -> (text: String, outcome: IOOutcome) {
    _ = Socket.wait(descriptor, .readable, until: nil)
    var buffer = [UInt8](repeating: 0, count: 1000)
    let outcome = buffer.withUnsafeMutableBytes { Socket.read(descriptor, into: $0) }
    guard case .bytes(let count) = outcome else { return ("", outcome) }
    return (String(decoding: buffer.prefix(count), as: UTF8.self), outcome)
}

/// The error that `body` throws.
func failure<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) -> SystemError? {
    do throws(SystemError) {
        _ = try body()
        return nil
    } catch { return error }
}
