// LCS: what two strings have in common.

import ByteCoding
import RESP

extension Keyspace {
    /// `LCS key key [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]`: the bytes that two strings have in common, or how many
    /// they are, or where they stand. A key without a string counts as an empty one.
    func lcs(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (first, second) = (live(arguments[0]), live(arguments[1]))
        guard first?.kind ?? .string == .string, second?.kind ?? .string == .string else { throw .subsequenceOfOthers }
        let options = try SubsequenceOptions(arguments)
        let lengths = (first?.valueLength ?? 0, second?.valueLength ?? 0)
        guard lengths.1 == 0 || lengths.0 <= CommonSubsequence.pairsMax / lengths.1 else { throw .subsequenceTooLong }
        let common = CommonSubsequence(gathered(first), gathered(second))
        if options.givesPlaces {
            Keyspace.writePlaces(common, options, &reply)
        } else if options.givesLength {
            reply.integer(Int64(common.length))
        } else {
            reply.bulk(common.bytes.rawBytes)
        }
    }

    /// All bytes of a string; none if there is none.
    private func gathered(_ record: Record?) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let record else { return bytes }
        bytes.reserveCapacity(record.valueLength)
        record.forEachPiece(of: 0..<record.valueLength) { bytes.append(bytes: $0) }
        return bytes
    }

    private static func writePlaces(
        _ common: CommonSubsequence, _ options: SubsequenceOptions, _ reply: inout ReplyWriter
    ) {
        let runs = common.runs.filter { $0.count >= options.shortestRun }
        reply.mapHeader(2)
        reply.bulk(text: "matches")
        reply.arrayHeader(runs.count)
        for run in runs {
            reply.arrayHeader(options.givesRunLengths ? 3 : 2)
            for start in [run.left, run.right] {
                reply.arrayHeader(2)
                reply.integer(Int64(start))
                reply.integer(Int64(start + run.count - 1))
            }
            if options.givesRunLengths { reply.integer(Int64(run.count)) }
        }
        reply.bulk(text: "len")
        reply.integer(Int64(common.length))
    }
}

/// What stands behind the keys of `LCS`.
private struct SubsequenceOptions {
    private(set) var givesLength = false
    private(set) var givesPlaces = false
    private(set) var givesRunLengths = false
    /// Runs of fewer bytes are not told of.
    private(set) var shortestRun: Int64 = 0

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var position = 2
        while position < arguments.count {
            let word = arguments[position]
            if word.isWord("idx") {
                givesPlaces = true
            } else if word.isWord("len") {
                givesLength = true
            } else if word.isWord("withmatchlen") {
                givesRunLengths = true
            } else if word.isWord("minmatchlen"), position + 1 < arguments.count {
                position += 1
                shortestRun = try arguments.integer(position)
            } else {
                throw .syntax
            }
            position += 1
        }
        guard !(givesLength && givesPlaces) else { throw .subsequenceOfBothKinds }
    }
}
