// Commands that read one set.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    func sismember(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(try collection(.set, arguments[0])?.contains(arguments[1]) == true ? 1 : 0)
    }

    func smismember(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        var place = arguments.first
        let view = try collection(.set, arguments.next(&place))
        reply.arrayHeader(arguments.count - 1)
        for _ in 1..<arguments.count { reply.integer(view?.contains(arguments.next(&place)) == true ? 1 : 0) }
    }

    func smembers(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let view = try collection(.set, arguments[0])
        reply.setHeader(view?.count ?? 0)
        view?.forEachField { member, _ in reply.bulk(member) }
    }

    func srandmember(
        _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let sample = try Keyspace.sampleCount(arguments)
        guard let view = try collection(.set, arguments[0]) else {
            return sample == nil ? reply.null() : reply.arrayHeader(0)
        }
        var random = moment.random(over: view.count)
        guard let sample else {
            return view.withField(ofRank: random.below(view.count)) { member, _ in reply.bulk(member) }
        }
        reply.arrayHeader(try sample.count(of: view))
        sample.forEach(in: view, &random) { member, _ in reply.bulk(member) }
    }

    /// Nil for one member that is no array.
    static func sampleCount(_ arguments: borrowing Arguments) throws(CommandError) -> FieldSample? {
        guard arguments.count < 3 else { throw .syntax }
        return arguments.count == 2 ? FieldSample(try FieldSample.number(arguments, 1)) : nil
    }
}
