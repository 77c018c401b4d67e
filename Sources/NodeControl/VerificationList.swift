// `nodectl backup verifications`: how often a restore was tried, and how often it was proven.

import ArchiveFormat
import ArchiveRestore
import ArchiveStore
import JSON
import Platform
import Vocabulary

/// Of one cluster, within some days.
public struct VerificationList: Sendable {
    /// Of all that were tried, the share that has to be proven.
    public static let target = 0.95

    let days: Int
    let records: [VerificationRecord]
    /// Records that can not be read.
    private let damaged: [RecordID]

    public init(_ place: ArchivePlace, days: Int) throws(ControlError) {
        let view = try place.view()
        let since = WallClock.now().rawValue - min(WallClock.now().rawValue, UInt64(days) * 86_400_000_000)
        var records: [VerificationRecord] = []
        var damaged: [RecordID] = []
        do throws(ArchiveError) {
            let log = VerificationLog(view.store, view.cluster)
            for id in try log.ids() where id.time.rawValue >= since {
                do throws(ArchiveError) { records.append(try log.record(id)) } catch {
                    guard error.isDamage else { throw error }
                    damaged.append(id)
                }
            }
        } catch { throw .archive(error) }
        (self.days, self.records, self.damaged) = (days, records, damaged)
    }

    var passed: Int { records.count { $0.failure == nil } }
    /// A verifier that had no room says nothing of the archive, and proves nothing either.
    var rate: Double { records.isEmpty ? 0 : Double(passed) / Double(records.count) }

    public var isGood: Bool { !records.isEmpty && rate >= VerificationList.target && damaged.isEmpty }

    /// On average, of those that were proven.
    var seconds: Double {
        let good = records.filter { $0.failure == nil }.map { $0.duration / .seconds(1) }
        return good.isEmpty ? 0 : good.reduce(0, +) / Double(good.count)
    }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["TIME", "NODE", "VERDICT", "BACKUP", "INDEX", "RECORDS", "TOOK", "WHY"])
        for record in records {
            table.add([
                .init(record.id.time.description), .init(record.node.description),
                record.failure == nil ? .init("passed", .good) : .init("FAILED", .bad),
                .init(record.backup?.text ?? "-"), .init(record.position.map { "\($0.index)" } ?? "-"),
                .init(record.records.map { "\($0)" } ?? "-"), .init(RoughTime.text(record.duration)),
                .init(record.failure.map { "\($0.code): \($0.text)" } ?? ""),
            ])
        }
        let percent = Int((rate * 100).rounded(.down))
        let sum =
            records.isEmpty
            ? "no restore was tried within \(days) days: see verify.at\n"
            : "\(passed) of \(records.count) proven within \(days) days: \(percent) %, wanted "
                + "\(Int(VerificationList.target * 100)) %; "
                + "\(RoughTime.exact(seconds: seconds)) each\n"
        let broken = damaged.map { "the record \($0) can not be read\n" }.joined()
        return (records.isEmpty ? "" : table.text(inColour: inColour)) + sum + broken
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("days", days)
            json.member("tried", records.count)
            json.member("passed", passed)
            json.member("success_rate", rate)
            json.member("target", VerificationList.target)
            json.member("good", isGood)
            json.member("mean_duration_seconds", seconds)
            json.member("unreadable") { $0.array { json in for id in damaged { json.value(id.text) } } }
            json.member("verifications") { json in
                json.array { json in for record in records { VerificationList.write(record, to: &json) } }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ record: VerificationRecord, to json: inout JSONWriter) {
        json.object { json in
            json.member("verification_id", record.id.text)
            json.member("time", record.id.time.description)
            json.member("node", record.node.description)
            json.member("passed", record.failure == nil)
            json.member("backup_id", record.backup?.text)
            json.member("position", record.position?.description)
            json.member("record_count", record.records)
            json.member("digest", record.digest?.description)
            json.member("duration_seconds", record.duration / .seconds(1))
            json.member("failure_code", record.failure?.code)
            json.member("failure", record.failure?.text)
        }
    }
}
