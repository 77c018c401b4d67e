// Where a store is, as one line of text: `file:///path` or `s3://bucket/prefix?endpoint=…`.

import Vocabulary

public enum StoreURL: Hashable, Sendable, CustomStringConvertible {
    /// An absolute path.
    case directory(String)
    case bucket(S3Place)

    /// The keys behind the question mark of a bucket's URL.
    static let optionNames = ["endpoint", "region", "style"]

    public init(_ text: String) throws(StoreURLError) {
        guard let scheme = text.firstRange(of: "://") else { throw .notAURL(text) }
        let rest = text[scheme.upperBound...]
        switch text[..<scheme.lowerBound] {
        case "file": self = .directory(try StoreURL.path(rest))
        case "s3": self = .bucket(try S3Place(rest))
        case let name: throw .unknownScheme(String(name.prefix(32)))
        }
    }

    private static func path(_ text: Substring) throws(StoreURLError) -> String {
        guard text.hasPrefix("/") else { throw .relativePath(String(text)) }
        guard !text.contains("?"), !text.contains("#") else { throw .fileWithOptions }
        guard let path = PercentCoding.decode(text), !path.utf8.contains(0) else { throw .badPercent(String(text)) }
        // Errors name objects as `path/key`.
        return path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The same place again when it is read; it holds no secret.
    public var description: String {
        switch self {
        case .directory(let path): "file://" + PercentCoding.encode(path, slashStays: true)
        case .bucket(let place): place.description
        }
    }
}

/// A bucket, the prefix in it, and how to get there.
public struct S3Place: Hashable, Sendable, CustomStringConvertible {
    /// How an address names the bucket.
    public enum Style: String, Hashable, Sendable, CaseIterable {
        /// `https://host/bucket/key`: what most stores other than Amazon's want.
        case path
        /// `https://bucket.host/key`.
        case virtual
    }

    public static let prefixMax = 256
    public static let regionDefault = "us-east-1"

    public let bucket: String
    /// Segments of keys, joined by slashes; empty for the whole bucket.
    public let prefix: String
    public let endpoint: StoreEndpoint
    public let region: String
    public let style: Style
    /// The options that were given, for printing.
    private let given: [String]

    /// - Parameter text: what stands behind `s3://`.
    fileprivate init(_ text: Substring) throws(StoreURLError) {
        guard !text.contains("#") else { throw .badPrefix("#") }
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if path[0].contains("@") || path[0].contains(":") { throw .hasCredentials }
        bucket = String(path[0])
        guard S3Place.isBucket(bucket) else { throw .badBucket(bucket) }
        prefix = try S3Place.prefix(path.count > 1 ? path[1] : "")
        let options = try S3Place.options(halves.count > 1 ? halves[1] : "")
        let region = options["region"] ?? S3Place.regionDefault
        guard S3Place.isRegion(region) else { throw .badOption("region", expected: "a name such as eu-central-1") }
        self.region = region
        endpoint = try options["endpoint"].map(StoreEndpoint.parse) ?? StoreEndpoint.amazon(region: region)
        guard let text = options["style"] else {
            // Amazon's certificates are for one label before the host.
            style = options["endpoint"] == nil && !bucket.contains(".") ? .virtual : .path
            given = options.keys.sorted()
            return
        }
        guard let style = Style(rawValue: text) else { throw .badOption("style", expected: "`path` or `virtual`") }
        self.style = style
        given = options.keys.sorted()
    }

    private static func prefix(_ text: Substring) throws(StoreURLError) -> String {
        guard let decoded = PercentCoding.decode(text) else { throw .badPercent(String(text)) }
        let prefix = decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
        guard prefix.isEmpty || ObjectKey(prefix) != nil, prefix.utf8.count <= prefixMax else {
            throw .badPrefix(prefix)
        }
        return prefix
    }

    private static func options(_ text: Substring) throws(StoreURLError) -> [String: String] {
        var options: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(halves[0]) else { throw .badPercent(String(halves[0])) }
            guard StoreURL.optionNames.contains(name) else {
                let plain = name.lowercased()
                if ["secret", "token", "password", "signature", "access"].contains(where: plain.contains) {
                    throw .hasCredentials
                }
                throw .unknownOption(
                    String(name.prefix(64)), nearest: NearestName.among(StoreURL.optionNames, to: name))
            }
            guard halves.count == 2, let value = PercentCoding.decode(halves[1]) else {
                throw .badOption(name, expected: "\(name)=…")
            }
            guard options.updateValue(value, forKey: name) == nil else { throw .repeatedOption(name) }
        }
        return options
    }

    /// Names as Amazon takes them: 3 to 63 small letters, digits, dots and hyphens; an end is a letter or a digit.
    private static func isBucket(_ name: String) -> Bool {
        let isOuter: (UInt8) -> Bool = { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        guard (3...63).contains(name.utf8.count), let first = name.utf8.first, let last = name.utf8.last else {
            return false
        }
        return isOuter(first) && isOuter(last) && !name.contains("..")
            && name.utf8.allSatisfy { isOuter($0) || $0 == 0x2D || $0 == 0x2E }
    }

    private static func isRegion(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                    || $0 == 0x5F
            }
    }

    /// What the bucket calls an object, or a prefix of objects.
    func path(_ key: String) -> String { prefix.isEmpty ? key : prefix + "/" + key }

    /// As the header `Host` has it.
    var host: String { style == .path ? endpoint.authority : bucket + "." + endpoint.authority }
    /// What stands before an object's path.
    var pathOfBucket: String { style == .path ? "/" + bucket : "" }

    public var description: String {
        let values = ["endpoint": endpoint.description, "region": region, "style": style.rawValue]
        let options = given.map { $0 + "=" + (values[$0] ?? "") }.joined(separator: "&")
        return "s3://" + path(bucket: bucket) + (options.isEmpty ? "" : "?" + options)
    }

    private func path(bucket: String) -> String { prefix.isEmpty ? bucket : bucket + "/" + prefix }
}

/// The server of a store.
public struct StoreEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// A name or an address, which in IPv6 is in brackets.
    public let host: String
    /// Nil for the scheme's own.
    public let port: UInt16?

    static func amazon(region: String) -> StoreEndpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return StoreEndpoint(scheme: "https", host: "s3.\(region).\(domain)", port: nil)
    }

    /// `https://host:port`, `http://host`, or without a scheme, which means https.
    static func parse(_ text: String) throws(StoreURLError) -> StoreEndpoint {
        let expected = "an address such as https://minio.example:9000"
        let scheme = text.firstRange(of: "://")
        let name = scheme.map { String(text[..<$0.lowerBound]) } ?? "https"
        var rest = scheme.map { text[$0.upperBound...] } ?? text[...]
        if rest.contains("@") { throw .hasCredentials }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var host = rest
        var port: UInt16?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            host = rest[..<colon]
            port = UInt16(rest[rest.index(after: colon)...])
            guard let given = port, given > 0 else { throw .badOption("endpoint", expected: expected) }
            // Clients leave a scheme's own port out of the header, which is signed.
            if given == (name == "https" ? 443 : 80) { port = nil }
        }
        guard name == "http" || name == "https", isHost(host) else {
            throw .badOption("endpoint", expected: expected)
        }
        return StoreEndpoint(scheme: name, host: host.lowercased(), port: port)
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty && host.utf8.count <= 253 && !host.hasPrefix(".")
            && host.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                    || $0 == 0x2E
            }
    }

    /// Whether it is this machine: no proxy leads there.
    var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host.hasPrefix("127.") || host == "[::1]"
    }

    var authority: String { port.map { "\(host):\($0)" } ?? host }
    public var description: String { scheme + "://" + authority }
}
