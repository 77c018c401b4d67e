// Whether the log has room for more entries, as the replica is told.

public import LogStore
public import Vocabulary

/// While the next segment is being made, writes go on: those that do not fit yet wait for it. Only when it cannot be
/// made for want of space does what is left count.
public struct LogRoomRule: Hashable, Sendable {
    /// Room in prepared segments below which, on a full disk, the node takes no writes. Above what elections,
    /// truncations and the frames under way may need.
    public var roomMin: ByteCount
    /// What the replica was told last.
    public private(set) var hasRoom = true

    public init(roomMin: ByteCount = .mebibytes(8)) { self.roomMin = roomMin }

    /// Takes news of the log. True when `hasRoom` has changed.
    public mutating func take(_ room: LogRoom) -> Bool {
        let before = hasRoom
        hasRoom = !room.isDiskFull || room.left >= roomMin
        return hasRoom != before
    }
}
