// What may be chosen about a bucket besides its place.

import Platform
public import Vocabulary

/// A lock that each object gets when it is made (S3 Object Lock). The bucket must have been made for it.
public struct Retention: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Users with a special right may remove objects before their time.
        case governance
        /// Nobody may, the account's owner included.
        case compliance
    }

    public let mode: Mode
    /// From the moment of the upload, by this machine's clock.
    public let duration: Duration

    public init(mode: Mode, duration: Duration) {
        self.mode = mode
        self.duration = duration
    }
}

public struct S3Options: Sendable {
    /// Certificates in PEM to trust instead of the system's.
    public var authorityFile: String?
    public var timeouts = StoreTimeouts()
    public var retention: Retention?
    /// Objects larger than this are sent in parts.
    public var putMax = ByteCount.mebibytes(32)
    /// 5 MiB at least for AWS and most others. Grows for objects that would have more than `partsMax`.
    public var partSize = ByteCount.mebibytes(16)
    /// The largest object that is read as a whole.
    public var getMax = ByteCount.mebibytes(4096)
    /// How many keys a page is asked to hold; 1000 is the most that stores give.
    public var pageSize = 1000
    /// True when this process stops: requests under way are given up within about a second.
    public var isStopped: @Sendable () -> Bool = { false }
    public var now: @Sendable () -> Timestamp = { WallClock.now() }

    /// The most parts of an upload that stores take.
    public static let partsMax = 10_000

    public init() {}

    /// The size of the parts that an object of so many bytes is sent in.
    func partSize(for count: Int) -> Int {
        max(partSize.rawValue, (count + S3Options.partsMax - 1) / S3Options.partsMax, 1)
    }
}
