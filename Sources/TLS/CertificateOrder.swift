// What a certificate is to say, and the making of it.

import COpenSSL
import Platform
import Vocabulary

/// The contents of a certificate to be made, in the words of OpenSSL's configuration (x509v3_config(5)).
struct CertificateOrder {
    let commonName: String
    let unit: String
    let basicConstraints: String
    let keyUsage: String
    var extendedKeyUsage: String?
    var alternativeNames: String?
    let from: Timestamp
    let days: Int

    /// Signed by the issuer, or by itself without one.
    func make(key: OpaquePointer, issuer: OpaquePointer?, issuerKey: OpaquePointer?) throws(TLSError) -> Certificate {
        let start = Int64(from.rawValue / 1_000_000)
        // 126 random bits below a set one: unique without a register, and positive (RFC 5280, section 4.1.2.2).
        var serial = SystemRandom.bytes(16)
        serial[0] = serial[0] & 0x3F | 0x40
        let made = withCStrings { texts in
            serial.withUnsafeBufferPointer { serial in
                var order = trireme_certificate_order(
                    key: key, issuer: issuer, issuer_key: issuerKey, common_name: texts[0], unit: texts[1],
                    basic_constraints: texts[2], key_usage: texts[3], extended_key_usage: texts[4],
                    alternative_names: texts[5],
                    not_before: start - CertificateAuthority.backdating.components.seconds,
                    not_after: start + Int64(days) * 86_400, serial: serial.baseAddress, serial_length: serial.count)
                return trireme_certificate_make(&order)
            }
        }
        guard let made else {
            throw .failed(doing: "issuing a certificate for \(commonName)", reason: OpenSSLFailure.take().text)
        }
        ERR_clear_error()
        return Certificate(made)
    }

    /// The six texts as C strings, for the time of a call.
    private func withCStrings<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        let texts = [commonName, unit, basicConstraints, keyUsage, extendedKeyUsage, alternativeNames]
        let copies = texts.map { text in
            text.map { text in
                let bytes = Array(text.utf8CString)
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
                copy.initialize(from: bytes, count: bytes.count)
                return copy
            }
        }
        defer { for copy in copies { copy?.deallocate() } }
        return body(copies.map { UnsafePointer($0) })
    }

    /// `DNS:n1,IP:127.0.0.1`; nil for none. Names come from settings: a comma in one would add another name to the
    /// certificate, so only what a name can hold is let through.
    static func alternativeNames(
        _ commonName: String, _ role: CertificateRole, _ names: [String], _ addresses: [String]
    ) throws(TLSError) -> String? {
        var names = names
        var addresses = addresses
        if role != .client, isHostName(commonName) { names.insert(commonName, at: 0) }
        if role == .node {
            names.append("localhost")
            addresses += ["127.0.0.1", "::1"]
        }
        var parts: [String] = []
        for name in names {
            guard isHostName(name) else { throw .failed(doing: "issuing for \(name)", reason: "not a host name") }
            if !parts.contains("DNS:" + name) { parts.append("DNS:" + name) }
        }
        for address in addresses {
            guard isAddress(address) else {
                throw .failed(doing: "issuing for \(address)", reason: "not an IP address")
            }
            if !parts.contains("IP:" + address) { parts.append("IP:" + address) }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    static func isAddress(_ text: String) -> Bool {
        SocketAddress(parsing: text.contains(":") ? "[\(text)]:0" : "\(text):0") != nil
    }

    private static func isHostName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253 && text.utf8.allSatisfy(isHostNameByte)
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"):
            true
        default: false
        }
    }
}
