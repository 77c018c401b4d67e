// `nodectl recover`: a cluster whose majority is lost for good goes on from one node's directory.

import LogFormat
import LogStore
import Platform
import ReplicaSnapshots
public import Settings
import TLS
import Telemetry
public import Vocabulary

/// A recovery that was looked into, and may begin. The directory is locked for as long as this exists: the node cannot
/// start before it is decided.
public struct SurvivorRecovery: Sendable {
    /// Where a node that does not run has its files.
    public struct Place: Hashable, Sendable {
        public var dataDirectory: String
        public var logDirectory: String
        public var snapshotDirectory: String
        /// The members that the node's settings list.
        public var listed: [NodeID]
        /// Where they say that the other members are found.
        public var others: [HostPort]

        /// As its configuration says.
        public init(config file: String) throws(ControlError) {
            let settings: NodeSettings
            do throws(SettingsError) { settings = try NodeSettings.load(file: file) } catch { throw .settings(error) }
            dataDirectory = settings.dataDirectory
            logDirectory = settings.logDirectory
            snapshotDirectory = settings.snapshots.directory
            listed = settings.members.map(\.id)
            others = settings.others.map(\.peer)
        }

        /// With log and snapshots where they are if no setting says otherwise.
        public init(dataDirectory directory: String) {
            dataDirectory = directory
            logDirectory = directory + "/log"
            snapshotDirectory = directory + "/snapshots"
            listed = []
            others = []
        }
    }

    let place: Place
    let directory: DataDirectory
    let replica: StoppedReplica
    /// The timeline that is given up, and the one that begins.
    public let timeline: Timeline
    public let next: Timeline
    public var node: NodeID { directory.identity.node }
    /// A recovery of this directory was begun before: the node's next start finishes it.
    public var hasBegun: Bool { directory.isBeginningTimeline }

    /// Looks whether the node at `place` can carry the cluster. Changes nothing.
    public init(_ place: Place) throws(ControlError) {
        self.place = place
        directory = try SurvivorRecovery.open(place)
        timeline = directory.timeline
        next = directory.isBeginningTimeline ? timeline : timeline.next { SystemRandom.word() }
        replica = try SurvivorRecovery.look(at: place)
        if !directory.isBeginningTimeline { try SurvivorRecovery.refuseWhileOthersRun(place) }
        guard replica.log.isWhole else {
            let damage = replica.log.findings.first { $0.isDamage }.map { "\($0.damage)" } ?? "unknown damage"
            throw .conflict(
                reason: "the log in \(place.logDirectory) is damaged: \(damage)",
                remedy: "look for a survivor that is whole first. If there is none, run `nodectl repair "
                    + "\(place.dataDirectory)`, which ends this log before the damage, then recover")
        }
        guard replica.last.index > .zero else {
            throw .conflict(
                reason: "\(place.dataDirectory) holds no entry: there is nothing to recover",
                remedy: "take the survivor with the most entries, or start a new cluster")
        }
        guard replica.hasState else {
            throw .conflict(
                reason: "the log in \(place.logDirectory) begins at index \(replica.log.firstIndex), and "
                    + "\(place.snapshotDirectory) has no snapshot before that which can be used",
                remedy: "name the node's configuration with --config, if its snapshots are elsewhere; else take "
                    + "another survivor")
        }
    }

    /// How long another member may take to accept a connection before it counts as gone.
    private static let patience = Duration.seconds(2)

    /// Another member that runs would be given up, and stop: nobody shall come to that by mistake.
    private static func refuseWhileOthersRun(_ place: Place) throws(ControlError) {
        let deadline = MonotonicClock.now() + patience
        let running = place.others.filter { accepts($0, until: deadline) }
        guard running.isEmpty else {
            let addresses = running.map(\.description).joined(separator: ", ")
            throw .refused(
                reason: "another member accepts connections at \(addresses): the majority may not be lost",
                remedy: "see whether the cluster goes on by itself when this node is started. If not, stop that member "
                    + "first: it would be given up", override: nil)
        }
    }

    private static func accepts(_ address: HostPort, until deadline: Instant) -> Bool {
        guard let resolved = try? SocketAddress.resolve(address.description) else { return false }
        do throws(StreamError) {
            let stream = try BlockingStream.connect(resolved, serverName: nil, context: nil, until: deadline)
            _ = stream.address
            return true
        } catch { return false }
    }

    private static func open(_ place: Place) throws(ControlError) -> DataDirectory {
        do throws(DataDirectoryError) {
            guard let identity = try DataDirectory.identity(at: place.dataDirectory) else {
                throw .identityMissing(path: place.dataDirectory)
            }
            return try DataDirectory.open(place.dataDirectory, cluster: identity.cluster, node: identity.node)
        } catch { throw .dataDirectory(error) }
    }

    private static func look(at place: Place) throws(ControlError) -> StoppedReplica {
        do throws(StateSearchError) {
            let hasSnapshots = FileSystem.isDirectory(place.snapshotDirectory)
            let found = try inspect(place.logDirectory).map { inspection throws(StateSearchError) in
                try StoppedReplica(inspection, snapshotDirectory: hasSnapshots ? place.snapshotDirectory : nil)
            }
            if let found { return found }
        } catch {
            switch error {
            case .log(let error): throw .log(error)
            case .snapshots(let error):
                throw .conflict(reason: "\(place.snapshotDirectory): \(error)", remedy: error.remedy.text)
            case .state(let error):
                throw .conflict(reason: "\(place.snapshotDirectory): \(error)", remedy: error.remedy.text)
            }
        }
        throw .conflict(
            reason: "\(place.logDirectory) holds no segments of a log",
            remedy: "name the node's configuration with --config, if its log is elsewhere")
    }

    private static func inspect(
        _ directory: String
    ) throws(StateSearchError) -> LogInspection<DirectoryStorage>? {
        guard FileSystem.isDirectory(directory) else { return nil }
        do throws(LogError) { return try LogInspection(DirectoryStorage(path: directory)) } catch { throw .log(error) }
    }

    /// The members that are given up.
    public var others: [NodeID] {
        (replica.members.isEmpty ? place.listed : replica.members).filter { $0 != node }
    }

    /// Keeps copies of what is changed, and begins the timeline. From here on the node's next start finishes it.
    ///
    /// - Returns: the copies.
    public func begin() throws(ControlError) -> [String] {
        guard !hasBegun else { return [] }
        do throws(DataDirectoryError) {
            let kept = try directory.keepCopies(
                of: replica.log.lastSegment, in: place.logDirectory, at: WallClock.now())
            try directory.begin(next)
            return kept
        } catch { throw .dataDirectory(error) }
    }
}
