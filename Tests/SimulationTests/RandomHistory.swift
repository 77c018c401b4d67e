// Random histories: of a true register that clients use at the same time, and then perhaps a little wrong.

@testable import Simulation

/// How the operations on one key are drawn.
struct RandomHistory {
    var random: SeededRandom
    var clients = 3
    var operations = 6
    var kinds = History.Kind.allCases
    /// Values are drawn from so many; nil for a new one each time.
    var values: Int? = 2
    /// One in so many operations loses its answer, or is refused; 0 for none.
    var unknownOneIn = 5
    var refusedOneIn = 12
    /// How long an operation takes at most, beside the time between two of a client.
    var spanMax = 12

    /// A history that is linearizable: each operation takes effect somewhere between its call and its return.
    mutating func make() -> [History.Operation] {
        var drawn: [(operation: History.Operation, point: UInt64?, order: UInt64)] = []
        for client in 0..<clients {
            var time = UInt64(random.below(6))
            for _ in 0..<(operations + client) / clients {
                let end = time + UInt64(random.below(spanMax))
                let point = UInt64.random(in: time...end, using: &random)
                let operation = History.Operation(
                    call: time, return: end, client: UInt64(client), kind: kinds[random.below(kinds.count)],
                    key: [107], result: .unknown)
                drawn.append((operation, point, random.next()))
                time = end + 1 + UInt64(random.below(4))
            }
        }
        finish(&drawn)
        return run(drawn)
    }

    /// Arguments, and outcomes that get lost.
    private mutating func finish(_ drawn: inout [(operation: History.Operation, point: UInt64?, order: UInt64)]) {
        for index in drawn.indices {
            if drawn[index].operation.kind.takesArgument {
                let number = values.map { random.below($0) } ?? index
                drawn[index].operation.argument = Array((values == nil ? "v\(number)." : "\(number)").utf8)
            }
            if refusedOneIn > 0, random.chance(1, in: refusedOneIn) {
                drawn[index].operation.result = .refused
                drawn[index].point = nil
            } else if unknownOneIn > 0, random.chance(1, in: unknownOneIn) {
                drawn[index].operation.return = nil
                let never = random.chance(1, in: 2)
                drawn[index].point = never ? nil : drawn[index].point.map { $0 + UInt64(random.below(3 * spanMax)) }
            }
        }
    }

    /// Answers from a true register, in the order of the points.
    private func run(
        _ drawn: [(operation: History.Operation, point: UInt64?, order: UInt64)]
    ) -> [History.Operation] {
        var operations = drawn.map(\.operation)
        var value: [UInt8]?
        let order = drawn.indices.filter { drawn[$0].point != nil }
            .sorted { (drawn[$0].point!, drawn[$0].order) < (drawn[$1].point!, drawn[$1].order) }
        for index in order {
            let (result, next) = BruteForce.run(operations[index].kind, operations[index].argument, on: value)
            value = next
            if operations[index].return != nil { operations[index].result = result }
        }
        return operations
    }

    /// Changes one answer or one time.
    mutating func spoil(_ operations: inout [History.Operation]) {
        let index = random.below(operations.count)
        let other = random.below(operations.count)
        switch random.below(4) {
        case 0:
            guard case .known = operations[index].answer, case .known = operations[other].answer else { return }
            let result = operations[index].result
            operations[index].result = operations[other].result
            operations[other].result = result
        case 1:
            if case .integer(let number) = operations[index].result {
                operations[index].result = .integer(number + (random.chance(1, in: 2) ? 1 : -1))
            }
        case 2:
            if case .known = operations[index].answer, operations[index].kind == .get {
                operations[index].result = random.chance(1, in: 3) ? .null : .value(operations[other].argument)
            }
        default:
            guard let end = operations[index].return else { return }
            let shift = UInt64(random.below(8))
            operations[index].call += shift
            operations[index].return = end + shift
        }
    }
}

extension History.Operation {
    fileprivate enum Answer {
        case known
        case none
    }

    fileprivate var answer: Answer { result == .unknown || result == .refused ? .none : .known }
}
