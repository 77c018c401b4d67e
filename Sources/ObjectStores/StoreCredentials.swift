// Whom a store takes us for: keys from the environment or from a file, which may change while we run.

import Platform
import Synchronization

/// A pair of keys, with the token of a session if they are temporary. Its texts tell the access key's name only.
public struct StoreCredentials: Hashable, Sendable {
    public let accessKey: String
    public let secretKey: String
    public let sessionToken: String?

    /// Nil unless each is of printable letters: they go into headers.
    public init?(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        let token = sessionToken.flatMap { $0.isEmpty ? nil : $0 }
        guard [accessKey, secretKey, token ?? "-"].allSatisfy(StoreCredentials.isPrintable) else { return nil }
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = token
    }

    private static func isPrintable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 8192 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension StoreCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "credentials \(accessKey)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["accessKey": accessKey]) }
}

/// Where credentials come from, and what was last read there.
///
/// 1. A file that has changed is read again before the next request.
/// 2. What cannot be read takes nothing away: the credentials of before stay in use.
public final class CredentialsSource: Sendable {
    /// A credentials file is small; what is larger is something else.
    public static let fileMax = 1 << 20

    private enum Origin: Sendable {
        case environment
        case file(path: String, profile: String)
    }

    /// What tells one state of a file from another.
    private struct Version: Hashable, Sendable {
        let path: String
        let size: Int
        let modified: Int
    }

    private struct State: Sendable {
        var credentials: StoreCredentials
        var version: Version?
    }

    private let origin: Origin
    private let state: Mutex<State>

    /// The file that is given; else the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if there is one,
    /// `AWS_SESSION_TOKEN`; else the file that `AWS_SHARED_CREDENTIALS_FILE` names. `AWS_PROFILE` chooses in a file.
    public init(file: String?, environment: [String: String]) throws(ObjectStoreError) {
        let profile = environment["AWS_PROFILE"] ?? "default"
        if file == nil, let accessKey = environment["AWS_ACCESS_KEY_ID"] {
            guard
                let found = StoreCredentials(
                    accessKey: accessKey, secretKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
                    sessionToken: environment["AWS_SESSION_TOKEN"])
            else {
                throw CredentialsSource.error(
                    "the environment", "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not, or either is no key"
                )
            }
            origin = .environment
            state = Mutex(State(credentials: found, version: nil))
        } else if let path = file ?? environment["AWS_SHARED_CREDENTIALS_FILE"] {
            origin = .file(path: path, profile: profile)
            state = Mutex(try CredentialsSource.read(path, profile))
        } else {
            throw CredentialsSource.error(
                "the environment", "there are no credentials: name a file, or set AWS_ACCESS_KEY_ID and its kin")
        }
    }

    /// Always the same.
    public init(_ credentials: StoreCredentials) {
        origin = .environment
        state = Mutex(State(credentials: credentials, version: nil))
    }

    /// The newest that could be read.
    public func current() -> StoreCredentials {
        guard case .file(let path, let profile) = origin else { return state.withLock { $0.credentials } }
        let version = try? CredentialsSource.version(of: path)
        if let version, version != state.withLock({ $0.version }) { _ = try? reload(path, profile) }
        return state.withLock { $0.credentials }
    }

    /// Reads the file even if it does not look changed, since a store has refused `refused`. Nil when there are no
    /// others to try.
    func another(than refused: StoreCredentials) throws(ObjectStoreError) -> StoreCredentials? {
        let newest: StoreCredentials
        switch origin {
        case .environment: newest = state.withLock { $0.credentials }
        case .file(let path, let profile): newest = try reload(path, profile)
        }
        return newest == refused ? nil : newest
    }

    private func reload(_ path: String, _ profile: String) throws(ObjectStoreError) -> StoreCredentials {
        let read = try CredentialsSource.read(path, profile)
        state.withLock { $0 = read }
        return read.credentials
    }

    private static func version(of path: String) throws(SystemError) -> Version {
        let real = try FileSystem.realPath(path)
        guard let status = try FileSystem.status(real) else { throw SystemError(missing: path) }
        return Version(path: real, size: status.size, modified: status.modified)
    }

    private static func read(_ path: String, _ profile: String) throws(ObjectStoreError) -> State {
        let version: Version
        let bytes: [UInt8]
        do throws(SystemError) {
            version = try CredentialsSource.version(of: path)
            bytes = try FileSystem.readAll(path, limit: fileMax)
        } catch { throw CredentialsSource.error(path, error.reason) }
        try checkSecrecy(path)
        let credentials = try CredentialsFile.parse(bytes, path: path, profile: profile)
        return State(credentials: credentials, version: version)
    }

    /// A file of this user may be read by nobody else; one of root, by its group too: the rule for keys of TLS.
    private static func checkSecrecy(_ path: String) throws(ObjectStoreError) {
        let status: FileStatus?
        do throws(SystemError) { status = try FileSystem.status(FileSystem.realPath(path)) } catch {
            throw CredentialsSource.error(path, error.reason)
        }
        guard let status else { throw CredentialsSource.error(path, "it is gone again") }
        let forbidden: UInt32 = status.owner == 0 && ThisProcess.userID != 0 ? 0o037 : 0o077
        guard status.permissions & forbidden == 0 else {
            throw CredentialsSource.error(path, "others may read it: chmod 600")
        }
    }

    fileprivate static func error(_ subject: String, _ text: String) -> ObjectStoreError {
        ObjectStoreError(.open, subject, .notAuthenticated, text)
    }
}

/// The two forms of credentials in a file.
///
/// AWS's shared credentials: sections `[profile]` with lines `aws_access_key_id = …`. Or, without sections, those
/// lines, or `AWS_ACCESS_KEY_ID=…` as for a shell. Names are in any case; other names are left alone.
enum CredentialsFile {
    static func parse(
        _ bytes: [UInt8], path: String, profile: String
    ) throws(ObjectStoreError) -> StoreCredentials {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CredentialsSource.error(path, "it is no text")
        }
        var section: String?
        var profiles: [String?: [String: String]] = [:]
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                section = trimmed(line.dropFirst().dropLast())
                profiles[section, default: [:]] = [:]
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                // The line itself may be a secret.
                throw CredentialsSource.error(path, "line \(number + 1) is no `name = value`")
            }
            var name = trimmed(line[..<equals]).lowercased()
            if name.hasPrefix("export ") { name = trimmed(name.dropFirst(7)) }
            profiles[section, default: [:]][name] = unquoted(trimmed(line[line.index(after: equals)...]))
        }
        return try credentials(profiles, path, profile)
    }

    private static func credentials(
        _ profiles: [String?: [String: String]], _ path: String, _ profile: String
    ) throws(ObjectStoreError) -> StoreCredentials {
        let values = profiles[profile] ?? (profiles.keys.contains { $0 != nil } ? nil : profiles[nil])
        guard let values else { throw CredentialsSource.error(path, "it has no profile \(profile)") }
        guard let accessKey = values["aws_access_key_id"], let secretKey = values["aws_secret_access_key"] else {
            throw CredentialsSource.error(path, "aws_access_key_id and aws_secret_access_key are not both there")
        }
        let token = values["aws_session_token"]
        guard let found = StoreCredentials(accessKey: accessKey, secretKey: secretKey, sessionToken: token) else {
            throw CredentialsSource.error(path, "a key is empty or holds what is no letter of a key")
        }
        return found
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isSpace)
        return String(start.reversed().drop(while: isSpace).reversed())
    }

    private static func unquoted(_ text: String) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }
}
