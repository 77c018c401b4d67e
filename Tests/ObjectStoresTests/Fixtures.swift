// What the tests of object stores share: directories that go away, a real S3 server, and short ways to say things.

import ObjectStores
import Platform
import Synchronization
import Testing
import Vocabulary

/// A directory for one test, removed with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "stores-test") }

    deinit { try? FileSystem.removeTree(path) }

    func write(_ text: String, to name: String, permissions: UInt32 = 0o600) throws -> String {
        let path = path + "/" + name
        let bytes = Array(text.utf8)
        try FileSystem.writeAtomically(path, bytes.span.bytes, permissions: permissions)
        return path
    }
}

func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The same for the same seed, and no two parts alike.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// Why a call fails; nil when it does not.
func failure<Value>(_ body: @autoclosure () throws -> Value) -> ObjectStoreError? {
    do {
        _ = try body()
        return nil
    } catch let error as ObjectStoreError {
        return error
    } catch {
        Issue.record("\(error) is no error of a store")
        return nil
    }
}

/// Moto's S3 in a process of its own: one for all tests, ended by itself when they have.
enum S3Server {
    static let credentials = StoreCredentials(accessKey: "tester", secretKey: "a/secret+key=")

    private static let top = FileSystem.parent(of: FileSystem.parent(of: FileSystem.parent(of: #filePath)))

    /// Python with moto: beside the program that `TRIREME_MOTO` names, or in the virtual environment of the tests.
    static let python: String? = {
        let program = ThisProcess.environment("TRIREME_MOTO") ?? top + "/.venv/bin/moto_server"
        let python = FileSystem.parent(of: program) + "/python"
        return FileSystem.exists(program) && FileSystem.exists(python) ? python : nil
    }()

    static let isThere = python != nil
    static let absence: Comment = "no moto: run `Tests/run` once, or set TRIREME_MOTO to its moto_server"

    /// The port it listens on; nil when it did not start.
    static let port: UInt16? = {
        guard let python, let listener = try? Socket.listen(on: .loopback(port: 0)),
            let free = Socket.localAddress(listener)
        else { return nil }
        Socket.close(listener)
        let script = FileSystem.parent(of: #filePath) + "/s3-server"
        _ = try? ChildProcess.spawn(
            python, arguments: [script, String(free.port)], outputPath: "/dev/null", errorPath: "/dev/null")
        let deadline = MonotonicClock.now() + .seconds(60)
        while MonotonicClock.now() < deadline {
            if isListening(free) { return free.port }
            // Nobody posts: a pause between two tries.
            var nothing: [Never] = []
            _ = WorkQueue<Never>().takeAll(into: &nothing, waitUntil: MonotonicClock.now() + .milliseconds(50))
        }
        return nil
    }()

    private static func isListening(_ address: SocketAddress) -> Bool {
        guard let descriptor = try? Socket.connect(to: address) else { return false }
        defer { Socket.close(descriptor) }
        return Socket.wait(descriptor, .writable, until: MonotonicClock.now() + .seconds(1))
            && Socket.connectOutcome(descriptor) == nil
    }

    static func place(_ bucket: String, prefix: String, style: String = "path") throws -> S3Place {
        let port = try #require(port, "moto does not listen")
        let host = style == "path" ? "127.0.0.1" : "localhost"
        let text = "s3://\(bucket)/\(prefix)?endpoint=http://\(host):\(port)&style=\(style)"
        guard case .bucket(let place) = try StoreURL(text) else { throw FixtureError.noBucket }
        return place
    }

    /// A store below a prefix of its own.
    static func store(
        _ bucket: String, style: String = "path", _ change: (inout S3Options) -> Void = { _ in }
    ) throws -> S3Objects {
        var options = S3Options()
        change(&options)
        let place = try place(bucket, prefix: "p/" + String(SystemRandom.word(), radix: 36), style: style)
        return S3Objects(place, credentials: CredentialsSource(try #require(credentials)), options: options)
    }
}

enum FixtureError: Error { case noBucket }

/// A number that threads add to.
final class Count: Sendable {
    private let value = Atomic<Int>(0)

    /// The number before.
    @discardableResult func add() -> Int { value.add(1, ordering: .relaxed).oldValue }
    var now: Int { value.load(ordering: .relaxed) }
}
