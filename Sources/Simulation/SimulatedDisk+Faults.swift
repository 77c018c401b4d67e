// What can happen to a simulated disk while it is used, and what a test may look at.

public import LogStore

extension SimulatedDisk {
    // MARK: Looks

    public var files: [String: [UInt8]] {
        state.withLock { state in state.names.mapValues { state.inodes[$0].bytes } }
    }

    /// What is on stable storage: a power loss leaves at least this.
    var durableFiles: [String: [UInt8]] {
        state.withLock { state in state.durableNames.mapValues { state.inodes[$0].durable } }
    }

    /// Names on stable storage in a directory below, without its own, in order.
    func durableNames(below directory: String) -> [String] {
        let start = directory + "/"
        return state.withLock { state in
            state.durableNames.keys.filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }.sorted()
        }
    }

    /// Bytes of all files that have a name.
    public var used: Int { state.withLock { $0.used } }

    public func count(_ operation: StorageError.Operation) -> Int { state.withLock { $0.counts[operation] ?? 0 } }

    // MARK: Calls that fail

    /// The bytes that files may take together.
    public var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    /// Lets calls of this kind fail `times` times, after `skip` more that succeed.
    public func fail(
        _ operation: StorageError.Operation, after skip: Int = 0, times: Int = 1, reason: StorageError.Reason = .failed
    ) {
        state.withLock { $0.failures[operation] = Failure(skip: skip, times: times, reason: reason) }
    }

    /// Lets no call succeed after `calls` more, until power is lost and comes back.
    public func endPower(afterCalls calls: Int) { state.withLock { $0.callsLeft = calls } }

    /// Whether the power ended in the middle of something.
    public var isPowerGone: Bool { state.withLock { $0.callsLeft == 0 } }

    /// Syncs that say they are done, and do nothing.
    public var isLying: Bool {
        get { state.withLock { $0.isLying } }
        set { state.withLock { $0.isLying = newValue } }
    }

    /// A failed sync is called again by whoever uses the disk, and succeeds without having done anything.
    var retriesSync: Bool {
        get { state.withLock { $0.retriesSync } }
        set { state.withLock { $0.retriesSync = newValue } }
    }

    /// Syncs of packs of snapshots say that they are done, and do nothing.
    var forgetsPacks: Bool {
        get { state.withLock { $0.forgetsPacks } }
        set { state.withLock { $0.forgetsPacks = newValue } }
    }

    // MARK: Power

    /// Loses power and gets it back: of the writes and names since the last sync, only those pieces stay that the
    /// closures say, asked in the order of writing.
    ///
    /// - Parameters:
    ///   - grain: a write is torn at multiples of so many bytes of its file.
    ///   - keepsName: asked per change of a name.
    ///   - keepsPiece: asked per piece, with the file's name and the piece's offset.
    public func losePower(grain: Int = 8, keepsName: (String) -> Bool, keepsPiece: (String, Int) -> Bool) {
        state.withLock { $0.losePower(grain: grain, keepsName: keepsName, keepsPiece: keepsPiece) }
    }

    /// A copy of this disk as a power loss would leave it.
    public func crash(keeps: (String, Int) -> Bool, keepsNames: Bool = false) -> SimulatedDisk {
        var copy = state.withLock { $0 }
        copy.losePower(grain: 8, keepsName: { _ in keepsNames }, keepsPiece: keeps)
        return SimulatedDisk(copy)
    }

    /// The process that used the disk is gone, the machine is not: everything written is still there to be read.
    public func survivesProcess() { state.withLock { $0.endFaults() } }
}

extension SimulatedDisk.State {
    mutating func losePower(grain: Int, keepsName: (String) -> Bool, keepsPiece: (String, Int) -> Bool) {
        var named: [(name: String, inode: Int)] = names.map { ($0.key, $0.value) }
        named.sort { $0.name < $1.name }
        for (name, inode) in named where !inodes[inode].pending.isEmpty {
            for write in inodes[inode].pending { keep(write, of: inode, grain: grain) { keepsPiece(name, $0) } }
        }
        for inode in inodes.indices {
            inodes[inode].bytes = inodes[inode].durable
            inodes[inode].pending = []
        }
        for change in pendingNames where keepsName(change.name) { apply(change) }
        pendingNames = []
        names = durableNames
        used = Set(names.values).reduce(0) { $0 + inodes[$1].bytes.count }
        endFaults()
    }

    private mutating func keep(
        _ write: (offset: Int, bytes: [UInt8]), of inode: Int, grain: Int, _ keepsPiece: (Int) -> Bool
    ) {
        var place = write.offset
        let end = write.offset + write.bytes.count
        while place < end {
            let next = min(end, (place / grain + 1) * grain)
            if keepsPiece(place) {
                let part = write.bytes[place - write.offset..<next - write.offset]
                SimulatedDisk.put(part, at: place, in: &inodes[inode].durable)
            }
            place = next
        }
    }

    mutating func endFaults() {
        callsLeft = .max
        failures = [:]
    }
}
