// What clients pursue over several requests, and the last look at everything.

import ByteCoding
import Keyspace
import PeerProtocol

extension ClientCrowd {
    mutating func newErrand(_ client: Int) -> Errand {
        let key = Array("w\(random.below(traits.queueKeys))".utf8)
        switch random.below(3) {
        case 0: return Errand(way: .transaction, key: key)
        case 1: return Errand(way: .condition, key: key)
        default:
            clients[client].number += 1
            return Errand(way: .once(number: clients[client].number), key: key)
        }
    }

    mutating func pursue(_ errand: Errand, _ call: Call, into batch: inout RequestBatch) {
        var errand = errand
        clients[call.client].errand = nil
        let name = String(decoding: errand.key, as: UTF8.self)
        switch (errand.way, errand.step) {
        case (.once(let number), _):
            var envelope = Envelope(.single, version: .two)
            envelope.once(Array("client\(call.client)".utf8).rawBytes, number)
            envelope.add { $0 += EntryCoding.encoded(.incr, [errand.key]) }
            let operation = errand.operation ?? note(.incr, name, [], call)
            errand.operation = operation
            add(envelope, request(call, operation, part: .errand(errand)), to: &batch)
        case (_, .version):
            let entry = EntryCoding.encoded(.version, [errand.key])
            add(entry, call.reads, request(call, part: .errand(errand)), to: &batch)
        case (_, .value):
            let operation = note(.get, name, [], call)
            let entry = EntryCoding.encoded(.get, [errand.key])
            add(entry, call.reads, request(call, operation, part: .errand(errand)), to: &batch)
        case (_, .commit(let version, let number)):
            commit(errand, version, number, name, call, into: &batch)
        }
    }

    private mutating func commit(
        _ errand: Errand, _ version: UInt64, _ number: Int64, _ name: String, _ call: Call,
        into batch: inout RequestBatch
    ) {
        let isTransaction = if case .transaction = errand.way { true } else { false }
        var envelope = Envelope(isTransaction ? .transaction : .single, version: .two)
        envelope.require(errand.key.rawBytes, version: version)
        envelope.add { $0 += EntryCoding.encoded(.set, [errand.key, Array(String(number).utf8)]) }
        if isTransaction {
            queues.asks(tokens + 1)
            let (queue, element) = (queueName(), OperationMark.bytes(tokens + 1))
            envelope.add { $0 += EntryCoding.encoded(.rpush, [queue, element]) }
        }
        let operation = note(.incr, name, [], call)
        let request = request(
            call, operation, isMarked: isTransaction, reading: .increased(to: number), part: .errand(errand))
        add(envelope, request, to: &batch)
    }

    private mutating func add(_ envelope: Envelope, _ request: OpenRequest, to batch: inout RequestBatch) {
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        add(entry, .write, request, to: &batch)
    }

    /// One last look at what errands have counted, and at what the history knows of collections.
    mutating func readCounters(_ call: Call, into batch: inout RequestBatch) {
        for key in 0..<traits.queueKeys { get(.get, ["w\(key)"], as: "w\(key)", .plain, call, into: &batch) }
        for key in 0..<traits.keys {
            get(.lrange, ["l\(key)", "0", "-1"], as: "l\(key)", .joined, call, into: &batch)
            for item in 0..<3 {
                get(.hget, ["h\(key)", "f\(item)"], as: "h\(key).f\(item)", .plain, call, into: &batch)
                get(.sismember, ["e\(key)", "a\(item)"], as: "e\(key).a\(item)", .presence, call, into: &batch)
                get(.zscore, ["z\(key)", "b\(item)"], as: "z\(key).b\(item)", .plain, call, into: &batch)
            }
        }
    }
}
