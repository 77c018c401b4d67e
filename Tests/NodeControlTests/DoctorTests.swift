// Each judgement of the doctor: nodes side by side, certificates, mounts, sync times, and how findings print.

import Foundation
import Platform
import Settings
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct DoctorTests {
    private func asked(
        _ position: Int, ahead: Double = 0, _ change: (inout NodeStatus) -> Void = { _ in }
    ) throws -> AskedNode {
        var status = Scene.status(position, of: 2, leader: 0, term: 4)
        change(&status)
        let report = try NodeReport.decode(status.json(), from: "x")
        return AskedNode(name: status.id.description, address: "x:1", outcome: .success(report), clockAhead: ahead)
    }

    private func problems(_ asked: [AskedNode]) -> [Finding] {
        NodeExamination.findings(asked).filter { $0.severity != .good }
    }

    @Test func `nodes that are well give no problem`() throws {
        #expect(problems([try asked(0), try asked(1, ahead: 1)]) == [])
    }

    @Test func `each thing that can be wrong between nodes is found`() throws {
        let well = try asked(0)
        #expect(problems([well, try asked(1, ahead: 30)]).map(\.message) == ["n2 is 30 s ahead of n1"])
        #expect(
            problems([well, try asked(1) { $0.version = "0.2.0" }]).map(\.message) == ["differ: n1 0.1.0, n2 0.2.0"])
        let divergent = try asked(1) { $0.appliedIndex = LogIndex(11) }
        #expect(problems([well, divergent]).map(\.subject) == ["n1 and n2"])
        #expect(problems([well, divergent]).map(\.severity) == [.error])
        let full = try asked(1) { $0.readiness.reasons = [.logFull] }
        #expect(problems([well, full]).map(\.message) == ["the log has no room left"])
        let weak = try asked(1) {
            $0.isDurabilityFull = false
            $0.durability = "written"
        }
        #expect(
            problems([well, weak]).map(\.message)
                == ["acknowledges writes when written, before a majority has synced them"])
        #expect(problems([try asked(1)]).map(\.message) == [])
        let lost = try asked(1) { $0.leader = nil }
        #expect(problems([lost]).map(\.message) == ["has no leader: 1 of 1 nodes answer"])
        let silent = AskedNode(name: "n1", address: "x:1", outcome: .failure(.unauthorized(address: "x:1")))
        #expect(problems([silent, try asked(1)]).map(\.severity) == [.error, .error])
    }

    @Test func `a node that starts or catches up is a warning, since it will be done by itself`() throws {
        let well = try asked(0)
        for passing in [UnreadyReason.starting(.replaying), .lagging(entries: 200_000)] {
            #expect(problems([well, try asked(1) { $0.readiness.reasons = [passing] }]).map(\.severity) == [.warning])
        }
        let stays = try asked(1) { $0.readiness.reasons = [.quarantined(why: "damage", remedy: .automatic("wait"))] }
        #expect(problems([well, stays]).map(\.severity) == [.error])
    }

    @Test func `a state that differs is an error, one that is made again is told as passing`() throws {
        let well = try asked(0)
        for (condition, severity) in [
            (StateStatus.Condition.diverged, Finding.Severity.error), (.missing, .warning), (.rebuilding, .warning),
        ] {
            let unsound = try asked(1) {
                $0.state = StateStatus(condition, text: "it differs", remedy: "wait")
                $0.readiness.reasons = [$0.state.unreadyReason].compactMap { $0 }
            }
            let found = problems([well, unsound])
            #expect(found.map(\.severity) == [severity])
            #expect(found.map(\.message) == ["STATE \(condition.rawValue.uppercased()): it differs"])
            #expect(found.map(\.remedy) == ["wait"])
        }
    }

    @Test func `snapshots that fail, are overdue, differ or are on their way are found`() throws {
        let well = try asked(0) { $0.keepSnapshot(5) }
        func found(_ change: (inout NodeStatus) -> Void) throws -> [Finding] { problems([well, try asked(1, change)]) }
        #expect(try found { $0.keepSnapshot(5) } == [])
        let failing = try found {
            $0.snapshot.failure = SnapshotStatus.Failure(index: LogIndex(8), text: "no space", remedy: "free some")
            $0.snapshot.logSince = .mebibytes(900)
            $0.snapshot.logDue = .mebibytes(256)
        }
        #expect(failing.map(\.severity) == [.warning])
        #expect(failing.map(\.message) == ["could not write the snapshot at index 8: no space"])
        #expect(failing.map(\.remedy) == ["free some"])
        func overdue(_ log: Int, writes: Bool = false) throws -> [Finding] {
            try found {
                $0.keepSnapshot(5)
                $0.snapshot.logSince = .mebibytes(log)
                $0.snapshot.logDue = .mebibytes(256)
                if writes { $0.snapshot.writing = SnapshotStatus.Writing(index: LogIndex(9), percent: 1) }
            }
        }
        #expect(try overdue(512) == [] && overdue(900, writes: true) == [])
        #expect(
            try overdue(900).map(\.message) == [
                "has 900.0MiB of log since its snapshot at index 5, and none is being written although 256.0MiB call "
                    + "for one: its next start replays all of it"
            ])
        #expect(try found { $0.keepSnapshot(5, digest: 8) }.map(\.message) == ["differ in their snapshots at index 5"])
        let fetching = try found {
            $0.snapshot.fetching = SnapshotStatus.Transfer(
                peer: NodeID("n1")!, index: LogIndex(5), bytes: .mebibytes(1), total: .mebibytes(4))
        }
        #expect(fetching.map(\.severity) == [.note])
        #expect(fetching.map(\.message) == ["fetches the snapshot at index 5 from n1: 25%, 1.0MiB of 4.0MiB"])
    }

    @Test func `certificates are judged by their days`() throws {
        let scratch = try Scratch()
        let authority = try CertificateAuthority.create(scratch.path)
        let now = WallClock.now()
        func judge(days: Int, from: Timestamp? = nil) throws -> Finding {
            let files = try authority.issue(commonName: "n1", role: .node, days: days, from: from)
            return try #require(CertificateExamination.findings(files: [files.certificateFile], now: now).first)
        }
        let day: UInt64 = 86_400_000_000
        #expect(try judge(days: 100).severity == .good)
        #expect(try judge(days: 10).severity == .warning)
        #expect(try judge(days: 10, from: Timestamp(rawValue: now.rawValue - 20 * day)).severity == .error)
        #expect(try judge(days: 10, from: Timestamp(rawValue: now.rawValue + 20 * day)).severity == .error)
        #expect(CertificateExamination.findings(files: [scratch.path + "/none"], now: now).map(\.severity) == [.error])
    }

    @Test func `a certificate must name its node and what clients are told`() throws {
        let scratch = try Scratch()
        var options = PlaygroundOptions()
        options.nodes = 2
        let files = PlaygroundFiles(directory: scratch.path, plan: try PlaygroundPlan(options))
        try files.makeSecrets()
        try files.makeConfigurations(nil)
        var settings = try NodeSettings.load(file: scratch.path + "/n1/noded.yaml")
        #expect(CertificateExamination.names(of: settings) == [])
        settings.tls.peer.certificate = scratch.path + "/pki/n2.crt"
        settings.members[0].client = HostPort(host: "db.example.org", port: 1)
        #expect(
            CertificateExamination.names(of: settings).map(\.message) == [
                "does not name n1: the node's id, which peers look for",
                "does not name db.example.org: the host that discovery tells clients",
            ])
    }

    @Test func `mounts are found by the longest prefix and told by their options`() throws {
        let table = MountTable(
            """
            /dev/a / ext4 rw,relatime 0 0
            tmpfs /tmp tmpfs rw 0 0
            /dev/b /srv/my\\040data xfs rw,nobarrier 0 0
            x:/y /net nfs4 rw 0 0
            /dev/c /tmp ext4 rw 0 0
            short
            """)
        #expect(table.mount(of: "/var/lib")?.kind == "ext4")
        #expect(table.mount(of: "/tmp/x")?.kind == "ext4")
        #expect(table.mount(of: "/tmpfile")?.point == "/")
        #expect(table.mount(of: "/srv/my data/x")?.unsafeOption == "nobarrier")
        #expect(table.mount(of: "/net/x")?.isOverNetwork == true)
        #expect(table.mount(of: "/net/x")?.isInMemory == false)
        #expect(MountTable("").mount(of: "/") == nil)
    }

    @Test func `a sync too short to be true is a warning, and so is a slow one`() {
        func severity(_ time: Duration) -> Finding.Severity {
            DiskExamination.judge(sync: time, "n1", "/d").severity
        }
        #expect(severity(.microseconds(3)) == .warning)
        #expect(severity(.microseconds(60)) == .good)
        #expect(severity(.milliseconds(5)) == .good)
        #expect(severity(.milliseconds(50)) == .warning)
        #expect(DiskExamination.syncImplausible < DiskExamination.syncSlow)
    }

    @Test func `the disk of a directory that is there is examined`() throws {
        let scratch = try Scratch()
        var options = PlaygroundOptions()
        options.nodes = 1
        let files = PlaygroundFiles(directory: scratch.path, plan: try PlaygroundPlan(options))
        try files.makeSecrets()
        try files.makeConfigurations(nil)
        let settings = try NodeSettings.load(file: scratch.path + "/n1/noded.yaml")
        #expect(DiskExamination.findings("n1", settings) == [])
        try FileSystem.makeDirectory(settings.dataDirectory, permissions: 0o750)
        let findings = DiskExamination.findings("n1", settings)
        #expect(findings.contains { $0.message.contains("has mode 0750") && $0.severity == .warning })
        #expect(findings.contains { $0.message.contains("a sync in") })
        #expect(try FileSystem.listDirectory(settings.dataDirectory) == [])
        // Snapshots below the data directory are on its disk; elsewhere they are on one of their own.
        var elsewhere = settings
        try FileSystem.makeDirectory(settings.snapshots.directory, permissions: 0o750)
        #expect(!DiskExamination.findings("n1", settings).contains { $0.message.contains("/snapshots") })
        elsewhere.snapshots.directory = scratch.path + "/snapshots"
        try FileSystem.makeDirectory(elsewhere.snapshots.directory, permissions: 0o750)
        let more = DiskExamination.findings("n1", elsewhere)
        #expect(more.contains { $0.message.hasPrefix("\(elsewhere.snapshots.directory) has mode 0750") })
    }

    @Test func `findings print with their remedies and are counted`() throws {
        let diagnosis = Diagnosis([
            Finding(.good, "n1", "answers"), Finding(.note, "n2", "is elsewhere"),
            Finding(.warning, "disk", "is slow", remedy: "buy another"),
            Finding(.error, "port", "is shut", remedy: "open it"),
        ])
        #expect(
            diagnosis.text(inColour: false) == """
                ok        n1: answers
                note      n2: is elsewhere
                warning   disk: is slow
                          buy another
                ERROR     port: is shut
                          open it
                1 error, 1 warning

                """)
        #expect(!diagnosis.isHealthy)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(diagnosis.json)) as? [String: Any])
        #expect(document["healthy"] as? Bool == false)
        #expect((document["findings"] as? [[String: String]])?.last?["remedy"] == "open it")
    }
}
