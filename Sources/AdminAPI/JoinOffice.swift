// Where new nodes are let in: tokens are made and taken, certificates are signed.

import JSON
import Platform
import TLS
import Telemetry
import Vocabulary

/// What a node needs to let others in, for the admin port's thread. Files are read when they are needed.
///
/// A token is known again by a code that only who has the authority's key can make, so every node that has it takes it,
/// and no list of tokens is kept. Each is good once, because its node is a member afterwards: that is a matter of the
/// log. For the case that the node is removed again, this process remembers the tokens that it took until they expire.
public struct JoinOffice: Sendable {
    /// The tokens that every node of a cluster has.
    public struct Secrets: Sendable {
        public var admin: [[UInt8]]
        public var client: [[UInt8]]
        public var metrics: [[UInt8]]

        public init(admin: [[UInt8]], client: [[UInt8]], metrics: [[UInt8]]) {
            self.admin = admin
            self.client = client
            self.metrics = metrics
        }
    }

    /// Why those tokens cannot be read.
    public struct Unreadable: Error {
        public var reason: String
        public var remedy: String

        public init(reason: String, remedy: String) {
            self.reason = reason
            self.remedy = remedy
        }
    }

    /// How long a token is good if nobody says otherwise, and at most.
    static let lifetime = Duration.seconds(900)
    static let lifetimeMax = Duration.seconds(7 * 86_400)
    /// Of the certificates that are signed here.
    static let certificateDays = 825
    private static let purpose = "trireme join token"

    let clusterName: String
    let isLoginRequired: Bool
    let authorityFile: String
    /// Nil at a node that signs nothing.
    let authorityKeyFile: String?
    /// Reads the cluster's tokens.
    let secrets: @Sendable () -> Result<Secrets, Unreadable>
    private var spent: [UInt64: Timestamp] = [:]

    public init(
        clusterName: String, isLoginRequired: Bool, authorityFile: String, authorityKeyFile: String?,
        secrets: @escaping @Sendable () -> Result<Secrets, Unreadable>
    ) {
        self.clusterName = clusterName
        self.isLoginRequired = isLoginRequired
        self.authorityFile = authorityFile
        self.authorityKeyFile = authorityKeyFile
        self.secrets = secrets
    }

    // MARK: Making tokens

    /// The authority's certificate, for whoever knows its fingerprint.
    var authority: HTTPResponse {
        do throws(TLSError) {
            var writer = JSONWriter()
            let certificate = try AuthorityCertificate(file: authorityFile)
            writer.object { writer in
                writer.member("certificate", String(decoding: certificate.pem, as: UTF8.self))
                writer.member("fingerprint", certificate.fingerprint)
            }
            return HTTPResponse(200, json: writer.bytes)
        } catch { return JoinOffice.failed(error) }
    }

    /// A new token, as an answer to who asked for it.
    func issue(_ order: TokenOrder, _ status: NodeStatus, at now: Timestamp) -> HTTPResponse {
        guard let key = authorityKeyFile else { return JoinOffice.noKey(status.id) }
        let members = status.membership.members
        if members.contains(where: { $0.id == order.node }) {
            return .error(
                409, "refused", "\(order.node) is a member already",
                remedy: "choose another name, or run `nodectl members remove \(order.node)` first")
        }
        // The leader takes it, so it is asked first.
        let addresses = (members.filter { $0.id == status.leader } + members.filter { $0.id != status.leader })
            .compactMap(\.admin).prefix(JoinToken.addressesMax)
        do throws(TLSError) {
            let code = try MessageCode(keyFile: key, purpose: JoinOffice.purpose)
            let expiry = now.advanced(by: Int(order.lifetime.inNanoseconds / 1000))
            let token = JoinToken(
                node: order.node, asVoter: order.asVoter, expiry: expiry,
                fingerprint: try AuthorityCertificate(file: authorityFile).fingerprint, number: SystemRandom.word(),
                addresses: Array(addresses)
            ) { code.code(of: $0) }
            guard let token else {
                return .error(
                    409, "refused", "no member's admin address is known, so nobody could be asked to take the token",
                    remedy: "list `admin` for every node under `members`")
            }
            return JoinOffice.answer(token)
        } catch { return JoinOffice.failed(error) }
    }

    private static func answer(_ token: JoinToken) -> HTTPResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("token", token.text)
            writer.member("id", token.node.description)
            writer.member("role", token.asVoter ? "voter" : "learner")
            writer.member("expires_at", token.expiry.description)
            writer.member("fingerprint", token.fingerprint)
            writer.member("addresses") { writer in
                writer.array { writer in for address in token.addresses { writer.value(address) } }
            }
        }
        return HTTPResponse(200, json: writer.bytes)
    }

    // MARK: Taking tokens

    /// What becomes of a request to be let in.
    enum Verdict {
        /// The token is none: whoever sent it may be guessing.
        case unknown(HTTPResponse)
        case refused(HTTPResponse)
        /// The node is to be added, and gets this answer when it is.
        case taken(OperatorRequest, answer: HTTPResponse)
    }

    /// Judges a request, and remembers its token as spent if it is taken: see `release`.
    mutating func take(_ request: JoinRequest, _ status: NodeStatus, at now: Timestamp) -> Verdict {
        guard status.role == .leader else {
            return .refused(AdminRouter.response(to: .notLeader(leader: status.leader)))
        }
        guard let key = authorityKeyFile else { return .refused(JoinOffice.noKey(status.id)) }
        do throws(TLSError) {
            let code = try MessageCode(keyFile: key, purpose: JoinOffice.purpose)
            let token = request.token
            guard code.isCode(token.code, of: token.terms) else { return .unknown(JoinOffice.invalidToken) }
            if let refusal = refusal(of: token, request, status, at: now) { return .refused(refusal) }
            let authority = CertificateAuthority(certificateFile: authorityFile, keyFile: key)
            let certificate = try authority.sign(
                CertificateRequest(pem: Array(request.pem.utf8)), commonName: token.node.description, role: .node,
                hosts: request.hosts, days: JoinOffice.certificateDays)
            let secrets: Secrets
            switch self.secrets() {
            case .success(let read): secrets = read
            case .failure(let error): return .refused(.error(500, "failed", error.reason, remedy: error.remedy))
            }
            spent = spent.filter { $0.value >= now }
            spent[token.number] = token.expiry
            return .taken(
                .changeMembers(.add(request.member, asVoter: token.asVoter), isForced: false),
                answer: try answer(request, certificate, secrets, status))
        } catch { return .refused(JoinOffice.failed(error)) }
    }

    /// The node was not added after all: its token is good again.
    mutating func release(_ token: JoinToken) { spent[token.number] = nil }

    private func refusal(
        of token: JoinToken, _ request: JoinRequest, _ status: NodeStatus, at now: Timestamp
    ) -> HTTPResponse? {
        guard token.node == request.member.id else {
            return .error(
                403, "token_of_other_node", "the token is for \(token.node), not for \(request.member.id)",
                remedy: "join as \(token.node), or run `nodectl members token \(request.member.id)`")
        }
        guard now <= token.expiry else {
            return .error(
                403, "token_expired", "the token for \(token.node) was good until \(token.expiry)",
                remedy: "ask for a new one: `nodectl members token \(token.node)`")
        }
        guard spent[token.number] == nil, !status.membership.members.contains(where: { $0.id == token.node }) else {
            return .error(
                409, "token_used", "the token for \(token.node) was used, and is good once",
                remedy: "if \(token.node) did not come of it, run `nodectl members remove \(token.node)`, then "
                    + "`nodectl members token \(token.node)` for a new one")
        }
        return nil
    }

    private func answer(
        _ request: JoinRequest, _ certificate: [UInt8], _ secrets: Secrets, _ status: NodeStatus
    ) throws(TLSError) -> HTTPResponse {
        let authority = try AuthorityCertificate(file: authorityFile)
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", request.member.id.description)
            writer.member("cluster", status.cluster?.description)
            writer.member("cluster_name", clusterName)
            writer.member("login_required", isLoginRequired)
            writer.member("certificate", String(decoding: certificate, as: UTF8.self))
            writer.member("authority", String(decoding: authority.pem, as: UTF8.self))
            for (name, tokens) in [
                ("admin_tokens", secrets.admin), ("client_tokens", secrets.client), ("metrics_tokens", secrets.metrics),
            ] {
                writer.member(name) { writer in
                    writer.array { writer in
                        for token in tokens { writer.value(String(decoding: token, as: UTF8.self)) }
                    }
                }
            }
            writer.member("members") { status.membership.writeMembers(to: &$0) }
        }
        return HTTPResponse(200, json: writer.bytes)
    }

    // MARK: Refusals

    static let invalidToken = HTTPResponse.error(
        401, "invalid_token", "the join token is not one of this cluster",
        remedy: "ask for one with `nodectl members token NODE`")

    private static func noKey(_ node: NodeID) -> HTTPResponse {
        .error(
            409, "no_authority_key", "\(node) cannot sign certificates: it has no `tls.authority-key`",
            remedy:
                "name the authority's key there in the configuration of the node that leads and restart it, hand over "
                + "to a node that has it (`nodectl failover --to NODE`), or make the certificate by hand and run "
                + "`nodectl members add`")
    }

    private static func failed(_ error: TLSError) -> HTTPResponse {
        .error(500, "failed", "\(error)", remedy: error.remedy.text)
    }
}
