// What a simulated process does about snapshots: a keeper and a server, and what waits for them.

import LogStore
import PeerProtocol
import Replica
import ReplicaSnapshots
import SnapshotStore
import Vocabulary

struct SnapshotCare {
    let shelf = SnapshotShelf()
    var keeper: SnapshotKeeper<SimulatedDirectory>
    var server: SnapshotServer<SimulatedDirectory>
    let extent: LogExtent
    /// What the keeper was told and has not taken yet.
    var orders: [KeeperOrder] = []
    /// Whether the keeper's next step is on its way.
    var isStepping = false
    /// What others want to have read, in order.
    var questions: [(read: SnapshotRead, from: Int)] = []
    /// What the next turn sends.
    var sends: [(content: Content, to: NodeID)] = []

    init(
        _ catalogue: SnapshotCatalogue<SimulatedDirectory>, _ extent: LogExtent, _ traits: SnapshotTraits,
        at now: Instant
    ) {
        shelf.set(catalogue.snapshots)
        self.extent = extent
        server = SnapshotServer(on: catalogue.disk)
        keeper = SnapshotKeeper(
            SnapshotKeeper.Parts(
                catalogue: catalogue, featureLevel: 1, keeping: traits.keep, step: traits.step, shelf: shelf
            ) { manifest, disk throws(StateError) in try StateLoad.run(manifest, on: disk) },
            at: now)
    }
}

extension SimulatedNode.Life {
    /// Takes what the keeper tells, as the node's loop does.
    func take(_ report: KeeperReport, _ traits: SnapshotTraits, at moment: Moment) {
        switch report {
        case .stored(let stored, _), .collected(let stored, _): take(stored, traits, at: moment)
        case .failed: replica.step(.snapshotFailed, at: moment, into: &effects)
        case .stateDamaged(let damage): replica.step(.stateDamaged(damage), at: moment, into: &effects)
        case .ask(let read, let node): care.sends.append((.snapshotRead(read), node))
        case .fetched(let state, let stored, _):
            replica.step(.stateFetched(state), at: moment, into: &effects)
            take(stored, traits, at: moment)
        case .quarantined(let loss):
            replica.step(.snapshotsLost(loss.left, wasNewest: loss.wasNewest), at: moment, into: &effects)
        case .fetchFailed, .underWay, .fetching, .quarantineFailed, .nothingToQuarantine: break
        }
    }

    /// One that was fetched may not have been installed.
    private func take(_ stored: StoredSnapshots, _ traits: SnapshotTraits, at moment: Moment) {
        guard replica.appliedIndex >= stored.newest.index else { return }
        replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom(traits)), at: moment, into: &effects)
    }

    /// The archive has everything up to here, as this node's own thread or its leader says.
    func noteArchived(_ index: LogIndex, _ traits: SnapshotTraits, at moment: Moment) {
        guard index > shipping.archived else { return }
        shipping.archived = index
        guard let stored = replica.stored else { return }
        take(stored, traits, at: moment)
    }

    /// The log from here on is kept: for followers that fall behind, though not on a full disk, and for the archive.
    private func logKeptFrom(_ traits: SnapshotTraits) -> LogIndex {
        let end = care.extent.bounds.last.next
        let kept = roomRule.hasRoom ? care.extent.releasePoint(keeping: traits.logRetained) : end
        return min(kept, shipping.isWanted ? shipping.archived.next : end)
    }
}
