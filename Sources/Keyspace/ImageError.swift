// Why bytes are no image of a keyspace.

public import Vocabulary

/// What is wrong with a chunk.
public enum ImageFault: Error, Hashable, Sendable {
    /// It ends within a value, or before all that it announces.
    case truncated
    /// It goes on behind all that it announces.
    case trailingBytes(Int)
    /// Its first byte says that it is something else than what may stand here.
    case unexpectedChunk(UInt8)
    /// A head of a version that is not known here.
    case unknownVersion(UInt8)
    /// A number of more than 64 bits, or one written with more bytes than it needs.
    case number
    /// Flags that no record has, or none with such a key, value or deadline.
    case flags(UInt8)
    /// A length or a count above what is allowed.
    case tooLarge(UInt64)
    /// A record of another slot.
    case foreignSlot(Int)
    /// A record or a field that does not stand behind the one before it, or is the same.
    case notAscending
    /// More keys share 48 bits of their hashes than a page can hold.
    case tooManyAlike
    /// A record that was written after the state of the image.
    case versionAhead(UInt64)
    /// A collection that is not in its one form: out of order, an entry twice, a score that is none, or small and not
    /// packed.
    case notCanonical
    /// A long value that has more, or less, than its record says.
    case incompleteValue
    /// A definition of an index, a client that waits or an outcome that no state can have.
    case invalidHead
    /// The slot was there before.
    case slotTwice
    /// What was loaded is not the state that the head tells of.
    case otherState(expected: Digest, found: Digest)
    /// What was loaded has another number of records than the head tells of.
    case otherCount(expected: Int, found: Int)
}

/// An image that can not be loaded: what is wrong, and where.
public struct ImageError: Error, Hashable, Sendable, CustomStringConvertible {
    public let fault: ImageFault
    /// Nil for the head and for the state as a whole.
    public let slot: Int?
    /// The chunk's place within its slot.
    public let part: Int
    /// How far the chunk was read.
    public let offset: Int

    init(_ fault: ImageFault, slot: Int? = nil, part: Int = 0, offset: Int = 0) {
        self.fault = fault
        self.slot = slot
        self.part = part
        self.offset = offset
    }

    public var description: String {
        let place = slot.map { "part \(part) of slot \($0)" } ?? "the head"
        return "\(place) of an image can not be loaded, at byte \(offset): \(fault)"
    }

    public var remedy: Remedy { .automatic("an older snapshot is loaded, or one from another node") }
}
