// Where in a request keys stand, in a few characters, and how they are found by it.

/// One rule; a command has none, one or two. Its text, as `CommandNotes` writes it:
///
///     1:RO.access          the first argument is a key, which is read and whose content is returned
///     1-2  1-last          so are all to the second, to the last; `-last-1` leaves the last one out
///     1-last/2             every second one of them
///     #1                   a number stands at 1, and as many keys behind it
///
/// Behind the colon are Redis's words for what happens to the key.
struct KeyRule: Equatable, Sendable {
    /// Which words behind the first belong to it.
    enum Extent: Equatable, Sendable {
        /// To the word `last`: counted from `first`, or from the request's end when negative (-1 is the last word).
        case range(last: Int, step: Int)
        /// `first` holds the number of keys, which follow it.
        case counted
    }

    let first: Int
    let extent: Extent
    let flags: [String]

    /// Nil when the text is no rule.
    init?(_ text: Substring) {
        let halves = text.split(separator: ":", maxSplits: 1)
        guard halves.count == 2 else { return nil }
        flags = halves[1].split(separator: ".").map(String.init)
        var place = halves[0]
        if place.hasPrefix("#") {
            guard let first = Int(place.dropFirst()) else { return nil }
            self.first = first
            extent = .counted
            return
        }
        var step = 1
        if let slash = place.firstIndex(of: "/") {
            guard let number = Int(place[place.index(after: slash)...]) else { return nil }
            step = number
            place = place[..<slash]
        }
        let ends = place.split(separator: "-", maxSplits: 1)
        guard let first = ends.first.flatMap({ Int($0) }), let last = KeyRule.last(ends.dropFirst().first, first)
        else { return nil }
        self.first = first
        extent = .range(last: last, step: step)
    }

    private static func last(_ text: Substring?, _ first: Int) -> Int? {
        guard let text else { return 0 }
        if text == "last" { return -1 }
        if text.hasPrefix("last-") { return Int(text.dropFirst(5)).map { -1 - $0 } }
        return Int(text).map { $0 - first }
    }

    /// Whether what stands there is a key at all: Redis says where shard channels stand in the same way.
    var isOfKeys: Bool { !flags.contains("not_key") }

    /// What happens to the key in this request: a `SET` reads it only with `GET`.
    func flags(in request: borrowing Request, from start: Int) -> [String] {
        guard flags.contains("variable_flags") else { return flags }
        for position in start + 1..<max(start + 1, request.count) where request.name(position) == "get" {
            return ["RW", "access", "update"]
        }
        return ["OW", "update"]
    }

    /// Where the keys stand in a request whose command's name stands at `start`; nil when they cannot.
    func positions(in request: borrowing Request, from start: Int) -> [Int]? {
        var (from, last, step) = (start + first, request.count - 1, 1)
        switch extent {
        case .range(let end, let each):
            last = end < 0 ? request.count + end : from + end
            step = each
        case .counted:
            guard from < request.count, let number = request.integer(from), 0...Int64(request.count) ~= number
            else { return nil }
            last = from + Int(number)
            from += 1
        }
        guard from <= last, last < request.count else { return nil }
        return Array(stride(from: from, through: last, by: step))
    }
}
