// `nodectl playground restore`: a whole cluster from an archive.

import ArchiveFormat
import Platform
import Settings
import Vocabulary

extension Playground {
    /// Restores the first node's directory, starts it, and has the others join it with empty ones: a cluster on a new
    /// timeline. What a directory held before is renamed. Makes the playground where there is none.
    ///
    /// - Parameter request: whose directory and node are set here.
    public func restore(
        _ request: RestoreRequest, from place: ArchivePlace, _ options: PlaygroundOptions
    ) throws(ControlError) -> RestoreOutcome {
        try restore(request, from: place, options) { _, _ throws(ControlError) in }
    }

    /// - Parameter look: at what was restored before a node starts on it: its configuration, and the node's program.
    func restore(
        _ request: RestoreRequest, from place: ArchivePlace, _ options: PlaygroundOptions,
        before look: (_ config: String, _ program: String) throws(ControlError) -> Void
    ) throws(ControlError) -> RestoreOutcome {
        let plan = try PlaygroundPlan(options)
        try control { () throws(SystemError) in try FileSystem.makeDirectory(directory, intermediate: true) }
        let (outcome, others) = try locked { () throws(ControlError) in
            var file = try restorable(plan, options, cluster: try place.view().cluster)
            guard let first = file.nodes.first else { throw .clusterFile(path: filePath, reason: "lists no nodes") }
            var request = request
            request.directory = directory + "/" + first.data
            request.node = first.id
            let outcome = try RestoreJob(request, from: place, log: true, tell: progress).run()
            let others = Array(file.nodes.dropFirst())
            for entry in others { try empty(entry) }
            try file.write(filePath)
            let program = try Playground.program(options.noded)
            try look(directory + "/" + first.config, program)
            try start(file.nodes.map(\.id), in: &file, program: program)
            _ = try awaitLeader()
            return (outcome, others)
        }
        for entry in others {
            let member = try MemberEntry(
                id: entry.id, peer: entry.peer, client: entry.client, clientPlaintext: entry.clientPlaintext,
                admin: entry.admin)
            progress("\(entry.id) is taken in")
            _ = try ClusterView(file: filePath).change(
                .add(member, asVoter: true), isForced: false, progress: progress)
        }
        return outcome
    }

    /// The description of a playground that does not run, and is of this cluster; made where there is none.
    private func restorable(
        _ plan: PlaygroundPlan, _ options: PlaygroundOptions, cluster: ClusterID
    ) throws(ControlError) -> ClusterFile {
        guard FileSystem.exists(filePath) else {
            let files = PlaygroundFiles(directory: directory, plan: plan)
            try files.makeSecrets()
            try files.makeConfigurations(options.configFile, cluster: cluster)
            return plan.clusterFile
        }
        let file = try ClusterFile.read(filePath)
        for entry in file.nodes {
            guard try process(entry).state == .stopped else {
                throw .refused(
                    reason: "\(entry.id) runs", remedy: "stop all nodes first: `nodectl playground down`", override: nil
                )
            }
            let settings: NodeSettings
            do throws(SettingsError) { settings = try NodeSettings.load(file: directory + "/" + entry.config) } catch {
                throw .settings(error)
            }
            guard settings.cluster == cluster else {
                throw .conflict(
                    reason: "the playground below \(directory) is cluster \(settings.cluster), the archive \(cluster)",
                    remedy: "name another --dir")
            }
        }
        return file
    }

    /// The node joins the restored one with an empty directory. Were it to start as one that begins the cluster, two
    /// such nodes could begin another history before they hear of the restored one.
    private func empty(_ entry: ClusterFile.Node) throws(ControlError) {
        let config = directory + "/" + entry.config
        var document = SettingsDocument()
        do throws(SettingsError) { try document.merge(file: config) } catch { throw .settings(error) }
        document.set("node.joins", "true")
        let bytes = Array(document.yaml(comment: "Written by `nodectl playground restore`.").utf8)
        let data = directory + "/" + entry.data
        try control { () throws(SystemError) in
            try FileSystem.writeAtomically(config, bytes.span.bytes)
            guard FileSystem.exists(data) else { return }
            try FileSystem.rename(data, to: data + ".backup." + TimeText.seconds(WallClock.now()))
        }
    }
}
