// Trying a restore: the newest state, as an operator would restore it, proven, and removed again.

import ArchiveFormat
import ArchiveStore
public import ObjectStores
import Platform
public import Vocabulary

/// What a restore came to that nobody needed.
public struct RestoreTrial: Sendable {
    public enum Blame: String, Hashable, Sendable {
        /// What is in the archive is not what was put there.
        case backupDamaged = "backup-damaged"
        /// It restores, is what the cluster had, and an operator's check expects something else.
        case checkFailed = "check-failed"
        /// The archive could not be read.
        case archiveUnreachable = "archive-unreachable"
        /// There is no backup, and no log from the first entry on.
        case nothingToRestore = "nothing-to-restore"
        /// No room to try it.
        case verifierNoSpace = "verifier-no-space"
        /// Something else on this machine.
        case verifierFailed = "verifier-failed"
    }

    public private(set) var report: RestoreReport?
    public private(set) var failure: (blame: Blame, error: RestoreError)?
    public private(set) var duration = Duration.zero

    /// - Parameter checks: a file of questions to the restored state (`CheckList`).
    ///
    /// Makes `directory`, and removes it when it is done; what is there before is removed too.
    public static func run(
        _ store: any ObjectStore, cluster: ClusterID, node: NodeID, in directory: String, checks: String? = nil,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) -> RestoreTrial {
        let began = MonotonicClock.now()
        var trial = RestoreTrial()
        do throws(RestoreError) {
            let questions = try checks.map { path throws(RestoreError) in try CheckList(ofFile: path) }
            // Left of one that was killed.
            try remove(directory)
            defer { try? remove(directory) }
            try onSystem { () throws(SystemError) in
                try FileSystem.makeDirectory(directory, permissions: 0o700, intermediate: true)
            }
            let plan = try RestorePlan(.latest, timeline: nil, in: try ArchiveView(store, cluster: cluster))
            var order = RestoreOrder(directory: directory + "/data", node: node)
            order.isStopped = isStopped
            order.checks = questions ?? .none
            var restore = Restore(plan, order) { _ in }
            let report = try restore.run()
            trial.report = report
            let failed = report.checks.filter { !$0.isGood }.map(\.text)
            if !failed.isEmpty { throw .checksFailed(failed) }
        } catch { trial.failure = (error.blame, error) }
        trial.duration = MonotonicClock.now() - began
        return trial
    }

    private static func remove(_ directory: String) throws(RestoreError) {
        try onSystem { () throws(SystemError) in try FileSystem.removeTree(directory) }
    }
}

extension RestoreError {
    /// Whether the archive is at fault, or whoever verifies it.
    public var blame: RestoreTrial.Blame {
        switch self {
        case .archive(.store(let error)): error.reason == .missing ? .backupDamaged : .archiveUnreachable
        case .archive(let error): error.isDamage ? .backupDamaged : .verifierFailed
        case .otherDigest, .otherCount, .state: .backupDamaged
        case .noCluster, .noBackup, .outOfRange: .nothingToRestore
        case .noSpace: .verifierNoSpace
        case .checksFailed: .checkFailed
        default: .verifierFailed
        }
    }
}
