// What a cluster owes its clients: for each key the last acknowledged version, and the versions whose fate is open.

import Vocabulary

/// Keys with versions. A key whose write has an open fate is retired: it is written no more, and may hold that version
/// or the one before. So at the end every key has at most two right values, and anything else is a fault.
struct Ledger: Sendable {
    /// Version 0 is "never written".
    private(set) var acknowledged: [UInt32]
    private(set) var open: [Int: UInt32] = [:]
    let valueSize: Int
    let run: String

    init(run: String, keys: Int, valueSize: Int) {
        self.run = run
        acknowledged = Array(repeating: 0, count: keys)
        self.valueSize = valueSize
    }

    var keys: Int { acknowledged.count }
    var written: Int { acknowledged.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }

    func isRetired(_ key: Int) -> Bool { open[key] != nil }
    func nextVersion(of key: Int) -> UInt32 { acknowledged[key] + 1 }

    mutating func acknowledge(_ key: Int) { acknowledged[key] += 1 }
    mutating func retire(_ key: Int) { open[key] = acknowledged[key] + 1 }

    /// No other run has the same keys.
    func name(of key: Int) -> String { "soak:\(run):\(key)" }

    /// What a version of a key holds: its own name, and letters that depend on both.
    func value(of key: Int, version: UInt32) -> [UInt8] {
        var value = Array("\(key)#\(version)#".utf8)
        var random = SplitMix64(seed: UInt64(key) << 32 | UInt64(version))
        while value.count < valueSize { value.append(UInt8(ascii: "a") + UInt8(random.next() % 26)) }
        return value
    }

    /// What is wrong with a value that was read; nil when it is one of those that the key may hold.
    func fault(of key: Int, found: [UInt8]?) -> String? {
        var right = [acknowledged[key]]
        if let version = open[key] { right.append(version) }
        let isRight = right.contains { version in
            version == 0 ? found == nil : found == value(of: key, version: version)
        }
        if isRight { return nil }
        let seen = found.map { String(decoding: $0.prefix(40), as: UTF8.self) } ?? "nothing"
        return "\(name(of: key)) holds \(seen), not version \(right.map(String.init).joined(separator: " or "))"
    }
}
