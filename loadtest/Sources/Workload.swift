// What is asked for: which commands, on which keys, with values of which size, drawn from a seed.

import Vocabulary

/// The requests of one run. Values are windows into a pool of random text, so that nothing compresses to nothing.
struct Workload: ~Copyable {
    enum Kind { case set, get }

    struct Request {
        var kind: Kind
        /// 0-based; becomes the digits of the key.
        var key: Int
        /// Chooses the value among those of the pool.
        var seed: UInt64
    }

    /// `key:` and twelve digits.
    static let keySize = 16
    private static let poolSize = 1 << 16

    let valueSize: Int
    let keys: Int
    /// Of 1000 requests, how many read.
    let readsPerThousand: UInt64

    /// The constant pieces of the Redis requests.
    private let setHead = Array("*3\r\n$3\r\nSET\r\n$\(keySize)\r\n".utf8)
    private let valueHead: [UInt8]
    private let setTail: [UInt8]
    private let getHead = Array("*2\r\n$3\r\nGET\r\n$\(keySize)\r\n".utf8)
    private let getTail = Array("\r\n".utf8)

    private let pool: [UInt8]
    private var random: SplitMix64

    /// `wait`: after each write, `WAIT` for this many replicas, as one request.
    init(valueSize: Int, keys: Int, readsPerThousand: UInt64, wait: Int?, seed: UInt64) {
        self.valueSize = valueSize
        self.keys = keys
        self.readsPerThousand = readsPerThousand
        random = SplitMix64(seed: seed)
        valueHead = Array("\r\n$\(valueSize)\r\n".utf8)
        var tail = Array("\r\n".utf8)
        if let wait { RedisWire.append(["WAIT", String(wait), "0"], to: &tail) }
        setTail = tail
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for _ in 0..<Workload.poolSize + valueSize { text.append(letters[Int(random.next() % 64)]) }
        pool = text
    }

    mutating func next() -> Request {
        let word = random.next()
        let kind: Kind = (word >> 48) % 1000 < readsPerThousand ? .get : .set
        return Request(kind: kind, key: Int(truncatingIfNeeded: word & 0xFFFF_FFFF) % keys, seed: random.next())
    }

    /// Appends the request in the Redis protocol.
    func appendCommand(_ request: Request, to output: inout [UInt8]) {
        switch request.kind {
        case .set:
            output.append(contentsOf: setHead)
            appendKey(request.key, to: &output)
            output.append(contentsOf: valueHead)
            appendValue(request.seed, to: &output)
            output.append(contentsOf: setTail)
        case .get:
            output.append(contentsOf: getHead)
            appendKey(request.key, to: &output)
            output.append(contentsOf: getTail)
        }
    }

    func appendKey(_ key: Int, to output: inout [UInt8]) {
        output.append(contentsOf: [0x6B, 0x65, 0x79, 0x3A])
        let start = output.count
        for _ in 0..<Workload.keySize - 4 { output.append(UInt8(ascii: "0")) }
        var rest = key
        var position = output.count - 1
        while rest > 0, position >= start {
            output[position] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            position -= 1
        }
    }

    func appendValue(_ seed: UInt64, to output: inout [UInt8]) {
        let start = Int(seed % UInt64(Workload.poolSize))
        output.append(contentsOf: pool[start..<start + valueSize])
    }
}
