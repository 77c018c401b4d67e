// Changes of the members: asks the leader, follows it when it changes, and waits until the change has come about.

import Foundation
import JSON
import Platform
import Settings
import Telemetry
import Vocabulary

/// A change of members, as a person words it.
public enum MemberRequest: Sendable {
    case add(MemberEntry, asVoter: Bool)
    case promote(String, whenCaughtUp: Bool)
    case remove(String)
    case replace(String, with: MemberEntry)

    var path: String {
        switch self {
        case .add: "/v1/members/add"
        case .promote: "/v1/members/promote"
        case .remove: "/v1/members/remove"
        case .replace: "/v1/members/replace"
        }
    }

    func body(isForced: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .add(let entry, let asVoter):
                entry.writeFields(to: &writer)
                if asVoter { writer.member("promote", true) }
            case .promote(let id, let isPatient):
                writer.member("id", id)
                if isPatient { writer.member("when_caught_up", true) }
            case .remove(let id): writer.member("id", id)
            case .replace(let id, let entry):
                writer.member("id", id)
                writer.member("with") { writer in writer.object { entry.writeFields(to: &$0) } }
            }
            if isForced { writer.member("force", true) }
        }
        return writer.bytes
    }

    /// Who is to be a voter when all is done; nil when nobody is waited for.
    var awaitedVoter: String? {
        switch self {
        case .add(let entry, asVoter: true), .replace(_, with: let entry): entry.id
        case .promote(let id, _): id
        case .add, .remove: nil
        }
    }
}

/// A node that becomes a member, and where it is reached.
public struct MemberEntry: Hashable, Sendable {
    public var id: String
    public var peer: String
    public var client: String
    public var clientPlaintext: String?
    public var admin: String?

    /// - Throws: `usage` when an address is none.
    public init(
        id: String, peer: String, client: String, clientPlaintext: String? = nil, admin: String? = nil
    ) throws(ControlError) {
        guard NodeID(id) != nil else { throw .usage("`\(id)` is no node name") }
        let all = [("--peer", peer), ("--client", client)]
        let optional = [("--client-plaintext", clientPlaintext), ("--admin", admin)]
        for (name, text) in all + optional.compactMap({ name, text in text.map { (name, $0) } })
        where HostPort(text) == nil {
            throw .usage("\(name) takes HOST:PORT: `\(text)` is no address with a port")
        }
        self.id = id
        self.peer = peer
        self.client = client
        self.clientPlaintext = clientPlaintext
        self.admin = admin
    }

    func writeFields(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("peer", peer)
        writer.member("client", client)
        if let clientPlaintext { writer.member("client_plaintext", clientPlaintext) }
        if let admin { writer.member("admin", admin) }
    }
}

extension ClusterView {
    /// How long the leader is asked again for what another one has forgotten, and a learner is waited for.
    public static let membersPatience = Duration.seconds(600)
    /// How long a leader is looked for.
    static let leaderPatience = Duration.seconds(10)

    /// Has the leader change the members, and waits until it is done, also if that needs a node to catch up.
    ///
    /// - Parameters:
    ///   - isForced: also when the cluster may stop until more nodes come.
    ///   - waits: false returns when the leader has accepted what waits for a node to catch up.
    ///   - progress: told what is waited for.
    /// - Throws: `refused` when nothing changed; `timedOut` when it may still come about.
    public func change(
        _ request: MemberRequest, isForced: Bool, waits: Bool = true, within limit: Duration = membersPatience,
        progress: (String) -> Void
    ) throws(ControlError) -> MemberList {
        let deadline = MonotonicClock.now() + limit
        try ask(request, isForced: isForced, until: deadline)
        if waits, let voter = request.awaitedVoter { try awaitVoter(voter, until: deadline, progress) }
        return try members()
    }

    /// The members as the leader has them, or the node that knows most.
    public func members() throws(ControlError) -> MemberList {
        let found = try Pause.until(MonotonicClock.now() + ClusterView.leaderPatience) {
            () throws(ControlError) -> MemberList? in MemberList(askAll(), onlyOfLeader: true)
        }
        if let found { return found }
        let asked = askAll()
        guard let list = MemberList(asked, onlyOfLeader: false) else {
            throw .noLeader(reason: ClusterView.silence(asked))
        }
        return list
    }

    /// Finds the leader and asks it, for as long as leaders change.
    private func ask(_ request: MemberRequest, isForced: Bool, until deadline: Instant) throws(ControlError) {
        var tries = 0
        while true {
            let (view, asked) = explore()
            let leader = ClusterStatus(asked).leader
            guard let leader, let node = view.node(leader, in: asked) else {
                tries += 1
                guard tries < 50, MonotonicClock.now() < deadline else {
                    throw .noLeader(
                        reason: leader.map { "\($0) leads, but its admin address is not known here" }
                            ?? ClusterView.silence(asked))
                }
                Pause.wait(.milliseconds(200))
                continue
            }
            let answer = try view.client(node).send(
                "POST", request.path, body: request.body(isForced: isForced), until: deadline)
            if answer.status == 200 { return }
            let error = AdminError(answer.body)
            tries += 1
            guard error.code == "not_leader", tries < 50 else {
                throw error.asControlError(status: answer.status, address: node.admin.description)
            }
            Pause.wait(.milliseconds(100))
        }
    }

    /// Waits until `id` votes. A new leader knows nothing of the promotion that its predecessor was asked for.
    private func awaitVoter(
        _ id: String, until deadline: Instant, _ progress: (String) -> Void
    ) throws(ControlError) {
        var told = ""
        var idleLooks = 0
        let done = try Pause.untilDone(deadline) { () throws(ControlError) -> Bool? in
            guard let list = MemberList(askAll(), onlyOfLeader: true) else { return nil }
            let member = list.members.first { $0.id == id }
            if member?.role == "voter", list.stage == nil { return true }
            let text = list.stage.map { "\(id) is \(member?.role ?? "no member"): \($0.words)" }
            if let text, text != told {
                told = text
                progress(text)
            }
            idleLooks = list.stage == nil && member?.role == "learner" ? idleLooks + 1 : 0
            if idleLooks > 5 {
                idleLooks = 0
                progress("asking again for the promotion of \(id): the leader has changed")
                try ask(.promote(id, whenCaughtUp: true), isForced: false, until: deadline)
            }
            return nil
        }
        guard done != nil else {
            throw .timedOut(what: "the promotion of \(id)", follow: "look with `nodectl members`")
        }
    }

    /// Asks the nodes that are known here, and then those that only they know.
    public func askAll() -> [AskedNode] { explore().asked }

    /// The same, with the view that has all of them.
    func explore() -> (view: ClusterView, asked: [AskedNode]) {
        let asked = ask()
        guard let list = MemberList(asked, onlyOfLeader: false) else { return (self, asked) }
        let known = Set(asked.map { $0.report?.node.id ?? $0.name })
        var more: [Node] = []
        for member in list.members where !known.contains(member.id) {
            if let admin = member.admin.flatMap({ HostPort($0) }) { more.append(Node(name: member.id, admin: admin)) }
        }
        return more.isEmpty ? (self, asked) : (adding(more), asked + only(more).ask())
    }
}
