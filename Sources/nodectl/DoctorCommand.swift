// `nodectl doctor`: what is wrong, whether these programs work here, and whether what was restored serves.

import ArgumentParser
import NodeControl
import Platform

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks for what is wrong or soon will be, and says what to do.",
        discussion: """
            With --after-restore: six questions to a cluster that was restored, a line for each with pass or FAIL, and \
            exit code 0 only when all pass. Count and digest are compared with the restore.json of a data directory on \
            this machine; with --from, with a state built out of the archive: at the leader's index where the cluster \
            ships there, else at the point that restore.json has, else the newest.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Flag(help: "Start a node of its own, log in, write, read, look at its metrics, and remove it again.")
    var smoke = false

    @Option(help: "With --smoke: the node's program.", completion: .file())
    var noded: String?

    @Flag(help: "Does what was restored serve, and is it what was restored? Writes a key of its own and removes it.")
    var afterRestore = false

    @Option(help: "With --after-restore: the archive to compare with, file:///path or s3://bucket/prefix.")
    var from: String?

    @OptionGroup var access: ArchiveAccess

    func validate() throws {
        guard !(smoke && afterRestore) else { throw ValidationError("give one of --smoke and --after-restore") }
        guard from == nil || afterRestore else { throw ValidationError("--from goes with --after-restore") }
    }

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let clusterFile = surroundings.endpoint == nil ? surroundings.clusterFile : nil
        if afterRestore { return try checkRestore(surroundings, clusterFile) }
        let diagnosis: Diagnosis
        if smoke {
            diagnosis = Diagnosis(try Smoke.run(noded: noded))
        } else {
            diagnosis = try Doctor(view: surroundings.view(), clusterFile: clusterFile).examine()
        }
        surroundings.print(json: diagnosis.json, table: diagnosis.text(inColour: surroundings.inColour))
        if !diagnosis.isHealthy { throw ExitCode(1) }
    }

    private func checkRestore(_ surroundings: Surroundings, _ clusterFile: String?) throws {
        ThisProcess.prepareToGrow()
        let examination = RestoreExamination(
            view: try surroundings.view(), clusterFile: clusterFile, archive: try from.map { try access.place($0) }
        ) { StandardStreams.writeError($0 + "\n") }
        let found = examination.examine()
        surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
        if !found.isGood { throw ExitCode(1) }
    }
}
