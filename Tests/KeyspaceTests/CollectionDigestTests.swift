// The digest of collections as docs/formats/entries.md defines it, in both forms of each kind.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct CollectionDigestTests {
    /// The key `c` with a collection of `count` entries made of the numbers below it.
    private func digest(_ kind: ValueKind, count: Int) throws -> String {
        var rig = Rig()
        try rig.keyspace.edit(kind, Array("c".utf8).rawBytes) { editor in
            for number in 0..<count {
                let word = Array("e\(number)".utf8)
                switch kind {
                case .hash: _ = editor.set(word.rawBytes, Array("v\(number)".utf8).rawBytes)
                case .set: _ = editor.set(word.rawBytes, word.rawBytes.extracting(first: 0))
                case .sortedSet: editor.setScore(of: word.rawBytes, Double(number) - 0.5)
                default: editor.insert(word.rawBytes, at: number)
                }
            }
        }
        rig.keyspace.checkInvariants()
        return rig.keyspace.digest.description
    }

    @Test(arguments: [
        (ValueKind.hash, 2, "564e17c01c037118e9ed59568e03d6e4"), (.hash, 1000, "b5f56ee608dc7dfed32b04aa9dee2779"),
        (.list, 2, "795a6b45fa01856963b878ced46a866a"), (.list, 1000, "eb8ccba39b588027a9a120369331aa55"),
        (.set, 2, "02fa2995c307f94898f5e42b3581a029"), (.set, 1000, "2441e5bb659b2701edf392a522c2902f"),
        (.sortedSet, 2, "5f76428d0cfb1021a9d2edc9a1f6afc7"), (.sortedSet, 1000, "3f360155ee585985ed20aa71b64b03ad"),
    ]) func `golden digests of collections`(kind: ValueKind, count: Int, expected: String) throws {
        #expect(try digest(kind, count: count) == expected)
    }
}
