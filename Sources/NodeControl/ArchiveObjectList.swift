// `nodectl archive list`: the log's objects, by their names.

import ArchiveFormat
public import ArchiveRestore
import ArchiveStore
import JSON
import Vocabulary

public struct ArchiveObjectList: Sendable {
    let items: [RunCatalogue.Item]

    /// - Parameters:
    ///   - timeline: its name or number; nil for all.
    ///   - last: how many of the newest; nil for all.
    public init(_ view: ArchiveView, timeline: String?, last: Int?) throws(ControlError) {
        let chosen: [TimelineName]
        if let timeline {
            chosen = [try restoring { () throws(RestoreError) in try view.timeline(timeline) }]
        } else {
            chosen = view.timelines
        }
        let items = chosen.flatMap { view.runs[$0]?.items ?? [] }
        self.items = Array(items.suffix(last ?? items.count))
    }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["TIMELINE", "FIRST", "LAST", "NEWEST ENTRY", "TERM", "KIND", "SIZE"])
        for item in items {
            let name = item.name
            table.add([
                .init(name.timeline.description), .init("\(name.first)"), .init("\(name.last)"),
                .init(name.lastTime.description), .init("\(name.term)"), .init(name.isTail ? "tail" : "run"),
                .init(ByteCount(item.size).rough),
            ])
        }
        return table.text(inColour: inColour)
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("objects") { writer in
                writer.array { writer in
                    for item in items {
                        writer.object { writer in
                            writer.member("name", item.name.description)
                            writer.member("timeline", item.name.timeline.description)
                            writer.member("first_index", item.name.first.rawValue)
                            writer.member("last_index", item.name.last.rawValue)
                            writer.member("last_time", item.name.lastTime.description)
                            writer.member("term", item.name.term.rawValue)
                            writer.member("kind", item.name.isTail ? "tail" : "run")
                            writer.member("bytes", item.size)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
