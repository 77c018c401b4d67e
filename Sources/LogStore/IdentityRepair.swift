// The identity file made again from the log, when it is damaged or gone.

import Platform
public import LogFormat
import Vocabulary

/// Every segment's header names cluster, node and storage under a checksum of its own. So what the identity file said
/// is not lost with it, as long as one segment can be read and none contradicts.
public enum IdentityRepair {
    /// Writes the identity file of a data directory anew. What was in its place is kept in `quarantine/` first. The
    /// directory's lock is held meanwhile.
    ///
    /// - Parameter logDirectory: where its segments are.
    /// - Returns: the identity, and where the damaged file is kept; nil when there was none.
    public static func run(
        _ path: String, logDirectory: String
    ) throws(DataDirectoryError) -> (identity: LogIdentity, kept: String?) {
        let lock = try DataDirectory.lockFile(path)
        let outcome: Result<(identity: LogIdentity, kept: String?), DataDirectoryError>
        do throws(DataDirectoryError) { outcome = .success(try makeAnew(path, logDirectory)) } catch {
            outcome = .failure(error)
        }
        // Held up to here.
        _ = consume lock
        return try outcome.get()
    }

    private static func makeAnew(
        _ path: String, _ logDirectory: String
    ) throws(DataDirectoryError) -> (identity: LogIdentity, kept: String?) {
        let identity = try agreed(path, logDirectory)
        var kept: String?
        do throws(SystemError) {
            if FileSystem.exists(path + "/identity") {
                kept = try keep(path, stamp: WallClock.now().description.filter { $0 != "-" && $0 != ":" })
            }
        } catch { throw .system(error) }
        var file = IdentityFile(identity: identity, isInUse: true)
        if let copy = try DataDirectory.timelineCopy(path) {
            guard copy.identity == identity else { throw .identityLost(path: path) }
            file = copy
        }
        try DataDirectory.writeIdentity(file, path)
        return (identity, kept)
    }

    /// What all headers that can be read say. None, or two that differ, leave it to people.
    private static func agreed(_ path: String, _ logDirectory: String) throws(DataDirectoryError) -> LogIdentity {
        let found: [LogIdentity]
        do throws(LogError) {
            found = try LogInspection<DirectoryStorage>.identities(on: DirectoryStorage(path: logDirectory))
        } catch { throw .log(error) }
        guard let first = found.first else { throw .identityLost(path: path) }
        guard let other = found.first(where: { $0 != first }) else { return first }
        throw .log(.foreignSegment(file: logDirectory, found: other, expected: first))
    }

    /// A second name for the identity file as it is, in `quarantine/`; `stamp` begins it.
    static func keep(_ path: String, stamp: String) throws(SystemError) -> String {
        let directory = path + "/" + SegmentName.quarantine
        try FileSystem.makeDirectory(directory, intermediate: true)
        let kept = directory + "/" + stamp + "-identity"
        try FileSystem.link(path + "/identity", as: kept)
        try FileSystem.syncDirectory(directory)
        try FileSystem.syncDirectory(path)
        return kept
    }
}
