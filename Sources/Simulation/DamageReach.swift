// How much of a segment damage at rest may hit: all but the newest batch, which nobody can tell from a torn one.

struct DamageReach: Sendable {
    /// Bytes from the file's beginning on; 0 when none may be hit.
    let end: Int
    let isNewestFile: Bool

    static let nothing = DamageReach(end: 0, isNewestFile: false)

    private init(end: Int, isNewestFile: Bool) {
        self.end = end
        self.isNewestFile = isNewestFile
    }

    /// The part that may be hit both as a process reads the disk and as a loss of power would leave it: while a repair
    /// is under way, a name may stand for another file there, and other files behind it.
    init(of name: String, on disk: SimulatedDisk) {
        let views = [disk.durableFiles, disk.files].map { DamageReach(of: name, in: $0) }
        end = views.map(\.end).min() ?? 0
        isNewestFile = views.contains(where: \.isNewestFile)
    }

    private init(of name: String, in files: [String: [UInt8]]) {
        let records = DiskRecord.all(in: files)
        guard let bytes = files[name], let newest = records.last,
            let limit = records.first(where: { $0.lsn >= newest.batch }), name <= limit.file
        else {
            self = .nothing
            return
        }
        isNewestFile = name == limit.file
        guard isNewestFile else {
            // Where it was ever written with something else than zeros.
            end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
            return
        }
        // The header of a segment is of the batch that begins it.
        let isFirstInFile = limit.lsn - newest.batch == DiskRecord.segmentHeaderSize
        end = isFirstInFile ? 0 : limit.range.lowerBound
    }
}
