// From a URL to the store that it names.

import Platform
import Vocabulary

/// What opening needs besides the URL.
public struct StoreOptions: Sendable {
    /// Of credentials; nil looks into the environment.
    public var credentialsFile: String?
    public var environment: [String: String] = ThisProcess.environment
    public var s3 = S3Options()
    /// Nil tries nothing again.
    public var retry: RetryPolicy? = RetryPolicy()

    public init() {}
}

public enum StoreOpening {
    /// Opens the store. A directory has to be there, and credentials have to be readable; a bucket is not asked yet.
    public static func open(
        _ url: StoreURL, _ options: StoreOptions = StoreOptions()
    ) throws(ObjectStoreError) -> any ObjectStore {
        switch url {
        case .directory(let path): return try DirectoryObjects(root: path)
        case .bucket(let place):
            let credentials = try CredentialsSource(file: options.credentialsFile, environment: options.environment)
            let bucket = S3Objects(place, credentials: credentials, options: options.s3)
            guard let policy = options.retry else { return bucket }
            return RetryingStore(bucket, policy, surroundings(options.s3.isStopped))
        }
    }

    /// This machine's clock and random source, and waits that end early when the process stops.
    static func surroundings(_ isStopped: @escaping @Sendable () -> Bool) -> RetrySurroundings {
        RetrySurroundings(now: { MonotonicClock.now() }, random: { SystemRandom.word() }) { duration in
            let end = MonotonicClock.now() + duration
            // Nobody posts: the queue is only a place to wait at.
            let queue = WorkQueue<Never>()
            var nothing: [Never] = []
            while !isStopped() {
                let now = MonotonicClock.now()
                guard now < end else { return true }
                _ = queue.takeAll(into: &nothing, waitUntil: min(end, now + stopStep))
            }
            return false
        }
    }

    /// How soon a stop is seen while waiting for another try.
    static let stopStep = Duration.milliseconds(100)
}
