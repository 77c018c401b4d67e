// `nodectl report verification`: how many restores were proven, how long they take, and whether that gets worse.

import JSON
import Vocabulary

/// The verifications of some days, summed up; `VerificationList` has them one by one.
public struct VerificationReport: Sendable {
    private let list: VerificationList
    private let trend: VerificationTrend?

    public init(_ place: ArchivePlace, days: Int) throws(ControlError) {
        list = try VerificationList(place, days: days)
        // Newest first in the list.
        trend = VerificationTrend(
            list.records.reversed().filter { $0.failure == nil }.map {
                (seconds: $0.duration / .seconds(1), records: Double($0.records ?? 0))
            })
    }

    public var isGood: Bool { list.isGood }

    public func text(inColour: Bool) -> String {
        let failed = list.records.count - list.passed
        var text = "within \(list.days) days: \(list.passed) proven, \(failed) failed\n"
        var reasons: [String: Int] = [:]
        for record in list.records { if let failure = record.failure { reasons[failure.code, default: 0] += 1 } }
        for (code, count) in reasons.sorted(by: { $0.key < $1.key }) { text += "  \(count) with \(code)\n" }
        let percent = Int((list.rate * 100).rounded(.down))
        let verdict = TextTable.paint(
            list.isGood ? "reached" : "MISSED", list.isGood ? .good : .bad, inColour: inColour)
        text += "success rate \(percent) %, target \(Int(VerificationList.target * 100)) %: \(verdict)\n"
        guard list.passed > 0 else { return text }
        text += "\(RoughTime.exact(seconds: list.seconds)) each on average"
        guard let trend else { return text + "; too few for a trend\n" }
        text += "; from the first half to the second \(StorageReport.percent(trend.time - 1)), while the records "
        text += "became \(StorageReport.percent(trend.data - 1))\n"
        guard trend.isFlagged else { return text }
        let flag = TextTable.paint("the time rises faster than the data", .doubtful, inColour: inColour)
        return text + flag + ": see whether the store or the verifying machine has become slower\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("days", list.days)
            json.member("successes", list.passed)
            json.member("failures", list.records.count - list.passed)
            json.member("success_rate", list.rate)
            json.member("target", VerificationList.target)
            json.member("good", list.isGood)
            json.member("mean_duration_seconds", list.seconds)
            json.member("duration_growth", trend.map { $0.time - 1 })
            json.member("record_growth", trend.map { $0.data - 1 })
            json.member("slower_than_data", trend?.isFlagged ?? false)
        }
        return writer.bytes + [0x0A]
    }
}

/// The second half of a period beside the first: means of times and of records.
struct VerificationTrend: Hashable, Sendable {
    let time: Double
    let data: Double

    /// Fewer say nothing.
    static let countMin = 4
    /// Times vary by a fifth from run to run on a machine that does other things too.
    static let tolerance = 1.2

    /// Of proven restores, oldest first; nil for too few.
    init?(_ proven: [(seconds: Double, records: Double)]) {
        guard proven.count >= VerificationTrend.countMin else { return nil }
        let (first, second) = (proven.prefix(proven.count / 2), proven.suffix(proven.count / 2))
        func growth(_ value: ((seconds: Double, records: Double)) -> Double) -> Double {
            let (before, after) = (first.map(value).reduce(0, +), second.map(value).reduce(0, +))
            return before > 0 ? after / before : 1
        }
        (time, data) = (growth(\.seconds), growth(\.records))
    }

    /// Whether the time rises faster than the data does; less data does not excuse the same time.
    var isFlagged: Bool { time > 1 && time > max(1, data) * VerificationTrend.tolerance }
}
