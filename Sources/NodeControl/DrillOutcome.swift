// A drill that is over: its record, and whether the archive keeps it.

public import ArchiveFormat
import ArchiveRestore

public struct DrillOutcome: Sendable {
    public let record: DrillRecord
    /// Why the archive has no record of it although it was to; what was found is not lost by that.
    public let notKept: String?

    init(_ record: DrillRecord, notKept: String? = nil) { (self.record, self.notKept) = (record, notKept) }

    public var isGood: Bool { record.verdict == .passed && notKept == nil }
    /// The sealed record, as the archive has it: `nodectl drill verify-report` checks it anywhere.
    public var json: [UInt8] { record.encoded + [0x0A] }
    public var text: String { DrillText(record).text }
}

extension ControlError {
    /// Who is at fault when a drill does not come to its end: the archive, or whoever verifies it.
    var blame: String {
        switch self {
        case .restore(let error): error.blame.rawValue
        case .archive(let error): RestoreError.archive(error).blame.rawValue
        case .store: RestoreTrial.Blame.archiveUnreachable.rawValue
        case .system(let error) where error.isOutOfSpace: RestoreTrial.Blame.verifierNoSpace.rawValue
        case .died: "node-died"
        case .timedOut, .noLeader: "node-not-ready"
        default: RestoreTrial.Blame.verifierFailed.rawValue
        }
    }
}
