// The known name that a mistyped one most likely meant.

public enum NearestName {
    /// The name with the fewest insertions, deletions and replacements to `text`; the first of several. `.`, `-` and
    /// `_` count as the same, and so does case. Empty when there are no names.
    public static func among(_ names: [String], to text: String) -> String {
        let wanted = plain(text)
        var best: (name: String, distance: Int) = ("", .max)
        for name in names {
            let distance = distance(wanted, plain(name))
            if distance < best.distance { best = (name, distance) }
        }
        return best.name
    }

    private static func plain(_ text: String) -> [UInt8] {
        text.lowercased().utf8.prefix(128).map { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") ? 0x2D : $0 }
    }

    /// Levenshtein's distance, one row at a time.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
