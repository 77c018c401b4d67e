// The small parts of a replica, one by one.

import Testing
import Vocabulary

@testable import Consensus

struct PartsTests {
    private let a = NodeID("a")!
    private let b = NodeID("b")!
    private func at(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
    }
    private func reply(_ granted: Bool) -> Message { Message(term: Term(1), body: .voteReply(granted: granted)) }

    // MARK: Gate

    @Test func `the gate lets messages out in order, each with its ticket`() {
        var gate = DurabilityGate()
        gate.hold(reply(true), to: a, until: WriteTicket(1))
        gate.hold(reply(false), to: b, until: WriteTicket(2))
        var out: [Directive] = []
        gate.release(through: .zero, into: &out)
        #expect(out.isEmpty)
        gate.release(through: WriteTicket(1), into: &out)
        #expect(out == [.send(reply(true), to: a)])
        gate.release(through: WriteTicket(5), into: &out)
        #expect(out == [.send(reply(true), to: a), .send(reply(false), to: b)])
        #expect(gate.isEmpty)
    }

    @Test func `the gate holds one message of a kind to a peer, the newest`() {
        var gate = DurabilityGate()
        for ticket in 1...100 as ClosedRange<UInt64> {
            gate.hold(reply(ticket % 2 == 0), to: a, until: WriteTicket(ticket))
        }
        gate.hold(Message(term: Term(1), body: .preVoteReply(granted: true)), to: a, until: WriteTicket(100))
        var out: [Directive] = []
        gate.release(through: WriteTicket(99), into: &out)
        #expect(out.isEmpty)
        gate.release(through: WriteTicket(100), into: &out)
        #expect(out.count == 2)
        #expect(out.first == .send(reply(true), to: a))
        gate.hold(reply(true), to: a, until: WriteTicket(101))
        gate.clear()
        #expect(gate.isEmpty)
    }

    // MARK: Disk

    @Test func `what a disk owes counts anew once it was forgiven, and is not forgotten`() {
        var watch = DiskWatch()
        watch.forgive(now: at(0))
        #expect(watch.debt(now: at(5)) == .zero)
        watch.ordered(WriteTicket(1), now: at(0))
        watch.ordered(WriteTicket(2), now: at(100))
        watch.forgive(now: at(500))
        #expect(watch.debt(now: at(510)) == .milliseconds(10))
        watch.persisted(WriteTicket(1))
        #expect(watch.debt(now: at(510)) == .milliseconds(10))
        watch.persisted(WriteTicket(2))
        #expect(watch.debt(now: at(510)) == .zero)
    }

    @Test func `the disk's debt is the oldest order's age, overstated by one grain at most`() {
        for seed in 0..<50 as Range<UInt64> {
            var random = TestRandom(seed)
            var watch = DiskWatch()
            var orders: [(ticket: UInt64, since: Int)] = []
            var ticket: UInt64 = 0
            for now in stride(from: 0, to: 2000, by: 3) {
                if random.chance(60) {
                    ticket += 1
                    watch.ordered(WriteTicket(ticket), now: at(now))
                    orders.append((ticket, now))
                }
                if random.chance(10) {
                    let done = orders.isEmpty ? 0 : orders[random.below(orders.count)].ticket
                    watch.persisted(WriteTicket(done))
                    orders.removeAll { $0.ticket <= done }
                }
                let age = Duration.milliseconds(orders.first.map { now - $0.since } ?? 0)
                let debt = watch.debt(now: at(now))
                #expect(debt >= age)
                #expect(debt <= age + DiskWatch.grain)
            }
        }
    }

    // MARK: Reads

    @Test func `reads share a round until a message carries it`() {
        var rounds = ReadRounds()
        let first = rounds.request(commitIndex: LogIndex(1))
        let joined = rounds.request(commitIndex: LogIndex(4))
        #expect(joined == first)
        let carried = rounds.announce()
        #expect(carried == first)
        let second = rounds.request(commitIndex: LogIndex(5))
        #expect(second > first)
        #expect(rounds.announced == first)
        // The round's reads must all see what was committed when the last of them came.
        let confirmed = rounds.confirm(through: first)
        #expect(confirmed?.0 == first)
        #expect(confirmed?.1 == LogIndex(4))
        let again = rounds.confirm(through: first)
        #expect(again == nil)
        _ = rounds.announce()
        #expect(rounds.announced == second)
        let aborted = [rounds.abort(), rounds.abort()]
        #expect(aborted == [second, nil])
        let third = rounds.request(commitIndex: .zero)
        #expect(third > second)
    }

    @Test func `a newer round confirms the older ones`() {
        var rounds = ReadRounds()
        for index in 1...3 as ClosedRange<UInt64> {
            _ = rounds.request(commitIndex: LogIndex(index))
            _ = rounds.announce()
        }
        let confirmed = rounds.confirm(through: rounds.announced)
        #expect(confirmed?.0 == rounds.newest)
        #expect(confirmed?.1 == LogIndex(3))
    }

    @Test func `rounds under way are bounded, further reads gather in one`() {
        var rounds = ReadRounds()
        for _ in 0..<3 * ReadRounds.pendingMax {
            _ = rounds.request(commitIndex: .zero)
            _ = rounds.announce()
        }
        #expect(rounds.newest.rawValue == UInt64(ReadRounds.pendingMax + 1))
        #expect(rounds.announced.rawValue == UInt64(ReadRounds.pendingMax))
        _ = rounds.confirm(through: rounds.announced)
        _ = rounds.announce()
        #expect(rounds.announced == rounds.newest)
    }

    // MARK: Timer

    @Test func `timeouts are within their range, spread, and fixed by the seed`() {
        var timer = ElectionTimer(seed: 7, now: at(0))
        var twin = ElectionTimer(seed: 7, now: at(0))
        let range = Duration.milliseconds(150)...Duration.milliseconds(300)
        var seen: Set<UInt64> = []
        for _ in 0..<1000 {
            timer.arm(within: range, now: at(0))
            twin.arm(within: range, now: at(0))
            #expect(timer == twin)
            #expect(range.contains(timer.deadline - at(0)))
            seen.insert(timer.deadline.nanoseconds)
        }
        #expect(seen.count > 990)
    }

    @Test func `a timer that is hastened never fires later`() {
        var timer = ElectionTimer(seed: 7, now: at(0))
        timer.arm(within: .milliseconds(50)...Duration.milliseconds(50), now: at(0))
        timer.hasten(within: .milliseconds(10)...Duration.milliseconds(90), now: at(45))
        #expect(timer.deadline == at(50))
        timer.hasten(within: .zero...Duration.zero, now: at(46))
        #expect(timer.deadline == at(46))
    }

    // MARK: Fence

    @Test func `a fence opens at its mark with an entry of the leader's term`() {
        var fence = Fence(nil)
        #expect(!fence.isClosed)
        func opens(at term: UInt64, _ index: UInt64, leader: UInt64) -> Bool {
            fence.open(committed: LogPosition(term: Term(term), index: LogIndex(index)), term: Term(leader))
        }
        #expect(!opens(at: 1, 9, leader: 1))
        fence.close(at: LogIndex(5))
        fence.close(at: LogIndex(3))
        #expect(fence.index == LogIndex(5))
        #expect(!opens(at: 2, 4, leader: 2))
        #expect(!opens(at: 1, 6, leader: 2))
        #expect(opens(at: 2, 5, leader: 2))
        #expect(!fence.isClosed)
    }

    // MARK: Progress

    @Test func `a probe sends one append, then waits; replication follows without waiting as the window allows`() {
        var peer = PeerProgress(id: a, now: at(0))
        var options = ConsensusOptions(inflightBytesMax: 35, inflightFramesMax: 3, appendBytesMax: 20)
        #expect(peer.allowance(options) == 20)
        let frames = chain(after: .zero, [1, 1, 1, 1, 1, 1])
        peer.sent(frames[0], now: at(1))
        #expect(peer.allowance(options) == nil)
        peer.acknowledge(through: LogIndex(1), now: at(2))
        #expect(peer.state == .replicate)
        peer.sent(frames[1], now: at(3))
        peer.sent(frames[2], now: at(3))
        #expect(peer.allowance(options) == 15)
        peer.sent(frames[3], now: at(3))
        #expect(peer.allowance(options) == nil, "three frames are under way")
        peer.acknowledge(through: LogIndex(3), now: at(4))
        #expect(peer.inflightFrames == 1)
        #expect(peer.inflightBytes == 10)
        options.inflightBytesMax = 10
        #expect(peer.allowance(options) == nil, "the bytes are used up")
        #expect(peer.matchIndex == LogIndex(3))
        #expect(peer.nextIndex == LogIndex(5))
    }

    @Test func `late and repeated answers move nothing back`() {
        var peer = PeerProgress(id: a, now: at(0))
        let frames = chain(after: .zero, [1, 1, 1, 1])
        for frame in frames { peer.sent(frame, now: at(1)) }
        peer.acknowledge(through: LogIndex(3), now: at(2))
        peer.acknowledge(through: LogIndex(2), now: at(3))
        #expect(peer.matchIndex == LogIndex(3))
        // The first refusal turns back, its twins change nothing while the probe is under way.
        peer.reject(resendFrom: LogIndex(4))
        #expect(peer.state == .probe)
        #expect(peer.nextIndex == LogIndex(4))
        peer.sent(frames[3], now: at(4))
        peer.reject(resendFrom: LogIndex(4))
        #expect(peer.inflightFrames == 1)
    }

    @Test func `a queue keeps order and gives its space back`() {
        var queue = Queue<Int>()
        var twin: [Int] = []
        var random = TestRandom(3)
        for value in 0..<5000 {
            if random.chance(55) {
                queue.append(value)
                twin.append(value)
            } else if !twin.isEmpty {
                queue.removeFirst()
                twin.removeFirst()
            }
            if random.chance(1) {
                let length = random.below(twin.count + 1)
                queue.cut(to: length)
                twin.removeLast(twin.count - length)
            }
            #expect(queue.count == twin.count)
            #expect(queue.first == twin.first)
            #expect(queue.last == twin.last)
            if !twin.isEmpty { #expect(queue[twin.count / 2] == twin[twin.count / 2]) }
        }
        queue.removeAll()
        #expect(queue.isEmpty)
    }

    // MARK: Options

    @Test func `the defaults are sound and each inequality is held`() {
        #expect(ConsensusOptions().validate() == nil)
        let damages: [(inout ConsensusOptions) -> Void] = [
            { $0.heartbeatInterval = .microseconds(999) }, { $0.heartbeatInterval = .milliseconds(51) },
            { $0.electionTimeoutMax = .milliseconds(179) }, { $0.electionTimeoutMax = .seconds(3601) },
            { $0.probeDelayMax = .milliseconds(-1) }, { $0.probeDelayMax = .milliseconds(150) },
            { $0.inflightFramesMax = 0 }, { $0.appendBytesMax = 0 }, { $0.inflightBytesMax = 1 << 19 },
            { $0.uncommittedBytesMax = 1 << 21 },
        ]
        for damage in damages {
            var options = ConsensusOptions()
            damage(&options)
            #expect(options.validate() != nil)
        }
    }

    @Test func `every refusal of a hand-over says what and what to do`() {
        let refusals: [HandoverRefusal] = [
            .notLeader(leader: nil), .notLeader(leader: a), .alreadyRunning(to: a), .unknownNode(a),
            .alreadyLeader(a), .unreachable(a), .noSpace(a), .tooFarBehind(a, match: .zero, last: LogIndex(7)),
            .repairing(a), .noCandidate,
        ]
        for refusal in refusals {
            #expect(!refusal.description.isEmpty)
            #expect(!refusal.remedy.text.isEmpty)
        }
        #expect(Set(refusals.map(\.description)).count == refusals.count)
        #expect(refusals.filter(\.isOverridable) == [.tooFarBehind(a, match: .zero, last: LogIndex(7))])
    }

    @Test func `a hand-over to a node far behind is refused, and begun when it is insisted on`() {
        let scene = "cluster n1 n2 n3\nstart all\nexpire n1\nsettle\ncrash n3\npropose n1\npass 50\nstart n3\n"
        let refused = Transcript.replay(scene + "handover n1 n3\npass 100\nstatus")
        #expect(refused.contains("refused: n3 is at 1, the log ends at 2"))
        #expect(refused.contains("n1 leader term 1"))
        let forced = Transcript.replay(scene + "handover n1 n3 force\npass 100\nstatus")
        #expect(!forced.contains("refused: n3"))
        #expect(forced.contains("n3 leader term 2"))
    }
}
