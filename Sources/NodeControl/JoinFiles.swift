// The files of a node that has joined: for its owner's eyes only.

import Platform
import Settings

/// Below the data directory: `pki/node.crt`, `pki/node.key`, `pki/ca.crt` and the token files; and the configuration.
struct JoinFiles {
    let plan: JoinPlan
    var key: String { plan.secrets + "/node.key" }
    var authority: String { plan.secrets + "/ca.crt" }
    private var certificate: String { plan.secrets + "/node.crt" }

    init(_ plan: JoinPlan) { self.plan = plan }

    private func tokenFile(_ kind: String) -> String { plan.secrets + "/\(kind).token" }

    func write(_ grant: JoinGrant) throws(ControlError) {
        try write(certificate, grant.certificate)
        try write(authority, grant.authority)
        for (kind, tokens) in tokens(grant) where !tokens.isEmpty {
            try write(tokenFile(kind), tokens.map { $0 + "\n" }.joined())
        }
        let text = document(grant).yaml(
            comment: "Written by `nodectl join`; docs/CONFIGURATION.md lists every key. What the others' files set "
                + "besides these is not copied.")
        try control { () throws(SystemError) in
            try FileSystem.makeDirectory(FileSystem.parent(of: plan.configFile), intermediate: true)
        }
        try write(plan.configFile, text)
    }

    private func write(_ path: String, _ text: String) throws(ControlError) {
        let bytes = Array(text.utf8)
        try control { () throws(SystemError) in try FileSystem.writeAtomically(path, bytes.span.bytes) }
    }

    /// What was made before nothing came of it.
    func remove() {
        for path in [key, authority, certificate] + ["admin", "client", "metrics"].map(tokenFile) {
            try? FileSystem.remove(path)
        }
    }

    private func tokens(_ grant: JoinGrant) -> [(kind: String, tokens: [String])] {
        [("admin", grant.adminTokens), ("client", grant.clientTokens), ("metrics", grant.metricsTokens)]
    }

    private func document(_ grant: JoinGrant) -> SettingsDocument {
        let entry = plan.entry
        var document = SettingsDocument()
        document.set("node.id", entry.id)
        document.set("node.joins", "true")
        document.set("cluster.id", grant.cluster)
        document.set("cluster.name", grant.clusterName)
        let others = grant.members.filter { $0.id != entry.id }.compactMap(JoinFiles.member)
        document.set("members", .list(others + [JoinFiles.member(entry)]))
        document.set("data.directory", plan.dataDirectory)
        document.set("listen.client", entry.client)
        if let plaintext = entry.clientPlaintext { document.set("listen.client-plaintext", plaintext) }
        document.set("listen.peer", entry.peer)
        if let admin = entry.admin { document.set("listen.admin", admin) }
        document.set("tls.certificate", certificate)
        document.set("tls.key", key)
        document.set("tls.authority", authority)
        if !grant.loginRequired { document.set("auth.required", "false") }
        for (kind, tokens) in tokens(grant) where !tokens.isEmpty {
            document.set("auth.\(kind)-token-file", tokenFile(kind))
        }
        return document
    }

    /// Nil for one that has no addresses to be reached by.
    private static func member(_ member: NodeReport.Member) -> SettingValue? {
        guard let peer = member.peer, let client = member.client else { return nil }
        return value(member.id, peer, client, member.clientPlaintext, member.admin)
    }

    private static func member(_ entry: MemberEntry) -> SettingValue {
        value(entry.id, entry.peer, entry.client, entry.clientPlaintext, entry.admin)
    }

    private static func value(
        _ id: String, _ peer: String, _ client: String, _ plaintext: String?, _ admin: String?
    ) -> SettingValue {
        var fields = [SettingValue.Field("id", .text(id)), .init("peer", .text(peer)), .init("client", .text(client))]
        if let plaintext { fields.append(.init("client-plaintext", .text(plaintext))) }
        if let admin { fields.append(.init("admin", .text(admin))) }
        return .map(fields)
    }
}
