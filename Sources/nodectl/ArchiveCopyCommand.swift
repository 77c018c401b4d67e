// `nodectl archive copy`: an archive into another store, of whatever kind.

import ArgumentParser
import NodeControl
import Platform

extension ArchiveCommand {
    struct Copy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies an archive into another store; run again it goes on, and brings what is new.",
            discussion: """
                Every object is read back and compared. Nothing in the target is changed or removed, and it can be \
                restored from at any moment. A directory has to be there. Exit code 1 when an object of the source \
                is damaged: it is named, and everything else is copied.
                """)
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var source: RestoreSource
        @Option(help: "Where to: file:///path or s3://bucket/prefix.") var to: String
        @Option(help: "The target's credentials (default: those of the source).", completion: .file())
        var toCredentialsFile: String?
        @Option(help: "Certificates of the authorities that sign the target's (default: the source's).")
        var toCaFile: String?
        @Option(help: "Go on: bring what is new every so many seconds, until the process is ended.")
        var every: Int?

        func validate() throws {
            if let every, every < 1 { throw ValidationError("--every takes a number of seconds from 1 on") }
        }

        func run() throws {
            let target = try ArchivePlace(
                url: to, credentialsFile: toCredentialsFile ?? source.access.credentialsFile,
                authorityFile: toCaFile ?? source.access.caFile, cluster: nil)
            if let every {
                var following = try ArchiveFollowing(from: try source.place(), to: target) {
                    StandardStreams.writeOutput($0 + "\n")
                }
                following.run(every: .seconds(every))
            }
            let done = try ArchiveCopying(from: try source.place(), to: target) {
                StandardStreams.writeError($0 + "\n")
            }
            Surroundings(parent.root.common, common).print(json: done.json, table: done.text)
            if !done.isWhole { throw ExitCode(1) }
        }
    }
}
