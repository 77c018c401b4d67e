// `nodectl repair DIR`: the log of a node that does not run is repaired where it is.

import LogFormat
import LogStore
import Platform

/// The log of a node that does not run.
public enum StoppedLog {
    /// Does in `directory` what the node's next start would do about damage. The directory's lock is held meanwhile.
    ///
    /// - Parameter logDirectory: where the segments are; nil means in `log` below it, or in it.
    public static func repair(
        _ directory: String, logDirectory: String? = nil
    ) throws(ControlError) -> RepairReport {
        let below = directory + "/log"
        let logs = logDirectory ?? (FileSystem.isDirectory(below) ? below : directory)
        do throws(DataDirectoryError) {
            var (identity, keptIdentity) = (try known(directory), String?.none)
            let isLost = identity == nil
            if isLost { (identity, keptIdentity) = try IdentityRepair.run(directory, logDirectory: logs) }
            guard let identity else { throw .identityLost(path: directory) }
            let data = try DataDirectory.open(directory, cluster: identity.cluster, node: identity.node)
            var report = RepairReport(
                subject: directory, wasDamaged: false, found: nil, quarantined: keptIdentity.map { [$0] } ?? [],
                hasNewIdentity: isLost, fence: nil)
            guard !data.isNew, try isDamaged(logs, identity) else { return report }
            let (_, recovered) = try data.openLog(at: logs)
            guard case .damaged(let damage, let kept) = recovered.verdict else { return report }
            report.wasDamaged = true
            report.found = "\(damage)"
            report.quarantined += kept.map { logs + "/" + $0 }
            report.fence = recovered.state.fence?.rawValue
            return report
        } catch { throw .dataDirectory(error) }
    }

    /// Nil when the identity is damaged or gone.
    private static func known(_ directory: String) throws(DataDirectoryError) -> LogIdentity? {
        do throws(DataDirectoryError) { return try DataDirectory.identity(at: directory) } catch {
            if case .damagedIdentity = error { return nil }
            throw error
        }
    }

    /// Looks without changing anything. A log without one readable segment is damaged.
    private static func isDamaged(_ logs: String, _ identity: LogIdentity) throws(DataDirectoryError) -> Bool {
        do throws(LogError) {
            guard let inspection = try LogInspection(DirectoryStorage(path: logs)) else { return true }
            return try !inspection.verify().isWhole
        } catch { throw .log(error) }
    }
}
