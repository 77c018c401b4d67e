// Bulk strings on their way into a reply that begins with their number.

import RESP

struct ItemList {
    private var writer = ReplyWriter(version: .two)
    private(set) var count = 0

    mutating func append(_ item: RawSpan) {
        writer.bulk(item)
        count += 1
    }

    /// Writes the items, whose header the caller has written.
    func write(_ reply: inout ReplyWriter) { reply.bytes.append(bytes: writer.bytes.rawBytes) }
}
