// The admin port as the settings describe it.

import AdminAPI
import Logging
import Node
import Platform
import Settings
import TLS
import Telemetry
import Vocabulary

/// Why the admin port cannot be made from the settings.
enum AdminPortError: Error, CustomStringConvertible {
    case server(AdminError)
    case tls(TLSError)
    case tokens(TokenFileError)
    case address(SystemError)
    case range(String)

    var exitCode: Int32 {
        if case .server = self { 1 } else { 78 }
    }

    var description: String {
        switch self {
        case .server(let error): error.description
        case .tls(let error): error.description
        case .tokens(let error): error.description
        case .address(let error): "`listen.admin` does not resolve: \(error)"
        case .range(let text): "`admin.metrics-allow`: \(text) is no range of addresses"
        }
    }

    var remedy: String {
        switch self {
        case .server(let error): error.remedy.text
        case .tls(let error): error.remedy.text
        case .tokens(let error): error.remedy.text
        case .address(let error): error.remedy.text
        case .range: "write it as 10.0.0.0/8 or fd00::/8"
        }
    }
}

/// Makes the server, and reads its files again when told to.
final class AdminPort {
    private let settings: NodeSettings
    private let server: AdminServer
    private let logger: Logger

    init(_ settings: NodeSettings, board: StatusBoard, desk: OperatorDesk, logger: Logger) throws(AdminPortError) {
        self.settings = settings
        self.logger = logger
        var options = AdminOptions(listen: try AdminPort.address(settings))
        options.metricsAllowed = try AdminPort.ranges(settings)
        options.hasTestHooks = ThisProcess.environment("TRIREME_TEST_HOOKS") == "1"
        if options.hasTestHooks {
            logger.warning(
                "operators may damage this node on purpose",
                metadata: ["remedy": "unset TRIREME_TEST_HOOKS, unless this is a test"])
        }
        let tokens = try AdminPort.tokens(settings)
        let context = try AdminPort.context(settings)
        do throws(AdminError) {
            server = try AdminServer(
                options, board: board, desk: desk, tokens: tokens, context: context,
                office: AdminPort.office(settings), log: logger)
            try server.start()
        } catch {
            throw .server(error)
        }
    }

    func stop() { server.stop() }

    /// Keeps what is in use when the new files are not good.
    func reload() {
        do throws(AdminPortError) {
            server.reload(context: try AdminPort.context(settings), tokens: try AdminPort.tokens(settings))
        } catch {
            logger.error("admin port not reloaded", metadata: ["reason": "\(error)", "remedy": "\(error.remedy)"])
        }
    }

    private static func address(_ settings: NodeSettings) throws(AdminPortError) -> SocketAddress {
        do throws(SystemError) {
            return try SocketAddress.resolve(settings.listeners.admin.description)
        } catch {
            throw .address(error)
        }
    }

    private static func ranges(_ settings: NodeSettings) throws(AdminPortError) -> [AddressRange] {
        var ranges: [AddressRange] = []
        for text in settings.metricsAllow {
            guard let range = AddressRange(text) else { throw .range(text) }
            ranges.append(range)
        }
        return ranges
    }

    private static func office(_ settings: NodeSettings) -> JoinOffice {
        let authentication = settings.authentication
        return JoinOffice(
            clusterName: settings.clusterName, isLoginRequired: authentication.isRequired,
            authorityFile: settings.tls.peer.authority, authorityKeyFile: settings.tls.authorityKey
        ) {
            do throws(TokenFileError) {
                return .success(
                    JoinOffice.Secrets(
                        admin: try TokenFile.read(authentication.adminTokenFile),
                        client: try authentication.clientTokenFile.map(TokenFile.read) ?? [],
                        metrics: try authentication.metricsTokenFile.map(TokenFile.read) ?? []))
            } catch { return .failure(JoinOffice.Unreadable(reason: "\(error)", remedy: error.remedy.text)) }
        }
    }

    private static func tokens(_ settings: NodeSettings) throws(AdminPortError) -> AdminTokens {
        do throws(TokenFileError) {
            let admin = try TokenFile.read(settings.authentication.adminTokenFile)
            var metrics: [[UInt8]] = []
            if let file = settings.authentication.metricsTokenFile { metrics = try TokenFile.read(file) }
            return AdminTokens(admin: admin, metrics: metrics)
        } catch {
            throw .tokens(error)
        }
    }

    private static func context(_ settings: NodeSettings) throws(AdminPortError) -> TLSContext {
        do throws(TLSError) {
            return try TLSContext.server(
                settings.tls.admin.identity, clientCertificates: .notAsked, oldest: settings.tls.minimum.version)
        } catch {
            throw .tls(error)
        }
    }
}
