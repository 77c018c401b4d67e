// Columns of text for people: aligned, and coloured on a terminal only.

/// A table with a heading. Columns are as wide as their widest cell.
struct TextTable {
    enum Tone { case plain, strong, good, bad, doubtful }

    struct Cell {
        let text: String
        let tone: Tone

        init(_ text: String, _ tone: Tone = .plain) {
            self.text = text
            self.tone = tone
        }
    }

    private let heading: [String]
    private var rows: [[Cell]] = []

    init(_ heading: [String]) { self.heading = heading }

    /// Traps when there are not as many cells as columns.
    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == heading.count, "\(cells.count) cells for \(heading.count) columns")
        rows.append(cells)
    }

    /// Lines that end with a newline and without spaces before it.
    func text(inColour: Bool) -> String {
        let widths = heading.indices.map { column in
            max(heading[column].count, rows.map { $0[column].text.count }.max() ?? 0)
        }
        let all = [heading.map { Cell($0, .strong) }] + rows
        return all.map { TextTable.line($0, widths, inColour: inColour) + "\n" }.joined()
    }

    private static func line(_ cells: [Cell], _ widths: [Int], inColour: Bool) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            line += paint(cell.text, cell.tone, inColour: inColour)
            if column < cells.count - 1 {
                line += String(repeating: " ", count: widths[column] - cell.text.count + 2)
            }
        }
        return line
    }

    /// The text in its tone's colour (ECMA-48, SGR).
    static func paint(_ text: String, _ tone: Tone, inColour: Bool) -> String {
        let code: String
        switch tone {
        case _ where !inColour || text.isEmpty: return text
        case .plain: return text
        case .strong: code = "1"
        case .good: code = "32"
        case .bad: code = "31"
        case .doubtful: code = "33"
        }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
