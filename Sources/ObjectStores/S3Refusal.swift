// What a store's refusal means: from the status, and from the code and the words in the answer's body.

/// The error document of S3 ("Error responses", Amazon S3 API Reference), as far as there is one.
struct S3Refusal {
    /// The longest text of a store's that is passed on, in characters.
    static let textMax = 300

    let status: Int
    /// Such as `NoSuchKey`. Nil when the answer has no such document: to HEAD, or from something in between.
    let code: String?
    private let message: String
    private let region: String?

    init(_ answer: HTTPAnswer) {
        status = answer.status
        region = answer.region
        // Only a code and a message are taken over: other elements repeat parts of the request.
        let document = try? XMLElement.parse(answer.body)
        let error = document?.name == "Error" ? document : nil
        code = error?.text(of: "Code")
        message = error?.text(of: "Message") ?? ""
    }

    /// For people.
    var text: String {
        var text = code.map { message.isEmpty ? $0 : $0 + ": " + message } ?? "HTTP status \(status)"
        if let region, (300...399).contains(status) || code == "AuthorizationHeaderMalformed" {
            text += " (the bucket is in region \(region))"
        }
        let printable = text.unicodeScalars.prefix(S3Refusal.textMax).map { $0.value < 0x20 ? " " : Character($0) }
        return String(printable)
    }

    /// - Parameter isAboutObject: whether a bare 404 means that the object is missing, rather than the bucket.
    func reason(isAboutObject: Bool) -> ObjectStoreError.Reason {
        if isRetained { return .retained }
        return code.flatMap(reasonOfCode) ?? reasonOfStatus(isAboutObject)
    }

    /// A store that knows the header `If-None-Match` for writes, and found an object.
    var isUnmetCondition: Bool { status == 412 }

    /// A store that does not know the header, and says so. What 400 means is seen by a try without it.
    var mayRefuseCondition: Bool {
        if status == 501 || code == "NotImplemented" { return true }
        return status == 400 && [nil, "InvalidArgument", "InvalidRequest", "UnsupportedHeader"].contains(code)
    }

    private func reasonOfCode(_ code: String) -> ObjectStoreError.Reason? {
        switch code {
        case "NoSuchKey", "NoSuchVersion": .missing
        case "NoSuchBucket", "InvalidBucketName": .noContainer
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
            "MissingSecurityHeader", "InvalidSecurity", "NotSignedUp":
            .notAuthenticated
        case "RequestTimeTooSkewed": .clockSkew
        case "AccessDenied", "AllAccessDisabled", "AccountProblem": .denied
        case "SlowDown", "TooManyRequests", "Throttling", "ThrottlingException", "RequestLimitExceeded": .throttled
        case "RequestTimeout": .timeout
        case "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch": .truncated
        // The upload may have ended by a try whose answer was lost: the next one looks first.
        case "InternalError", "ServiceUnavailable", "ConditionalRequestConflict", "OperationAborted", "NoSuchUpload":
            .serverError
        case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage": .noSpace
        case "NotImplemented", "MethodNotAllowed", "EntityTooLarge": .unsupported
        default: nil
        }
    }

    private func reasonOfStatus(_ isAboutObject: Bool) -> ObjectStoreError.Reason {
        switch status {
        case 401: .notAuthenticated
        case 403: .denied
        case 404: isAboutObject ? .missing : .noContainer
        case 405, 501: .unsupported
        case 408: .timeout
        case 429: .throttled
        case 507: .noSpace
        case 500...599: .serverError
        default: .failed
        }
    }

    /// Stores have no code of their own for this: they deny, and say why.
    private var isRetained: Bool {
        if ["ObjectLocked", "FileImmutable"].contains(code) { return true }
        let words = message.lowercased()
        let isDenial = code == "AccessDenied" || code == "InvalidRequest" || code == "MethodNotAllowed"
        return isDenial && ["object lock", "worm", "legal hold", "retention"].contains { words.contains($0) }
    }
}
