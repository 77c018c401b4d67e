// `nodectl join`: a machine with a token becomes a node: key, certificate, configuration.

import Foundation
import JSON
import Platform
import Settings
import TLS
import Telemetry
import Vocabulary

/// Where a node is to be that joins, and what it is to be called.
public struct JoinPlan: Sendable {
    public let token: JoinTokenText
    public let entry: MemberEntry
    public let dataDirectory: String
    public let configFile: String

    /// - Parameters:
    ///   - node: refused unless the token is for it; nil takes the token's name.
    ///   - configFile: nil means `noded.yaml` in the data directory.
    /// - Throws: `usage` when the token is none, or an address; `conflict` when something is there already.
    public init(
        token text: String, node: String?, peer: String, client: String, clientPlaintext: String?, admin: String,
        dataDirectory: String, configFile: String?
    ) throws(ControlError) {
        token = try JoinTokenText(text)
        if let node, node != token.node {
            throw .refused(
                reason: "the token is for \(token.node), not for \(node)",
                remedy: "ask for one with `nodectl members token \(node)`", override: nil)
        }
        entry = try MemberEntry(
            id: token.node, peer: peer, client: client, clientPlaintext: clientPlaintext, admin: admin)
        self.dataDirectory = JoinPlan.absolute(dataDirectory)
        self.configFile = configFile.map(JoinPlan.absolute) ?? self.dataDirectory + "/noded.yaml"
        for path in [self.dataDirectory + "/identity", self.configFile] where FileSystem.exists(path) {
            throw .conflict(
                reason: "\(path) is there already: a node was made here",
                remedy: "name an empty --data-dir, or another --config-out")
        }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : ThisProcess.workingDirectory + "/" + path
    }

    /// Where the node's key and what it is given go.
    var secrets: String { dataDirectory + "/pki" }
}

/// A token as it was pasted.
public struct JoinTokenText: Sendable {
    let value: JoinToken
    public var node: String { value.node.description }

    public init(_ text: String) throws(ControlError) {
        guard let token = JoinToken(text: text) else {
            throw .usage("this is no join token: paste all of what `nodectl members token NODE` has printed")
        }
        value = token
    }
}

/// What a node is given that was let in.
struct JoinGrant: Decodable {
    let cluster: String
    let clusterName: String
    let loginRequired: Bool
    let certificate: String
    let authority: String
    let adminTokens: [String]
    let clientTokens: [String]
    let metricsTokens: [String]
    let members: [NodeReport.Member]

    enum CodingKeys: String, CodingKey {
        case cluster, certificate, authority, members
        case clusterName = "cluster_name"
        case loginRequired = "login_required"
        case adminTokens = "admin_tokens"
        case clientTokens = "client_tokens"
        case metricsTokens = "metrics_tokens"
    }
}

/// What was made.
public struct JoinReport: Hashable, Sendable {
    public let node: String
    public let role: String
    public let configFile: String

    public var text: String {
        let then = role == "voter" ? "becomes a voter once it has caught up" : "stays a learner"
        return """
            \(node) is a member, and \(then). Its settings are in \(configFile): look through them, then start it:
              noded --config \(configFile)

            """
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", node)
            writer.member("role", role)
            writer.member("config", configFile)
        }
        return writer.bytes + [0x0A]
    }
}

/// One run of it. The key is made here and never leaves.
public struct Joining {
    /// How long a leader is looked for.
    public static let patience = Duration.seconds(40)

    let plan: JoinPlan

    public init(_ plan: JoinPlan) { self.plan = plan }

    /// - Throws: when nothing came of it; what was made here is removed again. When an answer was lost, the node may be
    ///   a member all the same: then its token counts as used.
    public func run() throws(ControlError) -> JoinReport {
        let deadline = MonotonicClock.now() + Joining.patience
        try control { () throws(SystemError) in try FileSystem.makeDirectory(plan.secrets, intermediate: true) }
        let files = JoinFiles(plan)
        do throws(ControlError) {
            let context = try trust(files, until: deadline)
            let request = try secured { () throws(TLSError) in
                try CertificateRequest.make(keyFile: files.key, commonName: plan.token.node)
            }
            let grant = try ask(context, request, until: deadline)
            try files.write(grant)
        } catch {
            files.remove()
            throw error
        }
        return JoinReport(
            node: plan.token.node, role: plan.token.value.asVoter ? "voter" : "learner", configFile: plan.configFile)
    }

    private var addresses: [HostPort] { plan.token.value.addresses.compactMap { HostPort($0) } }

    /// Fetches the authority's certificate from whoever answers, and believes it if its fingerprint is the token's.
    private func trust(_ files: JoinFiles, until deadline: Instant) throws(ControlError) -> TLSContext {
        let anybody = try secured { () throws(TLSError) in try TLSContext.believingAnybody() }
        let body = try first(until: deadline) { address, until throws(ControlError) in
            try AdminClient(address, Credentials(context: anybody, token: [])).ask("GET", "/v1/authority", until: until)
        }
        struct Answer: Decodable { let certificate: String }
        guard let text = try? JSONDecoder().decode(Answer.self, from: Data(body)).certificate else {
            throw .refused(
                reason: "whoever answers shows no authority's certificate",
                remedy: "check that the token's addresses are those of the cluster", override: nil)
        }
        let authority = try secured { () throws(TLSError) in
            try AuthorityCertificate(pem: Array(text.utf8), from: "the authority's certificate")
        }
        guard authority.fingerprint == plan.token.value.fingerprint else {
            throw .refused(
                reason: "whoever answers has the authority \(authority.fingerprint), and the token says "
                    + "\(plan.token.value.fingerprint): it is another cluster, or somebody stands in between",
                remedy: "check the addresses that the token was made with, and ask for a new one", override: nil)
        }
        try control { () throws(SystemError) in
            try FileSystem.writeAtomically(files.authority, authority.pem.span.bytes)
        }
        return try secured { () throws(TLSError) in try TLSContext.client(nil, authorityFile: files.authority) }
    }

    /// Asks one member after the other until the leader has taken the token.
    private func ask(
        _ context: TLSContext, _ request: CertificateRequest, until deadline: Instant
    ) throws(ControlError) -> JoinGrant {
        let body = try first(until: deadline) { address, _ throws(ControlError) in
            let answer = try AdminClient(address, Credentials(context: context, token: [])).send(
                "POST", "/v1/join", body: self.body(request), until: deadline)
            if answer.status == 200 { return answer.body }
            let error = AdminError(answer.body)
            if ["not_leader", "busy"].contains(error.code) { return nil }
            if answer.status == 504 { throw error.asControlError(status: 504, address: address.description) }
            throw .refused(
                reason: "\(address): \(error.message.isEmpty ? "HTTP status \(answer.status)" : error.message)",
                remedy: error.remedy.isEmpty ? "see the node's log" : error.remedy, override: nil)
        }
        guard let grant = try? JSONDecoder().decode(JoinGrant.self, from: Data(body)) else {
            throw .refused(
                reason: "the answer is not what this version of nodectl knows",
                remedy: "use the nodectl that was built with the nodes; \(plan.token.node) is a member already: run "
                    + "`nodectl members remove \(plan.token.node)`, and ask for a new token", override: nil)
        }
        return grant
    }

    private func body(_ request: CertificateRequest) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("token", plan.token.value.text)
            plan.entry.writeFields(to: &writer)
            writer.member("request", String(decoding: request.pem, as: UTF8.self))
        }
        return writer.bytes
    }

    /// The first answer of any member, asked again and again: nil and silence are none.
    private func first(
        until deadline: Instant, _ ask: (HostPort, Instant) throws(ControlError) -> [UInt8]?
    ) throws(ControlError) -> [UInt8] {
        var silence: ControlError?
        let found = try Pause.until(deadline) { () throws(ControlError) -> [UInt8]? in
            for address in addresses {
                do throws(ControlError) {
                    if let answer = try ask(address, min(deadline, MonotonicClock.now() + .seconds(5))) {
                        return answer
                    }
                } catch {
                    guard case .unreachable = error else { throw error }
                    silence = error
                }
            }
            return nil
        }
        if let found { return found }
        throw silence ?? .noLeader(reason: "none of \(plan.token.value.addresses.joined(separator: ", ")) leads")
    }
}
