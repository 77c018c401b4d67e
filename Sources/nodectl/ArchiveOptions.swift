// Where an archive is, for commands that work without a cluster.

import ArgumentParser
import NodeControl

struct ArchiveOptions: ParsableArguments {
    @Option(help: "The archive: file:///DIRECTORY or s3://BUCKET/PREFIX?endpoint=…&region=…&style=path.")
    var from: String

    @Option(help: "Credentials for S3 (default: the environment's).", completion: .file())
    var credentialsFile: String?

    @Option(help: "The authorities that sign the store's certificate (default: the system's).", completion: .file())
    var caFile: String?

    @Option(help: "The cluster, where the archive has several.")
    var clusterId: String?

    @Option(help: "The timeline, by name or number (default: the newest).")
    var timeline: String?

    var access: ArchiveAccess {
        var access = ArchiveAccess(url: from)
        access.credentialsFile = credentialsFile
        access.authorityFile = caFile
        access.cluster = clusterId
        access.timeline = timeline
        return access
    }
}
