// An address as people write it: a host name or IP address, and a port.

import Platform

/// `127.0.0.1:7101`, `[::1]:7101` or `n1.example.org:7101`. The port is 1 to 65535.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without the brackets of IPv6.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil when `text` is neither `HOST:PORT` nor `[IPV6]:PORT`.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        let head = String(text[..<colon])
        self.port = port
        if head.hasPrefix("[") {
            guard SocketAddress(parsing: head + ":1") != nil else { return nil }
            host = String(head.dropFirst().dropLast())
        } else {
            guard HostPort.isName(head) else { return nil }
            host = head
        }
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only programs of this machine can reach it: 127.0.0.0/8, ::1, or the name `localhost`.
    public var isLoopback: Bool {
        host == "localhost" || SocketAddress(parsing: description)?.isLoopback == true
    }

    /// Whether it means every address of this machine.
    public var isUnspecified: Bool { SocketAddress(parsing: description)?.isUnspecified == true }

    /// A host name (RFC 1123) or an IPv4 address. Names made of digits and dots alone must be addresses.
    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let allowed = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy(isNameByte)
        }
        let isNumeric = labels.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        return allowed && (!isNumeric || SocketAddress(parsing: text + ":1") != nil)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
