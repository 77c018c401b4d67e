// What the archive refuses, and what to do about it.

public import ArchiveFormat
public import LogStore
public import ObjectStores
public import SnapshotStore
public import Vocabulary

/// Why something of the archive could not be done: which object, what of it, and the remedy.
public enum ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    case store(ObjectStoreError)
    /// An object is not what was written, or not the one that its name says.
    case object(String, ArchiveFault)
    /// Something else has the name of an object that was to be made.
    case conflict(String)
    case log(LogError)
    case storage(StorageError)
    /// A snapshot, on this node's disk or in the archive.
    case snapshot(SnapshotError)
    /// The log begins behind what the archive has: what lies between is in no archive.
    case hole(from: LogIndex, to: LogIndex)
    /// Another leader of this timeline has shipped what this node does not have.
    case behind(archived: LogIndex, last: LogIndex)
    /// The archive is known to reach further than its list shows: it may be of a moment ago.
    case listedShort(known: LogIndex, listed: LogIndex)

    /// Whether the same may succeed later with nobody doing anything.
    public var isTransient: Bool {
        switch self {
        case .store(let error): error.isTransient
        case .log, .storage, .behind, .listedShort: true
        case .object, .snapshot, .conflict, .hole: false
        }
    }

    /// Whether an object of the archive is not what it should be, or is gone.
    public var isDamage: Bool {
        switch self {
        case .object(_, let fault): fault.isDamage
        case .store(let error): error.reason == .missing
        case .snapshot(.damaged): true
        case .snapshot, .conflict, .log, .storage, .hole, .behind, .listedShort: false
        }
    }

    /// The word for scripts: a store's own, or what it is about.
    public var code: String {
        switch self {
        case .store(let error): error.reason.rawValue
        case .object: "damaged-object"
        case .snapshot: "snapshot"
        case .conflict: "conflict"
        case .log: "log"
        case .storage: "disk"
        case .hole: "hole"
        case .behind: "behind"
        case .listedShort: "listed-short"
        }
    }

    public var description: String {
        switch self {
        case .store(let error): "\(error)"
        case .object(let name, let fault): "object \(name) is not usable: \(fault)"
        case .conflict(let name): "another object has the name \(name)"
        case .log(let error): "\(error)"
        case .storage(let error): "\(error)"
        case .snapshot(let error): "\(error)"
        case .hole(let from, let to): "no log has the entries from \(from) to \(to) any more"
        case .behind(let archived, let last):
            "the archive has entries up to \(archived), and this node's log ends at \(last)"
        case .listedShort(let known, let listed):
            "the archive should have entries up to \(known), and lists them up to \(listed)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .store(let error): error.remedy
        case .object(_, .damaged):
            .operate("run `nodectl archive verify`; it says what can still be restored, and what to do")
        case .object(_, .newerVersion): .operate("use a release that is as new as the one that wrote the object")
        case .object(_, .keyUnavailable): .operate("provide the key that the object was encrypted with")
        case .conflict:
            .operate("see who else writes to this archive: two clusters with one id must not share a prefix")
        case .log(let error): error.remedy
        case .storage(let error): error.remedy
        case .snapshot(let error): error.remedy
        case .hole: .automatic("a new backup begins another interval that can be restored")
        case .behind: .automatic("the leader of a later term goes on")
        case .listedShort:
            .automatic("it is asked again for a minute; objects that are not listed then count as gone")
        }
    }
}

/// A call to a store, with its error as the archive's.
func storing<Value>(_ body: () throws(ObjectStoreError) -> Value) throws(ArchiveError) -> Value {
    do throws(ObjectStoreError) { return try body() } catch { throw .store(error) }
}

extension ObjectStore {
    /// Makes an object. One that is there already has to be the same to the byte: then an earlier try has made it, and
    /// its answer was lost.
    func make(_ name: String, _ bytes: [UInt8]) throws(ArchiveError) {
        let key = key(name)
        let outcome = try storing { () throws(ObjectStoreError) in try make(key, bytes) }
        guard outcome != .conflict else { throw .conflict(name) }
    }

    func fetch(_ name: String, _ range: Range<Int>? = nil) throws(ArchiveError) -> [UInt8] {
        let key = key(name)
        return try storing { () throws(ObjectStoreError) in try get(key, range) }
    }

    func remove(_ name: String) throws(ArchiveError) {
        let key = key(name)
        try storing { () throws(ObjectStoreError) in try delete(key) }
    }

    func names(below prefix: String) throws(ArchiveError) -> [ObjectListing] {
        try storing { () throws(ObjectStoreError) in try listAll(prefix) }
    }

    /// Names are made by `ArchiveFormat`, from numbers and digits.
    private func key(_ name: String) -> ObjectKey {
        guard let key = ObjectKey(name) else { preconditionFailure("\(name) is no name of an object") }
        return key
    }
}
