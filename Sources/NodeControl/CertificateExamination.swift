// Certificates on disk: whether they hold now, for how long, and whether they name what they must.

import Settings
import TLS
import Vocabulary

enum CertificateExamination {
    static let warningDays = 30

    static func findings(files: [String], now: Timestamp) -> [Finding] {
        files.map { path in
            do throws(TLSError) {
                return judge(path, try CertificateFacts.read(path), now)
            } catch {
                return Finding(.error, path, "\(error)", remedy: error.remedy.text)
            }
        }
    }

    static func judge(_ path: String, _ facts: CertificateFacts, _ now: Timestamp) -> Finding {
        let renew = "renew it and send the node SIGHUP"
        if facts.isExpired(at: now) { return Finding(.error, path, "ended at \(facts.notAfter)", remedy: renew) }
        if facts.isNotYetValid(at: now) {
            return Finding(
                .error, path, "begins at \(facts.notBefore)", remedy: "correct this machine's clock, or the certificate"
            )
        }
        let days = (facts.notAfter.rawValue - now.rawValue) / 86_400_000_000
        if days < warningDays { return Finding(.warning, path, "ends in \(days) days", remedy: renew) }
        return Finding(.good, path, "valid for \(days) days")
    }

    /// The peer certificate must name the node; the client certificate must name what discovery tells clients.
    static func names(of settings: NodeSettings) -> [Finding] {
        var findings: [Finding] = []
        let wanted = [
            (settings.tls.peer.certificate, settings.node.description, "the node's id, which peers look for"),
            (settings.tls.client.certificate, settings.ownMember.client.host, "the host that discovery tells clients"),
        ]
        for (path, name, what) in wanted {
            guard let facts = try? CertificateFacts.read(path) else { continue }
            if facts.commonName != name, !facts.names.contains(name), !facts.addresses.contains(name) {
                findings.append(
                    Finding(
                        .error, path, "does not name \(name): \(what)",
                        remedy: "issue one whose alternative names hold \(name)"))
            }
        }
        return findings
    }
}
