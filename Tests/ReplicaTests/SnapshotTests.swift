// Snapshots as a replica sees them: when they are cut, what they free, who needs one, and whose state is wrong.

import Consensus
import Keyspace
import PeerProtocol
import Testing
import Vocabulary

@testable import Replica

struct SnapshotTests {
    private func options(logMin: Int = 1024) -> ReplicaOptions {
        var options = ReplicaOptions()
        options.snapshots.logMin = ByteCount(logMin)
        options.snapshots.logPercent = 0
        options.snapshots.interval = nil
        options.markerInterval = .milliseconds(100)
        options.wishInterval = .milliseconds(50)
        options.confirmationPatience = .milliseconds(500)
        options.cacheBytes = .zero
        return options
    }

    private func write(_ world: World, _ node: NodeID, _ keys: ClosedRange<Int>, _ value: String = "v") {
        for key in keys {
            world.ask(node, UInt64(key), .write, .set, "k\(key)", value)
            if key.isMultiple(of: 20) { world.settle() }
        }
        world.pass(.milliseconds(50))
    }

    private func states(_ world: World) -> [ReplicatedState] { world.ids.compactMap { world.nodes[$0]?.disk.state } }

    @Test func `when the log has grown, every replica cuts at the same index and has the same digest`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        write(world, leader, 1...200)
        let states = states(world)
        #expect(states.count == 3)
        #expect(Set(states.map(\.end)).count == 1)
        #expect(Set(states.map(\.keyspace.digest)).count == 1)
        for id in world.ids { #expect(world.nodes[id]?.replica.condition == .sound) }
    }

    @Test func `an operator's wish is granted by the leader, and only once`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...10)
        #expect(states(world).isEmpty)
        world.step(leader, .snapshotWanted(.operators))
        world.pass(.milliseconds(50))
        let first = try #require(states(world).first?.end)
        #expect(states(world).count == 3)
        world.pass(.milliseconds(500))
        #expect(states(world).allSatisfy { $0.end == first })
    }

    @Test func `a replica that is still writing a snapshot counts its log from that one, whatever others cut`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        let slow = try #require(world.ids.first { $0 != leader })
        world.stillWriting = [slow]
        write(world, leader, 1...10)
        world.step(leader, .snapshotWanted(.operators))
        world.pass(.milliseconds(50))
        func logged(_ node: NodeID) -> ByteCount { world.nodes[node]?.replica.logSinceSnapshot ?? .zero }
        write(world, leader, 11...200)
        let before = logged(slow)
        #expect(before > .zero && logged(leader) == before)
        world.step(leader, .snapshotWanted(.operators))
        world.pass(.milliseconds(50))
        #expect(logged(leader) < before)
        #expect(logged(slow) >= before)
    }

    @Test func `a replica whose newest snapshot is lost cuts another one by itself`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...10)
        world.step(leader, .snapshotWanted(.operators))
        world.pass(.milliseconds(50))
        let first = try #require(states(world).first?.end)
        write(world, leader, 11...20)
        let victim = try #require(world.ids.first { $0 != leader })
        world.step(victim, .snapshotsLost(nil, wasNewest: false))
        world.pass(.milliseconds(50))
        #expect(world.nodes[victim]?.disk.state?.end == first)
        world.step(victim, .snapshotsLost(nil, wasNewest: true))
        world.pass(.milliseconds(50))
        let second = try #require(world.nodes[victim]?.disk.state)
        #expect(second.index > first.index)
        #expect(second.keyspace.digest == world.nodes[leader]?.replica.keyspace.digest)
        #expect(world.nodes[leader]?.disk.state?.end == first)
    }

    @Test func `an idle cluster writes no markers without end`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        write(world, leader, 1...3)
        world.pass(.seconds(2))
        let last = try #require(world.nodes[leader]?.replica.raft.lastPosition.index)
        #expect(world.nodes[leader]?.replica.figures.digestsCompared ?? 0 > 0)
        world.pass(.seconds(5))
        #expect(world.nodes[leader]?.replica.raft.lastPosition.index == last)
    }

    @Test func `a node starts from its snapshot and the log behind it`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        write(world, leader, 1...120)
        world.pass(.milliseconds(300))
        let follower = world.others(than: leader)[0]
        #expect(world.nodes[follower]?.disk.base.index ?? .zero > .zero)
        world.kill(follower)
        write(world, leader, 121...140)
        try world.restart(follower)
        world.pass(.milliseconds(500))
        let nodes = world.ids.compactMap { world.nodes[$0] }
        #expect(Set(nodes.map { $0.replica.keyspace.digest }).count == 1)
        #expect(Set(nodes.map { $0.replica.appliedIndex }).count == 1)
    }

    @Test func `a follower that needs what was released gets a snapshot and goes on behind it`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        let follower = world.others(than: leader)[1]
        write(world, leader, 1...5)
        world.kill(follower)
        write(world, leader, 6...400)
        let base = try #require(world.nodes[leader]?.disk.base.index)
        #expect(base > LogIndex(10))
        try world.restart(follower)
        world.pass(.milliseconds(500))
        write(world, leader, 401...410)
        world.pass(.milliseconds(200))
        let nodes = world.ids.compactMap { world.nodes[$0] }
        #expect(Set(nodes.map { $0.replica.keyspace.digest }).count == 1)
        #expect(world.nodes[follower]?.news.contains { $0.hasPrefix("stateInstalled") } == true)
        #expect(world.nodes[follower]?.disk.base.index ?? .zero >= base)
    }

    @Test func `a follower whose state differs takes itself out and is rebuilt`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...20)
        let follower = world.others(than: leader)[0]
        world.isFetching = false
        world.nodes[follower]?.replica.alterForTest(Array("k7".utf8))
        write(world, leader, 21...40)
        world.pass(.milliseconds(400))
        guard case .diverged = world.nodes[follower]?.replica.condition else {
            Issue.record("\(String(describing: world.nodes[follower]?.replica.condition))")
            return
        }
        write(world, leader, 41...45)
        // It has what is committed in memory, and applies none of it: there is nothing to turn for.
        #expect(world.nodes[follower]?.replica.hasMoreToDo == false)
        world.ask(follower, 900, .localRead, .get, "k1")
        world.settle()
        #expect(world.reply(follower, 900)?.hasPrefix("-CLUSTERDOWN") == true)
        world.isFetching = true
        world.pass(.milliseconds(500))
        #expect(world.nodes[follower]?.replica.condition == .sound)
        write(world, leader, 46...50)
        world.pass(.milliseconds(400))
        let nodes = world.ids.compactMap { world.nodes[$0] }
        #expect(Set(nodes.map { $0.replica.keyspace.digest }).count == 1)
    }

    @Test func `when the snapshot failed that was cut for a follower, the leader has another one cut`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...20)
        let follower = world.others(than: leader)[0]
        world.isStoring = false
        world.nodes[follower]?.replica.alterForTest(Array("k7".utf8))
        write(world, leader, 21...40)
        world.pass(.milliseconds(400))
        #expect(world.nodes[follower]?.replica.condition.isSound == false)
        // Nobody writes any more.
        world.isStoring = true
        world.pass(.seconds(1))
        #expect(world.nodes[follower]?.replica.condition == .sound)
    }

    /// Flips a bit of `k7`, and has it found.
    private func damageMemory(_ world: World, _ node: NodeID) throws -> StateDamage {
        let isFlipped = world.nodes[node]?.replica.flipBitForTest(Array("k7".utf8))
        #expect(isFlipped == true)
        var proof = StateProof(of: try #require(world.nodes[node]?.replica.keyspace.image))
        var damage: StateDamage?
        while damage == nil, !proof.isThrough { damage = proof.step(1) }
        return try #require(damage)
    }

    @Test func `a leader whose memory is damaged gives up its office and is rebuilt`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...20)
        let damage = try damageMemory(world, leader)
        world.step(leader, .stateDamaged(damage))
        #expect(world.nodes[leader]?.replica.condition == .damaged(damage))
        world.pass(.seconds(3))
        let next = try #require(world.leader)
        #expect(next != leader)
        #expect(world.nodes[leader]?.replica.condition == .sound)
        #expect(Set(world.ids.compactMap { world.nodes[$0]?.replica.keyspace.recomputedDigest() }).count == 1)
    }

    @Test(arguments: [true, false])
    func `reads that a leader has yet to answer when it loses its state are asked anew`(isForwarded: Bool) throws {
        var options = options(logMin: 1 << 30)
        options.readReplyBytesPerStep = 1
        let world = try World(3, options: options)
        let leader = world.elect()
        write(world, leader, 1...20)
        let damage = try damageMemory(world, leader)
        let asked = isForwarded ? world.others(than: leader)[0] : leader
        for first: UInt64 in [901, 911] {
            var batch = RequestBatch()
            for token in first..<first + 4 {
                batch.append(token: token, kind: .read, version: .two) { bytes in
                    bytes += EntryCoding.encoded(.get, [Array("k\(token - first + 1)".utf8)])
                }
            }
            world.step(asked, .requests(batch))
        }
        // One in a turn.
        func answered() -> Int { world.nodes[asked]?.replies.keys.count { $0 > 900 } ?? 0 }
        for _ in 0..<50 where answered() < 2 { world.settle(rounds: 1) }
        #expect((2..<8).contains(answered()))
        world.step(leader, .stateDamaged(damage))
        world.pass(.seconds(3))
        #expect(answered() == 8)
        for token: UInt64 in Array(901...904) + Array(911...914) {
            #expect(world.reply(asked, token) == "$1\r\nv\r\n", "\(token)")
        }
    }

    @Test func `a leader whose state differs gives up its office, and the others' states stay`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...20)
        world.nodes[leader]?.replica.alterForTest(Array("k7".utf8))
        write(world, leader, 21...40)
        world.pass(.seconds(2))
        let next = try #require(world.leader)
        #expect(next != leader)
        for id in world.others(than: leader) {
            #expect(world.nodes[id]?.news.contains { $0.hasPrefix("stateLost") } == false)
        }
        world.pass(.seconds(2))
        let nodes = world.ids.compactMap { world.nodes[$0] }
        #expect(nodes.allSatisfy { $0.replica.condition == .sound })
        #expect(Set(nodes.map { $0.replica.keyspace.digest }).count == 1)
        world.ask(next, 901, .read, .get, "k7")
        world.settle()
        #expect(world.reply(next, 901) == "$1\r\nv\r\n")
    }

    /// A leader dies with a marker on its way that tells of a digest, and with a removal. Whoever comes next has both
    /// to carry out at once: it applies the marker, and ends what was begun.
    ///
    /// - Parameter altered: whose state differs; nobody's for nil.
    private func succession(altered: NodeID?) throws -> (world: World, dead: NodeID) {
        var options = options(logMin: 1 << 30)
        options.cacheBytes = ReplicaOptions().cacheBytes
        let world = try World(5, options: options)
        let leader = world.elect()
        write(world, leader, 1...20)
        if let altered { world.nodes[altered]?.replica.alterForTest(Array("k7".utf8)) }
        let noted = world.nodes.mapValues { $0.replica.agreement.newest?.index }
        world.ask(leader, 21, .write, .set, "k21", "v")
        for _ in 0..<100
        where !world.ids.allSatisfy({ world.nodes[$0]?.replica.agreement.newest?.index != noted[$0] }) {
            world.pass(.milliseconds(5))
        }
        for id in world.ids { world.freezeDisk(id, true) }
        world.pass(.milliseconds(110))
        let leaver = world.others(than: leader)[0]
        world.step(leader, .changeMembers(.remove(leaver), addresses: nil, isForced: true))
        world.settle()
        world.kill(leader)
        for id in world.ids { world.freezeDisk(id, false) }
        return (world, leader)
    }

    @Test func `a new leader that finds its state to be another in the middle of a change leaves it to the next one`()
        throws
    {
        // Who is elected does not depend on what its state is.
        let heir = try succession(altered: nil).world.elect()
        let (world, dead) = try succession(altered: heir)
        for _ in 0..<200 where world.nodes[heir]?.replica.condition.isSound == true { world.pass(.milliseconds(5)) }
        let hasBegun = world.nodes[heir]?.news.contains { $0.hasPrefix("membershipEnded") && $0.contains("leadership") }
        #expect(hasBegun == true)
        try world.restart(dead)
        world.pass(.seconds(3))
        #expect(world.nodes[heir]?.replica.condition == .sound)
        #expect(world.leader.flatMap { world.nodes[$0]?.replica.raft.configuration.voters.count } == 4)
        #expect(world.leader.flatMap { world.nodes[$0]?.replica.raft.isConfigurationCommitted } == true)
    }

    /// Two of three differ while the third is away, so nobody can tell who is wrong; the third one's state decides.
    @Test func `a state that no quorum has confirmed is given to nobody`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        write(world, leader, 1...20)
        world.pass(.milliseconds(500))
        let others = world.others(than: leader)
        world.kill(others[1])
        world.nodes[leader]?.replica.alterForTest(Array("k7".utf8))
        write(world, leader, 21...400)
        let cutAt = try #require(world.nodes[leader]?.disk.state?.index)
        #expect(cutAt > LogIndex(100))
        #expect(world.nodes[leader]?.disk.base.index ?? .zero < LogIndex(100))
        try world.restart(others[1])
        world.pass(.seconds(3))
        for id in others {
            #expect(world.nodes[id]?.news.contains { $0.hasPrefix("stateLost") } == false)
        }
        #expect(world.nodes[leader]?.news.contains { $0.hasPrefix("stateLost") } == true)
        let nodes = world.ids.compactMap { world.nodes[$0] }
        #expect(nodes.allSatisfy { $0.replica.condition == .sound })
        #expect(Set(nodes.map { $0.replica.keyspace.digest }).count == 1)
        world.ask(others[0], 901, .read, .get, "k7")
        world.settle()
        #expect(world.reply(others[0], 901) == "$1\r\nv\r\n")
    }

    /// As above, and the leader's only snapshot that was confirmed is lost.
    @Test func `a leader that may give away no snapshot leaves the office to one who may`() throws {
        let world = try World(3, options: options())
        let leader = world.elect()
        write(world, leader, 1...20)
        world.pass(.milliseconds(500))
        let others = world.others(than: leader)
        world.kill(others[1])
        write(world, leader, 21...200)
        world.stillWriting = [others[0]]
        world.nodes[leader]?.replica.alterForTest(Array("k7".utf8))
        write(world, leader, 201...400)
        try world.restart(others[1])
        world.pass(.seconds(5))
        #expect(world.nodes[leader]?.news.contains { $0.hasPrefix("steppedDown") && $0.contains("noSnapshot") } == true)
        for id in others {
            #expect(world.nodes[id]?.news.contains { $0.hasPrefix("stateLost") } == false)
        }
        world.stillWriting = []
        world.step(others[0], .snapshotFailed)
        world.pass(.seconds(2))
        #expect(world.nodes[leader]?.news.contains { $0.hasPrefix("stateLost") } == true)
        #expect(Set(world.ids.compactMap { world.nodes[$0]?.replica.keyspace.digest }).count == 1)
    }

    /// Sooner than it would be given up for having waited too long, which a leader's is not.
    @Test func `who asked for what an installed state passes over is told that nobody knows`() throws {
        let world = try World(3, options: options(logMin: 1 << 30))
        let leader = world.elect()
        write(world, leader, 1...20)
        world.nodes[leader]?.replica.alterForTest(Array("k7".utf8))
        var asked: UInt64 = 20
        for _ in 0..<2000 where world.nodes[leader]?.replica.condition == .sound {
            asked += 1
            world.ask(leader, asked, .write, .set, "k\(asked)", "v")
            world.settle(rounds: 1)
            if asked.isMultiple(of: 10) { world.pass(.milliseconds(2)) }
        }
        world.pass(.seconds(2))
        #expect(world.nodes[leader]?.news.contains { $0.hasPrefix("stateInstalled") } == true)
        #expect(world.nodes[leader]?.replica.isQuiet == true)
        for token in 21...asked { #expect(world.reply(leader, token) != nil) }
    }

    @Test func `markers survive their bytes, and nothing else is one`() throws {
        var samples = [Marker()]
        for cause in SnapshotCause.allCases { samples.append(Marker(cause: cause)) }
        let agreed = AgreedDigest(index: LogIndex(77), digest: Digest(high: 1, low: .max))
        samples += samples.map { Marker(cause: $0.cause, agreed: agreed) }
        for marker in samples {
            let bytes = marker.encoded
            #expect(try Marker.decode(bytes.rawBytes) == marker)
            #expect(throws: (any Error).self) { try Marker.decode((bytes + [0]).rawBytes) }
            #expect(throws: (any Error).self) { try Marker.decode(Array(bytes.dropLast()).rawBytes) }
        }
        #expect(throws: (any Error).self) { try Marker.decode([9, 0].rawBytes) }
        #expect(throws: (any Error).self) { try Marker.decode([0, 2].rawBytes) }
    }
}
