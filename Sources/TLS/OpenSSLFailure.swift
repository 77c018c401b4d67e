// OpenSSL's error queue and verdicts, translated.

import COpenSSL

/// The oldest error of this thread's queue, which is empty once it is taken.
struct OpenSSLFailure {
    let number: Int32
    let text: String

    static func take() -> OpenSSLFailure {
        var buffer = [CChar](repeating: 0, count: 256)
        let number = trireme_tls_take_error(&buffer, buffer.count)
        let text = String(cBuffer: buffer)
        return OpenSSLFailure(number: number, text: text.isEmpty ? "unknown reason" : text)
    }

    /// The alert that the other end sent, if that is what failed.
    var alert: String? {
        let value = number - SSL_AD_REASON_OFFSET
        guard (0..<256).contains(value) else { return nil }
        // Newer alerts have no long name in OpenSSL 3.0; the reason has the number's name in it.
        let name = String(cString: SSL_alert_desc_string_long(value))
        return name == "unknown" ? text : name
    }

    var isNotTLS: Bool {
        [
            SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_UNEXPECTED_MESSAGE, SSL_R_LENGTH_MISMATCH, SSL_R_BAD_PACKET_LENGTH, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_RECORD_TOO_SMALL, SSL_R_BAD_RECORD_TYPE,
        ].contains(number)
    }

    var isVersion: Bool {
        [SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_NO_PROTOCOLS_AVAILABLE]
            .contains(number) || number == SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION
    }
}

extension CertificateProblem {
    /// From an X509_V_ERR number.
    init(verdict: Int32, expectedName: String?) {
        switch verdict {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            self = .unknownAuthority
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            self = .wrongName(expected: expectedName ?? "this name")
        case X509_V_ERR_INVALID_PURPOSE: self = .wrongPurpose
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_UNABLE_TO_GET_CRL,
            X509_V_ERR_CRL_SIGNATURE_FAILURE:
            self = .revocationListOutdated
        default: self = .invalid(String(cString: X509_verify_cert_error_string(Int(verdict))))
        }
    }
}

extension String {
    /// From a C string in a buffer; invalid UTF-8 is replaced.
    init(cBuffer buffer: [CChar]) {
        self = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
