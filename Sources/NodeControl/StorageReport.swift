// `nodectl report storage`: how large backups are, week by week, and whether the newest is as it should be.

import ArchiveFormat
import ArchivePlan
public import ArchiveRestore
import ArchiveStore
import JSON
import Vocabulary

/// From the manifests that are in the archive: weeks of which retention has left nothing are not there.
public struct StorageReport: Sendable {
    /// What of a backup's manifest is looked at.
    struct Size: Hashable, Sendable {
        let id: BackupID
        let time: Timestamp
        /// Of its records before compression, as the nodes judge it.
        let plain: Int
        let stored: Int
        let uploaded: Int
    }

    /// Monday to Sunday, UTC.
    struct Week: Hashable, Sendable {
        let monday: Timestamp
        let backups: Int
        let uploaded: Int
        /// Medians of the last seven backups up to the week's end.
        let baseline: Double
        let storedBaseline: Double
        /// By the baseline of the week before that is listed.
        let growth: Double?
    }

    let weeks: [Week]
    let newest: Size?
    let comparison: SizeComparison?
    /// Backups whose manifest can not be read.
    let unreadable: [BackupID]

    public init(_ view: ArchiveView) throws(ControlError) {
        let list = try BackupList(view, last: nil)
        let sizes = list.lines.compactMap(\.manifest).map {
            Size(
                id: $0.id, time: $0.timestamp, plain: $0.plainBytes, stored: $0.storedBytes,
                uploaded: $0.uploadedBytes)
        }
        self.init(sizes, unreadable: list.lines.filter { $0.manifest == nil }.map(\.id))
    }

    init(_ sizes: [Size], unreadable: [BackupID]) {
        let sizes = sizes.sorted { $0.time < $1.time }
        var weeks: [Week] = []
        for monday in Set(sizes.map { StorageReport.monday(of: $0.time) }).sorted() {
            let past = sizes.filter { StorageReport.monday(of: $0.time) <= monday }
            let own = past.filter { StorageReport.monday(of: $0.time) == monday }
            let baseline = SizeVerdict.baseline(of: past.map { Double($0.plain) }) ?? 0
            let before = weeks.last?.baseline ?? 0
            weeks.append(
                Week(
                    monday: monday, backups: own.count, uploaded: own.reduce(0) { $0 + $1.uploaded },
                    baseline: baseline,
                    storedBaseline: SizeVerdict.baseline(of: past.map { Double($0.stored) }) ?? 0,
                    growth: before > 0 ? baseline / before - 1 : nil))
        }
        self.weeks = weeks
        self.unreadable = unreadable
        newest = sizes.last
        comparison = sizes.last.map { last in
            SizeComparison(Double(last.plain), before: sizes.dropLast().map { Double($0.plain) })
        }
    }

    private static let day: UInt64 = 86_400_000_000

    /// The first moment of the week; 1970 began with a Thursday.
    static func monday(of time: Timestamp) -> Timestamp {
        let days = time.rawValue / day
        return Timestamp(microseconds: (days - min(days, (days + 3) % 7)) * day)
    }

    /// There is a backup, every manifest can be read, and the newest size is not suspicious.
    public var isGood: Bool { unreadable.isEmpty && comparison.map { $0.verdict != .suspicious } ?? false }

    public func text(inColour: Bool) -> String {
        guard let newest, let comparison else { return "there is no backup that can be read\n" + broken }
        var table = TextTable(["WEEK OF", "BACKUPS", "UPLOADED", "BASELINE", "STORED", "GROWTH"])
        for week in weeks {
            table.add([
                .init(String(week.monday.description.prefix(10))), .init("\(week.backups)"),
                .init(ByteCount(week.uploaded).rough), .init(ByteCount(Int(week.baseline)).rough),
                .init(ByteCount(Int(week.storedBaseline)).rough),
                .init(week.growth.map(StorageReport.percent) ?? "-"),
            ])
        }
        let verdict = TextTable.paint(
            comparison.verdict.rawValue, StorageReport.tone(comparison.verdict), inColour: inColour)
        let deviation =
            comparison.ratio.map { "\(StorageReport.percent($0 - 1)) from the median of those before it" }
            ?? "nothing before it to compare with"
        return table.text(inColour: inColour)
            + "newest \(newest.id): \(ByteCount(newest.plain).rough), \(deviation): \(verdict)\n" + broken
    }

    private var broken: String { unreadable.map { "the manifest of \($0) can not be read\n" }.joined() }

    static func percent(_ share: Double) -> String {
        let tenths = (share * 1000).rounded() / 10
        return (tenths > 0 ? "+" : "") + "\(tenths) %"
    }

    private static func tone(_ verdict: SizeVerdict) -> TextTable.Tone {
        switch verdict {
        case .normal: .good
        case .notice: .plain
        case .grown: .doubtful
        case .suspicious: .bad
        }
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("weeks") { json in
                json.array { json in
                    for week in weeks {
                        json.object { json in
                            json.member("week_of", String(week.monday.description.prefix(10)))
                            json.member("backups", week.backups)
                            json.member("uploaded_bytes", week.uploaded)
                            json.member("baseline_bytes", week.baseline)
                            json.member("baseline_stored_bytes", week.storedBaseline)
                            json.member("growth", week.growth)
                        }
                    }
                }
            }
            json.member("newest_backup", newest?.id.text)
            json.member("newest_bytes", newest?.plain)
            json.member("deviation", comparison?.ratio.map { $0 - 1 })
            json.member("class", comparison?.verdict.rawValue)
            json.member("good", isGood)
            json.member("unreadable") { $0.array { json in for id in unreadable { json.value(id.text) } } }
        }
        return writer.bytes + [0x0A]
    }
}
