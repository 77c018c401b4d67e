// Reaching an archive without a cluster: by URL and credentials alone.

import ArchiveRestore
import ArchiveStore
public import ObjectStores
import Vocabulary

/// What a command is told of an archive.
public struct ArchiveAccess: Sendable {
    public var url: String
    public var credentialsFile: String?
    public var authorityFile: String?
    /// 32 hexadecimal digits; nil for the only cluster that the archive has.
    public var cluster: String?
    /// Name or number; nil for the newest.
    public var timeline: String?

    public init(url: String) { self.url = url }

    public func open() throws(ControlError) -> any ObjectStore {
        let place: StoreURL
        do throws(StoreURLError) { place = try StoreURL(url) } catch {
            throw .usage("\(url): \(error); \(error.remedy.text)")
        }
        var options = StoreOptions()
        options.credentialsFile = credentialsFile
        options.s3.authorityFile = authorityFile
        do throws(ObjectStoreError) { return try StoreOpening.open(place, options) } catch {
            throw .archive(.store(error))
        }
    }

    func view() throws(ControlError) -> ArchiveView {
        var id: ClusterID?
        if let cluster {
            guard let known = ClusterID(hex: cluster) else {
                throw .usage("--cluster-id \(cluster) is not 32 hexadecimal digits")
            }
            id = known
        }
        let store = try open()
        return try restoring { () throws(RestoreError) in try ArchiveView(store, cluster: id) }
    }
}

/// Work of a restore, with its errors as a command's.
func restoring<Value>(_ body: () throws(RestoreError) -> Value) throws(ControlError) -> Value {
    do throws(RestoreError) { return try body() } catch { throw .restore(error) }
}
