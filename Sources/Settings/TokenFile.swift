// Files that hold tokens: one in each line, for their owner's eyes only.

public import Platform
public import Vocabulary

/// Why a secret's file is not used.
public enum TokenFileError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(SystemError)
    /// The group or others may read or write it.
    case open(path: String, permissions: UInt32)
    /// It belongs to neither this process's user nor root.
    case foreign(path: String, owner: UInt32)
    case empty(path: String)
    /// A line is shorter than a token may be, or holds other than printable characters.
    case weak(path: String, line: Int)
    case tooMany(path: String)

    public var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .open(let path, let permissions): "\(path) has mode 0\(String(permissions, radix: 8)): others may use it"
        case .foreign(let path, let owner): "\(path) belongs to user \(owner)"
        case .empty(let path): "\(path) holds no token"
        case .weak(let path, let line):
            "line \(line) of \(path) is no token: \(TokenFile.lengthMin) to \(TokenFile.lengthMax) printable characters"
        case .tooMany(let path): "\(path) holds more than \(TokenFile.countMax) tokens"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .unreadable(let error): error.remedy
        case .open(let path, _): .operate("run `chmod 600 \(path)`")
        case .foreign(let path, _): .operate("run `chown \(ThisProcess.userName) \(path)`")
        case .empty(let path), .weak(let path, _):
            .operate("write one with `(umask 077; openssl rand -hex 32 > \(path))`")
        case .tooMany(let path): .operate("remove old tokens from \(path)")
        }
    }
}

public enum TokenFile {
    package static let lengthMin = 16
    package static let lengthMax = 512
    package static let countMax = 1024

    /// The tokens of a file, in order: its lines without the spaces around them. Empty lines and lines that begin with
    /// `#` are skipped, so that tokens can be rotated with a word on each.
    public static func read(_ path: String) throws(TokenFileError) -> [[UInt8]] {
        try checkClosed(path)
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.readAll(path, limit: 1 << 20)
        } catch {
            throw .unreadable(error)
        }
        return try tokens(in: bytes, path: path)
    }

    /// The same of a file's bytes; `path` is for the error only.
    package static func tokens(in bytes: [UInt8], path: String) throws(TokenFileError) -> [[UInt8]] {
        var tokens: [[UInt8]] = []
        for (position, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let token = trimmed(line)
            if token.isEmpty || token.first == UInt8(ascii: "#") { continue }
            guard (lengthMin...lengthMax).contains(token.count), token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .weak(path: path, line: position + 1)
            }
            tokens.append(Array(token))
            if tokens.count > countMax { throw .tooMany(path: path) }
        }
        if tokens.isEmpty { throw .empty(path: path) }
        return tokens
    }

    /// Refuses a file that anybody but its owner may use, or that somebody else owns. Links are followed.
    static func checkClosed(_ path: String) throws(TokenFileError) {
        let status: FileStatus?
        do {
            status = try FileSystem.status(try FileSystem.realPath(path))
        } catch {
            throw .unreadable(error)
        }
        guard let status else { return }
        if status.permissions & 0o077 != 0 { throw .open(path: path, permissions: status.permissions) }
        if status.owner != ThisProcess.userID, status.owner != 0 { throw .foreign(path: path, owner: status.owner) }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let front = line.drop(while: isSpace)
        return front.prefix((front.lastIndex { !isSpace($0) }.map { $0 + 1 - front.startIndex }) ?? 0)
    }
}
