// The files of a playground: authority, certificates, tokens, configurations. Made once; what is there is kept.

import ObjectStores
import Platform
import Settings
import TLS
import Vocabulary

/// Makes what is missing below a playground's directory.
struct PlaygroundFiles {
    let directory: String
    let plan: PlaygroundPlan

    static let certificateDays = 825
    static let tokenLength = 32

    private var pki: String { directory + "/pki" }

    /// Makes the authority, a certificate for each node and for the administrator, and the tokens.
    func makeSecrets() throws(ControlError) {
        let authority = try secured { () throws(TLSError) in
            FileSystem.exists(pki + "/ca.crt")
                ? CertificateAuthority(directory: pki)
                : try CertificateAuthority.create(pki, name: "Trireme playground authority")
        }
        for number in 1...plan.nodes { try issue(authority, plan.id(number), .node) }
        try issue(authority, "admin", .client)
        for name in ["admin", "client"] { try makeToken(pki + "/\(name).token") }
    }

    private func issue(_ authority: CertificateAuthority, _ name: String, _ role: CertificateRole) throws(ControlError)
    {
        if FileSystem.exists("\(pki)/\(name).crt"), FileSystem.exists("\(pki)/\(name).key") { return }
        _ = try secured { () throws(TLSError) in
            try authority.issue(commonName: name, role: role, days: PlaygroundFiles.certificateDays)
        }
    }

    private func makeToken(_ path: String) throws(ControlError) {
        if FileSystem.exists(path) { return }
        let token = Array((PlaygroundFiles.hex(SystemRandom.bytes(PlaygroundFiles.tokenLength)) + "\n").utf8)
        try control { () throws(SystemError) in try FileSystem.writeAtomically(path, token.span.bytes) }
    }

    /// Writes the configurations that are missing. Those that are there must be what the plan makes, or are replaced
    /// while no node has data.
    ///
    /// - Parameter cluster: whose they are; nil for that of those which are there, or a new one.
    func makeConfigurations(_ configFile: String?, cluster: ClusterID? = nil) throws(ControlError) {
        let cluster = if let cluster { cluster } else { try identity() }
        let archive = try makeArchive()
        let mayReplace = !(1...plan.nodes).contains { FileSystem.exists("\(directory)/\(plan.id($0))/data") }
        for number in 1...plan.nodes {
            let path = "\(directory)/\(plan.id(number))/noded.yaml"
            let text = try plan.yaml(number, cluster: cluster, archive: archive, configFile: configFile)
            let bytes = Array(text.utf8)
            if FileSystem.exists(path), !mayReplace {
                let present = try control { () throws(SystemError) in
                    try FileSystem.readAll(path, limit: ClusterFile.sizeMax)
                }
                guard present == bytes else {
                    throw .conflict(
                        reason: "\(path) is there already and is not what these options make",
                        remedy: "edit it by hand and leave --config out, or name another --dir")
                }
                continue
            }
            try control { () throws(SystemError) in
                try FileSystem.makeDirectory(FileSystem.parent(of: path), intermediate: true)
                try FileSystem.writeAtomically(path, bytes.span.bytes)
            }
        }
    }

    /// Nodes would start without their archive, and say so in their logs only.
    func checkArchive() throws(ControlError) {
        guard case .at(.directory(let path)) = plan.archive, !FileSystem.isDirectory(path) else { return }
        throw .refused(
            reason: "--archive file://\(path): there is no such directory",
            remedy: "make it first, or mount what is to be there: an archive that has gone must not look like an "
                + "empty one", override: nil)
    }

    /// Where the archive is; its directory is made, since an archive that has gone must not look like an empty one.
    private func makeArchive() throws(ControlError) -> StoreURL? {
        switch plan.archive {
        case .none: return nil
        case .at(let url): return url
        case .own:
            return try control { () throws(SystemError) in
                try FileSystem.makeDirectory(directory + "/archive", permissions: 0o750, intermediate: true)
                return .directory(try FileSystem.realPath(directory + "/archive"))
            }
        }
    }

    /// The cluster's identity: that of the first configuration which is there already, else a new one.
    private func identity() throws(ControlError) -> ClusterID {
        for number in 1...plan.nodes {
            let path = "\(directory)/\(plan.id(number))/noded.yaml"
            guard FileSystem.exists(path) else { continue }
            do {
                return try NodeSettings.load(file: path).cluster
            } catch {
                throw .settings(error)
            }
        }
        return ClusterID(high: SystemRandom.word(), low: SystemRandom.word())
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
