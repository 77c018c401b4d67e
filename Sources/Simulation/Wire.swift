// The connection between two nodes: one TCP stream that each side may believe in longer than the other.

/// Between a pair of nodes; side 0 is the node with the lower position, which dials.
struct Wire: Sendable {
    /// A side that has heard nothing for so long gives the connection up; `PeerLink.silenceMax` of the node.
    static let silenceMax: Int64 = 3_000_000_000
    static let redialMin: Int64 = 20_000_000
    static let redialMax: Int64 = 500_000_000
    /// Who knows a node that does not know it waits for so long before it calls.
    static let strangerDelay: Int64 = 1_000_000_000

    /// Counts connections; what was sent over an earlier one never arrives.
    var connection: UInt32 = 0
    /// Whether each side takes it for established.
    var isUp = [false, false]
    var lastHeard: [Int64] = [0, 0]
    /// When the newest parcel to each side arrives: the stream keeps its order.
    var lastArrival: [Int64] = [0, 0]
    /// Parcels to each side that a cut holds up; they are sent again when it ends.
    var held: [[Int]] = [[], []]
    var redialDelay = Wire.redialMin
    var isDialing = false

    // What the nemeses do to it, by the side that receives; counted, since faults overlap.
    var cuts = [0, 0]
    var lag: Int64 = 0
    /// Of a thousand consensus messages so many are lost, doubled or late.
    var noise = 0

    var isCutAnywhere: Bool { cuts[0] > 0 || cuts[1] > 0 }
}

/// All wires of a cluster, by pair.
struct Wires: Sendable {
    let nodes: Int
    private var wires: [Wire]

    init(nodes: Int) {
        self.nodes = nodes
        wires = Array(repeating: Wire(), count: nodes * nodes)
    }

    /// The same wire for both orders of the pair.
    subscript(_ a: Int, _ b: Int) -> Wire {
        get { wires[min(a, b) * nodes + max(a, b)] }
        set { wires[min(a, b) * nodes + max(a, b)] = newValue }
        _modify { yield &wires[min(a, b) * nodes + max(a, b)] }
    }

    /// Which side of its wire to `peer` a node is.
    static func side(of node: Int, to peer: Int) -> Int { node < peer ? 0 : 1 }

    /// Whether `node` takes its connection to `peer` for established.
    func isUp(_ node: Int, _ peer: Int) -> Bool { self[node, peer].isUp[Wires.side(of: node, to: peer)] }
}
