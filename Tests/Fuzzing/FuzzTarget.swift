// A decoder that meets foreign bytes, and what must hold of it whatever the bytes are.

/// One harness. It is driven by `LibFuzzer`, which looks for bytes that reach new code, and by `FuzzingTests`, which
/// replays the kept corpus and mutates it.
public struct FuzzTarget: Sendable {
    /// As in `Tests/fuzz NAME` and `Corpus/NAME`.
    public let name: String
    /// The longest input that is worth trying, in bytes.
    public let lengthMax: Int
    /// Decodes the bytes in every way that the decoder's contract knows. Throws when a property does not hold; a trap
    /// in the decoder ends the process, which is a finding as well.
    public let check: @Sendable (_ bytes: [UInt8]) throws(Violation) -> Void

    init(
        _ name: String, lengthMax: Int = 4096, check: @escaping @Sendable (_ bytes: [UInt8]) throws(Violation) -> Void
    ) {
        self.name = name
        self.lengthMax = lengthMax
        self.check = check
    }

    /// All harnesses.
    public static let all: [FuzzTarget] = [
        .respRequests, .respReplies, .httpRequests, .httpAnswers, .json, .peerFrames, .logFrames, .logRecords,
        .logRecovery, .logSegments, .entries, .dumps, .settings, .tokenFiles, .identityFiles, .clusterFiles,
        .snapshotManifests, .snapshotTables, .snapshotChunks, .storeAnswers, .archiveObjects,
        .backupManifests, .archiveRecords, .archiveNames,
    ]

    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A property that does not hold.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws when `condition` is false.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(what()) }
}
