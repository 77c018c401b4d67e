// Which texts name a store, and what is said to those that do not.

import Testing

@testable import ObjectStores

@Suite struct StoreURLTests {
    /// Text, the address of a key `k`, and the text that it is printed as, if another.
    @Test(
        arguments: [
            ("s3://bucket", "https://bucket.s3.us-east-1.amazonaws.com/k", nil),
            ("s3://bucket/", "https://bucket.s3.us-east-1.amazonaws.com/k", "s3://bucket"),
            ("s3://bucket/a/b?region=eu-central-1", "https://bucket.s3.eu-central-1.amazonaws.com/a/b/k", nil),
            ("s3://bucket/a/b/", "https://bucket.s3.us-east-1.amazonaws.com/a/b/k", "s3://bucket/a/b"),
            ("s3://my.bucket", "https://s3.us-east-1.amazonaws.com/my.bucket/k", nil),
            ("s3://bucket?region=cn-north-1", "https://bucket.s3.cn-north-1.amazonaws.com.cn/k", nil),
            ("s3://bucket/p?endpoint=http://127.0.0.1:5000", "http://127.0.0.1:5000/bucket/p/k", nil),
            (
                "s3://bucket/p?endpoint=http%3A%2F%2F127.0.0.1%3A5000%2F", "http://127.0.0.1:5000/bucket/p/k",
                "s3://bucket/p?endpoint=http://127.0.0.1:5000"
            ),
            (
                "s3://bucket?endpoint=MinIO.example:9000", "https://minio.example:9000/bucket/k",
                "s3://bucket?endpoint=https://minio.example:9000"
            ),
            (
                "s3://bucket?endpoint=https://s.example:443&style=virtual", "https://bucket.s.example/k",
                "s3://bucket?endpoint=https://s.example&style=virtual"
            ),
            ("s3://bucket?endpoint=http://[::1]:9000&region=x&style=path", "http://[::1]:9000/bucket/k", nil),
            ("s3://bucket?style=path", "https://s3.us-east-1.amazonaws.com/bucket/k", nil),
        ] as [(String, String, String?)])
    func `a bucket has an address`(text: String, address: String, printed: String?) throws {
        let url = try StoreURL(text)
        guard case .bucket(let place) = url else {
            Issue.record("\(text) is no bucket")
            return
        }
        #expect(place.endpoint.scheme + "://" + place.host + place.pathOfBucket + "/" + place.path("k") == address)
        #expect(url.description == printed ?? text)
        #expect(try StoreURL(url.description).description == url.description)
    }

    @Test func `a directory has a path`() throws {
        #expect(try StoreURL("file:///var/archive/") == .directory("/var/archive"))
        #expect(try StoreURL("file:///a%20b%3F").description == "file:///a%20b%3F")
        #expect(try StoreURL("file:///") == .directory("/"))
    }

    @Test(
        arguments: [
            ("", .notAURL("")), ("/var/archive", .notAURL("/var/archive")), ("gs://bucket", .unknownScheme("gs")),
            ("file://var/archive", .relativePath("var/archive")), ("file:///a?b=c", .fileWithOptions),
            ("file:///a%zz", .badPercent("/a%zz")), ("file:///a%00b", .badPercent("/a%00b")),
            ("s3://", .badBucket("")), ("s3://ab", .badBucket("ab")), ("s3://Bucket", .badBucket("Bucket")),
            ("s3://-bucket", .badBucket("-bucket")), ("s3://a..b", .badBucket("a..b")),
            ("s3://bucket/a//b", .badPrefix("a//b")), ("s3://bucket/../b", .badPrefix("../b")),
            ("s3://bucket/a%20b", .badPrefix("a b")), ("s3://bucket/a%2", .badPercent("a%2")),
            ("s3://bucket/" + String(repeating: "a", count: 257), .badPrefix(String(repeating: "a", count: 257))),
            ("s3://bucket#a", .badPrefix("#")),
            ("s3://bucket?regoin=x", .unknownOption("regoin", nearest: "region")),
            ("s3://bucket?end-point=x", .unknownOption("end-point", nearest: "endpoint")),
            ("s3://bucket?region", .badOption("region", expected: "region=…")),
            ("s3://bucket?region=a/b", .badOption("region", expected: "a name such as eu-central-1")),
            ("s3://bucket?style=both", .badOption("style", expected: "`path` or `virtual`")),
            ("s3://bucket?region=a&region=b", .repeatedOption("region")),
            ("s3://key:secret@bucket/p", .hasCredentials), ("s3://key@bucket", .hasCredentials),
            ("s3://bucket?endpoint=http://key:secret@host", .hasCredentials),
            ("s3://bucket?secret_key=x", .hasCredentials), ("s3://bucket?X-Amz-Signature=x", .hasCredentials),
        ] as [(String, StoreURLError)])
    func `other texts have a reason`(text: String, expected: StoreURLError) {
        #expect(throws: expected) { try StoreURL(text) }
        #expect(!"\(expected)\(expected.remedy.text)".contains("secret@"))
    }

    @Test(arguments: [
        "ftp://host", "http://host:0", "http://host:70000", "http://host:x", "http://host/path", "http://", "",
        "http://ho st", "http://host\nx-amz-acl: y", "http://[::1", "http://.host",
    ])
    func `an endpoint is a scheme, a host and a port`(text: String) {
        let expected = StoreURLError.badOption("endpoint", expected: "an address such as https://minio.example:9000")
        #expect(throws: expected) { try StoreURL("s3://bucket?endpoint=" + PercentCoding.encode(text)) }
    }

    @Test func `a place is opened by its kind`() throws {
        let directory = try TemporaryDirectory()
        #expect(try StoreOpening.open(.directory(directory.path)) is DirectoryObjects)
        #expect(failure(try StoreOpening.open(.directory(directory.path + "/none")))?.reason == .noContainer)
        var options = StoreOptions()
        options.environment = [:]
        let bucket = try StoreURL("s3://bucket/p?endpoint=http://127.0.0.1:1")
        #expect(failure(try StoreOpening.open(bucket, options))?.reason == .notAuthenticated)
        options.environment = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
        #expect(try StoreOpening.open(bucket, options) is RetryingStore)
        options.retry = nil
        let store = try StoreOpening.open(bucket, options)
        #expect(store is S3Objects)
        #expect(store.location == "s3://bucket/p?endpoint=http://127.0.0.1:1")
    }
}
