// How often each command was called: for `INFO commandstats`.

import Keyspace

/// Counts by command: those on keys in an array, since they are counted on the way of each request.
public struct CommandCalls: Sendable {
    private var data = [UInt64](repeating: 0, count: 512)
    private var local: [LocalCommand: UInt64] = [:]

    public init() {}

    /// Counts the request that the session took last.
    public mutating func note(_ session: borrowing Session) {
        switch session.lastCommand {
        case .data(let code, _): data[Int(code.rawValue)] += 1
        case .local(let name):
            guard let command = LocalCommand(rawValue: name) else { return }
            local[command, default: 0] += 1
        }
    }

    /// Names and counts of those that were called, by name.
    var called: [(name: String, calls: UInt64)] {
        var all: [(name: String, calls: UInt64)] = []
        for spec in CommandTable.shared.specs where data[Int(spec.code.rawValue)] > 0 {
            all.append((spec.name.description, data[Int(spec.code.rawValue)]))
        }
        for (command, calls) in local { all.append((command.rawValue, calls)) }
        return all.sorted { $0.name < $1.name }
    }
}
