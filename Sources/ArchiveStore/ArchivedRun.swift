// Reading a run of the log back.

public import ArchiveFormat
import ByteCoding
import LogFormat
public import ObjectStores
import Vocabulary

public enum ArchivedRun {
    /// An object, checked whole: that it is the one of its name, and every frame in it.
    public static func fetch(_ name: RunName, from store: any ObjectStore) throws(ArchiveError) -> LogRun {
        try run(name, try bytes(of: name, from: store))
    }

    /// An object's bytes, of which nothing is known yet.
    public static func bytes(of name: RunName, from store: any ObjectStore) throws(ArchiveError) -> [UInt8] {
        try store.fetch(name.description)
    }

    /// What `fetch` makes of an object's bytes.
    public static func run(_ name: RunName, _ bytes: consuming [UInt8]) throws(ArchiveError) -> LogRun {
        do throws(ArchiveFault) {
            let object = try ArchiveObject(bytes)
            guard name.fits(object.header) else { throw .damaged(.misplaced, at: 0) }
            return try LogRun(object, limit: LogChain.frameLimit)
        } catch { throw .object(name.description, error) }
    }

    /// What an object says at its front; the rest of it is not read.
    public static func header(of name: RunName, from store: any ObjectStore) throws(ArchiveError) -> ArchiveHeader {
        let text = name.description
        let front = try store.fetch(text, 0..<ArchiveObject.frontLength)
        do throws(ArchiveFault) {
            let header = try ArchiveObject.header(of: front.rawBytes)
            guard name.fits(header) else { throw .damaged(.misplaced, at: 0) }
            return header
        } catch { throw .object(text, error) }
    }
}
