// Makes backups of this node's snapshots, away from everything else.

import ArchiveFormat
import ArchivePlan
import ArchiveStore
import LogStore
import Platform
import ReplicaSnapshots
import SnapshotFormat
import Vocabulary

/// One backup after the other, in small steps: every other thread goes before it.
final class BackupThread: Sendable {
    enum Order: Sendable {
        /// Tell of the newest backup that there is.
        case look(ClusterID)
        /// Of a snapshot that the shelf holds, and lets go when this is over.
        case make(SnapshotManifest, ArchiveOwner, Term)
    }

    enum Letter: Sendable {
        /// The newest of the archive; nil when there is none.
        case found(BackupManifest?)
        case underWay(share: Double)
        case made(BackupManifest, SizeComparison)
        case failed(ArchiveError)
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread
    private let place: ArchivePlace

    init(
        _ place: ArchivePlace, _ shelf: SnapshotShelf, on disk: DirectoryStorage, node: NodeID, program: String,
        report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        self.place = place
        let work = Work(place: place, shelf: shelf, disk: disk, node: node, program: program, report: report)
        thread = try WorkerThread.start(name: "backup", yields: true) {
            var taken: [Order] = []
            while orders.takeAll(into: &taken) { for order in taken { work.carryOut(order) } }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    /// A backup that is not finished is none: its objects are collected as garbage.
    func stop() {
        place.stop()
        orders.close()
        thread.join()
    }

    private struct Work: Sendable {
        let place: ArchivePlace
        let shelf: SnapshotShelf
        let disk: DirectoryStorage
        let node: NodeID
        let program: String
        let report: @Sendable (Letter) -> Void

        func carryOut(_ order: Order) {
            do throws(ArchiveError) {
                switch order {
                case .look(let cluster): report(.found(try newest(of: cluster)))
                case .make(let manifest, let owner, let term):
                    let made = try make(manifest, owner, term)
                    report(.made(made, try comparison(of: made)))
                }
            } catch { report(.failed(error)) }
        }

        private func newest(of cluster: ClusterID) throws(ArchiveError) -> BackupManifest? {
            let store = try place.open(retries: .init())
            let catalogue = try BackupCatalogue.read(store, cluster)
            for id in catalogue.ids {
                do throws(ArchiveError) { return try catalogue.manifest(of: id, in: store) } catch {
                    guard error.isDamage else { throw error }
                }
            }
            return nil
        }

        /// With those before it on this timeline. One that can not be read says nothing.
        private func comparison(of made: BackupManifest) throws(ArchiveError) -> SizeComparison {
            let store = try place.open(retries: .init())
            let catalogue = try BackupCatalogue.read(store, made.cluster)
            let before = catalogue.ids.filter { $0.timeline == made.id.timeline && $0.index < made.id.index }
            var sizes: [Double] = []
            for id in before.prefix(SizeVerdict.baselineCount) {
                do throws(ArchiveError) {
                    sizes.append(Double(try catalogue.manifest(of: id, in: store).plainBytes))
                } catch {
                    guard error.isDamage else { throw error }
                }
            }
            return SizeComparison(Double(made.plainBytes), before: sizes)
        }

        private func make(
            _ manifest: SnapshotManifest, _ owner: ArchiveOwner, _ term: Term
        ) throws(ArchiveError) -> BackupManifest {
            let author = PackDisk.Author(owner: owner, term: term, level: place.settings.level)
            let order = BackupOrder(author: author, program: program, node: node, started: WallClock.now())
            defer { shelf.release(manifest.index) }
            var maker = try BackupMaker(order, of: manifest, on: disk, to: try place.open(retries: .init()))
            while true {
                if let made = try maker.step(at: WallClock.now()) { return made }
                report(.underWay(share: maker.share))
            }
        }
    }
}
