// Figures as people read them, and as JSON for scripts.

/// One measured figure: its name in JSON, and its value.
enum Figure {
    case integer(Int)
    case number(Double)
    case text(String)
    case counts([String: Int])

    var json: String {
        switch self {
        case .integer(let value): String(value)
        case .number(let value): Report.decimal(value, places: 3)
        case .text(let text): "\"\(text)\""
        case .counts(let counts):
            "{" + counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}

enum Report {
    /// One line of JSON. Names and texts are the program's own and hold nothing to escape.
    static func json(_ figures: [(String, Figure)]) -> String {
        "{" + figures.map { "\"\($0.0)\":\($0.1.json)" }.joined(separator: ",") + "}"
    }

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
        guard !sorted.isEmpty else { return .nan }
        let position = (Double(sorted.count) * share).rounded(.up)
        return sorted[max(0, min(sorted.count - 1, Int(position) - 1))]
    }
}
