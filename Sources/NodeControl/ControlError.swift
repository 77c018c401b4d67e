// Why a command was not done, with the exit code and what to do about it.

public import ArchiveRestore
public import ArchiveStore
public import LogStore
public import ObjectStores
public import Platform
public import Settings
public import TLS
public import Vocabulary

/// Everything that keeps a command of `nodectl` from being done.
public enum ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `cluster.json` or a file that it names cannot be used.
    case clusterFile(path: String, reason: String)
    case unreachable(address: String, StreamError)
    /// The admin port answered with an error, or with what is no answer.
    case answer(address: String, message: String, remedy: String)
    case unauthorized(address: String)
    /// Not done, because it would be unsafe. `override` is the flag that insists, if there is one.
    case refused(reason: String, remedy: String, override: String?)
    /// Not over in time; it may still come about. `follow` says how to see it.
    case timedOut(what: String, follow: String)
    case noLeader(reason: String)
    case usage(String)
    case system(SystemError)
    case tls(TLSError)
    case settings(SettingsError)
    case tokens(TokenFileError)
    case log(LogError)
    case dataDirectory(DataDirectoryError)
    case restore(RestoreError)
    case archive(ArchiveError)
    case storeURL(StoreURLError)
    case store(ObjectStoreError)
    case portInUse(node: String, key: String, address: String)
    /// The process of a node ended while it was to come up; `log` is the end of what it wrote.
    case died(node: String, status: String, log: String, logFile: String)
    case noProgram(String)
    /// What was asked for does not fit what is there.
    case conflict(reason: String, remedy: String)

    /// What the shell gets: 0 is success, and ArgumentParser's own errors become 2.
    public var exitCode: Int32 {
        switch self {
        case .usage, .storeURL: 2
        case .restore(let error): error.isRefusal ? 3 : 1
        case .refused, .conflict: 3
        case .timedOut: 4
        default: 1
        }
    }

    public var description: String {
        switch self {
        case .clusterFile(let path, let reason): "\(path): \(reason)"
        case .unreachable(let address, let error): "\(address) does not answer: \(error)"
        case .answer(let address, let message, _): "\(address): \(message)"
        case .unauthorized(let address): "\(address) does not accept the token"
        case .refused(let reason, _, _): "refused: \(reason)"
        case .timedOut(let what, _): "\(what) did not end in time and may still come about"
        case .noLeader(let reason): "there is no leader: \(reason)"
        case .usage(let text): text
        case .system(let error): "\(error)"
        case .tls(let error): "\(error)"
        case .settings(let error): "\(error)"
        case .tokens(let error): "\(error)"
        case .log(let error): "\(error)"
        case .dataDirectory(let error): "\(error)"
        case .restore(let error): "\(error)"
        case .archive(let error): "\(error)"
        case .storeURL(let error): "\(error)"
        case .store(let error): "\(error)"
        case .portInUse(let node, let key, let address): "\(node): port \(address) (`\(key)`) is in use"
        case .died(let node, let status, let log, let logFile):
            "\(node) ended with \(status) as it started; the end of \(logFile):\n\(log)"
        case .noProgram(let name): "there is no program `\(name)`"
        case .conflict(let reason, _): reason
        }
    }

    public var remedy: Remedy {
        switch self {
        case .clusterFile:
            .operate("name the file with --cluster, or run `nodectl playground up` to make a cluster")
        case .unreachable(_, let error): error.remedy
        case .answer(_, _, let remedy): .operate(remedy)
        case .unauthorized: .operate("use the token file of this cluster's nodes (`auth.admin-token-file`)")
        case .refused(_, let remedy, let override):
            .operate(override.map { "\(remedy), or insist with --\($0)" } ?? remedy)
        case .timedOut(_, let follow): .retry(follow)
        case .noLeader: .retry("start the missing nodes, then look with `nodectl status`")
        case .usage: .operate("see `nodectl --help`")
        case .system(let error): error.remedy
        case .tls(let error): error.remedy
        case .settings: .operate("correct the configuration; docs/CONFIGURATION.md lists the keys")
        case .tokens(let error): error.remedy
        case .log(let error): error.remedy
        case .dataDirectory(let error): error.remedy
        case .restore(let error): error.remedy
        case .archive(let error): error.remedy
        case .storeURL(let error): error.remedy
        case .store(let error): error.remedy
        case .portInUse(_, _, let address):
            .operate(
                "stop what listens there (`ss -ltnp 'sport = :\(address.split(separator: ":").last ?? "")'` names it), "
                    + "or choose another --base-port for a new playground")
        case .died(_, _, _, let logFile):
            .operate("put right what it says, then start it again; all of it is in \(logFile)")
        case .noProgram(let name):
            .operate("build it with `swift build -c release --product \(name)`, or name it with --\(name)")
        case .conflict(_, let remedy): .operate(remedy)
        }
    }
}

/// Calls whose errors become ours.
func control<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(ControlError) -> Value {
    do { return try body() } catch { throw .system(error) }
}

func secured<Value: ~Copyable>(_ body: () throws(TLSError) -> Value) throws(ControlError) -> Value {
    do { return try body() } catch { throw .tls(error) }
}
