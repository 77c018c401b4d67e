// A tiny language for scenes between replicas: a command per line, and under it what the nodes did.
//
//     cluster n1 n2 n3              new nodes, all connected, not yet started
//     narrow n1 n2 n3               the same, with one frame in an append
//     restore n1 1,1,2 term 2       frames of these terms on its disk; also `vote n2`, `commit 1`, `fence 3`, `doubt 3`
//     damage n1 2                   it crashes, and its ballots behind term 2 are lost; a repair has noted that
//     start n1|all                  crash n1      cut n1 n2      mend n1 n2
//     expire n1                     time moves to its next deadline, and it ticks
//     wait 40                       milliseconds pass; nobody ticks
//     tick n1                       persist n1|all        (its disk answers)
//     deliver n1>n2|all             drop n1>n2|all
//     pass 400                      milliseconds in which all works; shown is what changes, not what is sent
//     settle                        deliver and persist until nothing is left to do
//     spare n1 n2 n3 with n4        a cluster of three, and a node that is no member yet
//     member n1 add n4 [force]      also `promote n4 [waiting]`, `remove n3`, `replace n3 n4`
//     compact n1                    its log begins behind what is committed: a snapshot has the rest
//     quarantine n1 no|yes
//     propose n1    read n1 [2]    handover n1 [n2 [force]]    space n1 no|yes    status

import Vocabulary

@testable import Consensus

struct Transcript {
    private var cluster = SimulatedCluster([NodeID("n1")!], seed: 1)
    private let lines = Lines()

    private final class Lines {
        var text: [String] = []
    }

    /// Runs a script and gives it back with what really happened under each command.
    static func replay(_ script: String) -> String {
        var transcript = Transcript()
        var result: [String] = []
        for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("    ") { continue }
            result.append(String(line))
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            transcript.perform(line.split(separator: " ").map(String.init))
            result += transcript.lines.text.map { "    " + $0 }
            transcript.lines.text = []
            result += transcript.cluster.judge.findings.map { "    FINDING: " + $0 }
        }
        return result.joined(separator: "\n")
    }

    private mutating func perform(_ words: [String]) {
        let targets = words.count > 1 ? nodes(words[1]) : []
        switch words[0] {
        case "cluster": assemble(words.dropFirst().map { NodeID($0)! }, ConsensusOptions())
        case "narrow": assemble(words.dropFirst().map { NodeID($0)! }, ConsensusOptions(appendBytesMax: 100))
        case "spare":
            assemble(
                words.dropFirst().filter { $0 != "with" }.map { NodeID($0)! }, ConsensusOptions(),
                members: words.firstIndex(of: "with")! - 1)
        case "member": changeMembership(targets[0], words)
        case "compact": cluster.nodes[targets[0]].compact()
        case "quarantine":
            cluster.turn(targets[0]) { raft, now, out in raft.setQuarantined(words[2] == "yes", now: now, into: &out) }
        case "restore": restore(targets[0], words)
        case "start": for i in targets { cluster.start(i) }
        case "crash": cluster.crash(targets[0])
        case "damage": cluster.damage(targets[0], after: Term(UInt64(words[2])!))
        case "cut": cluster.cut(targets[0], nodes(words[2])[0])
        case "mend": cluster.mend(targets[0], nodes(words[2])[0])
        case "expire":
            cluster.now = max(cluster.now, cluster.nodes[targets[0]].raft!.nextDeadline)
            cluster.tick(targets[0])
        case "wait": cluster.now = cluster.now + .milliseconds(Int(words[1])!)
        case "pass": pass(Int(words[1])!)
        case "tick": for i in targets { cluster.tick(i) }
        case "persist": for i in targets { cluster.persist(i) }
        case "deliver": deliver(words[1])
        case "drop": cluster.wire.removeAll { Transcript.matches($0, words[1]) }
        case "settle": settle()
        case "propose": cluster.propose(targets[0], count: 1)
        case "read": cluster.read(targets[0], count: words.count > 2 ? Int(words[2])! : 1)
        case "handover":
            handOver(
                targets[0], to: words.dropFirst(2).first.flatMap { NodeID($0) }, isForced: words.last == "force")
        case "held": cluster.nodes[targets[0]].raft?.setDiskHeld(words[2] == "yes", now: cluster.now)
        case "space": cluster.nodes[targets[0]].raft?.setHasSpace(words[2] == "yes")
        case "status": status()
        default: lines.text.append("unknown command")
        }
    }

    private func nodes(_ name: String) -> [Int] {
        name == "all"
            ? Array(cluster.nodes.indices) : cluster.nodes.indices.filter { "\(cluster.nodes[$0].id)" == name }
    }

    private mutating func assemble(_ ids: [NodeID], _ options: ConsensusOptions, members: Int = .max) {
        cluster = SimulatedCluster(
            Array(ids.prefix(members)), spares: Array(ids.dropFirst(members)), options: options, seed: 42)
        let lines = lines
        cluster.observe = { node, directive in lines.text.append("\(node) \(Transcript.text(directive))") }
    }

    private mutating func restore(_ position: Int, _ words: [String]) {
        var disk = DiskImage()
        for term in words[2].split(separator: ",").compactMap({ UInt64($0) }) {
            let last = disk.log.last?.end ?? .zero
            let checksum = (last.checksum &* 31 &+ UInt32(term)) &* 2_654_435_761 &+ 1
            disk.log.append(
                FrameSummary(
                    term: Term(term), firstIndex: last.index.next, lastIndex: last.index.next, checksum: checksum,
                    previousTerm: last.position.term, previousChecksum: last.checksum, size: 100))
            disk.term = Term(term)
        }
        for (key, value) in zip(words.dropFirst(3), words.dropFirst(4)) {
            switch key {
            case "term": disk.term = Term(UInt64(value)!)
            case "vote": disk.votedFor = NodeID(value)
            case "commit": disk.commitIndex = LogIndex(UInt64(value)!)
            case "fence": disk.fence = LogIndex(UInt64(value)!)
            case "doubt":
                disk.fence = LogIndex(UInt64(value)!)
                disk.isBallotUncertain = true
            default: break
            }
        }
        cluster.nodes[position].disk = disk
    }

    private static func matches(_ packet: Packet, _ route: String) -> Bool {
        route == "all" || "\(packet.from)>\(packet.to)" == route
    }

    /// Delivers what is under way now, not what is sent in answer.
    private mutating func deliver(_ route: String) {
        let packets = cluster.wire.filter { Transcript.matches($0, route) }
        cluster.wire.removeAll { Transcript.matches($0, route) }
        for packet in packets {
            cluster.wire.append(packet)
            cluster.deliver(cluster.wire.count - 1)
        }
    }

    private mutating func pass(_ milliseconds: Int) {
        let before = lines.text
        cluster.run(milliseconds)
        lines.text = before + lines.text.dropFirst(before.count).filter { !$0.contains(" > ") }
    }

    private mutating func settle() {
        for _ in 0..<100 {
            if cluster.wire.isEmpty, cluster.nodes.allSatisfy({ $0.orders.isEmpty }) { return }
            while !cluster.wire.isEmpty { cluster.deliver(0) }
            for i in cluster.nodes.indices { cluster.persist(i) }
        }
        lines.text.append("does not settle")
    }

    private mutating func handOver(_ position: Int, to target: NodeID?, isForced: Bool) {
        let lines = lines
        cluster.turn(position) { raft, now, out in
            do throws(HandoverRefusal) {
                try raft.beginHandover(
                    to: target, isForced: isForced, now: now, deadline: now + .milliseconds(200), into: &out)
            } catch {
                lines.text.append("refused: \(error)")
            }
        }
    }

    private mutating func changeMembership(_ position: Int, _ words: [String]) {
        let node = NodeID(words[3])!
        let request: MembershipRequest? =
            switch words[2] {
            case "add": .addLearner(node)
            case "promote": .promote(node, whenCaughtUp: words.last == "waiting")
            case "remove": .remove(node)
            case "replace": NodeID(words[4]).map { .replace(node, with: $0) }
            default: nil
            }
        guard let request else { return lines.text.append("unknown request") }
        let known = cluster.refusals.count
        cluster.change(request, isForced: words.last == "force", at: position)
        lines.text += cluster.refusals.dropFirst(known).map { "refused: \($0)" }
    }

    private func status() {
        for node in cluster.nodes {
            guard let raft = node.raft else {
                lines.text.append("\(node.id) down")
                continue
            }
            let log = raft.log.last.position
            var line = "\(node.id) \(raft.role) term \(raft.term) log \(log) commit \(raft.commitIndex)"
            if let leader = raft.leader, leader != node.id { line += " follows \(leader)" }
            if raft.role == .leader {
                for peer in raft.peers { line += " \(peer.id):\(peer.state)@\(peer.matchIndex)" }
                if let bar = raft.proposalBar { line += " (\(bar))" }
            }
            if let fence = raft.fenceIndex { line += " fence \(fence)" }
            lines.text.append(line)
        }
    }
}
