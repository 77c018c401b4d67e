// An archive as its names tell of it: clusters, timelines, backups, runs.

public import ArchiveFormat
public import ArchiveStore
public import ObjectStores
import Platform
public import Vocabulary

/// What there is of one cluster. Nothing but lists was read for it.
public struct ArchiveView: Sendable {
    public let store: any ObjectStore
    public let cluster: ClusterID
    public let runs: [TimelineName: RunCatalogue]
    public let backups: BackupCatalogue
    /// How long it took to read the lists.
    public let duration: Duration

    /// - Parameter cluster: nil for the only one in the archive.
    public init(_ store: any ObjectStore, cluster: ClusterID?) throws(RestoreError) {
        let began = MonotonicClock.now()
        self.store = store
        let cluster = if let cluster { cluster } else { try ArchiveView.onlyCluster(in: store) }
        self.cluster = cluster
        runs = try archived { () throws(ArchiveError) in try RunCatalogue.readAll(store, cluster) }
        backups = try archived { () throws(ArchiveError) in try BackupCatalogue.read(store, cluster) }
        duration = MonotonicClock.now() - began
    }

    /// By a list of all names below the cluster's folder.
    init(_ store: any ObjectStore, cluster: ClusterID, listing: [ObjectListing]) {
        self.store = store
        self.cluster = cluster
        let log = RunName.folder(cluster)
        let runs = RunCatalogue(listing.filter { $0.key.text.hasPrefix(log) })
        self.runs = Dictionary(grouping: runs.items) { $0.name.timeline }.mapValues { RunCatalogue($0) }
        let folder = BackupID.folder(cluster)
        backups = BackupCatalogue(listing.filter { $0.key.text.hasPrefix(folder) }, cluster)
        duration = .zero
    }

    /// All timelines that have something, oldest first.
    public var timelines: [TimelineName] { Set(Array(runs.keys) + backups.ids.map(\.timeline)).sorted() }

    /// Looks at the first name of each folder at the top.
    public static func clusters(in store: any ObjectStore) throws(RestoreError) -> [ClusterID] {
        var found: [ClusterID] = []
        var behind: ObjectKey?
        while true {
            let page: ObjectPage
            do throws(ObjectStoreError) { page = try store.list("", after: behind) } catch {
                throw .archive(.store(error))
            }
            guard let first = page.objects.first?.key else { return found }
            let folder = first.text.prefix { $0 != "/" }
            if let cluster = ClusterID(hex: folder) { found.append(cluster) }
            // Behind everything that has this folder in front of it.
            guard let next = ObjectKey(folder + "/zzzz") else { return found }
            behind = next
        }
    }

    private static func onlyCluster(in store: any ObjectStore) throws(RestoreError) -> ClusterID {
        let found = try clusters(in: store)
        guard let first = found.first else { throw .noCluster(location: store.location) }
        guard found.count == 1 else { throw .severalClusters(found) }
        return first
    }

    /// The timeline that is meant: the newest, unless one is named.
    public func timeline(_ name: String?) throws(RestoreError) -> TimelineName {
        let known = timelines
        if let name {
            // Its number alone will do, where there is one with it.
            let meant = known.filter { $0.description == name || "\($0.number)" == name }
            guard let found = meant.first, meant.count == 1 else { throw .noTimeline(name, known: known) }
            return found
        }
        guard let newest = known.last else { throw .noCluster(location: store.location) }
        guard known.filter({ $0.number == newest.number }).count == 1 else {
            throw .noTimeline("\(newest.number)", known: known)
        }
        return newest
    }

    func header(of name: RunName) throws(RestoreError) -> ArchiveHeader {
        try archived { () throws(ArchiveError) in try ArchivedRun.header(of: name, from: store) }
    }
}
