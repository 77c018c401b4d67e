// A node as a whole: opens what it needs in order, runs its loop, stops in reverse.

import ByteCoding
import Consensus
public import Logging
import LogFormat
import LogStore
import PeerProtocol
import Platform
import RESP
import Replica
import ReplicaLog
import ReplicaSnapshots
import Sessions
public import Settings
import TLS
public import Telemetry
import Vocabulary

/// What the program knows of its own build.
public struct Build: Sendable {
    public var version: String
    /// The newest formats and messages that this build can use, were all nodes able to.
    public var featureLevel: UInt32

    public init(version: String, featureLevel: UInt32) {
        self.version = version
        self.featureLevel = featureLevel
    }
}

/// Made and run on one thread; everything that other threads may touch is on the board and the desk.
public final class Node {
    let settings: NodeSettings
    let build: Build
    let logger: Logger
    let board: StatusBoard
    let desk: OperatorDesk
    private let signals: Int32
    let startedAt: Instant
    /// Called when certificates and tokens were read again, so that the admin port does as well.
    let reloaded: () -> Void

    /// - Parameter signals: a descriptor of `Signals.open`, with SIGTERM, SIGINT and SIGHUP.
    public init(
        settings: NodeSettings, build: Build, logger: Logger, board: StatusBoard, desk: OperatorDesk, signals: Int32,
        reloaded: @escaping () -> Void
    ) {
        self.settings = settings
        self.build = build
        self.logger = logger
        self.board = board
        self.desk = desk
        self.signals = signals
        self.reloaded = reloaded
        startedAt = MonotonicClock.now()
    }

    /// Why a node ended without an error.
    public enum Ending: Sendable {
        /// It was told to.
        case stopped
        /// Its log is damaged, and the next start repairs it: the process is to start again at once.
        case restart
    }

    /// Runs the node until it is told to stop. Ports are opened last, when the log is known to be good.
    public func run() throws(NodeError) -> Ending {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Node.scratchSize, alignment: 64)
        defer { scratch.deallocate() }
        let directory = try openDataDirectory()
        let reactor = try system { () throws(SystemError) in try Reactor() }
        let mail = Mailbox<LoopLetter>(waking: reactor.waker)
        var (engine, recovered) = try openLog(of: directory)
        let scanned = MonotonicClock.now()
        let stock = quarantine()
        tell(recovered, newest: stock?.newest)
        var catalogue = try openSnapshots()
        var origin = try findState(&catalogue, &engine, &recovered)
        try finishRecovery(directory, &engine, &recovered, origin)
        var start = try makeStart(recovered, engine, origin)
        let disk = DirectoryStorage(path: settings.logDirectory)
        let reader = try system { () throws(SystemError) in try LogReaderThread(engine.reader(), mail: mail) }
        let changeReader = try system { () throws(SystemError) in
            try ChangeReaderThread(engine.reader(), mail: mail)
        }
        let shelf = SnapshotShelf()
        shelf.set(catalogue.snapshots)
        let scrub = try system { () throws(SystemError) in
            try LogScrubThread(
                engine.scrub(), shelf, on: catalogue.disk, logDirectory: settings.logDirectory, pace: scrubPace
            ) { mail.post(.scrub($0)) }
        }
        let keeper = SnapshotKeeper.Parts(
            catalogue: catalogue, featureLevel: build.featureLevel, keeping: settings.snapshots.keep,
            step: SnapshotThread.step, shelf: shelf
        ) { manifest, disk throws(StateError) in try StateLoading.run(manifest, on: disk) { _ in } }
        let pace = SnapshotPace()
        let evidence = EvidenceStore(path: settings.snapshots.directory, featureLevel: build.featureLevel)
        let snapshots = try system { () throws(SystemError) in
            try SnapshotThread(keeper, evidence: evidence, pace: pace) { mail.post(.snapshot($0)) }
        }
        let rate = settings.snapshots.transferRate
        let snapshotServer = try system { () throws(SystemError) in
            try SnapshotServerThread(shelf, on: catalogue.disk, rate: rate) { letter in
                switch letter {
                case .piece(let piece, let node): mail.post(.snapshotPiece(piece, for: node))
                case .damage(let index, let damages): mail.post(.scrub(.snapshotDamage(index, damages)))
                }
            }
        }
        let extent = engine.extent
        let prover = try system { () throws(SystemError) in
            try IndexProofThread { mail.post(.indexProof($0)) }
        }
        let stateScrub = try system { () throws(SystemError) in
            try StateScrubThread(interval: settings.stateScrubInterval) { mail.post(.stateScrub($0)) }
        }
        let appliers = try system { () throws(SystemError) in try PartitionThreads() }
        let log = try system { () throws(SystemError) in
            try LogThread(engine: engine, disk: disk) { mail.post(.log($0)) }
        }
        defer {
            snapshotServer.stop()
            snapshots.stop()
            stateScrub.stop()
            prover.stop()
            scrub.stop()
            changeReader.stop()
            reader.stop()
            appliers.stop()
            log.stop()
        }
        let archive = try makeArchive(engine.reader(), shelf, mail)
        defer { archive?.stop() }
        let clients = try makeClients(reactor, scratch)
        let mesh = try makeMesh(reactor, scratch, directory)
        let names = try makeNames(mail)
        let now = Moment(instant: MonotonicClock.now(), wall: WallClock.now())
        try openPorts(clients, mesh)
        let parts = LoopParts(
            reactor: reactor, mail: mail, clients: clients, mesh: mesh, names: names, log: log, reader: reader,
            scrub: scrub, changeReader: changeReader, prover: prover, stateScrub: stateScrub, snapshots: snapshots,
            snapshotServer: snapshotServer, archive: archive, pace: pace, shelf: shelf, extent: extent, desk: desk,
            board: board,
            logger: logger, parameters: parameters(directory), signals: signals, startedAt: startedAt)
        let loop = try makeLoop(parts, start, appliers, at: now)
        loop.beginPhases(
            finished: finishedPhases(scanned: scanned, origin, at: now.instant), commitIndex: recovered.commitIndex,
            at: now.instant)
        // From here on the state is the loop's alone. Were it held here too, the first write into each page would copy
        // it, and memory would double by and by.
        origin = .nothing
        start.origin = .nothing
        loop.beginSnapshots()
        loop.planCompaction(startedAt: startedAt)
        loop.beginCare(recovered, stock)
        logger.notice(
            "node started",
            metadata: [
                "node.id": "\(settings.node)", "cluster.id": "\(settings.cluster)",
                "cluster.timeline": "\(directory.timeline)", "version": "\(build.version)",
            ])
        try loop.run()
        logger.notice(loop.care.isRestarting ? "node stopped, to start again" : "node stopped")
        return loop.care.isRestarting ? .restart : .stopped
    }

    private var scrubPace: LogScrubThread.Pace {
        LogScrubThread.Pace(
            rate: settings.log.scrubRate, interval: settings.log.scrubInterval,
            roomForRepair: settings.log.segmentSize + LogOptions().firstSegmentSize)
    }

    /// Bytes that one read of a socket can give.
    private static let scratchSize = 64 << 10
}
