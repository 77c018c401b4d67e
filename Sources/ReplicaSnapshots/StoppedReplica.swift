// What a node that does not run has on its disk, as far as a recovery has to know it.

import Consensus
import LogFormat
public import LogStore
import PeerProtocol
import Replica
public import SnapshotFormat
import SnapshotStore
public import Vocabulary

/// What the next start would go on from. Looked at without changing anything.
public struct StoppedReplica: Sendable {
    public let log: LogInspection<DirectoryStorage>.Report
    public let newestSnapshot: SnapshotManifest?
    /// Who is a member by the log, or else by the snapshot before it; empty when neither says.
    public let members: [NodeID]
    /// Whether the log begins with the first entry, or behind a snapshot.
    public let hasState: Bool

    /// - Parameter snapshotDirectory: need not exist.
    /// - Throws: `log` when it cannot be read, `snapshots` likewise.
    public init(
        _ inspection: LogInspection<DirectoryStorage>, snapshotDirectory: String?
    ) throws(StateSearchError) {
        do throws(LogError) { log = try inspection.verify() } catch { throw .log(error) }
        var snapshots: [SnapshotManifest] = []
        if let snapshotDirectory {
            do throws(SnapshotError) {
                snapshots = try SnapshotCatalogue.open(
                    DirectoryStorage(path: snapshotDirectory), cluster: inspection.identity.cluster
                ).snapshots
            } catch { throw .snapshots(error) }
        }
        let first = log.firstIndex
        newestSnapshot = snapshots.first
        hasState = first <= LogIndex(1) || snapshots.contains { $0.index.next >= first }
        members = StoppedReplica.members(log.memberships, snapshots.first)
    }

    /// The end of what there is.
    public var last: LogPosition { max(log.last, newestSnapshot?.facts.position ?? log.last) }
    /// What is known to be committed.
    public var commitIndex: LogIndex { max(log.commitIndex, newestSnapshot?.index ?? .zero) }

    /// By the newest configuration; where the settings alone said it, whoever was registered is known at least.
    private static func members(_ frames: [Frame], _ snapshot: SnapshotManifest?) -> [NodeID] {
        if let change = frames.last(where: { Replica.configuration(in: $0) != nil }) {
            return Replica.configuration(in: change)?.configuration.members ?? []
        }
        if let snapshot, let known = try? snapshot.members() { return known.configuration.members }
        return Set(frames.flatMap { registered(in: $0) }).sorted()
    }

    private static func registered(in frame: Frame) -> [NodeID] {
        var nodes: [NodeID] = []
        try? frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            while let range = try cursor.next(in: payload) {
                let entry = payload.extracting(range)
                guard !MemberBook.isBook(entry), !ConfigurationCoding.isConfiguration(entry) else { continue }
                nodes += ((try? MemberRegistry.decode(entry)) ?? []).map(\.0)
            }
        }
        return nodes
    }
}
