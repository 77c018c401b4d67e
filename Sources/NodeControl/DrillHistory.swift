// `nodectl drill list` and `show`: what drills came to, and whether recoveries become slower.

import ArchiveFormat
import ArchiveStore
import JSON
import Vocabulary

/// The drills that an archive keeps, newest first.
public struct DrillHistory: Sendable {
    private let records: [DrillRecord]
    private let damaged: [RecordID]

    public init(_ place: ArchivePlace, limit: Int) throws(ControlError) {
        let view = try place.view()
        let log = DrillLog(view.store, view.cluster)
        var (records, damaged): ([DrillRecord], [RecordID]) = ([], [])
        do throws(ArchiveError) {
            for id in try log.ids().prefix(limit) {
                do throws(ArchiveError) { records.append(try log.record(id)) } catch {
                    guard error.isDamage else { throw error }
                    damaged.append(id)
                }
            }
        } catch { throw .archive(error) }
        (self.records, self.damaged) = (records, damaged)
    }

    init(_ records: [DrillRecord]) { (self.records, damaged) = (records, []) }

    /// One record of the archive.
    public static func outcome(_ place: ArchivePlace, _ id: String) throws(ControlError) -> DrillOutcome {
        guard let id = RecordID(id) else { throw .usage("\(id) is no id of a drill: see `nodectl drill list`") }
        let view = try place.view()
        do throws(ArchiveError) {
            return DrillOutcome(try DrillLog(view.store, view.cluster).record(id))
        } catch { throw .archive(error) }
    }

    /// How much longer a recovery took than the one before of the same scenario, as a share; nil for the first.
    func trend(_ position: Int) -> Double? {
        let record = records[position]
        let earlier = records[(position + 1)...].first { $0.scenario == record.scenario && $0.recovery != nil }
        guard let now = record.recovery, let before = earlier?.recovery, before > .zero else { return nil }
        return now / before - 1
    }

    public func table(inColour: Bool) -> String {
        guard !records.isEmpty || !damaged.isEmpty else { return "the archive keeps no drill\n" }
        var table = TextTable(["DRILL", "SCENARIO", "VERDICT", "RECOVERY", "TREND", "RTO", "LOST", "SEED", "WHY"])
        for (position, record) in records.enumerated() {
            let tone: TextTable.Tone =
                switch record.verdict {
                case .passed: .good
                case .overBudget: .doubtful
                case .failed: .bad
                }
            let trend = trend(position).map { ($0 >= 0 ? "+" : "") + "\(Int(($0 * 100).rounded())) %" }
            table.add([
                .init(record.id.text), .init(record.scenario.rawValue), .init(record.verdict.rawValue, tone),
                .init(record.recovery.map { RoughTime.text($0) } ?? "-"), .init(trend ?? "-"),
                .init(record.targets.recovery.map { RoughTime.text($0) } ?? "-"), .init("\(record.loss.entries)"),
                .init("\(record.seed)"), .init(record.failure?.code ?? record.overruns.joined(separator: "; ")),
            ])
        }
        return table.text(inColour: inColour) + damaged.map { "the record \($0) can not be read\n" }.joined()
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("unreadable") { $0.array { json in for id in damaged { json.value(id.text) } } }
            json.member("drills") { json in
                json.array { json in for position in records.indices { write(position, to: &json) } }
            }
        }
        return writer.bytes + [0x0A]
    }

    private func write(_ position: Int, to json: inout JSONWriter) {
        let record = records[position]
        json.object { json in
            json.member("drill_id", record.id.text)
            json.member("time", record.id.time.description)
            json.member("scenario", record.scenario.rawValue)
            json.member("verdict", record.verdict.rawValue)
            json.member("failure_code", record.failure?.code)
            json.member("seed", record.seed)
            json.member("index", record.source?.index.rawValue)
            json.member("recovery_seconds", record.recovery?.inSeconds)
            json.member("recovery_change", trend(position))
            json.member("lost_entries", record.loss.entries)
            json.member("rto_seconds", record.targets.recovery?.inSeconds)
            json.member("rpo_seconds", record.targets.loss?.inSeconds)
        }
    }
}
