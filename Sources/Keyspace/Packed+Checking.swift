// Whether foreign bytes are a collection in its one packed form.

import ByteCoding

extension Packed {
    /// Refuses bytes that no collection of this kind has as its packed form.
    static func check(_ bytes: RawSpan, _ kind: ValueKind) throws(ImageFault) {
        var reader = ChunkReader(bytes)
        var before: Range<Int>?
        while reader.remaining > 0 {
            let item = try reader.counted(upTo: sizeMax, from: bytes)
            if kind == .hash { _ = try reader.counted(upTo: sizeMax, from: bytes) }
            if kind == .sortedSet { try ScoredMember.check(bytes.extracting(item)) }
            if kind != .list, let before {
                guard bytes.extracting(before).isBefore(bytes.extracting(item), orEqual: false) else {
                    throw .notCanonical
                }
            }
            before = item
        }
        if kind == .sortedSet { try checkMembers(of: bytes) }
    }

    /// Refuses elements of which two have the same member. They stand by their scores, so these are looked for by
    /// their hashes.
    private static func checkMembers(of bytes: RawSpan) throws(ImageFault) {
        var hashes: [UInt64] = []
        var offset = 0
        while let item = next(in: bytes, &offset) {
            hashes.append(SipHash.hash(ScoredMember.member(of: bytes.extracting(item)), key: Record.digestKey))
        }
        hashes.sort()
        for position in hashes.indices.dropFirst() where hashes[position] == hashes[position - 1] {
            throw .notCanonical
        }
    }
}

extension ScoredMember {
    /// Refuses bytes that are no element: too short, a score that is none, or zero in its other form.
    static func check(_ element: RawSpan) throws(ImageFault) {
        guard element.byteCount >= scoreSize else { throw .notCanonical }
        let score = score(of: element)
        guard !score.isNaN, word(score) == element.word(at: 0) else { throw .notCanonical }
    }
}
