// A schedule as text: what `simulate` writes down of a failure, and replays.

/// Why a text is no schedule.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    public let line: Int
    public let what: String

    public var description: String { "line \(line): \(what)" }
}

extension Schedule {
    private static let title = "trireme-schedule 1"

    /// A line for the seed, the number of nodes, that of spare ones if there are any, 1 if the archive that the seed
    /// may draw is there, and the length in nanoseconds, then one for each fault: its time, kind, node, peer, amount
    /// and how long it lasts. Nodes count from 0, times are nanoseconds.
    public var text: String {
        var lines = [Schedule.title, "seed \(seed)", "nodes \(nodes)"]
        if spares > 0 { lines.append("spares \(spares)") }
        if mayHaveArchive { lines.append("archive 1") }
        lines.append("length \(length)")
        for fault in faults {
            let numbers = "\(fault.node) \(fault.peer) \(fault.amount) \(fault.lasts)"
            lines.append("fault \(fault.at) \(fault.kind.rawValue) \(numbers)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public init(text: String) throws(ScheduleError) {
        var values: [String: UInt64] = [:]
        var faults: [Fault] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ").map(String.init)
            if number == 0 {
                guard line == Schedule.title else {
                    throw ScheduleError(line: 1, what: "a schedule begins with `\(Schedule.title)`")
                }
            } else if words.first == "fault" {
                faults.append(try Fault(words, line: number + 1))
            } else if let word = words.first {
                guard ["seed", "nodes", "spares", "archive", "length"].contains(word), words.count == 2,
                    let value = UInt64(words[1])
                else {
                    throw ScheduleError(
                        line: number + 1, what: "`\(line)` is none of seed, nodes, spares, archive, length and fault")
                }
                values[word] = value
            }
        }
        let most = UInt64(Schedule.nodesMax)
        let spares = values["spares"] ?? 0
        guard let seed = values["seed"], let nodes = values["nodes"], let length = values["length"],
            (1...most).contains(nodes), spares <= most - nodes, length <= UInt64(Int64.max / 2)
        else {
            throw ScheduleError(
                line: 1, what: "seed, nodes (1 to \(most), spares among them) or length is missing or too large")
        }
        let machines = Int(nodes + spares)
        if let stray = faults.first(where: { $0.node >= machines || $0.peer >= machines }) {
            throw ScheduleError(line: 1, what: "the fault `\(stray)` is for a node that there is not")
        }
        self.init(
            seed: seed, nodes: Int(nodes), spares: Int(spares), length: Int64(length),
            faults: faults.sorted { $0.at < $1.at })
        mayHaveArchive = values["archive"] == 1
    }
}

extension Fault {
    fileprivate init(_ words: [String], line: Int) throws(ScheduleError) {
        guard words.count == 7, let at = Int64(words[1]), let kind = Kind(rawValue: words[2]), let node = Int(words[3]),
            let peer = Int(words[4]), let amount = UInt64(words[5]), let lasts = Int64(words[6]), at >= 0, node >= 0,
            peer >= 0, lasts >= 0
        else {
            throw ScheduleError(line: line, what: "a fault is `fault TIME KIND NODE PEER AMOUNT LASTS`")
        }
        self.init(at: at, kind: kind, node: node, peer: peer, amount: amount, lasts: lasts)
        guard isPossible else { throw ScheduleError(line: line, what: "no run can carry out `\(self)`") }
    }

    /// Whether a run can reckon with its numbers.
    private var isPossible: Bool {
        let roof: Int64 = 1 << 60
        guard at < roof, lasts < roof else { return false }
        return switch kind {
        case .drift: Int64(bitPattern: amount).magnitude < 1_000_000
        case .clockJump: Int64(bitPattern: amount).magnitude < UInt64(roof)
        case .flap: amount > 0 && amount < UInt64(roof)
        case .lag: amount < UInt64(roof)
        default: amount <= UInt64(Int64.max)
        }
    }
}
