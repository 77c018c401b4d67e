// The records of one kind in an archive, in the order of time.

public import ArchiveFormat
import Hashing
public import ObjectStores
public import Vocabulary

public typealias VerificationLog = RecordLog<VerificationRecord>
public typealias DrillLog = RecordLog<DrillRecord>

public struct RecordLog<Record: ArchiveRecord>: Sendable {
    /// So many of the newest stay.
    public static var kept: Int { 1000 }

    private let store: any ObjectStore
    private let cluster: ClusterID

    public init(_ store: any ObjectStore, _ cluster: ClusterID) {
        self.store = store
        self.cluster = cluster
    }

    /// Newest first.
    public func ids() throws(ArchiveError) -> [RecordID] {
        try store.names(below: Record.folder(of: cluster))
            .compactMap { Record.id(name: $0.key.text, of: cluster) }.sorted(by: >)
    }

    public func record(_ id: RecordID) throws(ArchiveError) -> Record { try read(id).record }

    /// A record, and the SHA-256 of its object, as the one behind it has it.
    public func read(_ id: RecordID) throws(ArchiveError) -> (record: Record, hash: [UInt8]) {
        let name = Record.name(id, of: cluster)
        let bytes = try store.fetch(name)
        do throws(ArchiveFault) {
            let record = try Record.decode(bytes)
            guard record.id == id else { throw .damaged(.misplaced, at: 0) }
            return (record, SHA256.hash(bytes))
        } catch { throw .object(name, error) }
    }

    /// The newest that can be read; nil when there is none.
    public func newest() throws(ArchiveError) -> Record? {
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
        return SHA256.hash(try store.fetch(Record.name(newest, of: cluster)))
    }

    /// Adds a record, and removes those that are more than are kept.
    public func append(_ record: Record) throws(ArchiveError) {
        try store.make(Record.name(record.id, of: cluster), record.encoded)
        for old in try ids().dropFirst(RecordLog.kept) { try store.remove(Record.name(old, of: cluster)) }
    }
}
