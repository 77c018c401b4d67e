// Replays every scene under Transcripts and compares it with what was recorded and reviewed.
//
// `TRIREME_RECORD=1 swift test --filter TranscriptTests` records anew; the diff is the review.

import Foundation
import Testing

struct TranscriptTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
    static let scenes =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path()))?
        .filter { $0.hasSuffix(".txt") }.sorted() ?? []

    @Test(arguments: scenes)
    func `a scene plays as it was recorded`(scene: String) throws {
        let file = TranscriptTests.folder.appending(path: scene)
        let recorded = try String(contentsOf: file, encoding: .utf8)
        let played = Transcript.replay(recorded)
        #expect(!played.contains("FINDING"), "\(scene) breaks a promise")
        if ProcessInfo.processInfo.environment["TRIREME_RECORD"] != nil {
            try played.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(played == recorded, "\(scene) plays differently: record it anew and review the diff")
        }
    }

    @Test func `there are scenes`() { #expect(TranscriptTests.scenes.count >= 10) }
}
