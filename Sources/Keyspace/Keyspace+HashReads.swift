// Commands that read hashes.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    func hget(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        Keyspace.writeField(arguments[1], of: try collection(.hash, arguments[0]), &reply)
    }

    func hmget(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        var place = arguments.first
        let view = try collection(.hash, arguments.next(&place))
        reply.arrayHeader(arguments.count - 1)
        for _ in 1..<arguments.count { Keyspace.writeField(arguments.next(&place), of: view, &reply) }
    }

    private static func writeField(_ field: RawSpan, of view: CollectionView?, _ reply: inout ReplyWriter) {
        let isThere: Void? = view?.find(field) { reply.bulk($0) }
        if isThere == nil { reply.null() }
    }

    func hexists(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(try collection(.hash, arguments[0])?.contains(arguments[1]) == true ? 1 : 0)
    }

    func hstrlen(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(Int64(try collection(.hash, arguments[0])?.length(ofValueAt: arguments[1]) ?? 0))
    }

    /// HGETALL, and without values HKEYS, without fields HVALS.
    func hgetall(
        _ arguments: borrowing Arguments, _ reply: inout ReplyWriter, hasFields: Bool = true, hasValues: Bool = true
    ) throws(CommandError) {
        let view = try collection(.hash, arguments[0])
        let count = view?.count ?? 0
        hasFields && hasValues ? reply.mapHeader(count) : reply.arrayHeader(count)
        view?.forEachField { field, value in
            if hasFields { reply.bulk(field) }
            if hasValues { reply.bulk(value) }
        }
    }

    func hrandfield(
        _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let options = arguments.count > 1 ? try HashSampleOptions(arguments) : nil
        guard let view = try collection(.hash, arguments[0]) else {
            return options == nil ? reply.null() : reply.arrayHeader(0)
        }
        var random = moment.random(over: view.count)
        guard let options else {
            return view.withField(ofRank: random.below(view.count)) { field, _ in reply.bulk(field) }
        }
        let count = try options.sample.count(of: view)
        let isNested = options.hasValues && reply.version == .three
        reply.arrayHeader(options.hasValues && !isNested ? count * 2 : count)
        options.sample.forEach(in: view, &random) { field, value in
            if isNested { reply.arrayHeader(2) }
            reply.bulk(field)
            if options.hasValues { reply.bulk(value) }
        }
    }
}

/// What `HRANDFIELD key count [WITHVALUES]` asks for.
struct HashSampleOptions {
    let sample: FieldSample
    let hasValues: Bool

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        let number = try FieldSample.number(arguments, 1)
        hasValues = arguments.count > 2
        guard arguments.count < 3 || arguments.count == 3 && arguments[2].isWord("withvalues") else { throw .syntax }
        guard !hasValues || number.magnitude <= Int64.max.magnitude / 2 else { throw .outOfRange }
        sample = FieldSample(number)
    }
}

/// How many fields are to be chosen: so many different ones, or as many as there are; a negative number stands for so
/// many that may be the same.
struct FieldSample {
    private let number: Int64
    /// Fields that a client may have repeated: Redis has no limit but that of its output buffer.
    static let repeatsMax: Int64 = 1 << 20

    static func number(_ arguments: borrowing Arguments, _ position: Int) throws(CommandError) -> Int64 {
        let number = try arguments.integer(position)
        guard number != .min else { throw .sampleOutOfRange }
        return number
    }

    init(_ number: Int64) { self.number = number }

    /// How many fields will come from a collection, which is not empty.
    func count(of view: CollectionView) throws(CommandError) -> Int {
        guard number >= -FieldSample.repeatsMax else { throw .outOfRange }
        return number < 0 ? Int(-number) : min(Int(number), view.count)
    }

    /// Calls `body` with as many fields as `count` says.
    func forEach(in view: CollectionView, _ random: inout SplitMix64, _ body: (RawSpan, RawSpan) -> Void) {
        let count = view.count
        guard number < 0 else { return view.forEachSampled(min(Int(number), count), &random, body) }
        for _ in 0..<Int(-number) { view.withField(ofRank: random.below(count), body) }
    }
}
