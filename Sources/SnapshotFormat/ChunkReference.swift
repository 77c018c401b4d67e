// Where a chunk is found, and what it must turn out to be.

/// What a table says about one chunk.
public struct ChunkReference: Hashable, Sendable {
    public let name: ChunkName
    public let pack: PackNumber
    /// Of the record's first byte in the pack.
    public let offset: Int
    public let storedLength: Int
    public let plainLength: Int
    public let records: UInt32
    public let codec: ChunkCodec

    init(
        name: ChunkName, pack: PackNumber, offset: Int, storedLength: Int, plainLength: Int, records: UInt32,
        codec: ChunkCodec
    ) {
        self.name = name
        self.pack = pack
        self.offset = offset
        self.storedLength = storedLength
        self.plainLength = plainLength
        self.records = records
        self.codec = codec
    }

    public init(_ record: ChunkRecord, in pack: PackNumber, at offset: Int) {
        self.init(
            name: record.name, pack: pack, offset: offset, storedLength: record.storedLength,
            plainLength: record.plainLength, records: record.records, codec: record.codec)
    }

    /// Of the whole record.
    public var length: Int { ChunkRecord.headerLength + storedLength }
    public var end: Int { offset + length }

    /// Whether the record found there is the one that is meant, in a table of this slot.
    public func fits(_ record: ChunkRecord, slot: Int) -> Bool {
        record.name == name && record.place.slot == slot && record.storedLength == storedLength
            && record.plainLength == plainLength && record.records == records && record.codec == codec
    }

    /// Whether it is the same chunk as another, wherever the two are stored.
    public func isSame(as other: ChunkReference) -> Bool {
        name == other.name && plainLength == other.plainLength && records == other.records
    }
}
