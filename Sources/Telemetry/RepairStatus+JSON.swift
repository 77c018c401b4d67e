// Repair, scrub and quarantine as JSON, in the document of `/v1/status`.

import JSON
import Vocabulary

extension RepairStatus {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("stage", stage.rawValue)
            writer.member("message", text)
            writer.member("remedy", remedy.text)
            writer.member("kind", damage?.kind)
            writer.member("file", damage?.file)
            writer.member("offset", damage?.offset)
            writer.member("first_index", damage?.firstIndex.rawValue)
            writer.member("highest_index", damage?.highestIndex.rawValue)
            writer.member("places", places)
            writer.member("up_to", upTo?.rawValue)
            writer.member("obstacle", obstacle)
            writer.member("quarantined") { $0.array { writer in for copy in copies { writer.value(copy) } } }
        }
    }
}

extension ScrubStatus {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("passes", passes)
            writer.member("asked_pass", askedPass)
            writer.member("ended_at", endedAt?.description)
            writer.member("read_bytes", bytes)
            writer.member("errors", errors)
        }
    }
}

extension QuarantineStatus {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("directory", directory)
            writer.member("files", files)
            writer.member("bytes", size.rawValue)
        }
    }
}
