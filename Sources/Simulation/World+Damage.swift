// Damage to snapshots at rest, and to a state in memory.

import Keyspace
import LogStore
import SnapshotFormat
import SnapshotStore
import Vocabulary

extension World {
    /// A key that no client uses, so that nobody is answered wrongly before it is found.
    private static let canary = Array("canary".utf8)

    func corruptState(_ position: Int) {
        guard let life = nodes[position].life, life.replica.condition.isSound,
            isDamageAllowed(position), life.replica.alterForTest(World.canary)
        else { return say("no alteration: it would be beyond the bound") }
        figures.alterations += 1
        nodes[position].isAltered = true
    }

    /// A restart does not know whether a quorum has confirmed the snapshot that it goes on from, and gives it to
    /// others. So no snapshot of an altered state outlives the process.
    func loseAlteredSnapshots(_ node: SimulatedNode) {
        // What was being written may have got its name.
        let names = Set(node.disk.files.keys).union(node.disk.durableFiles.keys)
        let stored = node.alteredOrders.filter { names.contains(node.snapshots.path(of: SnapshotName.manifest($0))) }
        for index in node.alteredSnapshots.union(stored).sorted() {
            node.disk.removeFile(node.snapshots.path(of: SnapshotName.manifest(index)))
            node.hasDamagedSnapshots = true
        }
        node.alteredSnapshots = []
        node.alteredOrders = []
    }

    /// Only what is on stable storage and named is hit.
    func damageSnapshots(_ fault: Fault) {
        let node = nodes[fault.node]
        let files = node.disk.durableFiles.filter { $0.key.hasPrefix(node.snapshots.name + "/") && !$0.value.isEmpty }
        let names = files.keys.sorted()
        guard isDamageAllowed(fault.node), !names.isEmpty else {
            return say("no damage: it would be beyond the bound")
        }
        let name = names[Int(fault.amount % UInt64(names.count))]
        let choice = Int(fault.amount >> 8 & 0xFFFF_FFFF)
        let size = files[name]?.count ?? 0
        switch fault.kind {
        case .flipSnapshotBit: node.disk.flipBit(choice % (8 * size), of: name)
        case .lostSnapshotSector:
            let sectors = (size + SimulatedDisk.sectorSize - 1) / SimulatedDisk.sectorSize
            node.disk.replaceSector(choice % sectors, of: name, bySector: nil)
        default: node.disk.removeFile(name)
        }
        figures.damagesDone += 1
        say("damage in \(name)")
        node.hasDamagedSnapshots = true
    }

    /// After a snapshot was stored, fetched or put aside: whether all that is named is whole again, and stands for what
    /// the log has given up.
    func lookAtSnapshots(_ node: SimulatedNode) {
        let names = Set(storedSnapshots(node.position))
        node.alteredSnapshots.formIntersection(names)
        guard node.hasDamagedSnapshots else { return }
        let copy = SimulatedDirectory(disk: SimulatedDisk(files: node.disk.durableFiles), name: node.snapshots.name)
        guard let catalogue = try? SnapshotCatalogue.open(copy, cluster: World.cluster), catalogue.findings.isEmpty,
            catalogue.snapshots.allSatisfy({ (try? SnapshotVerification.run(copy, $0).isEmpty) == true }),
            logJudge.witnesses[node.position].believed.continues(oneOf: names)
        else { return }
        say("\(node.id)'s snapshots are whole")
        node.hasDamagedSnapshots = false
    }
}
