// A client and its session, without a node: what is asked, and what is answered.

import ByteCoding
import PeerProtocol
import RESP
import Telemetry
import Vocabulary

@testable import Sessions

/// Accepts one token.
struct OneToken: TokenVerifier {
    let token: String
    func accepts(_ offered: RawSpan) -> Bool { [UInt8](offered) == Array(token.utf8) }
}

struct Conversation {
    var session: Session
    var environment: SessionEnvironment
    var batch = RequestBatch()
    var nextToken: UInt64 = 1
    var registry = Subscriptions()

    static func facts(leader: String? = "n1", own: String = "n1") -> NodeFacts {
        var status = NodeStatus(id: NodeID(own)!)
        status.cluster = ClusterID(high: 1, low: 2)
        status.role = leader == own ? .leader : .follower
        status.leader = leader.flatMap { NodeID($0) }
        status.term = Term(7)
        status.commitIndex = LogIndex(41)
        status.appliedIndex = LogIndex(40)
        status.version = "0.1.0"
        status.keys = 3
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        let names = ["n1", "n2", "n3"]
        for name in names where name != own {
            var peer = PeerStatus(id: NodeID(name)!, isConnected: name != "n3")
            peer.matchIndex = LogIndex(39)
            status.peers.append(peer)
        }
        let members = names.enumerated().map {
            NodeFacts.Member(
                id: NodeID($1)!, host: "\($1).test", port: UInt16(7101 + 10 * $0),
                plaintext: .init(host: "127.0.0.1", port: UInt16(7104 + 10 * $0)))
        }
        var facts = NodeFacts(status: status, clusterName: "playground", members: members)
        facts.clientsMax = 10_000
        return facts
    }

    init(
        isLoggedIn: Bool = true, token: String? = "secret", facts: NodeFacts = Conversation.facts(),
        usesTLS: Bool = true
    ) {
        session = Session(
            id: 5, address: "10.0.0.9:50000", at: Instant(nanoseconds: 0), isLoggedIn: isLoggedIn, usesTLS: usesTLS)
        environment = SessionEnvironment(
            now: Instant(nanoseconds: 3_000_000_000), wall: Timestamp(microseconds: 1_700_000_000_000_042),
            tokens: token.map { OneToken(token: $0) }, facts: facts)
    }

    /// Offers a request and returns what became of it and the reply's bytes.
    mutating func offer(_ words: [String]) -> (Session.Disposition, [UInt8]) {
        var bytes: [UInt8] = []
        var arguments: [Range<Int>] = []
        for word in words {
            arguments.append(bytes.count..<bytes.count + word.utf8.count)
            bytes += Array(word.utf8)
        }
        var reply = ReplyWriter(version: session.version)
        let disposition = session.handle(
            arguments, in: bytes.rawBytes, token: nextToken, environment: environment, reply: &reply, batch: &batch)
        switch disposition {
        case .submitted, .changes: nextToken += 1
        default: break
        }
        return (disposition, reply.bytes)
    }

    /// The answer to the first request on its way has come. Returns what the client is told.
    @discardableResult
    mutating func complete(_ reply: String = "+OK\r\n") -> String {
        let bytes = Array(reply.utf8)
        let told = session.completed(bytes.rawBytes) ?? bytes
        return String(decoding: told, as: UTF8.self).replacing("\r\n", with: "·")
    }

    /// What the registry replies, as a node has it carry an order out.
    private mutating func carryOut(_ order: PubSubOrder, _ words: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        var arguments: [Range<Int>] = []
        for word in words {
            arguments.append(bytes.count..<bytes.count + word.utf8.count)
            bytes += Array(word.utf8)
        }
        var reply = ReplyWriter(version: session.version)
        registry.carryOut(order, arguments, in: bytes.rawBytes, for: &session, reply: &reply)
        registry.checkInvariants()
        return reply.bytes
    }

    private static func text(of order: ChangesOrder) -> String {
        guard let start = order.start else { return "info" }
        var text = start == .end ? "$" : ""
        if case .index(let index) = start { text = "\(index)" }
        text += " count \(order.countMax)"
        if let block = order.block { text += " block \(block)" }
        if let pattern = order.pattern { text += " match \(String(decoding: pattern, as: UTF8.self))" }
        return text
    }

    /// The reply to a line of words, line ends shown as `·`; in angle brackets what else became of it.
    mutating func ask(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        var (disposition, bytes) = offer(words)
        if case .pubsub(let order) = disposition { bytes += carryOut(order, words) }
        var text = ""
        for byte in bytes where byte != 13 { text += byte == 10 ? "·" : String(decoding: [byte], as: UTF8.self) }
        switch disposition {
        case .answered, .pubsub: return text
        case .configure(let change):
            return text + (change.keyEvents.map { "<report \($0.letters)>" } ?? "")
                + (change.memoryMax.map { "<memory \($0.rawValue)>" } ?? "")
        case .submitted: return text + "<submitted>"
        case .stall: return text + "<stall>"
        case .close: return text + "<close>"
        case .changes(let order): return text + "<changes \(Conversation.text(of: order))>"
        case .unblock(let order): return text + "<unblock \(order.client)\(order.isError ? " error" : "")>"
        case .clients(var query):
            let closes = query.consider(session)
            var reply = ReplyWriter(version: session.version)
            query.answer(&reply)
            let lines = String(decoding: reply.bytes, as: UTF8.self)
            return lines.split(separator: "\r\n").joined(separator: "·") + (closes ? "<close>" : "")
        }
    }
}
