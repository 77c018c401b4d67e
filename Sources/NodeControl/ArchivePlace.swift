// Where an archive is and whose, as commands are told: the cluster itself may be down.

import ArchiveFormat
public import ArchiveRestore
public import ObjectStores
import Platform
import Vocabulary

/// An archive that can be read.
public struct ArchivePlace: Sendable {
    public let store: any ObjectStore
    let url: StoreURL
    let cluster: ClusterID?

    /// - Parameters:
    ///   - url: `file:///path` or `s3://bucket/prefix`.
    ///   - credentialsFile: nil looks into the environment.
    ///   - authorityFile: of certificates to trust instead of the system's.
    ///   - cluster: its id; nil for the only one that is there.
    public init(
        url: String, credentialsFile: String?, authorityFile: String?, cluster: String?
    ) throws(ControlError) {
        var options = StoreOptions()
        options.credentialsFile = credentialsFile
        options.s3.authorityFile = authorityFile
        let place: StoreURL
        do throws(StoreURLError) { place = try StoreURL(url) } catch { throw .storeURL(error) }
        do throws(ObjectStoreError) { store = try StoreOpening.open(place, options) } catch { throw .store(error) }
        self.url = place
        guard let cluster else {
            self.cluster = nil
            return
        }
        guard let id = ClusterID(hex: cluster) else {
            throw .usage("--cluster-id \(cluster) is no id of a cluster: 32 hexadecimal digits")
        }
        self.cluster = id
    }

    /// By lists of names only.
    public func view() throws(ControlError) -> ArchiveView {
        try restoring { () throws(RestoreError) in try ArchiveView(store, cluster: cluster) }
    }

    /// All clusters that are meant, each with its view.
    func views() throws(ControlError) -> [ArchiveView] {
        try restoring { () throws(RestoreError) in
            let clusters: [ClusterID]
            if let cluster { clusters = [cluster] } else { clusters = try ArchiveView.clusters(in: store) }
            guard !clusters.isEmpty else { throw .noCluster(location: store.location) }
            var views: [ArchiveView] = []
            for cluster in clusters { views.append(try ArchiveView(store, cluster: cluster)) }
            return views
        }
    }

    /// What the store can do, found out with small objects of which none stays.
    public func check() throws(ControlError) -> StoreReport {
        do throws(ObjectStoreError) {
            return StoreReport(location: store.location, capabilities: try store.capabilities())
        } catch { throw .store(error) }
    }
}

/// A restore's and an archive's errors as ours.
func restoring<Value>(_ body: () throws(RestoreError) -> Value) throws(ControlError) -> Value {
    do throws(RestoreError) { return try body() } catch { throw .restore(error) }
}
