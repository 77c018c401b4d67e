// Fetching a leader's snapshot: what to ask it for next, and what becomes of its answers.

import ByteCoding
public import LogStore
public import PeerProtocol
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// One fetch, from the first byte of the manifest to a snapshot of this node's own. Asks for some pieces ahead, so that
/// the sender always has something to send, and for no more than a bounded number of bytes.
///
/// Another leader, or another snapshot of the same one, takes over what came so far: chunks are found by their names.
public struct SnapshotFetch<Disk: Storage> {
    /// Pieces that are asked for and not answered.
    static var piecesMax: Int { 4 }
    /// The most that a manifest may be.
    private static var manifestMax: Int { SnapshotManifest.lengthMax }

    private let disk: Disk
    private let cluster: ClusterID
    private let base: SnapshotManifest?
    public private(set) var sender: NodeID
    public private(set) var index: LogIndex
    private var receiver: SnapshotReceiver<Disk>?
    /// Packs that earlier receptions have left.
    private var leftovers: [PackNumber]
    private var manifest: [UInt8] = []
    private var manifestIsAsked = false
    private var isManifestWhole = false
    private var underWay: [SnapshotRead] = []

    public init(
        of index: LogIndex, from sender: NodeID, on disk: Disk, cluster: ClusterID, base: SnapshotManifest?,
        leftovers: [PackNumber]
    ) {
        self.index = index
        self.sender = sender
        self.disk = disk
        self.cluster = cluster
        self.base = base
        self.leftovers = leftovers
    }

    /// The pack that is being written, once there is one.
    public var pack: PackNumber? { receiver?.pack }
    public var bytesReceived: ByteCount { receiver?.bytesReceived ?? .zero }
    public var figures: SnapshotFigures? { receiver?.figures }

    /// Goes on with another sender, or another snapshot. The same ones change nothing.
    public mutating func change(to index: LogIndex, from sender: NodeID) {
        guard index != self.index || sender != self.sender else { return }
        self.index = index
        self.sender = sender
        restart()
    }

    /// The connection to the sender was lost: everything under way is asked for again.
    public mutating func restart() {
        underWay = []
        manifest = []
        manifestIsAsked = false
        isManifestWhole = false
    }

    /// What to ask the sender for now; nil when enough is under way.
    public mutating func nextRead() -> SnapshotRead? {
        guard isManifestWhole else {
            guard !manifestIsAsked else { return nil }
            manifestIsAsked = true
            return SnapshotRead(
                snapshot: index, file: .manifest, offset: UInt64(manifest.count), count: UInt32(SnapshotRead.countMax))
        }
        guard underWay.count < SnapshotFetch.piecesMax, let ask = receiver?.nextAsk() else { return nil }
        let read = SnapshotRead(
            snapshot: index, file: .pack(LogIndex(ask.pack.rawValue)), offset: UInt64(ask.offset),
            count: UInt32(ask.count))
        underWay.append(read)
        return read
    }

    /// What an answer came to.
    public enum Progress {
        case goesOn
        /// On stable storage, and this node's own.
        case finished(SnapshotManifest)
        /// The sender does not have it any more: a newer one is to be offered.
        case gone
    }

    /// Takes an answer. One that nobody waits for is passed over: a sender before may have sent it.
    ///
    /// Throws `refused` when the sender gave what it should not; the fetch then goes on with `change` or `restart`.
    public mutating func take(_ piece: SnapshotPiece, from node: NodeID) throws(SnapshotError) -> Progress {
        guard node == sender, piece.read.snapshot == index else { return .goesOn }
        if case .manifest = piece.read.file { return try takeManifest(piece) }
        guard underWay.first == piece.read else { return .goesOn }
        guard let bytes = piece.bytes else { return .gone }
        underWay.removeFirst()
        try receiver?.take(bytes.rawBytes)
        return try finishIfComplete()
    }

    private mutating func takeManifest(_ piece: SnapshotPiece) throws(SnapshotError) -> Progress {
        guard manifestIsAsked, !isManifestWhole, piece.read.offset == UInt64(manifest.count) else { return .goesOn }
        manifestIsAsked = false
        guard let bytes = piece.bytes else { return .gone }
        manifest += bytes
        // A short piece is the last.
        guard bytes.count < Int(piece.read.count) || manifest.count > SnapshotFetch.manifestMax else { return .goesOn }
        isManifestWhole = true
        try begin()
        return try finishIfComplete()
    }

    private mutating func begin() throws(SnapshotError) {
        let manifest = manifest
        if try receiver?.change(sender: manifest.rawBytes) == true { return }
        if let pack = receiver?.pack {
            try receiver?.suspend()
            leftovers.append(pack)
            receiver = nil
        }
        receiver = try SnapshotReceiver(
            disk: disk, cluster: cluster, manifest: manifest.rawBytes, base: base, leftovers: leftovers,
            rangeMax: ByteCount(SnapshotRead.countMax))
    }

    private mutating func finishIfComplete() throws(SnapshotError) -> Progress {
        guard receiver?.isComplete == true, let whole = try receiver?.finish() else { return .goesOn }
        return .finished(whole)
    }

    /// Ends the fetch. What came stays for another one.
    public mutating func suspend() throws(SnapshotError) { try receiver?.suspend() }
}
