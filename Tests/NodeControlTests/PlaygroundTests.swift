// The playground's files and processes: what is made, what is kept, and what is refused.

import Foundation
import Platform
import Settings
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct PlaygroundTests {
    private func options(_ change: (inout PlaygroundOptions) -> Void = { _ in }) -> PlaygroundOptions {
        var options = PlaygroundOptions()
        change(&options)
        return options
    }

    private func make(_ scratch: Scratch, _ options: PlaygroundOptions) throws {
        let files = PlaygroundFiles(directory: scratch.path, plan: try PlaygroundPlan(options))
        try files.makeSecrets()
        try files.makeConfigurations(options.configFile)
    }

    @Test func `ports follow the formula, and the description has the agreed fields`() throws {
        let plan = try PlaygroundPlan(options { $0.hasPlaintext = true })
        let entry = plan.entry(2)
        #expect(
            [entry.client, entry.admin, entry.peer, entry.clientPlaintext]
                == ["127.0.0.1:7111", "127.0.0.1:7112", "127.0.0.1:7113", "127.0.0.1:7114"])
        let scratch = try Scratch()
        var file = plan.clusterFile
        file.nodes[0].pid = 42
        try file.write(scratch.path + "/cluster.json")
        let bytes = try FileSystem.readAll(scratch.path + "/cluster.json", limit: 1 << 20)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(document["ca"] as? String == "pki/ca.crt")
        #expect(document["token_file"] as? String == "pki/admin.token")
        #expect(document["client_cert"] as? String == "pki/admin.crt")
        let nodes = try #require(document["nodes"] as? [[String: Any]])
        #expect(nodes[0]["pid"] as? Int == 42)
        #expect(nodes[1]["pid"] == nil)
        #expect(nodes[2]["config"] as? String == "n3/noded.yaml")
        #expect(try ClusterFile.read(scratch.path + "/cluster.json") == file)
    }

    @Test func `the files that are made are a good configuration for each node`() throws {
        let scratch = try Scratch()
        try make(scratch, options { $0.hasPlaintext = true })
        var clusters: Set<ClusterID> = []
        for id in ["n1", "n2", "n3"] {
            let settings = try NodeSettings.load(file: "\(scratch.path)/\(id)/noded.yaml")
            #expect(settings.node.description == id)
            #expect(settings.members.count == 3)
            #expect(settings.dataDirectory == "\(scratch.path)/\(id)/data")
            #expect(settings.listeners.clientPlaintext == settings.ownMember.clientPlaintext)
            clusters.insert(settings.cluster)
        }
        #expect(clusters.count == 1)
        for secret in ["ca.key", "n1.key", "admin.key", "admin.token", "client.token"] {
            #expect(try FileSystem.status(scratch.path + "/pki/" + secret)?.permissions == 0o600, "\(secret)")
        }
        let tokens = try ["admin", "client"].map { try TokenFile.read("\(scratch.path)/pki/\($0).token") }
        #expect(tokens[0] != tokens[1] && tokens[0][0].count == 64)
        #expect(!FileSystem.exists(scratch.path + "/n1/data"))
    }

    @Test func `what was made once is kept`() throws {
        let scratch = try Scratch()
        try make(scratch, options())
        let names = ["pki/ca.crt", "pki/n1.crt", "pki/admin.token", "n1/noded.yaml"]
        let before = try names.map { try FileSystem.readAll(scratch.path + "/" + $0, limit: 1 << 20) }
        try make(scratch, options())
        #expect(try names.map { try FileSystem.readAll(scratch.path + "/" + $0, limit: 1 << 20) } == before)
    }

    @Test func `without data, other options make other files; with data they are refused`() throws {
        let scratch = try Scratch()
        try make(scratch, options())
        try make(scratch, options { $0.basePort = 9000 })
        let config = scratch.path + "/n1/noded.yaml"
        #expect(try NodeSettings.load(file: config).listeners.client.port == 9001)
        try FileSystem.makeDirectory(scratch.path + "/n2/data")
        let error = #expect(throws: ControlError.self) { try make(scratch, options()) }
        #expect(error?.description == "\(config) is there already and is not what these options make")
        #expect(error?.exitCode == 3)
    }

    @Test func `settings of a file are merged into every node's`() throws {
        let scratch = try Scratch()
        let extra = scratch.path + "/extra.yaml"
        try "log: {segment-size: 1MiB}\ncluster.name: mine\n".write(toFile: extra, atomically: true, encoding: .utf8)
        try make(scratch, options { $0.configFile = extra })
        let settings = try NodeSettings.load(file: scratch.path + "/n2/noded.yaml")
        #expect(settings.log.segmentSize == .mebibytes(1))
        #expect(settings.clusterName == "mine")
    }

    @Test(arguments: [("node.id: n9", "`node.id`"), ("listen: {peer: 127.0.0.1:1}", "`listen.peer`")])
    func `what the playground sets itself may not be merged`(line: String, key: String) throws {
        let scratch = try Scratch()
        let extra = scratch.path + "/extra.yaml"
        try line.write(toFile: extra, atomically: true, encoding: .utf8)
        let error = #expect(throws: ControlError.self) { try make(scratch, options { $0.configFile = extra }) }
        #expect(error?.exitCode == 2)
        #expect(error?.description.contains(key) == true)
    }

    @Test func `a bad file to merge is told as the node would`() throws {
        let scratch = try Scratch()
        let extra = scratch.path + "/extra.yaml"
        try "nodeid: n1".write(toFile: extra, atomically: true, encoding: .utf8)
        let error = #expect(throws: ControlError.self) { try make(scratch, options { $0.configFile = extra }) }
        #expect(error?.description == "\(extra):1: nodeid: is no setting; did you mean `node.id`?")
    }

    @Test func `options that cannot be are wrong usage`() {
        for (change, text) in [
            ({ $0.nodes = 0 }, "--nodes takes 1 to 7: 0 is not"),
            ({ $0.nodes = 8 }, "--nodes takes 1 to 7: 8 is not"),
            ({ $0.basePort = 65520 }, "--base-port 65520 leaves no room for the ports of 3 nodes below 65536"),
            ({ $0.basePort = 0 }, "--base-port 0 leaves no room for the ports of 3 nodes below 65536"),
            (
                { $0.archive = "ftp://x" },
                "--archive: there are no stores of the kind `ftp`; write file:///path or s3://bucket/prefix"
            ),
        ] as [((inout PlaygroundOptions) -> Void, String)] {
            #expect(throws: ControlError.usage(text)) { try PlaygroundPlan(options(change)) }
        }
    }

    @Test func `an archive in a directory that is not there is refused before anything is made`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/missing"
        func files(_ archive: String?) throws -> PlaygroundFiles {
            let plan = try PlaygroundPlan(options { $0.archive = archive })
            return PlaygroundFiles(directory: scratch.path, plan: plan)
        }
        let error = #expect(throws: ControlError.self) { try files("file://" + path).checkArchive() }
        #expect(error?.description == "refused: --archive file://\(path): there is no such directory")
        #expect(error?.exitCode == 3)
        try FileSystem.makeDirectory(path)
        for archive in ["file://" + path, "s3://bucket/prefix", "none", nil] { try files(archive).checkArchive() }
    }

    @Test func `a playground that is there does not change its shape`() throws {
        let file = try PlaygroundPlan(options()).clusterFile
        func difference(_ change: (inout PlaygroundOptions) -> Void) throws -> String? {
            try PlaygroundPlan(options(change)).difference(from: file, asked: options(change))
        }
        #expect(try difference { _ in } == nil)
        #expect(
            try difference {
                $0.nodes = 3; $0.basePort = 7100
            } == nil)
        #expect(try difference { $0.nodes = 5 } == "--nodes 5")
        #expect(try difference { $0.basePort = 7200 } == "--base-port 7200")
        #expect(try difference { $0.hasPlaintext = true } == "--plaintext")
    }

    @Test func `a port in use is named before anything starts`() throws {
        let scratch = try Scratch()
        let listener = try Socket.listen(on: .loopback(port: 0))
        defer { Socket.close(listener) }
        let port = try #require(Socket.localAddress(listener)?.port)
        let playground = Playground(directory: scratch.path) { _ in }
        let error = #expect(throws: ControlError.self) {
            try playground.up(
                options {
                    $0.basePort = Int(port) - 1; $0.nodes = 1; $0.noded = "/bin/true"
                }, programName: "x")
        }
        #expect(error == .portInUse(node: "n1", key: "listen.client", address: "127.0.0.1:\(port)"))
        #expect(error?.remedy.text.contains("--base-port") == true)
        #expect(!FileSystem.exists(playground.filePath))
    }

    @Test func `a node that ends at once is told with its last words`() throws {
        let scratch = try Scratch()
        let program = scratch.path + "/noded"
        try "#!/bin/sh\necho \"no luck with $2\" >&2\nexit 78\n".write(
            toFile: program, atomically: true, encoding: .utf8)
        try FileSystem.setPermissions(program, 0o700)
        let directory = scratch.path + "/play"
        let playground = Playground(directory: directory) { _ in }
        let error = #expect(throws: ControlError.self) {
            try playground.up(
                options {
                    $0.basePort = 31990; $0.nodes = 1; $0.noded = program
                }, programName: "x")
        }
        #expect(error?.description.contains("n1 ended with exit code 78") == true)
        #expect(error?.description.contains("no luck with \(directory)/n1/noded.yaml") == true)
        #expect(try playground.status(inColour: false).contains("stopped"))
    }

    @Test func `a missing program or node or playground is named`() throws {
        let scratch = try Scratch()
        let playground = Playground(directory: scratch.path + "/none") { _ in }
        #expect(throws: ControlError.noProgram("/none/noded")) { try Playground.program("/none/noded") }
        #expect(throws: ControlError.self) { try playground.kill("n1") }
        #expect(throws: ControlError.self) { try playground.down() }
        let file = try PlaygroundPlan(options()).clusterFile
        #expect(throws: ControlError.usage("there is no node n9: there are n1, n2, n3")) {
            try Playground.choose("n9", in: file)
        }
    }

    @Test func `the invitation gives no token away`() throws {
        let file = try PlaygroundPlan(options { $0.hasPlaintext = true }).clusterFile
        let text = Playground.invitation(file, directory: "d", leader: "n2", programName: "nodectl")
        #expect(
            text == """
                3 nodes below d; n2 leads

                  REDISCLI_AUTH=$(cat d/pki/client.token) redis-cli --tls --cacert d/pki/ca.crt -h 127.0.0.1 -p 7101
                  REDISCLI_AUTH=$(cat d/pki/client.token) redis-cli -h 127.0.0.1 -p 7104
                  nodectl --cluster d/cluster.json status
                  https://127.0.0.1:7102/ (its certificate is signed by d/pki/ca.crt; it asks for the token in \
                d/pki/admin.token)

                """)
    }
}

@Suite struct NodeProcessTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A program that stays and has the configuration among its arguments.
    private func start() throws -> NodeProcess {
        let config = scratch.path + "/noded.yaml"
        try "x".write(toFile: config, atomically: true, encoding: .utf8)
        let number = try ChildProcess.spawn("/usr/bin/tail", arguments: ["-f", config], outputPath: config + ".out")
        return NodeProcess(number: number, config: config)
    }

    private func reached(_ process: NodeProcess, _ state: NodeProcess.State) throws -> Bool {
        try Pause.until(MonotonicClock.now() + .seconds(10)) { () throws(ControlError) in
            process.state == state ? true : nil
        } ?? false
    }

    /// Takes the child's status. A process that ends loses its arguments, and so counts as gone, a moment before it can
    /// be waited for; and a child that nobody waits for keeps the test library from seeing its own children's ends.
    private func ending(of process: NodeProcess) throws -> Platform.ExitStatus? {
        try Pause.until(MonotonicClock.now() + .seconds(10)) { () throws(ControlError) in process.ending }
    }

    @Test func `a process runs, is held, goes on and ends`() throws {
        let process = try start()
        #expect(try reached(process, .running))
        try process.signal(.stop)
        #expect(try reached(process, .paused))
        try process.signal(.continue)
        #expect(try reached(process, .running))
        try process.signal(.kill)
        #expect(try process.isGone(by: MonotonicClock.now() + .seconds(10)))
        #expect(try ending(of: process) == .killed(signal: .kill))
    }

    @Test func `a process of that number which runs something else is left alone`() throws {
        let process = try start()
        #expect(try reached(process, .running))
        let other = NodeProcess(number: process.number, config: "/another/noded.yaml")
        #expect(other.state == .stopped)
        try other.signal(.kill)
        #expect(process.state == .running)
        try process.signal(.kill)
        #expect(try process.isGone(by: MonotonicClock.now() + .seconds(10)))
        #expect(try ending(of: process) == .killed(signal: .kill))
    }

    @Test func `no process has the number 0`() {
        #expect(NodeProcess(number: 0, config: "x").state == .stopped)
        #expect(NodeProcess(number: -1, config: "x").state == .stopped)
    }
}
