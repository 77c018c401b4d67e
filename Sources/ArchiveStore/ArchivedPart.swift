// Reading a part of a backup's pack back.

public import ArchiveFormat
public import ObjectStores

public enum ArchivedPart {
    /// An object, checked whole by what it says of itself and by its name.
    public static func fetch(
        _ name: PieceName, from store: any ObjectStore
    ) throws(ArchiveError) -> ArchiveObject {
        let text = name.description
        let bytes = try store.fetch(text)
        do throws(ArchiveFault) {
            let object = try ArchiveObject(bytes)
            guard name.fits(object.header) else { throw .damaged(.misplaced, at: 0) }
            _ = try object.plain()
            return object
        } catch { throw .object(text, error) }
    }

    /// An object, checked but for what its blocks hold: that it is the one of the backup's manifest and of its name.
    public static func fetch(
        _ name: PieceName, _ part: BackupPart, from store: any ObjectStore
    ) throws(ArchiveError) -> ArchiveObject {
        try object(name, part, try bytes(of: name, from: store))
    }

    /// An object's bytes, of which nothing is known yet.
    public static func bytes(of name: PieceName, from store: any ObjectStore) throws(ArchiveError) -> [UInt8] {
        try store.fetch(name.description)
    }

    /// What `fetch` makes of an object's bytes.
    public static func object(
        _ name: PieceName, _ part: BackupPart, _ bytes: consuming [UInt8]
    ) throws(ArchiveError) -> ArchiveObject {
        let text = name.description
        let length = bytes.count
        guard length == part.size else {
            throw .object(text, .damaged(length < part.size ? .truncated : .badLength, at: min(length, part.size)))
        }
        do throws(ArchiveFault) {
            let object = try ArchiveObject(bytes)
            guard object.hash == part.hash else { throw .damaged(.checksumMismatch, at: 0) }
            guard name.fits(object.header), object.plainLength == part.length else {
                throw .damaged(.misplaced, at: 0)
            }
            return object
        } catch { throw .object(text, error) }
    }
}
