// Somebody removes everything: the state of just before is restored from the scratch cluster's own archive.

import ArchiveFormat
import ArchiveRestore
import ObjectStores
import Platform
import RESP
import Vocabulary

extension Drill {
    private static let archivePatience = Duration.seconds(60)

    func writeBadly(in directory: String) throws(ControlError) {
        let playground = try start(in: directory, nodes: order.nodes ?? 1, archive: nil)
        let before = try archived(playground)
        note(.step, "index \(before.index) is in the scratch archive, \(before.keys) records")
        var client = try DrillClient.open(playground)
        let reply = try client.ask(["FLUSHALL"])
        note(.disaster, "FLUSHALL, answered \(CheckList.text(reply))")
        let found = try Pause.until(MonotonicClock.now() + Smoke.patience) { () throws(ControlError) -> Bool? in
            try client.ask(["EXISTS", "\(Drill.prefixBefore):0"]) == .integer(0) ? true : nil
        }
        check("bad write seen", expected: "yes", found: found == nil ? "no" : "yes")
        note(.detection, "a record that was there is gone")
        // The bad write has to be in the archive: a restore to just before it leaves it out.
        let after = try archived(playground)
        try playground.down()

        let place = try ArchivePlace(
            url: "file://" + directory + "/cluster/archive", credentialsFile: nil, authorityFile: nil, cluster: nil)
        let restored = self.playground(directory + "/restored")
        var request = RestoreRequest(directory: "", node: "")
        request.index = before.index.rawValue
        let options = try options(nodes: order.nodes ?? 1, archive: "none")
        let began = MonotonicClock.now()
        let report = try restored.restore(request, from: place, options).report
        note(.response, "restored: \(report.proof)", at: began + report.duration)
        note(.recovery, "a cluster of the state at index \(report.position.index) serves")
        if record.source == nil { describe(report, try place.view()) }
        note(.step, "\(after.index - before.index) entries behind it are left out, the bad write among them")
        var reader = try DrillClient.open(restored)
        for number in 0..<Drill.recordsBefore
        where try reader.ask(["EXISTS", "\(Drill.prefixBefore):\(number)"]) != .integer(1) { record.loss.entries += 1 }
        check("acknowledged writes that are gone", expected: "0", found: "\(record.loss.entries)")
        check("index reached", expected: "\(before.index)", found: "\(report.position.index)")
        check("digest", expected: before.digest, found: report.digest.description)
        check("record count", expected: "\(before.keys)", found: "\(report.records)")
        try checkFlows(restored)
        try checkList(restored)
    }

    /// Waits until everything that was applied is in the scratch archive.
    private func archived(_ playground: Playground) throws(ControlError) -> Agreed {
        let deadline = MonotonicClock.now() + Drill.archivePatience
        while MonotonicClock.now() < deadline {
            let agreed = try agreement(playground)
            let shipped = try facts(playground).compactMap { $0.archive?.archivedIndex }.max() ?? 0
            if shipped >= agreed.index.rawValue { return agreed }
            Pause.wait(.milliseconds(100))
        }
        throw .timedOut(what: "the shipping to the scratch archive", follow: "run the drill again")
    }
}
