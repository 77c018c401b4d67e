// The verifications of an archive, in the order of time.

public import ArchiveFormat
import Hashing
public import ObjectStores
public import Vocabulary

public struct VerificationLog: Sendable {
    /// So many of the newest stay.
    public static let kept = 1000

    private let store: any ObjectStore
    private let cluster: ClusterID

    public init(_ store: any ObjectStore, _ cluster: ClusterID) {
        self.store = store
        self.cluster = cluster
    }

    /// Newest first.
    public func ids() throws(ArchiveError) -> [VerificationID] {
        try store.names(below: ArchiveNames.verifications(of: cluster))
            .compactMap { VerificationID(name: $0.key.text, of: cluster) }.sorted(by: >)
    }

    public func record(_ id: VerificationID) throws(ArchiveError) -> VerificationRecord { try read(id).record }

    /// A record, and the SHA-256 of its object, as the one behind it has it.
    public func read(_ id: VerificationID) throws(ArchiveError) -> (record: VerificationRecord, hash: [UInt8]) {
        let name = id.name(of: cluster)
        let bytes = try store.fetch(name)
        do throws(ArchiveFault) {
            let record = try VerificationRecord.decode(bytes)
            guard record.id == id else { throw .damaged(.misplaced, at: 0) }
            return (record, SHA256.hash(bytes))
        } catch { throw .object(name, error) }
    }

    /// The newest that can be read; nil when there is none.
    public func newest() throws(ArchiveError) -> VerificationRecord? {
        for id in try ids() {
            do throws(ArchiveError) { return try record(id) } catch {
                guard error.isDamage else { throw error }
            }
        }
        return nil
    }

    /// What the next record says of the one before it.
    public func newestHash() throws(ArchiveError) -> [UInt8] {
        guard let newest = try ids().first else { return [] }
        return SHA256.hash(try store.fetch(newest.name(of: cluster)))
    }

    /// Adds a record, and removes those that are more than are kept.
    public func append(_ record: VerificationRecord) throws(ArchiveError) {
        try store.make(record.id.name(of: cluster), record.encoded)
        for old in try ids().dropFirst(VerificationLog.kept) { try store.remove(old.name(of: cluster)) }
    }
}
