// What CONFIG SET changes, read before anything is changed.

public import Keyspace
import RESP
public import Vocabulary

/// Settings that hold from now on, until the node ends. What is nil stays as it is.
public struct ConfigChange: Sendable {
    /// Which events of keys this node reports.
    public private(set) var keyEvents: KeyEventClasses?
    /// What the keyspace may take while this node leads; zero for no limit.
    public private(set) var memoryMax: ByteCount?

    static let keyEventsName = "notify-keyspace-events"
    static let memoryMaxName = "maxmemory"
    static let memoryPolicyName = "maxmemory-policy"
    static let names = [keyEventsName, memoryMaxName, memoryPolicyName]

    /// Reads the pairs of `CONFIG SET name value [name value …]`, each of whose names is one of `names`. Nil when a
    /// value is none, or a name stands twice; `reply` then says so.
    init?(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        var seen: [String] = []
        for position in stride(from: 2, to: request.count, by: 2) {
            let name = request.name(position)
            var complaint = seen.contains(name) ? "duplicate parameter" : nil
            seen.append(name)
            if complaint == nil { complaint = take(name, request.text(position + 1)) }
            guard let complaint else { continue }
            reply.error(text: "ERR CONFIG SET failed (possibly related to argument '\(name)') - \(complaint)")
            return nil
        }
    }

    /// Returns what is wrong with the value, if anything.
    private mutating func take(_ name: String, _ value: String) -> String? {
        switch name {
        case ConfigChange.keyEventsName:
            keyEvents = KeyEventClasses(letters: value)
            return keyEvents == nil ? "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." : nil
        case ConfigChange.memoryMaxName:
            memoryMax = MemoryText.bytes(value)
            return memoryMax == nil ? "argument must be a memory value" : nil
        default:
            return value.lowercased() == "noeviction" ? nil : "argument(s) must be one of the following: noeviction"
        }
    }
}

/// Sizes as Redis reads and writes them.
enum MemoryText {
    private static let factors = [
        "": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1_000_000, "mb": 1 << 20, "g": 1_000_000_000, "gb": 1 << 30,
    ]

    /// `100mb`: a number and a unit of thousands (`k`, `m`, `g`) or of 1024s (`kb`, `mb`, `gb`). Nil for anything else.
    static func bytes(_ text: String) -> ByteCount? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let factor = factors[text.dropFirst(digits.count).lowercased()] else {
            return nil
        }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : ByteCount(bytes)
    }

    /// `1.25M`: with two digits behind the point, of 1024s.
    static func short(_ bytes: ByteCount) -> String {
        let value = bytes.rawValue
        guard value >= 1 << 10 else { return "\(value)B" }
        for (unit, shift) in [("K", 10), ("M", 20), ("G", 30)] where value < 1 << (shift + 10) {
            return ratio(value, to: 1 << shift) + unit
        }
        return ratio(value, to: 1 << 40) + "T"
    }

    /// A quotient with two digits behind the point, rounded down; `0.00` for a divisor of 0.
    static func ratio(_ value: Int, to divisor: Int) -> String {
        guard divisor > 0 else { return "0.00" }
        let (whole, rest) = value.quotientAndRemainder(dividingBy: divisor)
        let hundredths = rest.multipliedFullWidth(by: 100)
        let fraction = divisor.dividingFullWidth(hundredths).quotient
        return "\(whole)." + (fraction < 10 ? "0" : "") + "\(fraction)"
    }
}
