// Where a socket listens or connects: an address of IPv4 or IPv6 with its port.

import Glibc

/// An IPv4 or IPv6 address and a TCP port. As text `127.0.0.1:7101` or `[::1]:7101`.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    public enum Family: Hashable, Sendable { case v4, v6 }

    public let family: Family
    /// The address in network order, as two big-endian words. IPv4 uses the upper half of `low`'s lower word only.
    private let high: UInt64
    private let low: UInt64
    /// The interface of a link-local IPv6 address; 0 elsewhere.
    private let scope: UInt32
    public let port: UInt16

    private init(family: Family, high: UInt64, low: UInt64, scope: UInt32, port: UInt16) {
        self.family = family
        self.high = high
        self.low = low
        self.scope = scope
        self.port = port
    }

    /// An IPv4 address from its four bytes.
    public init(v4 bytes: (UInt8, UInt8, UInt8, UInt8), port: UInt16) {
        let word = UInt64(bytes.0) << 24 | UInt64(bytes.1) << 16 | UInt64(bytes.2) << 8 | UInt64(bytes.3)
        self.init(family: .v4, high: 0, low: word, scope: 0, port: port)
    }

    public static func loopback(port: UInt16) -> SocketAddress { SocketAddress(v4: (127, 0, 0, 1), port: port) }

    /// From `127.0.0.1:7101` or `[::1]:7101`. Nil for anything else, host names included: those are `resolve`d.
    public init?(parsing text: some StringProtocol) {
        guard let (host, port) = SocketAddress.split(String(text)) else { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if !text.hasPrefix("["), inet_pton(AF_INET, host, &v4) == 1 {
            self.init(family: .v4, high: 0, low: UInt64(UInt32(bigEndian: v4.s_addr)), scope: 0, port: port)
        } else if text.hasPrefix("["), inet_pton(AF_INET6, host, &v6) == 1 {
            self.init(v6, scope: 0, port: port)
        } else {
            return nil
        }
    }

    /// Like `init(parsing:)`, and a host name is looked up (getaddrinfo(3)), which may block for seconds.
    /// IPv4 is preferred among the answers, so that every node of a mixed network takes the same.
    public static func resolve(_ text: String) throws(SystemError) -> SocketAddress {
        if let address = SocketAddress(parsing: text) { return address }
        guard let (host, port) = split(text), !host.isEmpty else {
            throw SystemError(call: "resolve", errno: EINVAL, subject: text)
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else {
            throw SystemError(call: "resolve", errno: ENOENT, subject: text)
        }
        defer { freeaddrinfo(list) }
        var answers: [SocketAddress] = []
        var next = list
        while let info = next?.pointee {
            if let address = SocketAddress(info.ai_addr, port: port) { answers.append(address) }
            next = info.ai_next
        }
        guard let answer = answers.first(where: { $0.family == .v4 }) ?? answers.first else {
            throw SystemError(call: "resolve", errno: ENOENT, subject: text)
        }
        return answer
    }

    public var isLoopback: Bool {
        family == .v4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// Whether it means "every address of this machine": `0.0.0.0` or `[::]`.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// The address without its port: `127.0.0.1` or `::1`, as a certificate names it.
    public var host: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch family {
        case .v4:
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count))
        case .v6:
            var address = in6
            inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    public var description: String { family == .v4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    public func withPort(_ port: UInt16) -> SocketAddress {
        SocketAddress(family: family, high: high, low: low, scope: scope, port: port)
    }

    /// `host:port` or `[host]:port` taken apart. Nil without a port, or when it is no number of 16 bits.
    static func split(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return (String(host.dropFirst().dropLast()), port) }
        return host.contains(":") || host.contains("[") ? nil : (String(host), port)
    }
}

// The kernel's form of an address.
extension SocketAddress {
    private init(_ address: in6_addr, scope: UInt32, port: UInt16) {
        let (high, low) = withUnsafeBytes(of: address) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        // ::ffff:a.b.c.d is what a listener of both families reports of an IPv4 client.
        if high == 0, low >> 32 == 0xFFFF {
            self.init(family: .v4, high: 0, low: low & 0xFFFF_FFFF, scope: 0, port: port)
        } else {
            self.init(family: .v6, high: high, low: low, scope: scope, port: port)
        }
    }

    private var in6: in6_addr {
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) {
            $0.storeBytes(of: high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }

    /// Nil for families other than IPv4 and IPv6. `port` replaces the one inside.
    init?(_ raw: UnsafePointer<sockaddr>?, port: UInt16? = nil) {
        guard let raw else { return nil }
        switch Int32(raw.pointee.sa_family) {
        case AF_INET:
            let v4 = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
            self.init(
                family: .v4, high: 0, low: UInt64(UInt32(bigEndian: v4.sin_addr.s_addr)), scope: 0,
                port: port ?? UInt16(bigEndian: v4.sin_port))
        case AF_INET6:
            let v6 = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
            self.init(v6.sin6_addr, scope: v6.sin6_scope_id, port: port ?? UInt16(bigEndian: v6.sin6_port))
        default: return nil
        }
    }

    var socketFamily: Int32 { family == .v4 ? AF_INET : AF_INET6 }

    /// Calls `body` with the kernel's form.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let length = fill(
                UnsafeMutableRawBufferPointer(start: pointer, count: MemoryLayout<sockaddr_storage>.size))
            return pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer) -> socklen_t {
        switch family {
        case .v4:
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            v4.sin_addr = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            bytes.storeBytes(of: v4, as: sockaddr_in.self)
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .v6:
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            v6.sin6_addr = in6
            v6.sin6_scope_id = scope
            bytes.storeBytes(of: v6, as: sockaddr_in6.self)
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }
}
