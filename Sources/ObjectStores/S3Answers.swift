// The documents that S3 answers with, and the one that it is sent.

/// A page of `ListObjectsV2`.
struct S3List {
    let objects: [(key: String, size: Int)]
    /// For the next page; nil on the last.
    let continuation: String?

    /// Nil when it is no such document.
    init?(_ body: [UInt8]) {
        guard let document = try? XMLElement.parse(body), document.name == "ListBucketResult" else { return nil }
        var objects: [(key: String, size: Int)] = []
        for element in document.children where element.name == "Contents" {
            guard let key = element.text(of: "Key"), let size = element.text(of: "Size").flatMap({ Int($0) }), size >= 0
            else { return nil }
            objects.append((key, size))
        }
        self.objects = objects
        switch document.text(of: "IsTruncated") {
        case "true":
            guard let token = document.text(of: "NextContinuationToken"), !token.isEmpty else { return nil }
            continuation = token
        case "false", nil: continuation = nil
        default: return nil
        }
    }
}

enum S3Upload {
    /// The identity of an upload that has begun. Nil when the answer is no such document.
    static func identity(_ body: [UInt8]) -> String? {
        guard let document = try? XMLElement.parse(body), document.name == "InitiateMultipartUploadResult",
            let identity = document.text(of: "UploadId"), !identity.isEmpty
        else { return nil }
        return identity
    }

    /// The request that makes an object of parts, which count from 1.
    static func completion(_ etags: [String]) -> [UInt8] {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for (number, etag) in etags.enumerated() {
            text += "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(escaped(etag))</ETag></Part>"
        }
        return Array((text + "</CompleteMultipartUpload>").utf8)
    }

    /// Whether the object was made. The status says 200 before the store knows: the document decides.
    static func isComplete(_ body: [UInt8]) -> Bool {
        (try? XMLElement.parse(body))?.name == "CompleteMultipartUploadResult"
    }

    private static func escaped(_ text: String) -> String {
        text.map { ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"][$0] ?? String($0) }.joined()
    }
}
