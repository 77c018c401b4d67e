// A replica whose log is damaged on disk: it asks, takes its leave, and is out of every count from then on.

import Consensus
import Testing
import Vocabulary

@testable import Replica

struct RepairTests {
    @Test func `a damaged follower is given leave, puts a fence on its disk and counts no more`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.ask(leader, 1, .write, .set, "k", "v")
        world.pass(.milliseconds(100))
        let damaged = world.others(than: leader)[0]
        let node = try #require(world.nodes[damaged])
        let last = node.replica.raft.lastPosition.index
        world.step(damaged, .logDamaged(true))
        world.pass(.milliseconds(200))
        #expect(node.news.filter { $0.hasPrefix("repairGranted") } == ["repairGranted(\(last))"])
        #expect(node.replica.raft.fenceIndex == last)
        #expect(node.disk.fence == last)
        #expect(world.nodes[leader]?.replica.raft.repairingPeer == damaged)
        #expect(world.nodes[leader]?.replica.raft.progress(of: damaged).counts == false)
        // The two others go on.
        world.ask(leader, 2, .write, .set, "k", "w")
        world.pass(.milliseconds(100))
        #expect(world.nodes[leader]?.replies[2] == "+OK\r\n")
    }

    @Test func `a wish that is taken back in time is not granted`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.pass(.milliseconds(100))
        let damaged = world.others(than: leader)[0]
        let missing = world.others(than: leader)[1]
        world.kill(missing)
        world.step(damaged, .logDamaged(true))
        world.pass(.milliseconds(200))
        world.step(damaged, .logDamaged(false))
        world.pass(.milliseconds(100))
        try world.restart(missing)
        world.pass(.milliseconds(500))
        #expect(world.nodes[damaged]?.replica.raft.fenceIndex == nil)
        #expect(world.nodes[damaged]?.news.contains { $0.hasPrefix("repairGranted") } == false)
    }
}
