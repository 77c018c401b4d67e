// What is to be received, in order, as whole things and as the ranges that they are asked for in.

import ByteCoding
import SnapshotFormat

/// Tables and chunks of a sender's packs, one behind the other. Each is asked for in one range or in several, and one
/// range may hold several of them.
struct ReceptionQueue {
    struct Item {
        let subject: SnapshotDamage.Subject
        let pack: PackNumber
        let offset: Int
        let length: Int

        init(subject: SnapshotDamage.Subject, pack: PackNumber, offset: Int, length: Int) {
            self.subject = subject
            self.pack = pack
            self.offset = offset
            self.length = length
        }

        init(_ place: ChunkPlace, _ chunk: ChunkReference) {
            self.init(subject: .chunk(place), pack: chunk.pack, offset: chunk.offset, length: chunk.length)
        }
    }

    private var items: [Item] = []
    /// The first item that has not come, the first that was not asked for, and how much of that was.
    private var head = 0
    private var cursor = 0
    private var cursorDone = 0
    private var asked: [Int] = []
    private var askedHead = 0
    private var bytes = ByteQueue()

    mutating func append(_ item: Item) { items.append(item) }

    mutating func nextAsk(max: Int) -> SnapshotAsk? {
        guard cursor < items.count else { return nil }
        let pack = items[cursor].pack
        let start = items[cursor].offset + cursorDone
        var end = start
        while cursor < items.count, items[cursor].pack == pack, items[cursor].offset + cursorDone == end,
            end < start + max
        {
            let taken = min(items[cursor].length - cursorDone, start + max - end)
            end += taken
            cursorDone += taken
            guard cursorDone == items[cursor].length else { break }
            cursor += 1
            cursorDone = 0
        }
        asked.append(end - start)
        return SnapshotAsk(pack: pack, offset: start, count: end - start)
    }

    /// The answer to the oldest range.
    mutating func take(_ answer: RawSpan) throws(SnapshotFault) {
        guard askedHead < asked.count, asked[askedHead] == answer.byteCount else { throw .damaged(.badLength, at: 0) }
        askedHead += 1
        if askedHead == asked.count {
            asked.removeAll(keepingCapacity: true)
            askedHead = 0
        }
        bytes.append(answer)
    }

    /// The next item of which all bytes are there.
    mutating func nextItem() -> (Item, [UInt8])? {
        guard head < items.count, bytes.count >= items[head].length else { return nil }
        let item = items[head]
        let whole = bytes.withBytes { [UInt8]($0.extracting(0..<item.length)) }
        bytes.consume(item.length)
        head += 1
        compact()
        return (item, whole)
    }

    /// Forgets what came, once that is most of it.
    private mutating func compact() {
        guard head >= 1024, head >= items.count / 2 else { return }
        items.removeSubrange(..<head)
        cursor -= head
        head = 0
    }
}
