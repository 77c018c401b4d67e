// What the archive asks of a store of objects. Directories and S3 conform; tests and the simulator have others.

/// Objects by key: each written whole and once, read whole or in ranges, listed in the order of keys.
///
/// Calls block until they are answered. Any number of threads may call at once.
public protocol ObjectStore: Sendable {
    /// For messages: where it is, as a URL without secrets.
    var location: String { get }

    /// Makes an object, which is on stable storage on return. It is there whole or not at all, whatever happens.
    ///
    /// An object that has the key already stays as it is: `exists`, as far as the store can tell. A store that cannot
    /// do that in one step looks first. After an error it is not known whether the object was made, or is yet to be.
    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome

    /// The object's bytes, or those of a range; fewer where the object ends before the range does.
    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8]

    /// Objects whose keys begin with `prefix`, in ascending order, those behind `key` only if it is given. At least
    /// one unless there are none; `isLast` says whether there may be more.
    ///
    /// A store may be late: an object that was made just now may be missing, one that was deleted be there still.
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage

    /// Removes an object; content when it is gone already. Throws `retained` when the store holds it fast.
    func delete(_ key: ObjectKey) throws(ObjectStoreError)

    /// What the store itself knows about one of its capabilities; nil leaves it to the general check (`StoreCheck`).
    func verdict(on capability: StoreCapability, below prefix: String) throws(ObjectStoreError) -> StoreVerdict?
}

public enum PutOutcome: Hashable, Sendable {
    case made
    /// Something has that name. It may be these very bytes: an answer of an earlier try may have been lost.
    case exists
}

/// What a list tells of an object.
public struct ObjectListing: Hashable, Sendable {
    public let key: ObjectKey
    /// In bytes, as stored.
    public let size: Int

    public init(key: ObjectKey, size: Int) {
        self.key = key
        self.size = size
    }
}

public struct ObjectPage: Hashable, Sendable {
    public let objects: [ObjectListing]
    public let isLast: Bool

    public init(objects: [ObjectListing], isLast: Bool) {
        self.objects = objects
        self.isLast = isLast
    }
}

extension ObjectStore {
    public func get(_ key: ObjectKey) throws(ObjectStoreError) -> [UInt8] { try get(key, nil) }

    /// All objects below a prefix, page by page.
    public func listAll(_ prefix: String) throws(ObjectStoreError) -> [ObjectListing] {
        var found: [ObjectListing] = []
        while true {
            let page = try list(prefix, after: found.last?.key)
            found += page.objects
            if page.isLast || page.objects.isEmpty { return found }
        }
    }
}
