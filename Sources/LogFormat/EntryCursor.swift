// Walking the entries of a frame's plain payload.

import ByteCoding

/// Finds the entries of one payload in order. Plain data: the payload is passed to each step.
///
///     var cursor = EntryCursor(frame.header)
///     while let range = try cursor.next(in: payload) { apply(payload.extracting(range)) }
public struct EntryCursor: Sendable {
    private let stated: UInt32
    private var left: UInt32
    private var offset = 0

    /// A `leaderStart` frame has an index but no entry to walk.
    public init(_ header: FrameHeader) {
        stated = header.kind == .leaderStart ? 0 : header.count
        left = stated
    }

    /// Where the next entry's bytes lie; nil behind the last. An error when the payload does not hold exactly the
    /// stated number of entries.
    public mutating func next(in payload: RawSpan) throws(FrameError) -> Range<Int>? {
        guard left > 0 else {
            guard offset == payload.byteCount else {
                throw .entryCount(stated: stated, bytesLeft: payload.byteCount - offset)
            }
            return nil
        }
        var reader = ByteReader(offset: offset, end: payload.byteCount)
        let range: Range<Int>
        do { range = try reader.counted(from: payload) } catch { throw .badEntry(error) }
        offset = reader.offset
        left -= 1
        return range
    }
}
