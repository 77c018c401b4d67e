// The judge beside the definition on small histories, beside known cases, and at a realistic size.

import Testing

@testable import Simulation

@Suite struct LinearizabilityJudgeTests {
    // MARK: Beside the definition

    /// Mixtures of commands, each of which brings other shortcuts of the search into play.
    static let mixtures: [(kinds: [History.Kind], values: Int?)] = [
        (History.Kind.allCases, 2), ([.get, .set], 2), ([.get, .set], nil), ([.get, .set, .del], 2),
        ([.get, .set, .del, .setnx], 2), ([.get, .set, .del, .setnx], nil), ([.set, .del, .setnx], 3),
        ([.get, .append], 2), ([.get, .append], nil), ([.append, .del, .get], 2), ([.get, .incr], 1),
        ([.get, .incr, .set], 4), ([.incr, .append, .get], 3), ([.get, .set, .append, .del], nil),
        (History.Kind.allCases, nil), ([.get, .set, .append], 12), ([.setnx, .del, .get], 2),
    ]

    @Test(arguments: mixtures.indices)
    func `small random histories are judged as the definition says`(mixture: Int) {
        let (kinds, values) = LinearizabilityJudgeTests.mixtures[mixture]
        var draw = RandomHistory(random: SeededRandom(seed: UInt64(mixture) &* 7919 &+ 1), kinds: kinds, values: values)
        var good = 0
        let rounds = 1500
        for round in 0..<rounds {
            draw.clients = 2 + round % 3
            draw.operations = 4 + round % 4
            draw.unknownOneIn = [0, 3, 6][round % 3]
            var operations = draw.make()
            if round % 4 == 0 { #expect(LinearizabilityJudge().verdict(on: History(operations)).isLinearizable) }
            if round % 4 != 0 { draw.spoil(&operations) }
            if round % 4 == 2 { draw.spoil(&operations) }
            let expected = BruteForce(operations).isLinearizable
            good += expected ? 1 : 0
            let verdict = LinearizabilityJudge().verdict(on: History(operations))
            guard verdict.isLinearizable == expected, !verdict.isUndecided else {
                let text = (try? History(operations).text()) ?? "\(operations)"
                Issue.record("round \(round): expected \(expected), judged \(verdict), of\n\(text)")
                return
            }
        }
        #expect(good > rounds / 10 && good < rounds * 19 / 20, "\(good) of \(rounds) are linearizable: too one-sided")
    }

    @Test func `every history of three operations of a small kind is judged as the definition says`() {
        var steps: [(History.Kind, [UInt8], History.Result)] = [(.get, [], .null), (.del, [], .integer(1))]
        steps += [(.set, [49], .ok), (.set, [49], .unknown), (.set, [50], .ok), (.set, [50], .refused)]
        steps += [(.get, [], .value([49])), (.get, [], .value([50])), (.del, [], .integer(0)), (.del, [], .unknown)]
        steps += [(.incr, [], .integer(2)), (.incr, [], .unknown), (.append, [49], .integer(2))]
        // Returns before the next is called, during it, or after the last is called.
        let ends: [UInt64] = [5, 15, 25]
        var counts = [0, 0]
        for code in 0..<steps.count * steps.count * steps.count * 9 {
            var rest = code
            func digit(_ base: Int) -> Int {
                defer { rest /= base }
                return rest % base
            }
            let operations = (0..<3).map { place in
                let (kind, argument, result) = steps[digit(steps.count)]
                let end = place == 2 ? 30 : max(ends[digit(3)], UInt64(place) * 10 + 5)
                return History.Operation(
                    call: UInt64(place) * 10, return: end, client: UInt64(place), kind: kind, key: [107],
                    argument: argument, result: result)
            }
            let expected = BruteForce(operations).isLinearizable
            counts[expected ? 1 : 0] += 1
            let verdict = LinearizabilityJudge().verdict(on: History(operations))
            if verdict.isLinearizable != expected { Issue.record("expected \(expected), judged \(verdict)") }
        }
        #expect(counts[0] > 1000 && counts[1] > 1000)
    }

    // MARK: Known cases

    @Test func `reads and writes one after the other are linearizable`() throws {
        #expect(try verdict("0 1 1 set k a ok\n2 3 2 get k - =a\n4 5 1 del k - #1\n6 7 2 get k - nil").isLinearizable)
        #expect(try verdict("").isLinearizable)
    }

    @Test func `a stale read is found`() throws {
        let verdict = try verdict("0 1 1 set k a ok\n2 3 1 set k b ok\n4 5 2 get k - =a")
        let violation = try #require(verdict.violation)
        #expect(violation.operation.kind == .get)
        #expect(violation.answeredBefore == 2 && violation.isLongest)
        #expect(violation.possible == ["\"b\""])
        #expect(violation.writers.count == 1)
        #expect(violation.concurrent.isEmpty)
    }

    @Test func `two readers who disagree on the order are found`() throws {
        let writes = "0 100 1 set k a ok\n0 100 2 set k b ok\n"
        let one = "10 20 3 get k - =a\n30 40 3 get k - =b\n"
        #expect(try verdict(writes + one + "10 20 4 get k - =a\n30 40 4 get k - =b").isLinearizable)
        #expect(try verdict(writes + one + "10 20 4 get k - =b\n30 40 4 get k - =a").violation != nil)
    }

    @Test func `a lost update is found`() throws {
        #expect(try verdict("0 9 1 incr k - #1\n1 8 2 incr k - #1").violation != nil)
        #expect(try verdict("0 9 1 append k x #1\n1 8 2 append k y #2\n10 11 3 get k - =y").violation != nil)
        #expect(try verdict("0 9 1 append k x #1\n1 8 2 append k y #2\n10 11 3 get k - =xy").isLinearizable)
    }

    @Test func `an increment done twice is found`() throws {
        #expect(try verdict("0 1 1 incr k - #1\n2 3 1 incr k - #3").violation != nil)
        #expect(try verdict("0 - 2 incr k - ?\n0 1 1 incr k - #1\n2 3 1 incr k - #3").isLinearizable)
        #expect(try verdict("0 - 2 incr k - ?\n0 1 1 incr k - #1\n2 3 1 incr k - #4").violation != nil)
    }

    @Test func `a write that was refused must not be seen`() throws {
        #expect(try verdict("0 1 1 set k a ok\n2 3 2 set k b !\n4 5 1 get k - =b").violation != nil)
        #expect(try verdict("0 1 1 set k a ok\n2 3 2 set k b !\n4 5 1 get k - =a").isLinearizable)
    }

    @Test func `a value from nowhere is found`() throws {
        let violation = try #require(try verdict("0 1 1 set k a ok\n2 3 2 get k - =b").violation)
        #expect(violation.description.contains("what it saw was written by:\n  none"))
    }

    @Test func `a write without an answer may be seen at any time after its call, once`() throws {
        let write = "0 1 1 set k a ok\n5 - 2 set k b ?\n"
        #expect(try verdict(write + "6 7 1 get k - =a\n100 101 1 get k - =b").isLinearizable)
        #expect(try verdict(write + "6 7 1 get k - =a\n100 101 1 get k - =a").isLinearizable)
        #expect(try verdict(write + "6 7 1 get k - =b\n100 101 1 get k - =a").violation != nil)
        #expect(try verdict(write + "2 3 1 get k - =b\n100 101 1 get k - =b").violation != nil)
        // It took effect, was overwritten, and cannot come back.
        #expect(try verdict(write + "6 7 1 get k - =b\n8 9 1 set k c ok\n10 11 1 get k - =b").violation != nil)
    }

    @Test func `an answer that tells of no outcome is no bound on when the write takes effect`() throws {
        #expect(try verdict("0 1 1 set k a ?\n2 3 2 get k - nil\n4 5 2 get k - =a").isLinearizable)
    }

    @Test func `operations that touch at one time are concurrent`() throws {
        #expect(try verdict("0 5 1 set k a ok\n5 9 2 get k - nil").isLinearizable)
        #expect(try verdict("0 5 1 set k a ok\n6 9 2 get k - nil").violation != nil)
    }

    @Test func `an increment of what is no integer says so and changes nothing`() throws {
        #expect(try verdict("0 1 1 set k a ok\n2 3 1 incr k - !integer\n4 5 1 get k - =a").isLinearizable)
        #expect(try verdict("0 1 1 set k 07 ok\n2 3 1 incr k - !integer").isLinearizable)
        #expect(try verdict("0 1 1 set k 7 ok\n2 3 1 incr k - !integer").violation != nil)
        #expect(try verdict("0 1 1 set k \(Int64.max) ok\n2 3 1 incr k - !integer").isLinearizable)
        #expect(try verdict("2 3 1 incr k - !integer").violation != nil)
    }

    @Test func `keys are judged by themselves and the first bad one is named`() throws {
        let lines = "0 1 1 set b x ok\n2 3 1 get b - nil\n0 1 1 set a y ok\n2 3 1 get a - nil\n0 1 1 set c z ok"
        #expect(try verdict(lines).violation?.key == bytes("a"))
    }

    @Test func `a result that its command never has is a violation`() throws {
        for line in ["set k a nil", "get k - ok", "incr k - ok", "del k - #2", "setnx k a =a", "append k a =a"] {
            #expect(try verdict("0 1 1 \(line)").violation != nil, "\(line)")
        }
        // Nor does it become right because others overwrite it at the same time.
        #expect(try verdict("0 9 1 set k a nil\n0 5 2 set k b ok\n6 7 2 get k - =b").violation != nil)
    }

    // MARK: Bounds

    @Test func `what exceeds a limit is undecided, and the reason is told`() throws {
        let crowd = (0..<65).map { "0 9 \($0) append k v\($0) #\($0)" }.joined(separator: "\n")
        #expect(try verdict(crowd).isUndecided)
        let doubts = (0..<257).map { "0 - \($0) append k \($0) ?" }.joined(separator: "\n")
        #expect(try verdict(doubts + "\n5 6 1 append k x #1").isUndecided)
        var judge = LinearizabilityJudge()
        let lines = (0..<9).map { "0 9 \($0) set k \($0) ok" } + ["10 11 1 incr k - #5"]
        let some = try history(lines.joined(separator: "\n"))
        #expect(judge.verdict(on: some).isLinearizable)
        judge.limits.attempts = 10
        #expect(judge.verdict(on: some).isUndecided)
        judge.limits = .init()
        judge.limits.configurations = 3
        #expect(judge.verdict(on: some).isUndecided)
        judge.limits = .init()
        judge.limits.valueBytes = 5
        #expect(judge.verdict(on: some).isUndecided)
        judge.limits = .init()
        judge.limits.comparisons = 10
        #expect(judge.verdict(on: some).isUndecided)
        // A violation elsewhere is certain all the same.
        let more = History(some.operations + (try history("0 1 1 get z - =x")).operations)
        #expect(judge.verdict(on: more).violation?.key == bytes("z"))
    }

    // MARK: Size

    @Test(arguments: [
        ("register", [History.Kind.get, .set]), ("register with del and setnx", [.get, .set, .get, .del, .setnx]),
        ("counter", [.get, .incr]), ("list", [.get, .append]), ("everything", History.Kind.allCases),
        ("register and list", [.get, .set, .append, .del]), ("counter with resets", [.get, .incr, .set, .incr, .del]),
    ])
    func `many operations on one key by 16 clients are judged`(name: String, kinds: [History.Kind]) {
        #if DEBUG
        let count = 200
        #else
        let count = 4000
        #endif
        var draw = RandomHistory(
            random: SeededRandom(seed: 99), clients: 16, operations: count, kinds: kinds, values: nil,
            unknownOneIn: 100, refusedOneIn: 100, spanMax: 400)
        let operations = draw.make()
        let clock = ContinuousClock()
        var verdict = LinearizabilityJudge.Verdict.linearizable
        let taken = clock.measure { verdict = LinearizabilityJudge().verdict(on: History(operations)) }
        #expect(verdict.isLinearizable, "\(verdict)")
        print("judge: \(name), \(operations.count) operations, 16 clients, linearizable: \(taken)")
        var wrong = operations
        // The last read of a value sees one that was overwritten long ago.
        let reads = wrong.indices.filter { index in
            if case (.get, .value) = (wrong[index].kind, wrong[index].result) { true } else { false }
        }.sorted { wrong[$0].call < wrong[$1].call }
        wrong[reads[reads.count - 1]].result = wrong[reads[reads.count / 2]].result
        let takenWrong = clock.measure { verdict = LinearizabilityJudge().verdict(on: History(wrong)) }
        #expect(verdict.violation != nil, "\(verdict)")
        print("judge: \(name), the same with a stale read: \(takenWrong)")
    }
}

extension LinearizabilityJudge.Verdict {
    var violation: LinearizabilityViolation? {
        if case .violated(let violation) = self { violation } else { nil }
    }

    var isUndecided: Bool {
        if case .undecided = self { true } else { false }
    }
}
