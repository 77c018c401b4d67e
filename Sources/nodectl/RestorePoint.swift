// To which point a restore goes, and what it may take the place of.

import ArgumentParser
import NodeControl

struct RestorePoint: ParsableArguments {
    @Option(help: "The last entry that is not later than this time: 2026-11-21T02:13:34.000001Z.")
    var at: String?

    @Option(help: "The entry of this index.")
    var index: UInt64?

    @Option(help: "The state of this backup, without the log behind it.")
    var backup: String?

    @Flag(help: "Also in the place of a directory with newer entries, or of another cluster.")
    var replace = false

    func validate() throws {
        guard [at != nil, index != nil, backup != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("Name one of --at, --index and --backup.")
        }
    }

    func fill(_ request: inout RestoreRequest) {
        request.time = at
        request.index = index
        request.backup = backup
        request.replaces = replace
    }
}
