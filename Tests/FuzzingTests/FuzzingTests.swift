// Every harness over its kept corpus, and over as many mutations of it as a bounded time allows.

import Foundation
import Fuzzing
import Testing

@Suite struct FuzzingTests {
    /// Inputs by target, each under its file's name, in the order of the names.
    static func corpus(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzzing/Corpus/\(target.name)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, [UInt8](try Data(contentsOf: folder.appending(path: name))))
        }
    }

    /// `FUZZ_SEED=S FUZZ_SECONDS=T swift test --filter FuzzingTests` repeats a run, or makes a longer one.
    static let environment = ProcessInfo.processInfo.environment
    static let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...UInt64.max)
    static let time = Duration.seconds(environment["FUZZ_SECONDS"].flatMap(Int.init) ?? 1)

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `the kept corpus holds`(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let corpus = try FuzzingTests.corpus(of: target)
        #expect(!corpus.isEmpty, "Tests/Fuzzing/Corpus/\(name) holds nothing")
        for (file, bytes) in corpus {
            #expect(bytes.count <= target.lengthMax, "\(name)/\(file)")
            do { try target.check(bytes) } catch { Issue.record("\(name)/\(file): \(error)") }
        }
    }

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `mutations of the corpus hold`(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let corpus = try FuzzingTests.corpus(of: target).map(\.bytes)
        // A trap leaves no other trace of the seed than this line.
        FileHandle.standardError.write(Data("fuzzing \(name) with FUZZ_SEED=\(FuzzingTests.seed)\n".utf8))
        var mutation = Mutation(of: corpus, lengthMax: target.lengthMax, seed: FuzzingTests.seed)
        let end = ContinuousClock.now + FuzzingTests.time
        var count = 0
        while ContinuousClock.now < end {
            let bytes = mutation.next()
            count += 1
            do { try target.check(bytes) } catch {
                let input = Data(bytes).base64EncodedString()
                Issue.record("FUZZ_SEED=\(FuzzingTests.seed), input \(count), in base 64 \(input): \(error)")
                return
            }
        }
        #expect(count > 0)
    }
}
