// How a node's parts are made from its settings.

import ByteCoding
import Consensus
import Logging
import LogFormat
import LogStore
import PeerProtocol
import Platform
import RESP
import Replica
import ReplicaLog
import ReplicaSnapshots
import Sessions
import Settings
import TLS
import Telemetry
import Vocabulary

extension Node {
    // MARK: Clients

    func makeClients(_ reactor: Reactor, _ scratch: UnsafeMutableRawBufferPointer) throws(NodeError) -> ClientDesk {
        let clients = settings.clients
        let limits = ClientLimits(
            request: RequestLimits(bulkLengthMax: clients.requestSizeMax, argumentsMax: clients.argumentsMax),
            connectionsMax: clients.connectionsMax, outputBufferMax: clients.outputBufferMax.rawValue,
            outputPatience: clients.outputTimeout, loginPatience: clients.loginTimeout)
        var facts = NodeFacts(
            status: NodeStatus(id: settings.node), clusterName: settings.clusterName,
            members: settings.members.compactMap { NodeFacts.Member(MemberAddresses($0), isVoter: true) })
        facts.clientsMax = clients.connectionsMax
        facts.bulkLengthMax = clients.requestSizeMax
        facts.keyEvents = clients.keyEvents
        facts.memoryMax = settings.memoryMax
        let environment = SessionEnvironment(
            now: MonotonicClock.now(), wall: WallClock.now(), tokens: try clientTokens(), facts: facts)
        return ClientDesk(
            limits: limits, environment: environment, tlsContext: try clientContext(), reactor: reactor,
            scratch: scratch)
    }

    private func clientTokens() throws(NodeError) -> TokenSet? {
        guard settings.authentication.isRequired else { return nil }
        do {
            return try TokenSet.load(settings.authentication)
        } catch {
            throw .setting(key: "auth", what: error.description, remedy: error.remedy.text)
        }
    }

    private func clientContext() throws(NodeError) -> TLSContext {
        try secured { () throws(TLSError) in
            try TLSContext.server(
                settings.tls.client.identity, clientCertificates: .optional, oldest: settings.tls.minimum.version)
        }
    }

    // MARK: Peers

    func makeMesh(
        _ reactor: Reactor, _ scratch: UnsafeMutableRawBufferPointer, _ directory: DataDirectory
    ) throws(NodeError) -> PeerMesh {
        let own = settings.ownMember
        let hello = PeerHello(
            featureLevel: build.featureLevel, cluster: settings.cluster, node: settings.node,
            storage: directory.identity.storage,
            build: build.version, clientAddress: own.client.description,
            adminAddress: own.admin?.description ?? "", timeline: directory.timeline)
        return PeerMesh(
            hello: hello, members: [], frameLimit: frameLimit, serverContext: try peerServerContext(),
            clientContext: try peerClientContext(), reactor: reactor, scratch: scratch)
    }

    /// The addresses of the other members that the settings list. A node's own names have to be there at its start.
    func makeNames(_ mail: Mailbox<LoopLetter>) throws(NodeError) -> PeerNames {
        var known: [String: SocketAddress] = [:]
        for member in settings.others {
            known[member.peer.description] = try resolve(member.peer, "members")
        }
        return PeerNames(known: known) { mail.post(.resolved($0, $1)) }
    }

    /// The largest frame between nodes: a batch with its last and largest command, or an append of such frames.
    var frameLimit: ByteCount {
        settings.clients.requestSizeMax + ByteCount(RequestLimits.requestOverhead) + settings.log.batchBytesMax
            + settings.consensus.appendBytesMax + .mebibytes(2)
    }

    private func peerServerContext() throws(NodeError) -> TLSContext {
        try secured { () throws(TLSError) in
            try TLSContext.server(
                settings.tls.peer.identity, clientCertificates: .required, oldest: settings.tls.minimum.version)
        }
    }

    private func peerClientContext() throws(NodeError) -> TLSContext {
        try secured { () throws(TLSError) in
            try TLSContext.client(settings.tls.peer.identity, oldest: settings.tls.minimum.version)
        }
    }

    // MARK: The replica

    func makeStart(
        _ recovered: RecoveredLog, _ engine: LogEngine<DirectoryStorage>, _ origin: ReplicaStart.Origin
    ) throws(NodeError) -> ReplicaStart {
        let voters = settings.joins ? settings.others : settings.members
        guard let configuration = Configuration(voters: voters.map(\.id)) else {
            throw .setting(key: "members", what: "name no possible group", remedy: "list each node once")
        }
        do throws(LogError) {
            let start = try ReplicaStart(
                recovered, configuration: configuration, reader: engine.reader(), origin: origin)
            if let known = start.restored.configurations.last { compare(known.configuration) }
            return start
        } catch {
            throw .log(error)
        }
    }

    /// The log has the last word; whoever reads the settings is to know that they are not what counts.
    private func compare(_ configuration: Configuration) {
        guard configuration.members != settings.members.map(\.id) else { return }
        logger.warning(
            "the settings list other members than the log: the log's count",
            metadata: [
                "members": "\(settings.members.map(\.id.description).joined(separator: ","))",
                "log.members": "\(configuration.members.map(\.description).joined(separator: ","))",
                "remedy": "bring `members` up to date when convenient; `nodectl members` changes who is one",
            ])
    }

    var replicaOptions: ReplicaOptions {
        let consensus = settings.consensus
        var options = ReplicaOptions()
        options.consensus = ConsensusOptions(
            electionTimeoutMin: consensus.electionTimeoutMin, electionTimeoutMax: consensus.electionTimeoutMax,
            heartbeatInterval: consensus.heartbeatInterval, inflightBytesMax: consensus.inflightBytesMax.rawValue,
            appendBytesMax: consensus.appendBytesMax.rawValue, probeDelayMax: consensus.probeDelayMax,
            uncommittedBytesMax: consensus.uncommittedBytesMax.rawValue)
        options.batchBytesMax = settings.log.batchBytesMax
        options.catchUpRate = consensus.catchUpRate
        if settings.log.compression == .none { options.compressionThreshold = ByteCount(.max) }
        options.holdTimeout = settings.requests.holdTimeout
        options.resultTimeout = settings.requests.timeout
        options.snapshots.logMin = settings.snapshots.logMin
        options.snapshots.logPercent = settings.snapshots.logPercent
        options.snapshots.interval = settings.snapshots.interval
        options.markerInterval = settings.stateCompareInterval
        return options
    }

    // MARK: The log

    func openDataDirectory() throws(NodeError) -> DataDirectory {
        do throws(DataDirectoryError) {
            return try DataDirectory.open(settings.dataDirectory, cluster: settings.cluster, node: settings.node)
        } catch {
            throw .dataDirectory(error)
        }
    }

    /// Scans the log, telling the board how far it is. What it found goes into the node's own log as one line.
    func openLog(
        of directory: DataDirectory
    ) throws(NodeError) -> (LogEngine<DirectoryStorage>, RecoveredLog) {
        board.update { $0.progress = StartProgress(phase: .recovering) }
        logger.info("recovery started", metadata: ["log.directory": "\(settings.logDirectory)"])
        do throws(DataDirectoryError) {
            let options = LogOptions(
                segmentSize: settings.log.segmentSize,
                firstSegmentSize: min(settings.log.segmentSize, LogOptions().firstSegmentSize),
                spareRoom: LoopParameters.logSpareRoom,
                reserve: settings.log.reserve)
            let opened = try directory.openLog(at: settings.logDirectory, options: options) { [board] progress in
                board.update {
                    $0.progress.segmentsScanned = progress.segmentsDone
                    $0.progress.segmentsTotal = progress.segments
                }
            }
            return opened
        } catch {
            throw .dataDirectory(error)
        }
    }

    /// What was put aside below the log. That it cannot be looked at is told by the scrub's thread.
    func quarantine() -> Quarantine? {
        do throws(StorageError) { return try Quarantine(of: settings.logDirectory) } catch { return nil }
    }

    func tell(_ recovered: RecoveredLog, newest: QuarantineReport?) {
        var facts: Logger.Metadata = [
            "log.verdict": "\(recovered.verdict)", "log.segments": "\(recovered.counts.segments)",
            "log.entries": "\(recovered.counts.entries)", "log.bytes": "\(recovered.counts.bytes)",
            "raft.index": "\(recovered.last.index)", "raft.commit": "\(recovered.commitIndex)",
            "seconds": "\((MonotonicClock.now() - startedAt).inSeconds)",
        ]
        switch recovered.verdict {
        case .new, .clean: logger.info("log recovered", metadata: facts)
        case .tornTail: logger.warning("log recovered: a torn tail was cut", metadata: facts)
        case .damaged(let damage, let kept):
            facts["log.damage"] = "\(damage.kind.rawValue)"
            facts["log.file"] = "\(damage.file)"
            facts["log.offset"] = "\(damage.offset)"
            facts["log.first-lost"] = "\(damage.firstIndex)"
            facts["raft.fence"] = "\(recovered.state.fence ?? .zero)"
            facts["quarantine"] = "\(kept.map { settings.logDirectory + "/" + $0 }.joined(separator: ","))"
            logger.error(
                "log damaged: it was ended before the damage, and the rest is fetched from the other nodes",
                metadata: facts)
        }
        guard let fence = recovered.state.fence, !recovered.verdict.isDamage else { return }
        logger.warning(
            "this node's log is still being repaired: it neither votes nor counts before it has all entries again",
            metadata: [
                "raft.fence": "\(fence)", "log.damage": "\(newest?.kind.rawValue ?? "unknown")",
                "log.file": "\(newest?.file ?? "unknown")",
            ])
    }

    /// The threads that write the archive; nil when there is none.
    func makeArchive(
        _ reader: LogReader<DirectoryStorage>, _ shelf: SnapshotShelf, _ mail: Mailbox<LoopLetter>
    ) throws(NodeError) -> ArchiveThreads? {
        guard let place = ArchivePlace(settings.archive) else { return nil }
        let shipping = try system { () throws(SystemError) in
            try ArchiveThread(place, reader: reader) { mail.post(.archive($0)) }
        }
        let backups = try system { () throws(SystemError) in
            try BackupThread(place, shelf, on: snapshotStorage, node: settings.node, program: build.version) {
                mail.post(.backup($0))
            }
        }
        let directory = settings.retention.directory ?? settings.dataDirectory + ".verify"
        let care = try system { () throws(SystemError) in
            try ArchiveCareThread(
                place, settings.retention, node: settings.node, program: build.version, directory: directory
            ) {
                mail.post(.archiveCare($0))
            }
        }
        return ArchiveThreads(
            place: place, retention: settings.retention, shipping: shipping, backups: backups, care: care)
    }

    func openPorts(_ clients: ClientDesk, _ mesh: PeerMesh) throws(NodeError) {
        let listeners = settings.listeners
        let client = try resolve(listeners.client, "listen.client")
        let plaintext = try listeners.clientPlaintext.map { address throws(NodeError) in
            try resolve(address, "listen.client-plaintext")
        }
        let peer = try resolve(listeners.peer, "listen.peer")
        try system { () throws(SystemError) in
            try clients.open(client, kind: .client)
            if let plaintext { try clients.open(plaintext, kind: .clientPlaintext) }
            try mesh.open(peer)
        }
    }

    // MARK: Running

    func parameters(_ directory: DataDirectory) -> LoopParameters {
        LoopParameters(
            logDirectory: settings.logDirectory, dataDirectory: settings.dataDirectory,
            snapshotDirectory: settings.snapshots.directory,
            listed: settings.members, version: build.version,
            featureLevel: build.featureLevel, certificateExpiry: earliestExpiry,
            cpuLatencyMax: settings.cpuLatencyMax, probeTime: settings.consensus.electionTimeoutMax,
            logRetained: settings.log.retain,
            enterTimeline: { timeline throws(DataDirectoryError) in try directory.enter(timeline) },
            compactInterval: settings.snapshots.compactInterval,
            reload: { [self] clients, mesh throws(NodeError) in
                let context = try clientContext()
                let server = try peerServerContext()
                let client = try peerClientContext()
                clients.environment.tokens = try clientTokens()
                clients.tlsContext = context
                mesh.serverContext = server
                mesh.clientContext = client
                reloaded()
            })
    }

    private var earliestExpiry: Timestamp? {
        let files = Set([settings.tls.client, settings.tls.peer, settings.tls.admin].map(\.certificate))
        return files.compactMap { try? CertificateFacts.read($0).notAfter }.min()
    }

    // MARK: Errors of the parts as the node's

    func system<Value>(_ body: () throws(SystemError) -> Value) throws(NodeError) -> Value {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    func makeLoop(
        _ parts: LoopParts, _ start: consuming ReplicaStart, _ appliers: PartitionThreads, at now: Moment
    ) throws(NodeError) -> NodeLoop {
        var options = replicaOptions
        options.partitionRunner = appliers
        let replica = Replica(start, options: options, seed: SystemRandom.word(), at: now)
        do throws(SystemError) { return try NodeLoop(parts, replica: replica) } catch { throw .system(error) }
    }

    private func secured<Value>(_ body: () throws(TLSError) -> Value) throws(NodeError) -> Value {
        do throws(TLSError) { return try body() } catch { throw .tls(error) }
    }

    private func resolve(_ address: HostPort, _ key: String) throws(NodeError) -> SocketAddress {
        do throws(SystemError) {
            return try SocketAddress.resolve(address.description)
        } catch {
            throw .setting(key: key, what: "does not resolve: \(error)", remedy: "correct the name, or use an address")
        }
    }
}

extension NodeFacts.Member {
    /// Where clients reach a member, by the names that its certificate holds. Nil when that is no address with a port.
    init?(_ member: MemberAddresses, isVoter: Bool) {
        guard let client = HostPort(member.client) else { return nil }
        let plaintext = member.clientPlaintext.flatMap { HostPort($0) }
        self.init(
            id: member.node, host: client.host, port: client.port,
            plaintext: plaintext.map { .init(host: $0.host, port: $0.port) }, isVoter: isVoter)
    }
}

extension MemberAddresses {
    init(_ member: Member) {
        self.init(
            node: member.id, peer: member.peer.description, client: member.client.description,
            clientPlaintext: member.clientPlaintext?.description, admin: member.admin?.description)
    }
}
