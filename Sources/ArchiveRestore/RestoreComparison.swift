// What a restore to the past takes back: the restored state beside the newest that the archive has.

import Keyspace
public import Vocabulary

/// Counted key by key; records whose time is over are none.
public struct RestoreComparison: Hashable, Sendable {
    /// The newest entry of the timeline, and the records there.
    public let newest: LogPosition
    public let recordsBefore: Int
    /// Keys that are there now and are not in the restored state.
    public private(set) var removed = 0
    public private(set) var changed = 0
    /// Keys that are gone by now and are in the restored state.
    public private(set) var returned = 0

    /// Builds the newest state in memory: takes as long as another restore, and as much memory again.
    init(of restored: Keyspace, with plan: RestorePlan, report: (RestoreProgress) -> Void) throws(RestoreError) {
        let newest = try PastState(
            try RestorePlan(.latest, timeline: plan.timeline.description, in: plan.view), report: report)
        self.newest = newest.position
        recordsBefore = newest.keyspace.count
        var (removed, changed, returned) = (0, 0, 0)
        newest.keyspace.forEachDifference(to: restored, matching: nil) { before, after in
            if before == nil {
                returned += 1
            } else if after == nil {
                removed += 1
            } else {
                changed += 1
            }
        }
        (self.removed, self.changed, self.returned) = (removed, changed, returned)
    }
}
