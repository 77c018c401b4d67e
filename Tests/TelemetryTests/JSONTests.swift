// The status document, byte by byte, and the writer under it.

import Foundation
import JSON
import Testing
import Vocabulary

@testable import Telemetry

@Suite struct JSONTests {
    private static var index: IndexStatus {
        var index = IndexStatus(name: "users")
        index.prefix = "user:"
        index.isBeingBuilt = true
        (index.walked, index.records, index.rebuilds) = (3, 9, 1)
        index.memory = ByteCount(4096)
        index.fields = [IndexStatus.Field(name: "age", form: "number", entries: 7, skipped: 1)]
        return index
    }

    private static var archive: ArchiveStatus {
        var archive = ArchiveStatus()
        archive.location = "s3://b/p"
        archive.isShipping = true
        archive.archivedIndex = LogIndex(120)
        (archive.lag, archive.lagEntries, archive.lagBytes) = (.milliseconds(1500), 5, ByteCount(640))
        archive.failure = ArchiveStatus.Failure(code: "timeout", text: "m", remedy: "r", count: 3)
        archive.hole = LogIndex(7)...LogIndex(9)
        archive.newestBackup = ArchiveStatus.Backup(
            id: "20260101T000000Z-1-60", index: LogIndex(60), time: .zero, records: 5, uploaded: ByteCount(10),
            stored: ByteCount(300), took: .milliseconds(1500))
        archive.backupPercent = 12.5
        (archive.backupSizeRatio, archive.backupVerdict) = (1.25, "notice")
        archive.readBack = ArchiveStatus.ReadBack(index: LogIndex(119))
        archive.readBack?.lag = .milliseconds(250)
        archive.retentionAt = Timestamp(microseconds: 4_000_000)
        archive.trial = ArchiveStatus.Trial(at: Timestamp(microseconds: 5_000_000))
        archive.trial?.took = .milliseconds(1500)
        archive.trial?.failure = ArchiveStatus.Failure(code: "verifier-no-space", text: "m", remedy: "r", count: 1)
        return archive
    }

    private static var snapshot: SnapshotStatus {
        var snapshot = SnapshotStatus()
        snapshot.kept = [
            SnapshotStatus.Kept(
                index: LogIndex(60), term: Term(6), time: Timestamp(microseconds: 0), digest: Digest(high: 0, low: 1),
                records: 5, plain: ByteCount(500), stored: ByteCount(300)),
            SnapshotStatus.Kept(
                index: LogIndex(110), term: Term(7), time: Timestamp(microseconds: 1_000_000),
                digest: Digest(high: 0, low: 2), records: 8, plain: ByteCount(800), stored: ByteCount(400)),
        ]
        snapshot.age = .milliseconds(61_500)
        snapshot.disk = ByteCount(450)
        snapshot.logSince = ByteCount(70)
        snapshot.logDue = .mebibytes(256)
        snapshot.last = SnapshotStatus.Written(
            index: LogIndex(110), took: .milliseconds(12), made: ByteCount(150), reused: ByteCount(250))
        snapshot.serving = [
            SnapshotStatus.Transfer(
                peer: NodeID("n3")!, index: LogIndex(110), bytes: ByteCount(100), total: ByteCount(400))
        ]
        return snapshot
    }

    @Test func `text of any kind survives`() throws {
        let text = "a\"b\\c\n\u{0}\u{1F}\u{7F}é😀</script>"
        var writer = JSONWriter()
        writer.array { writer in
            writer.value(text)
            writer.value(nil as String?)
            writer.value(1.5)
            writer.value(Double.nan)
            writer.value(UInt64.max)
            writer.object { $0.member(text, true) }
        }
        let list = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [Any])
        #expect(list[0] as? String == text)
        #expect(list[1] is NSNull)
        #expect(list[2] as? Double == 1.5)
        #expect(list[3] is NSNull)
        #expect(list[4] as? UInt64 == .max)
        #expect((list[5] as? [String: Bool])?[text] == true)
    }

    @Test func `a health is this document, without a state while none is loaded`() {
        var status = NodeStatus(id: NodeID("n1")!)
        status.version = "0.2.0"
        status.uptime = .milliseconds(1500)
        status.appliedIndex = LogIndex(122)
        #expect(status.health == .unavailable)
        #expect(
            String(decoding: status.healthJSON(), as: UTF8.self) == """
                {"status":"unavailable","id":"n1","version":"0.2.0","uptime_seconds":1.5,"record_count":null,\
                "position":null,"digest":null,"ready":false,"reasons":[{"code":"starting",\
                "message":"the node is starting: starting",\
                "remedy":"\(UnreadyReason.starting(.starting).remedy.text)"}]}
                """)
        (status.keys, status.appliedTerm, status.digest) = (9, Term(7), Digest(high: 0xAB, low: 1))
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        #expect(status.health == .ok)
        #expect(
            String(decoding: status.healthJSON(), as: UTF8.self) == """
                {"status":"ok","id":"n1","version":"0.2.0","uptime_seconds":1.5,"record_count":9,"position":"7:122",\
                "digest":"00000000000000ab0000000000000001","ready":true,"reasons":[]}
                """)
        status.readiness = Readiness(reasons: [.lagging(entries: 9)], mayServeReads: true)
        #expect(status.health == .degraded)
        status.readiness.mayServeReads = false
        #expect(status.health == .unavailable)
    }

    @Test func `a status is this document`() throws {
        var status = NodeStatus(id: NodeID("n1")!)
        status.cluster = ClusterID(high: 1, low: 2)
        status.role = .leader
        status.leader = NodeID("n1")
        status.term = Term(7)
        status.firstIndex = LogIndex(41)
        status.lastIndex = LogIndex(125)
        status.persistedIndex = LogIndex(124)
        status.commitIndex = LogIndex(123)
        status.appliedIndex = LogIndex(122)
        status.digest = Digest(high: 0xAB, low: 1)
        status.lagEntries = 1
        status.lag = .microseconds(1500)
        status.progress.phase = .ready
        status.readiness = Readiness(reasons: [.maintenance], mayServeReads: true)
        status.isInMaintenance = true
        status.version = "0.2.0"
        status.uptime = .milliseconds(61_500)
        status.processID = 42
        status.dataDirectory = "n1/data"
        status.logRoom = .mebibytes(1)
        status.logSize = .kibibytes(64)
        status.memory = .mebibytes(32)
        status.keys = 9
        status.connections = 3
        status.certificateExpiry = Timestamp(microseconds: 0)
        var peer = PeerStatus(id: NodeID("n2")!, isConnected: true)
        peer.matchIndex = LogIndex(120)
        peer.appliedIndex = LogIndex(119)
        peer.lagEntries = 5
        peer.lagBytes = ByteCount(640)
        peer.lag = .milliseconds(12)
        peer.silence = .milliseconds(3)
        status.peers = [peer, PeerStatus(id: NodeID("n3")!, isConnected: false)]
        status.scrub.passes = 2
        status.scrub.askedPass = 1
        status.scrub.endedAt = Timestamp(microseconds: 0)
        status.scrub.bytes = 77
        status.quarantine.directory = "n1/log/quarantine"
        status.quarantine.files = 2
        status.quarantine.size = ByteCount(4096)
        status.snapshot = JSONTests.snapshot
        status.archive = JSONTests.archive
        status.state.compared = 30
        status.state.comparedIndex = LogIndex(121)
        status.indexes = [JSONTests.index]
        status.indexProof.asked = 2
        status.indexProof.ended = 1
        status.indexProof.at = LogIndex(120)
        status.indexProof.took = .milliseconds(5)
        status.indexProof.verdicts = [
            IndexProofStatus.Verdict(
                index: "users", field: "age", isReady: true, entries: 7, expected: 8, isEqual: false)
        ]
        let (n1, n3) = (status.id, NodeID("n3")!)
        status.peers[1].part = .learner
        var own = MembershipStatus.Member(id: n1, part: .voter)
        (own.peer, own.client, own.admin) = ("h:1", "h:2", "h:3")
        status.membership.members = [own, .init(id: n3, part: .learner)]
        status.membership.change = .init(
            stage: .catchingUp, learner: n3, replacing: NodeID("n2"), voters: [n1, n3])
        let expected = """
            {"node":{"id":"n1","cluster":"00000000000000010000000000000002","role":"leader","healthy":true,"term":7,\
            "first_index":41,"last_index":125,"commit_index":123,"applied_index":122,"persisted_index":124,\
            "digest":"00000000000000ab0000000000000001","timeline":1,"timeline_name":"1",\
            "lag_entries":1,"lag_ms":1.5,"version":"0.2.0",\
            "feature_level":1,"uptime_seconds":61.5,"phase":"ready","progress_percent":100.0,\
            "progress":{"percent":100.0,"elapsed_ms":0.0,"unit":null,"per_second":null,"seconds_left":null,\
            "segments_scanned":0,"segments_total":0,"records_loaded":0,"records_total":0,"entries_replayed":0,\
            "entries_total":0,"entries_per_second":0.0,"index_name":null,"records_walked":0,"records_to_walk":0,\
            "finished":[]},"ready":false,"serves_reads":true,\
            "reasons":[{"code":"maintenance","message":"maintenance is on",\
            "remedy":"run `nodectl maintenance off` when the work is done"}],"maintenance":true,\
            "durability":"synced on a majority","durability_full":true,"pid":42,"data_directory":"n1/data",\
            "log_room_bytes":1048576,"log_size_bytes":65536,"repair":null,\
            "scrub":{"passes":2,"asked_pass":1,"ended_at":"1970-01-01T00:00:00.000000Z","read_bytes":77,"errors":0},\
            "quarantine":{"directory":"n1/log/quarantine","files":2,"bytes":4096},\
            "snapshot":{"newest":{"index":110,"term":7,"time":"1970-01-01T00:00:01.000000Z",\
            "digest":"00000000000000000000000000000002","records":8,"plain_bytes":800,"stored_bytes":400},\
            "age_seconds":61.5,"oldest_index":60,"kept":[{"index":60,"term":6,"time":"1970-01-01T00:00:00.000000Z",\
            "digest":"00000000000000000000000000000001","records":5,"plain_bytes":500,"stored_bytes":300},\
            {"index":110,"term":7,"time":"1970-01-01T00:00:01.000000Z",\
            "digest":"00000000000000000000000000000002","records":8,"plain_bytes":800,"stored_bytes":400}],\
            "disk_bytes":450,"log_bytes":70,"log_due_bytes":268435456,"writing":null,\
            "last":{"index":110,"seconds":0.012,"bytes_written":150,"bytes_reused":250},"failure":null,"damage":null,\
            "scrub":{"passes":0,"ended_at":null,"read_bytes":0,"errors":0,"damages":0},"fetching":null,\
            "serving":[{"to":"n3","index":110,"percent":25.0,"bytes":100,"total_bytes":400}]},\
            "archive":{"location":"s3://b/p","shipping":true,"archived_index":120,"lag_ms":1500.0,"lag_entries":5,\
            "lag_bytes":640,"full":false,"failure":{"code":"timeout","message":"m","remedy":"r","count":3},\
            "hole_first":7,"hole_last":9,"newest_backup":{"backup_id":"20260101T000000Z-1-60","index":60,\
            "timestamp":"1970-01-01T00:00:00.000000Z","record_count":5,"uploaded_bytes":10,"stored_bytes":300,\
            "duration_seconds":1.5},"backup_percent":12.5,"backup_failure":null,\
            "backup_size_ratio":1.25,"backup_verdict":"notice","verified_index":119,"verified_lag_ms":250.0,\
            "damage":null,"retention_at":"1970-01-01T00:00:04.000000Z","retention_failure":null,\
            "restore_trial":{"at":"1970-01-01T00:00:05.000000Z","passed":false,"duration_seconds":1.5,\
            "backup_id":null,"index":null,"record_count":null,"digest":null,"proof":null,\
            "failure":{"code":"verifier-no-space","message":"m","remedy":"r","count":1}}},\
            "compaction":{"asked":0,"ended":0,"ended_at":null,"parts":[],"next_in_seconds":null},\
            "state":{"condition":"sound","message":null,"remedy":null,"diverged_at_index":null,"own_digest":null,\
            "agreed_digest":null,"compared":30,"compared_index":121},\
            "memory_bytes":33554432,"keys":9,\
            "indexes":[{"name":"users","prefix":"user:","state":"rebuilding","walked":3,"records":9,"rebuilds":1,\
            "memory_bytes":4096,"last_build":null,"failure":null,\
            "fields":[{"name":"age","type":"number","entries":7,"skipped":1}]}],\
            "index_proof":{"asked":2,"ended":1,"applied_index":120,"took_ms":5.0,"verdicts":[{"index":"users",\
            "field":"age","ready":true,"entries":7,"expected":8,"equal":false}]},"connections":3,\
            "certificate_expires_at":"1970-01-01T00:00:00.000000Z"},"leader":"n1",\
            "peers":[{"id":"n2","connected":true,"voter":true,"role":"voter","match_index":120,"applied_index":119,\
            "lag_entries":5,"lag_bytes":640,"lag_ms":12.0,"silence_ms":3.0,"has_room":true,\
            "version":null,"feature_level":null},\
            {"id":"n3","connected":false,"voter":false,"role":"learner",\
            "match_index":null,"applied_index":null,"lag_entries":null,\
            "lag_bytes":null,"lag_ms":null,"silence_ms":null,"has_room":true,"version":null,"feature_level":null}],\
            "members":[{"id":"n1","role":"voter","peer":"h:1","client":"h:2","client_plaintext":null,"admin":"h:3"},\
            {"id":"n3","role":"learner","peer":null,"client":null,"client_plaintext":null,"admin":null}],\
            "membership_change":{"joint":false,"stage":"catching_up","learner":"n3","replacing":"n2",\
            "voters":["n1","n3"]}}
            """
        #expect(String(decoding: status.json(), as: UTF8.self) == expected)
    }

    @Test func `every reason has a word of its own, a sentence and a remedy`() {
        let all: [UnreadyReason] = [
            .starting(.replaying), .stopping, .maintenance, .noLeader, .noQuorum, .lagging(entries: 2),
            .quarantined(why: "a", remedy: .automatic("wait")), .fenced(why: "b"), .logFull, .stuck(.seconds(2)),
        ]
        #expect(Set(all.map(\.code)).count == all.count)
        for reason in all { #expect(!reason.text.isEmpty && !reason.remedy.text.isEmpty) }
        #expect(UnreadyReason.stuck(.seconds(2)).text.contains("2000 ms"))
    }

    @Test func `a snapshot under way, its failure and a node that fetches one are told`() throws {
        var status = NodeStatus(id: NodeID("n1")!)
        status.snapshot.writing = SnapshotStatus.Writing(index: LogIndex(9), percent: 12.5)
        status.snapshot.failure = SnapshotStatus.Failure(index: LogIndex(8), text: "no space", remedy: "free some")
        status.snapshot.fetching = SnapshotStatus.Transfer(peer: NodeID("n2")!, index: LogIndex(7))
        let document = try JSONSerialization.jsonObject(with: Data(status.json())) as? [String: Any]
        let snapshot = try #require((document?["node"] as? [String: Any])?["snapshot"] as? [String: Any])
        #expect(snapshot["newest"] is NSNull && snapshot["age_seconds"] is NSNull && snapshot["oldest_index"] is NSNull)
        #expect((snapshot["writing"] as? [String: Double]) == ["index": 9, "percent": 12.5])
        let failure = try #require(snapshot["failure"] as? [String: Any])
        #expect(failure["message"] as? String == "no space" && failure["remedy"] as? String == "free some")
        let fetching = try #require(snapshot["fetching"] as? [String: Any])
        #expect(fetching["from"] as? String == "n2" && fetching["percent"] as? Double == 0)
    }

    @Test func `a state that is not sound is no health, and says why it keeps the node out`() throws {
        var status = NodeStatus(id: NodeID("n1")!)
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        #expect(status.isHealthy && status.state.unreadyReason == nil)
        for condition in StateStatus.Condition.allCases where condition != .sound {
            status.state = StateStatus(
                condition, text: "it differs", remedy: "wait",
                divergence: StateStatus.Divergence(
                    index: LogIndex(5), own: Digest(high: 0, low: 1), agreed: Digest(high: 0, low: 2)))
            #expect(!status.isHealthy)
            #expect(status.state.unreadyReason == .quarantined(why: "it differs", remedy: .automatic("wait")))
            let text = String(decoding: status.json(), as: UTF8.self)
            #expect(
                text.contains(
                    """
                    "state":{"condition":"\(condition.rawValue)","message":"it differs","remedy":"wait",\
                    "diverged_at_index":5,"own_digest":"00000000000000000000000000000001",\
                    "agreed_digest":"00000000000000000000000000000002","compared":0,"compared_index":null}
                    """))
        }
    }

    @Test func `the answers to who asked for a snapshot have their facts`() {
        let written = SnapshotStatus.Written(
            index: LogIndex(110), took: .milliseconds(1250), made: ByteCount(150), reused: ByteCount(250))
        #expect(
            OperatorOutcome.snapshot(JSONTests.snapshot.kept[1], written)
                == .done([
                    OperatorFact("index", .number(110)), OperatorFact("term", .number(7)),
                    OperatorFact("digest", .text("00000000000000000000000000000002")),
                    OperatorFact("records", .number(8)), OperatorFact("bytes_written", .number(150)),
                    OperatorFact("bytes_reused", .number(250)), OperatorFact("seconds", .decimal(1.25)),
                ]))
        #expect(OperatorOutcome.snapshotAsked(from: LogIndex(9)) == .done([OperatorFact("index", .number(9))]))
    }

    @Test func `what is left of a phase is told while it can be`() {
        var progress = StartProgress(phase: .loading)
        #expect(progress.timeLeft == nil && progress.perSecond == nil)
        progress.recordsTotal = 1000
        progress.recordsLoaded = 250
        #expect(progress.timeLeft == nil, "no time has passed")
        progress.elapsed = .seconds(2)
        #expect(progress.percent == 25 && progress.perSecond == 125 && progress.timeLeft == .seconds(6))
        progress.enter(.replaying, after: .seconds(8))
        (progress.entriesTotal, progress.entriesReplayed, progress.entriesPerSecond) = (30, 10, 4)
        #expect(progress.perSecond == 4 && progress.timeLeft == .seconds(5))
        progress.enter(.indexing, after: .seconds(7))
        progress.index = "users"
        (progress.recordsToWalk, progress.recordsWalked, progress.elapsed) = (10, 20, .seconds(1))
        #expect(progress.percent == 100 && progress.timeLeft == .zero, "more than was announced is not less than none")
        (progress.recordsToWalk, progress.recordsWalked, progress.elapsed) = (.max, 1, .seconds(1000))
        #expect(progress.timeLeft == nil, "longer than anybody waits")
        progress.enter(.joining, after: .seconds(1))
        #expect(progress.timeLeft == nil && progress.perSecond == nil)
    }

    @Test func `a start's percentage follows its phase`() {
        var progress = StartProgress(phase: .starting)
        #expect(progress.percent == 0)
        progress.enter(.recovering, after: .seconds(1))
        progress.segmentsTotal = 3
        progress.segmentsScanned = 1
        #expect(progress.percent == 33.3)
        progress.enter(.replaying, after: .seconds(2))
        #expect(progress.percent == 0)
        progress.entriesReplayed = 5
        progress.entriesTotal = 4
        #expect(progress.percent == 100)
        progress.enter(.ready, after: .zero)
        #expect(progress.percent == 100)
        #expect(progress.finished.map(\.phase) == [.starting, .recovering, .replaying])
    }
}
