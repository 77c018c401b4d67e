// What a best effort could not restore: parts of a backup, and the slots whose records were in them.

import JSON
import ObjectStores

public struct RestoreLoss: Sendable {
    /// Objects that are damaged or gone, and what is wrong with each.
    public let parts: [(name: String, why: String)]
    /// Ascending.
    public let slots: [Int]
    /// Of the backup. What the log wrote behind it is there, as far as it does not build on what is lost.
    public let records: Int

    /// Slots that follow each other as one: `12`, `128-255`.
    public var ranges: [String] {
        var ranges: [ClosedRange<Int>] = []
        for slot in slots {
            if let last = ranges.last, last.upperBound + 1 == slot {
                ranges[ranges.count - 1] = last.lowerBound...slot
            } else {
                ranges.append(slot...slot)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    }

    func write(to json: inout JSONWriter) {
        json.member("whole", false)
        json.member("lost_records", records)
        json.member("lost_slots") { json in json.array { json in for range in ranges { json.value(range) } } }
        json.member("lost_parts") { json in
            json.array { json in
                for part in parts {
                    json.object {
                        $0.member("object", part.name)
                        $0.member("reason", part.why)
                    }
                }
            }
        }
    }
}

extension RestoreError {
    /// The object that it is about; empty when it is about none.
    var object: String {
        switch self {
        case .archive(.object(let name, _)): name
        case .archive(.store(let error)): error.subject
        default: ""
        }
    }
}
