// What a node's loop is made of and told.

import Logging
import LogStore
import Platform
import Replica
import ReplicaSnapshots
import Settings
import Telemetry
import Vocabulary

/// Constants of one run.
struct LoopParameters {
    /// Room kept ready in spare segments: when the disk turns out to be full, at least `LogRoomRule.roomMin` is left.
    static let logSpareRoom = ByteCount.mebibytes(16)
    var logDirectory: String
    var dataDirectory: String
    var snapshotDirectory: String
    /// As the settings have them, this node included.
    var listed: [Member]
    var version: String
    var featureLevel: UInt32
    var certificateExpiry: Timestamp?
    /// How long the machine's cores may take to wake while there is work; nil leaves that to the system.
    var cpuLatencyMax: Duration?
    /// How long a lost leader's port is looked at: until an election would come anyway.
    var probeTime: Duration
    /// The log kept for followers that fall behind.
    var logRetained: ByteCount
    /// Notes on stable storage that this node is on a later timeline than its directory was made on.
    var enterTimeline: (Timeline) throws(DataDirectoryError) -> Void
    /// How often disk and memory are made smaller; zero for never.
    var compactInterval: Duration
    /// Reads certificates and tokens again, and hands them to those who use them.
    var reload: (ClientDesk, PeerMesh) throws(NodeError) -> Void
}

/// Everything that the loop takes over when it is made, but for the replica.
struct LoopParts {
    var reactor: Reactor
    var mail: Mailbox<LoopLetter>
    var clients: ClientDesk
    var mesh: PeerMesh
    var names: PeerNames
    var log: LogThread
    var reader: LogReaderThread
    var scrub: LogScrubThread
    var changeReader: ChangeReaderThread
    var prover: IndexProofThread
    var stateScrub: StateScrubThread
    var snapshots: SnapshotThread
    var snapshotServer: SnapshotServerThread
    var archive: ArchiveThreads?
    var pace: SnapshotPace
    var shelf: SnapshotShelf
    var extent: LogExtent
    var desk: OperatorDesk
    var board: StatusBoard
    var logger: Logger
    var parameters: LoopParameters
    var signals: Int32
    var startedAt: Instant
}
