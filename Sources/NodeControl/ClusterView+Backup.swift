// `nodectl backup create`: the leader is asked for a backup, and waited for.

import JSON
import Platform
import Vocabulary

/// A backup that was asked for and is whole in the archive.
public struct MadeBackup: Sendable {
    public let backup: NodeReport.Archive.Backup
    public let leader: String

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("backup_id", backup.id)
            json.member("index", backup.index)
            json.member("timestamp", backup.timestamp)
            json.member("record_count", backup.records)
            json.member("uploaded_bytes", backup.uploadedBytes)
            json.member("stored_bytes", backup.storedBytes)
            json.member("duration_seconds", backup.seconds)
            json.member("node", leader)
        }
        return writer.bytes + [0x0A]
    }

    public var text: String {
        """
        backup \(backup.id): \(backup.records) records up to index \(backup.index), \(backup.timestamp)
        \(ByteCount(backup.uploadedBytes)) uploaded of \(ByteCount(backup.storedBytes)), by \(leader) in \
        \(RoughTime.exact(seconds: backup.seconds))

        """
    }
}

extension ClusterView {
    /// Has the leader store a backup of everything that is applied now, and waits until it is whole in the archive.
    ///
    /// - Throws: `timedOut` at the end of `limit`: it goes on.
    public func backup(
        within limit: Duration = .seconds(3600), progress: (String) -> Void
    ) throws(ControlError) -> MadeBackup {
        let deadline = MonotonicClock.now() + limit
        var order = try orderBackup(until: deadline)
        var told = MonotonicClock.now()
        let failuresBefore = archive(of: order.node)?.backupFailure?.count ?? 0
        let made: MadeBackup? = try Pause.untilDone(deadline) { () throws(ControlError) in
            guard let archive = archive(of: order.node), archive.isShipping else {
                // Somebody else leads, and knows nothing of the order.
                order = try orderBackup(until: deadline)
                return nil
            }
            if let backup = archive.newestBackup, backup.index >= order.index {
                return MadeBackup(backup: backup, leader: order.leader)
            }
            if let failure = archive.backupFailure, failure.count > failuresBefore {
                throw .answer(address: order.leader, message: failure.message, remedy: failure.remedy)
            }
            if MonotonicClock.now() - told > .seconds(2) {
                told = MonotonicClock.now()
                progress(archive.backupPercent.map { "\($0) %" } ?? "waiting for a snapshot")
            }
            return nil
        }
        if let made { return made }
        throw .timedOut(what: "the backup", follow: "look with `nodectl backup list`")
    }

    private func archive(of node: Node) -> NodeReport.Archive? { only([node.name]).ask().first?.report?.node.archive }

    private func orderBackup(
        until deadline: Instant
    ) throws(ControlError) -> (leader: String, node: Node, index: UInt64) {
        struct Answer: Decodable { let index: UInt64 }
        let found = try askLeader(to: "/v1/backups", body: [], knowing: ask(), until: deadline)
        let answer: Answer = try client(found.node).decoded(
            found.body, orSay: "its answer does not name the backup's index")
        return (found.leader, found.node, answer.index)
    }
}
