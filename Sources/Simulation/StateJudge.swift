// Judges what the log says against what clients were told, and each node's state against a naive one.

import ByteCoding
import Keyspace
import LogFormat
import Vocabulary

/// Equal index, equal digest; an applied state is what the log says; an answer is what the log says, once.
///
/// Operations are found in the log by the marks that clients put into what they store (`OperationMark`).
struct StateJudge {
    private var model: NaiveKeyspace
    private var modelIndex = LogIndex.zero
    private var digests: [LogIndex: Digest] = [:]
    private var appliedBy: [LogIndex]
    /// The model behind each marker that has snapshots cut, and the digests that these snapshots say they have.
    private var models: [LogIndex: NaiveKeyspace] = [:]
    private var snapshotDigests: [LogIndex: Digest] = [:]
    /// What the log answers each marked operation.
    private var replies: [UInt64: [UInt8]] = [:]
    private var refused: Set<UInt64> = []
    /// Marked operations that wait in the state, by the index of their entries.
    private var waiting: [LogIndex: UInt64] = [:]

    /// Where nodes have cut snapshots without a marker.
    private var unmarked: Set<LogIndex> = []

    init(nodes: Int, cluster: ClusterID) {
        appliedBy = Array(repeating: .zero, count: nodes)
        model = NaiveKeyspace(of: cluster)
    }

    // MARK: The log

    /// Takes the next committed frame.
    mutating func extend(by frame: Frame) throws(Violation) {
        var found: Violation?
        if frame.header.kind == .leaderStart {
            model.sendWaitersAway()
            takeServed()
        }
        do throws(FrameError) {
            try frame.withPayload { payload throws(FrameError) in
                var cursor = EntryCursor(frame.header)
                var index = frame.header.firstIndex
                var time = frame.header.timestamp
                while let range = try cursor.next(in: payload) {
                    let entry = [UInt8](payload.extracting(range))
                    if frame.header.kind == .marker, entry[0] != 0 { models[index] = model }
                    if frame.header.kind == .entries, found == nil {
                        found = apply(payload.extracting(range), at: time, index)
                    }
                    index = index.next
                    time = time.advanced(by: 1)
                }
            }
        } catch {
            throw Violation(.state, "the committed frame at \(frame.header.firstIndex) cannot be read: \(error)")
        }
        if let found { throw found }
        modelIndex = frame.header.lastIndex
    }

    private mutating func apply(_ entry: RawSpan, at time: Timestamp, _ index: LogIndex) -> Violation? {
        let reply = model.apply([UInt8](entry), at: time, index: index)
        guard reply != nil || model.isParked else { return nil }
        defer { takeServed() }
        guard let mark = OperationMark.find(in: entry) else { return nil }
        if replies[mark] != nil || waiting.values.contains(mark) {
            return Violation(.honesty, "operation \(mark) is in the log twice, again at \(index)")
        }
        if refused.contains(mark) {
            return Violation(.honesty, "operation \(mark) was refused for certain, and is in the log at \(index)")
        }
        if let reply { replies[mark] = reply } else { waiting[index] = mark }
        return nil
    }

    /// What became of those who waited is the log's answer to them.
    private mutating func takeServed() {
        for (index, reply) in model.served {
            if let mark = waiting.removeValue(forKey: index) { replies[mark] = reply }
        }
        model.served = []
    }

    /// The marks of what the queues hold, queue by queue.
    var elements: [UInt64] {
        model.contents(at: .zero).filter { $0.key.first == UInt8(ascii: "q") }.flatMap { (key, record) -> [UInt64] in
            guard case .list(let elements) = record.collection else { return [] }
            return elements.compactMap { OperationMark.number(in: $0) }
        }
    }

    /// What a node had behind an entry, if one has told.
    func digest(at index: LogIndex) -> Digest? { digests[index] }

    // MARK: Clients

    /// A client was told that its marked operation certainly had no effect.
    mutating func refuses(_ mark: UInt64) throws(Violation) {
        refused.insert(mark)
        guard replies[mark] == nil, !waiting.values.contains(mark) else {
            throw Violation(.honesty, "operation \(mark) was refused for certain, and is in the log")
        }
    }

    /// A client was told the outcome of its marked operation.
    func answers(_ mark: UInt64, _ reply: ArraySlice<UInt8>) throws(Violation) {
        guard let expected = replies[mark] else {
            throw Violation(.durability, "operation \(mark) is acknowledged, and not committed")
        }
        guard expected[...] == reply else {
            let told = String(decoding: reply, as: UTF8.self).debugDescription
            let right = String(decoding: expected, as: UTF8.self).debugDescription
            throw Violation(.state, "operation \(mark) is answered \(told), by the log it is \(right)")
        }
    }

    // MARK: Nodes

    func applied(by node: Int) -> LogIndex { appliedBy[node] }

    mutating func restarted(_ node: Int) { appliedBy[node] = .zero }

    /// A node has applied up to `index`.
    mutating func applies(_ index: LogIndex, _ node: Int, _ keyspace: borrowing Keyspace) throws(Violation) {
        guard index > appliedBy[node] else {
            throw Violation(.state, "node \(node + 1) had applied \(appliedBy[node]), and has \(index) now")
        }
        appliedBy[node] = index
        let digest = keyspace.digest
        if let other = digests[index], other != digest {
            throw Violation(.digests, "node \(node + 1) has digest \(digest) at \(index), another had \(other)")
        }
        digests[index] = digest
    }

    // MARK: Snapshots

    /// A node that has lost its newest snapshot cuts another one at once, where it stands.
    mutating func replacesSnapshot(at index: LogIndex) { unmarked.insert(index) }

    /// A node has stored a snapshot that says to have this digest.
    mutating func stores(_ index: LogIndex, _ digest: Digest, _ node: Int) throws(Violation) {
        guard models[index] != nil || unmarked.contains(index) else {
            throw Violation(.state, "node \(node + 1) stores a snapshot of \(index), where no marker wants one")
        }
        if let other = snapshotDigests[index] ?? digests[index], other != digest {
            throw Violation(
                .digests, "node \(node + 1) stores a snapshot of \(index) with digest \(digest), another had \(other)")
        }
        snapshotDigests[index] = digest
    }

    /// A node has loaded a snapshot: its own, or one of another node's.
    func loads(_ index: LogIndex, _ keyspace: Keyspace, _ node: Int) throws(Violation) {
        guard let model = models[index] else {
            // Where no marker is, there is no model; but whoever has applied the log up to there has told a digest.
            if unmarked.contains(index), digests[index] == keyspace.digest { return }
            throw Violation(.state, "node \(node + 1) loads a snapshot of \(index), where no marker wants one")
        }
        if let difference = model.difference(from: keyspace) {
            throw Violation(.state, "node \(node + 1)'s snapshot of \(index) differs from the log: \(difference)")
        }
    }

    /// A node begins with the state of a snapshot.
    mutating func begins(_ node: Int, at index: LogIndex) { appliedBy[node] = index }

    /// Compares all that a node has with the model, which is at the same index.
    func judgeContents(_ node: Int, _ keyspace: Keyspace) throws(Violation) {
        guard appliedBy[node] == modelIndex else {
            throw Violation(.state, "node \(node + 1) is at \(appliedBy[node]), the log at \(modelIndex)")
        }
        if let difference = model.difference(from: keyspace) {
            throw Violation(.state, "node \(node + 1) differs from the log: \(difference)")
        }
    }
}
