// Linearizability by its definition: every order, every choice of what took effect. For a few operations only.

@testable import Simulation

/// Tries all orders of one key's operations that respect the times, with each subset of those that may not have
/// happened. Shares nothing with the judge but the history's types.
struct BruteForce {
    let operations: [History.Operation]

    init(_ operations: [History.Operation]) { self.operations = operations.filter { $0.result != .refused } }

    var isLinearizable: Bool { search(value: nil, done: []) }

    private func search(value: [UInt8]?, done: Set<Int>) -> Bool {
        if operations.indices.allSatisfy({ done.contains($0) || operations[$0].result == .unknown }) { return true }
        for index in operations.indices where !done.contains(index) && mayBeNext(index, done) {
            let operation = operations[index]
            let (result, next) = BruteForce.run(operation.kind, operation.argument, on: value)
            guard operation.result == .unknown || operation.result == result else { continue }
            if search(value: next, done: done.union([index])) { return true }
        }
        return false
    }

    /// Whether nothing that is still to be done returned before this was called.
    private func mayBeNext(_ index: Int, _ done: Set<Int>) -> Bool {
        operations.indices.allSatisfy { other in
            guard !done.contains(other), operations[other].result != .unknown else { return true }
            return operations[other].return! >= operations[index].call
        }
    }

    static func run(
        _ kind: History.Kind, _ argument: [UInt8], on value: [UInt8]?
    ) -> (result: History.Result, next: [UInt8]?) {
        switch kind {
        case .get: return (value.map { .value($0) } ?? .null, value)
        case .set: return (.ok, argument)
        case .setnx: return value == nil ? (.integer(1), argument) : (.integer(0), value)
        case .del: return (.integer(value == nil ? 0 : 1), nil)
        case .append:
            let next = (value ?? []) + argument
            return (.integer(Int64(next.count)), next)
        case .incr:
            let text = String(decoding: value ?? [48], as: UTF8.self)
            guard let number = Int64(text), "\(number)" == text, number < .max else { return (.notInteger, value) }
            return (.integer(number + 1), Array("\(number + 1)".utf8))
        }
    }
}
