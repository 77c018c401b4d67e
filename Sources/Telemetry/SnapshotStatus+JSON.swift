// Snapshots as JSON, in the document of `/v1/status`.

import JSON
import Vocabulary

extension SnapshotStatus {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("newest") { newest.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("age_seconds", age.map { $0.milliseconds / 1000 })
            writer.member("oldest_index", oldest?.index.rawValue)
            writer.member("kept") { $0.array { writer in for one in kept { one.write(to: &writer) } } }
            writer.member("disk_bytes", disk.rawValue)
            writer.member("log_bytes", logSince.rawValue)
            writer.member("log_due_bytes", logDue.rawValue)
            writer.member("writing") { writing.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("last") { last.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("failure") { failure.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("damage") { damage.write(to: &$0) { $0.write(to: &$1) } }
            writer.member("scrub") { scrub.write(to: &$0) }
            writer.member("fetching") { fetching.write(to: &$0) { $0.write(to: &$1, end: "from") } }
            writer.member("serving") { writer in
                writer.array { writer in for transfer in serving { transfer.write(to: &writer, end: "to") } }
            }
        }
    }
}

extension Optional {
    /// Null, or what `body` writes.
    func write(to writer: inout JSONWriter, _ body: (Wrapped, inout JSONWriter) -> Void) {
        if let self { body(self, &writer) } else { writer.value(String?.none) }
    }
}

extension SnapshotStatus.Kept {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", index.rawValue)
            writer.member("term", term.rawValue)
            writer.member("time", time.description)
            writer.member("digest", digest.description)
            writer.member("records", records)
            writer.member("plain_bytes", plain.rawValue)
            writer.member("stored_bytes", stored.rawValue)
        }
    }
}

extension SnapshotStatus.Writing {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", index.rawValue)
            writer.member("percent", percent)
        }
    }
}

extension SnapshotStatus.Written {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", index.rawValue)
            writer.member("seconds", took.milliseconds / 1000)
            writer.member("bytes_written", made.rawValue)
            writer.member("bytes_reused", reused.rawValue)
        }
    }
}

extension SnapshotStatus.Failure {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", index.rawValue)
            writer.member("message", text)
            writer.member("remedy", remedy)
        }
    }
}

extension SnapshotStatus.Damage {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("index", index.rawValue)
            writer.member("kind", kind)
            writer.member("file", file)
            writer.member("offset", offset)
            writer.member("report", report)
            writer.member("remedy", remedy)
        }
    }
}

extension SnapshotStatus.Scrub {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("passes", passes)
            writer.member("ended_at", endedAt?.description)
            writer.member("read_bytes", bytes)
            writer.member("errors", errors)
            writer.member("damages", damages)
        }
    }
}

extension SnapshotStatus.Transfer {
    fileprivate func write(to writer: inout JSONWriter, end: String) {
        writer.object { writer in
            writer.member(end, peer.description)
            writer.member("index", index.rawValue)
            writer.member("percent", percent)
            writer.member("bytes", bytes.rawValue)
            writer.member("total_bytes", total.rawValue)
        }
    }
}
