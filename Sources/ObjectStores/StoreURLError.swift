// Why a text is no place for an archive, and how to write it instead.

public import Vocabulary

public enum StoreURLError: Error, Hashable, Sendable, CustomStringConvertible {
    case notAURL(String)
    case unknownScheme(String)
    case relativePath(String)
    case fileWithOptions
    case badBucket(String)
    case badPrefix(String)
    /// A percent sign that is followed by no two digits, or bytes that are no text.
    case badPercent(String)
    case unknownOption(String, nearest: String)
    case badOption(String, expected: String)
    case repeatedOption(String)
    /// The URL itself is not repeated: it may hold a secret.
    case hasCredentials

    public var description: String {
        switch self {
        case .notAURL(let text): "`\(text)` is no URL"
        case .unknownScheme(let scheme): "there are no stores of the kind `\(scheme)`"
        case .relativePath(let path): "the path `\(path)` is not absolute"
        case .fileWithOptions: "a directory has no options"
        case .badBucket(let name): "`\(name)` is no name of a bucket"
        case .badPrefix(let prefix): "`\(prefix)` is no prefix of keys"
        case .badPercent(let text): "`\(text)` is not percent-encoded text"
        case .unknownOption(let name, _): "`\(name)` is no option"
        case .badOption(let name, let expected): "the option `\(name)` is not \(expected)"
        case .repeatedOption(let name): "the option `\(name)` is there twice"
        case .hasCredentials: "the URL seems to hold credentials"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .notAURL, .unknownScheme: .operate("write file:///path or s3://bucket/prefix")
        case .relativePath: .operate("write file:// and the path from the root: three slashes in a row")
        case .fileWithOptions: .operate("write %3F and %23 where ? and # belong to the path")
        case .badBucket: .operate("write 3 to 63 of a-z, 0-9, `.` and `-`, beginning and ending with a letter or digit")
        case .badPrefix:
            .operate("write segments of letters, digits and `. _ = + -`, none beginning with a dot, joined by slashes")
        case .badPercent: .operate("write %25 for a percent sign")
        case .unknownOption(_, let nearest): .operate("did you mean `\(nearest)`?")
        case .badOption(let name, let expected): .operate("give `\(name)` \(expected)")
        case .repeatedOption: .operate("leave one of them out")
        case .hasCredentials: .operate("put credentials into a file or into the environment, never into a URL")
        }
    }
}
