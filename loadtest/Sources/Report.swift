// Figures as people read them.

import JSON
import Telemetry

enum Report {
    /// Nanoseconds as milliseconds.
    static func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e6 }

    static func decimal(_ value: Double, places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        let digits = String(scaled % scale + scale).dropFirst()
        return (value < 0 ? "-" : "") + String(scaled / scale) + (places > 0 ? "." + digits : "")
    }

    /// Columns of equal width, the first aligned left and the others right.
    static func table(_ rows: [[String]]) -> String {
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + space : space + text
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// The value that half, nine tenths or all of the sorted values do not exceed.
    static func rank(_ sorted: [Double], _ share: Double) -> Double {
        precondition(!sorted.isEmpty, "a rank among no values")
        let position = (Double(sorted.count) * share).rounded(.up)
        return sorted[max(0, min(sorted.count - 1, Int(position) - 1))]
    }
}

extension JSONWriter {
    /// An object of counts, by name.
    mutating func counts(_ counts: [String: Int]) {
        object { json in
            for (name, count) in counts.sorted(by: { $0.key < $1.key }) { json.member(name, count) }
        }
    }
}
