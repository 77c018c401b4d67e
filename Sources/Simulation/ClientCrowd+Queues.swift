// What clients put into queues, and how they wait for it.

import Keyspace
import PeerProtocol

extension ClientCrowd {
    /// A list that some clients fill and others empty.
    mutating func queueName() -> [UInt8] { Array("q\(random.below(traits.queueKeys))".utf8) }

    mutating func askQueue(_ call: Call, into batch: inout RequestBatch) {
        if random.chance(500) {
            queues.asks(tokens + 1)
            let code: CommandCode = random.chance(500) ? .rpush : .lpush
            let entry = EntryCoding.encoded(code, [queueName(), OperationMark.bytes(tokens + 1)])
            return add(entry, .write, request(call, isMarked: true, part: .push), to: &batch)
        }
        // Mostly so long that what is asked elsewhere comes first; sometimes without an end.
        let milliseconds = random.chance(200) ? 0 : random.skewed(1...4000)
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        let timeout = Array("\(milliseconds / 1000).\(fraction)".utf8)
        if random.chance(100) {
            // What is moved is there still, for those who wait at the other queue.
            let (left, right) = (Array("left".utf8), Array("right".utf8))
            let words = [queueName(), queueName(), left, right, timeout]
            block(.blmove, words, request(call), milliseconds, into: &batch)
        } else {
            // A key that nobody writes makes the request known in the log.
            let words = [queueName(), OperationMark.bytes(tokens + 1), timeout]
            let code: CommandCode = random.chance(500) ? .blpop : .brpop
            block(code, words, request(call, isMarked: true, part: .pop), milliseconds, into: &batch)
        }
    }

    private mutating func block(
        _ code: CommandCode, _ words: [[UInt8]], _ request: OpenRequest, _ milliseconds: Int,
        into batch: inout RequestBatch
    ) {
        var envelope = Envelope(.blocking, version: .two)
        envelope.add { $0 += EntryCoding.encoded(code, words) }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        var request = request
        request.waitsWithoutEnd = milliseconds == 0
        add(entry, .write, request, to: &batch)
        let isEnded = milliseconds == 0 || random.chance(200)
        let after = Int64(random.skewed(1...6000)) * 1_000_000
        waits.append(Wait(token: tokens, endsAfter: isEnded ? after : nil, hangsUp: random.chance(500)))
    }
}
