// One more node for a playground whose nodes run.

import Platform
import Settings
import Vocabulary

extension Playground {
    /// Makes one more node, starts it, and has the others take it in.
    ///
    /// - Parameter asVoter: waits until it votes; else it stays a learner.
    /// - Returns: the members then.
    public func add(noded: String?, asVoter: Bool) throws(ControlError) -> MemberList {
        let (entry, members) = try locked { () throws(ControlError) in
            var file = try ClusterFile.read(filePath)
            let members = try ClusterView(file: filePath).members()
            let program = try Playground.program(noded)
            let entry = try makeNode(in: &file, members)
            try file.write(filePath)
            try start([entry.id], in: &file, program: program)
            return (entry, members)
        }
        let member = try MemberEntry(
            id: entry.id, peer: entry.peer, client: entry.client, clientPlaintext: entry.clientPlaintext,
            admin: entry.admin)
        progress("\(entry.id) runs; \(members.leader ?? "the leader") is asked to take it in")
        return try ClusterView(file: filePath).change(
            .add(member, asVoter: asVoter), isForced: false, progress: progress)
    }

    /// The files of one more node, and its entry in the playground's description.
    private func makeNode(in file: inout ClusterFile, _ members: MemberList) throws(ControlError) -> ClusterFile.Node {
        guard let first = file.nodes.first, let base = HostPort(first.client) else {
            throw .clusterFile(path: filePath, reason: "lists no nodes")
        }
        let number = file.nodes.count + 1
        var options = PlaygroundOptions()
        options.nodes = number
        options.basePort = Int(base.port) - 1
        options.hasPlaintext = first.clientPlaintext != nil
        let plan = try PlaygroundPlan(options)
        let entry = plan.entry(number)
        try PlaygroundFiles(directory: directory, plan: plan).makeSecrets()
        var document = SettingsDocument()
        let model = directory + "/" + first.config
        do throws(SettingsError) { try document.merge(file: model) } catch { throw .settings(error) }
        plan.describe(number, joining: members, in: &document)
        let path = directory + "/" + entry.config
        let bytes = Array(document.yaml(comment: "Written by `nodectl playground add`.").utf8)
        try control { () throws(SystemError) in
            try FileSystem.makeDirectory(FileSystem.parent(of: path), intermediate: true)
            try FileSystem.writeAtomically(path, bytes.span.bytes)
        }
        file.nodes.append(entry)
        return entry
    }
}

extension PlaygroundPlan {
    /// What tells a node that joins from the one whose settings `document` has.
    fileprivate func describe(_ number: Int, joining members: MemberList, in document: inout SettingsDocument) {
        let entry = entry(number)
        document.set("node.id", entry.id)
        document.set("node.joins", "true")
        let others = members.members.filter { $0.id != entry.id && $0.peer != nil && $0.client != nil }
        document.set("members", .list(others.map { PlaygroundPlan.member($0) } + [member(entry)]))
        document.set("data.directory", "data")
        document.set("listen.client", entry.client)
        if let plaintext = entry.clientPlaintext { document.set("listen.client-plaintext", plaintext) }
        document.set("listen.peer", entry.peer)
        document.set("listen.admin", entry.admin)
        document.set("tls.certificate", "../pki/\(entry.id).crt")
        document.set("tls.key", "../pki/\(entry.id).key")
    }

    private static func member(_ member: MemberList.Member) -> SettingValue {
        var fields = [SettingValue.Field("id", .text(member.id))]
        let addresses = [
            ("peer", member.peer), ("client", member.client), ("client-plaintext", member.clientPlaintext),
            ("admin", member.admin),
        ]
        for case (let name, let address?) in addresses { fields.append(.init(name, .text(address))) }
        return .map(fields)
    }
}
