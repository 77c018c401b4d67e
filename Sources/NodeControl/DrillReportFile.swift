// A drill's record as files: for people as Markdown and HTML, and sealed, to be checked without an archive.

import ArchiveFormat
import ArchiveStore
import Platform

public enum DrillReportFile {
    /// Writes `<id>.md`, `<id>.html` and `<id>.json`; the last is the record as the archive has it.
    public static func write(_ outcome: DrillOutcome, to directory: String) throws(ControlError) {
        let record = outcome.record
        let files = [
            (".md", Array(DrillText(record).markdown.utf8)), (".html", Array(DrillPage(record).html.utf8)),
            (".json", outcome.json),
        ]
        try control { () throws(SystemError) in
            try FileSystem.makeDirectory(directory, intermediate: true)
            for (end, bytes) in files {
                try FileSystem.writeAtomically(directory + "/" + record.id.text + end, bytes.span.bytes)
            }
        }
    }

    /// What the file holds. Throws when it is not what was written, but for white space at its end.
    public static func verify(_ path: String) throws(ControlError) -> DrillOutcome {
        var bytes = try control { () throws(SystemError) in
            try FileSystem.readAll(path, limit: SealedJSON.lengthMax)
        }
        while let last = bytes.last, last == 0x0A || last == 0x0D || last == 0x20 { bytes.removeLast() }
        do throws(ArchiveFault) { return DrillOutcome(try DrillRecord.decode(bytes)) } catch {
            throw .archive(.object(path, error))
        }
    }
}
