// A cluster on this machine, for trying and testing: made, started, stopped, broken and mended below one directory.

import Foundation
import Platform
import Settings
import Vocabulary

/// The playground below a directory. One command at a time changes it: a lock file keeps others waiting.
public struct Playground {
    /// As it was named, for printing.
    public let directory: String
    /// Told of what takes longer.
    let progress: (String) -> Void

    static let startPatience = Duration.seconds(60)
    static let followerPatience = Duration.seconds(10)
    /// How long a node is waited for whose readiness needs others, or somebody who acts.
    static let doubtfulPatience = Duration.seconds(1)
    static let stopPatience = Duration.seconds(30)
    static let lockPatience = Duration.seconds(120)
    static let portPatience = Duration.seconds(3)

    public init(directory: String, progress: @escaping (String) -> Void) {
        self.directory = directory
        self.progress = progress
    }

    var filePath: String { directory + "/" + ClusterFile.fileName }

    // Up and down.

    /// Makes what is missing, starts what is stopped, and waits for a leader. Changes nothing else.
    /// - Returns: how to talk to it, as text.
    public func up(_ options: PlaygroundOptions, programName: String) throws(ControlError) -> String {
        let plan = try PlaygroundPlan(options)
        try control { () throws(SystemError) in try FileSystem.makeDirectory(directory, intermediate: true) }
        return try locked { () throws(ControlError) in
            var file = try prepared(plan, options)
            let program = try Playground.program(options.noded)
            try start(file.nodes.map(\.id), in: &file, program: program)
            let leader = try awaitLeader()
            return Playground.invitation(file, directory: directory, leader: leader, programName: programName)
        }
    }

    /// The playground's description, after its files were made where missing.
    private func prepared(_ plan: PlaygroundPlan, _ options: PlaygroundOptions) throws(ControlError) -> ClusterFile {
        guard FileSystem.exists(filePath) else {
            progress("making certificates, tokens and configurations below \(directory)")
            let files = PlaygroundFiles(directory: directory, plan: plan)
            try files.checkArchive()
            try files.makeSecrets()
            try files.makeConfigurations(options.configFile)
            return plan.clusterFile
        }
        let file = try ClusterFile.read(filePath)
        if let difference = plan.difference(from: file, asked: options) {
            throw .conflict(
                reason: "the playground below \(directory) was made without \(difference)",
                remedy: "leave that out, name another --dir, or take it down and remove \(directory)")
        }
        if let asked = options.archive, try !isArchive(asked, of: file) {
            throw .conflict(
                reason: "the playground below \(directory) was made without --archive \(asked)",
                remedy: "leave that out, name another --dir, or take it down and remove \(directory)")
        }
        if options.configFile != nil {
            var made = PlaygroundOptions()
            made.archive = options.archive
            made.nodes = file.nodes.count
            made.hasPlaintext = file.nodes.allSatisfy { $0.clientPlaintext != nil }
            made.basePort = file.nodes.first.flatMap { HostPort($0.client) }.map { Int($0.port) - 1 }
            try PlaygroundFiles(directory: directory, plan: try PlaygroundPlan(made))
                .makeConfigurations(options.configFile)
        }
        return file
    }

    /// Whether the playground has the archive that is asked for.
    private func isArchive(_ asked: String, of file: ClusterFile) throws(ControlError) -> Bool {
        guard let first = file.nodes.first else { return false }
        let settings: NodeSettings
        do throws(SettingsError) { settings = try NodeSettings.load(file: directory + "/" + first.config) } catch {
            throw .settings(error)
        }
        return switch try PlaygroundArchive(asked) {
        case .none: settings.archive.url == nil
        case .at(let url): settings.archive.url == url
        case .own: true
        }
    }

    /// Stops all nodes; the files stay.
    public func down() throws(ControlError) {
        try locked { () throws(ControlError) in
            let file = try ClusterFile.read(filePath)
            try stop(file.nodes)
        }
    }

    // Single nodes, or all of them.

    /// Starts the node, or all that are stopped, and waits until each works, and serves if it can be expected to.
    public func start(_ node: String?, noded: String?) throws(ControlError) {
        let names = try locked { () throws(ControlError) in
            var file = try ClusterFile.read(filePath)
            let names = try Playground.choose(node, in: file).map(\.id)
            try start(names, in: &file, program: try Playground.program(noded))
            return names
        }
        try awaitReadiness(of: names)
    }

    /// Asks the node, or all, to end (SIGTERM), and waits until it has.
    public func stop(_ node: String?) throws(ControlError) {
        try locked { () throws(ControlError) in
            try stop(Playground.choose(node, in: try ClusterFile.read(filePath)))
        }
    }

    public func restart(_ node: String?, noded: String?) throws(ControlError) {
        try stop(node)
        try start(node, noded: noded)
    }

    /// Ends the node, or all, as a crash would (SIGKILL), and waits until it is gone.
    public func kill(_ node: String?) throws(ControlError) {
        let processes = try processes(node)
        for process in processes { try process.signal(.kill) }
        for process in processes where try !process.isGone(by: MonotonicClock.now() + Playground.stopPatience) {
            throw .timedOut(
                what: "the end of process \(process.number)", follow: "look with `nodectl playground status`")
        }
    }

    /// Holds the node, or all, as a stalled machine would (SIGSTOP).
    public func pause(_ node: String?) throws(ControlError) {
        for process in try processes(node) { try process.signal(.stop) }
    }

    /// Lets a paused node, or all, go on (SIGCONT).
    public func resume(_ node: String?) throws(ControlError) {
        for process in try processes(node) { try process.signal(.continue) }
    }

    private func processes(_ node: String?) throws(ControlError) -> [NodeProcess] {
        let file = try ClusterFile.read(filePath)
        var processes: [NodeProcess] = []
        for entry in try Playground.choose(node, in: file) { processes.append(try process(entry)) }
        return processes
    }

    // Starting.

    func start(_ names: [String], in file: inout ClusterFile, program: String) throws(ControlError) {
        var stopped: [(position: Int, config: String)] = []
        for (position, entry) in file.nodes.enumerated() where names.contains(entry.id) {
            let process = try process(entry)
            if process.state == .stopped { stopped.append((position, process.config)) }
        }
        for (position, config) in stopped { try checkPorts(file.nodes[position], config) }
        var started: [(entry: ClusterFile.Node, process: NodeProcess)] = []
        do {
            for (position, config) in stopped {
                let process = try NodeProcess.start(
                    program: program, config: config, logFile: directory + "/" + file.nodes[position].log)
                file.nodes[position].pid = process.number
                started.append((file.nodes[position], process))
            }
        } catch {
            // Those that did start must be findable.
            try file.write(filePath)
            throw error
        }
        if !started.isEmpty || !FileSystem.exists(filePath) { try file.write(filePath) }
        for (entry, process) in started { try awaitHealth(entry, process) }
    }

    /// Reads the node's settings as it will, and refuses ports that somebody else has.
    private func checkPorts(_ entry: ClusterFile.Node, _ config: String) throws(ControlError) {
        let listeners: ListenerSettings
        do {
            listeners = try NodeSettings.load(file: config).listeners
        } catch {
            throw .settings(error)
        }
        let ports = [
            ("listen.client", listeners.client), ("listen.peer", listeners.peer), ("listen.admin", listeners.admin),
        ]
        for (key, address) in ports + (listeners.clientPlaintext.map { [("listen.client-plaintext", $0)] } ?? []) {
            // A process that was killed may take a moment to let go of its ports, on a busy machine.
            let deadline = MonotonicClock.now() + Playground.portPatience
            let freed = try Pause.until(deadline) { () throws(ControlError) -> Bool? in
                try isFree(address.description) ? true : nil
            }
            if freed == nil { throw .portInUse(node: entry.id, key: key, address: address.description) }
        }
    }

    private func isFree(_ address: String) throws(ControlError) -> Bool {
        do throws(SystemError) {
            Socket.close(try Socket.listen(on: try SocketAddress.resolve(address)))
            return true
        } catch {
            guard error.errno == EADDRINUSE else { throw .system(error) }
            return false
        }
    }

    /// Waits until the node answers `/healthz`, or tells how it ended.
    private func awaitHealth(_ entry: ClusterFile.Node, _ process: NodeProcess) throws(ControlError) {
        let view = try ClusterView(file: filePath)
        guard let node = view.nodes.first(where: { $0.name == entry.id }) else { return }
        let log = directory + "/" + entry.log
        let began = MonotonicClock.now()
        var isTold = false
        let answer = try Pause.until(began + Playground.startPatience) { () throws(ControlError) -> Bool? in
            if let status = process.ending {
                throw ControlError.died(
                    node: entry.id, status: status.description, log: Playground.tail(of: log), logFile: log)
            }
            let now = MonotonicClock.now()
            if !isTold, now - began > .seconds(2) {
                isTold = true
                progress("waiting until \(entry.id) works; its log is \(log)")
            }
            let answer = try? view.client(node).get("/healthz", until: now + .seconds(2))
            return answer?.status == 200 ? true : nil
        }
        guard answer != nil else {
            throw .timedOut(what: "the start of \(entry.id)", follow: "it goes on: read \(log)")
        }
    }

    /// Waits until these nodes serve, while there is hope of it, and tells which do not yet, and why.
    private func awaitReadiness(of names: [String]) throws(ControlError) {
        let view = try ClusterView(file: filePath).only(names)
        let began = MonotonicClock.now()
        var unready: [NodeReport] = []
        _ = try Pause.until(began + Playground.followerPatience) { () throws(ControlError) -> Bool? in
            unready = view.ask().compactMap(\.report).filter { !$0.node.healthy }
            let isDoubtful = unready.allSatisfy { report in
                report.leader == nil || report.node.reasons?.allSatisfy(\.isPassing) != true
            }
            let patience = isDoubtful ? Playground.doubtfulPatience : Playground.followerPatience
            return unready.isEmpty || MonotonicClock.now() - began > patience ? true : nil
        }
        for report in unready {
            let why = report.node.reasons?.last?.message ?? "its log says why"
            progress("\(report.node.id) works, but does not serve yet: \(why)")
        }
    }

    /// The leader's name, once there is one. Its followers may take a little longer, and are waited for a little.
    func awaitLeader() throws(ControlError) -> String {
        let view = try ClusterView(file: filePath)
        let began = MonotonicClock.now()
        var isTold = false
        let leader = try Pause.until(began + Playground.startPatience) { () throws(ControlError) -> String? in
            let status = ClusterStatus(view.ask())
            let elapsed = MonotonicClock.now() - began
            if !isTold, elapsed > .seconds(2) {
                isTold = true
                progress(status.leader == nil ? "waiting for a leader" : "waiting for followers")
            }
            let isComplete = status.nodes.allSatisfy { $0.isHealthy || $0.facts == nil }
            return isComplete || elapsed > Playground.followerPatience ? status.leader : nil
        }
        guard let leader else {
            throw .timedOut(
                what: "the election of a leader",
                follow: "look with `nodectl --cluster \(filePath) status`, and into the logs below \(directory)")
        }
        return leader
    }

    // Stopping.

    private func stop(_ entries: [ClusterFile.Node]) throws(ControlError) {
        var processes: [NodeProcess] = []
        for entry in entries { processes.append(try process(entry)) }
        for process in processes {
            try process.signal(.terminate)
            // A paused process takes no signal before it goes on.
            try process.signal(.continue)
        }
        let deadline = MonotonicClock.now() + Playground.stopPatience
        for (entry, process) in zip(entries, processes) where try !process.isGone(by: deadline) {
            throw .timedOut(
                what: "the stop of \(entry.id) (process \(process.number))",
                follow: "wait, or end it with `nodectl playground kill \(entry.id) --dir \(directory)`")
        }
    }

    // Common.

    func process(_ entry: ClusterFile.Node) throws(ControlError) -> NodeProcess {
        let top = try control { () throws(SystemError) in try FileSystem.realPath(directory) }
        return NodeProcess(number: entry.pid ?? 0, config: top + "/" + entry.config)
    }

    static func choose(_ node: String?, in file: ClusterFile) throws(ControlError) -> [ClusterFile.Node] {
        guard let node else { return file.nodes }
        guard let entry = file.nodes.first(where: { $0.id == node }) else {
            throw .usage("there is no node \(node): there are \(file.nodes.map(\.id).joined(separator: ", "))")
        }
        return [entry]
    }

    /// Runs `body` while no other command changes this playground.
    func locked<Value>(_ body: () throws(ControlError) -> Value) throws(ControlError) -> Value {
        guard FileSystem.isDirectory(directory) else {
            throw .clusterFile(path: filePath, reason: "there is no playground below \(directory)")
        }
        let lock = try control { () throws(SystemError) in
            try File.open(directory + "/lock", mode: .openOrCreate)
        }
        let deadline = MonotonicClock.now() + Playground.lockPatience
        var isTold = false
        while try !control({ () throws(SystemError) in try lock.tryLock() }) {
            if !isTold { progress("another command works on \(directory): waiting for it") }
            isTold = true
            guard MonotonicClock.now() < deadline else {
                throw .timedOut(what: "another command on \(directory)", follow: "try again when it is done")
            }
            Pause.wait(.milliseconds(50))
        }
        return try body()
    }

    /// The node's program: as named, from where the programs were said to be, beside this one, or in PATH.
    static func program(_ named: String?) throws(ControlError) -> String {
        if let named {
            guard let path = ChildProcess.find(named.contains("/") ? named : "./" + named) else {
                throw .noProgram(named)
            }
            return path
        }
        let beside = FileSystem.parent(of: ThisProcess.executablePath) + "/noded"
        let said = ThisProcess.environment("TRIREME_PROGRAMS").map { $0 + "/noded" }
        for candidate in [said, beside].compactMap({ $0 }) {
            if let path = ChildProcess.find(candidate) { return path }
        }
        guard let path = ChildProcess.find("noded") else { throw .noProgram("noded") }
        return path
    }

    /// The last lines of a log. Of a crash, whose report is longer than its reason, only the reason.
    static func tail(of path: String, lines count: Int = 12) -> String {
        guard let file = try? File.open(path, mode: .readOnly),
            let bytes = try? file.read(64 << 10, at: max(0, file.size - 64 << 10))
        else { return "  (it cannot be read)" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let reason = lines.lastIndex { $0.contains("Fatal error:") }
        let shown = reason.map { lines[$0...$0] } ?? lines.suffix(count)
        return shown.isEmpty ? "  (nothing)" : shown.map { "  " + $0 }.joined(separator: "\n")
    }
}

// What is said of it.
extension Playground {
    /// How to talk to a playground.
    static func invitation(
        _ file: ClusterFile, directory: String, leader: String, programName: String
    ) -> String {
        guard let first = file.nodes.first, let client = HostPort(first.client) else { return "" }
        let token = directory + "/" + (file.clientTokenFile ?? file.tokenFile)
        var lines = [
            "\(file.nodes.count) node\(file.nodes.count == 1 ? "" : "s") below \(directory); \(leader) leads", "",
            "  REDISCLI_AUTH=$(cat \(token)) redis-cli --tls --cacert \(directory)/\(file.ca) -h \(client.host) "
                + "-p \(client.port)",
        ]
        if let plaintext = first.clientPlaintext.flatMap({ HostPort($0) }) {
            lines.append("  REDISCLI_AUTH=$(cat \(token)) redis-cli -h \(plaintext.host) -p \(plaintext.port)")
        }
        lines.append("  \(programName) --cluster \(directory)/\(ClusterFile.fileName) status")
        lines.append(
            "  https://\(first.admin)/ (its certificate is signed by \(directory)/\(file.ca); "
                + "it asks for the token in \(directory)/\(file.tokenFile))")
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line for each node: its process and its ports.
    public func status(inColour: Bool) throws(ControlError) -> String {
        let file = try ClusterFile.read(filePath)
        var table = TextTable(["NODE", "PROCESS", "PID", "CLIENT", "PLAINTEXT", "ADMIN", "PEER"])
        for entry in file.nodes {
            let state = try process(entry).state
            let tone: TextTable.Tone = state == .running ? .good : state == .paused ? .doubtful : .bad
            table.add([
                .init(entry.id), .init(state.rawValue, tone), .init(entry.pid.map { String($0) } ?? "-"),
                .init(entry.client), .init(entry.clientPlaintext ?? "-"), .init(entry.admin), .init(entry.peer),
            ])
        }
        return table.text(inColour: inColour)
    }
}
