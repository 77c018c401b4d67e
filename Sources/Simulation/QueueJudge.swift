// Judges queues by what their clients saw: no element comes out twice, and none is lost that was put in.

/// Elements by their marks. Knows nothing of the log: what clients were told, and what is left in the end, must agree.
struct QueueJudge: Sendable {
    private enum Push: Sendable {
        case asked, done, refused
    }

    private var pushes: [UInt64: Push] = [:]
    private var delivered: Set<UInt64> = []
    /// Requests that may have taken an element which nobody was told of.
    private(set) var cutOff = 0

    var deliveries: Int { delivered.count }

    mutating func asks(_ mark: UInt64) { pushes[mark] = .asked }

    mutating func pushed(_ mark: UInt64, _ result: History.Result) throws(Violation) {
        switch result {
        case .unknown: return
        case .refused:
            pushes[mark] = .refused
            guard !delivered.contains(mark) else {
                throw Violation(.queues, "element \(mark) was refused for certain, and was delivered")
            }
        default: pushes[mark] = .done
        }
    }

    mutating func takes(_ mark: UInt64) throws(Violation) {
        guard let push = pushes[mark] else {
            throw Violation(.queues, "element \(mark) was delivered, and never pushed")
        }
        if push == .refused { throw Violation(.queues, "element \(mark) was delivered, and refused for certain") }
        guard delivered.insert(mark).inserted else { throw Violation(.queues, "element \(mark) was delivered twice") }
    }

    mutating func cuts() { cutOff += 1 }

    /// At the end, with what is left in the queues.
    func judge(left: [UInt64]) throws(Violation) {
        for mark in left where delivered.contains(mark) {
            throw Violation(.queues, "element \(mark) was delivered, and is still there")
        }
        let present = delivered.union(left)
        guard present.count == delivered.count + left.count else {
            throw Violation(.queues, "an element is there twice: \(left.sorted())")
        }
        let lost = pushes.filter { $0.value == .done && !present.contains($0.key) }.keys.sorted()
        guard lost.count <= cutOff else {
            let some = lost.prefix(5)
            throw Violation(
                .queues, "\(lost.count) elements are lost, like \(some), and \(cutOff) takers were cut off")
        }
    }
}
