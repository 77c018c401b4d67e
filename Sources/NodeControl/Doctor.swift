// Looks at a cluster from outside and, where its files are on this machine, from below.

import Platform
import Settings
import Vocabulary

/// One examination. It changes nothing but a file of its own in each data directory, which it removes.
public struct Doctor: Sendable {
    private let view: ClusterView
    /// The description that the view came from; nil when only addresses are known.
    private let clusterFile: String?

    public init(view: ClusterView, clusterFile: String?) {
        self.view = view
        self.clusterFile = clusterFile
    }

    public func examine() throws(ControlError) -> Diagnosis {
        let asked = view.ask()
        var findings = NodeExamination.findings(asked)
        guard let clusterFile else { return Diagnosis(findings) }
        let file = try ClusterFile.read(clusterFile)
        let directory = FileSystem.parent(of: clusterFile)
        findings += CertificateExamination.findings(
            files: ["\(directory)/\(file.ca)", "\(directory)/\(file.clientCert)"], now: WallClock.now())
        for node in file.nodes { findings += examine(node, directory: directory) }
        return Diagnosis(findings)
    }

    /// Configuration, certificates, ports and disk of a node whose files are here.
    private func examine(_ node: ClusterFile.Node, directory: String) -> [Finding] {
        let config = "\(directory)/\(node.config)"
        guard FileSystem.exists(config) else {
            return [
                Finding(.note, node.id, "its configuration is not on this machine: ports and disk are not examined")
            ]
        }
        let settings: NodeSettings
        do {
            settings = try NodeSettings.load(file: config)
        } catch {
            return error.problems.map {
                Finding(.error, node.id, "\($0.origin): \($0.key): \($0.what)", remedy: $0.remedy)
            }
        }
        let tls = [settings.tls.client, settings.tls.peer, settings.tls.admin]
        return CertificateExamination.findings(files: tls.map(\.certificate).unique, now: WallClock.now())
            + CertificateExamination.names(of: settings)
            + PortExamination.findings(settings, view.patience)
            + DiskExamination.findings(node.id, settings)
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of its first.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
