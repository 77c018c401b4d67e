// Whether a node's ports can be reached from here, and speak TLS with a certificate that verifies.

import Platform
import Settings
import TLS
import Vocabulary

enum PortExamination {
    static func findings(_ settings: NodeSettings, _ patience: Duration) -> [Finding] {
        let listeners = settings.listeners
        var findings = [
            secured("client port", listeners.client, settings, settings.tls.client.authority, patience),
            plain("peer port", listeners.peer, settings, patience),
            secured("admin port", listeners.admin, settings, settings.tls.admin.authority, patience),
        ]
        if let plaintext = listeners.clientPlaintext {
            findings.append(plain("plaintext client port", plaintext, settings, patience))
        }
        return findings
    }

    /// Connects, and checks the certificate for the node's id, which is a name in each of its certificates.
    private static func secured(
        _ what: String, _ address: HostPort, _ settings: NodeSettings, _ authority: String, _ patience: Duration
    ) -> Finding {
        do throws(TLSError) {
            let context = try TLSContext.client(nil, authorityFile: authority)
            return connect(what, address, settings, context, patience)
        } catch {
            return Finding(.error, settings.node.description, "\(what) \(address): \(error)", remedy: error.remedy.text)
        }
    }

    private static func plain(
        _ what: String, _ address: HostPort, _ settings: NodeSettings, _ patience: Duration
    ) -> Finding { connect(what, address, settings, nil, patience) }

    private static func connect(
        _ what: String, _ address: HostPort, _ settings: NodeSettings, _ context: TLSContext?, _ patience: Duration
    ) -> Finding {
        let reachable = address.isUnspecified ? HostPort(host: "127.0.0.1", port: address.port) : address
        do throws(StreamError) {
            let resolved: SocketAddress
            do throws(SystemError) { resolved = try SocketAddress.resolve(reachable.description) } catch {
                throw StreamError.system(error)
            }
            // Any name that the authority vouches for will do: the names themselves are examined on disk.
            let stream = try BlockingStream.connect(
                resolved, serverName: nil, context: context, until: MonotonicClock.now() + patience)
            _ = stream.address
            return Finding(.good, settings.node.description, "\(what) \(address) answers")
        } catch {
            return Finding(
                .error, settings.node.description, "\(what) \(address): \(error)", remedy: error.remedy.text)
        }
    }
}
