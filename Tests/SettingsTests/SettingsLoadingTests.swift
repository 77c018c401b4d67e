// Sources, their order, and every kind of bad value with the sentence that it gets.

import Testing
import Vocabulary

@testable import Settings

@Suite struct SettingsLoadingTests {
    @Test func `defaults fill what is not given`() throws {
        let settings = try Sample.parse()
        #expect(settings.node.description == "n1")
        #expect(settings.members.map(\.id.description) == ["n1", "n2"])
        #expect(settings.ownMember.clientPlaintext == HostPort("127.0.0.1:7104"))
        #expect(settings.others.map(\.id.description) == ["n2"])
        #expect(settings.consensus.electionTimeoutMin == .milliseconds(150))
        #expect(settings.clients.requestSizeMax == .mebibytes(64))
        #expect(settings.authentication.isRequired)
        #expect(settings.authentication.clientTokenFile == nil)
        #expect(settings.metricsAllow.isEmpty)
    }

    @Test func `snapshots have a place, a cause and a number`() throws {
        let settings = try Sample.parse()
        #expect(
            settings.snapshots
                == SnapshotSettings(
                    directory: "/etc/t/data/snapshots", logMin: .mebibytes(256), logPercent: 50,
                    interval: .seconds(3600), keep: 2, transferRate: .mebibytes(64),
                    compactInterval: .seconds(604_800)))
        #expect(settings.log.retain == .mebibytes(256))
        #expect(settings.stateCompareInterval == .seconds(1))
        let other = try Sample.parse(flags: ["--snapshot.interval=0s", "--snapshot.directory", "/s"]).snapshots
        #expect(other.interval == nil)
        #expect(other.directory == "/s")
    }

    @Test func `every default is a value of its setting`() {
        for setting in SettingTable.all {
            if case .value(let text) = setting.standard {
                #expect(throws: Never.self, "\(setting.key)") { try setting.check(.text(text)) }
            }
        }
    }

    @Test func `keys and variables are unique`() {
        #expect(Set(SettingTable.all.map(\.key)).count == SettingTable.all.count)
        #expect(Set(SettingTable.all.map(\.environmentName)).count == SettingTable.all.count)
        #expect(SettingTable.electionMin.declaration.environmentName == "TRIREME_ELECTION_TIMEOUT_MIN")
    }

    @Test func `paths count from the file's directory`() throws {
        let settings = try Sample.parse(flags: ["--tls.key", "/k", "--log.directory=x/../y"])
        #expect(settings.dataDirectory == "/etc/t/data")
        #expect(settings.tls.client.certificate == "/etc/t/pki/n1.crt")
        #expect(settings.tls.peer.key == "/k")
        #expect(settings.logDirectory.hasSuffix("/y") && settings.logDirectory.hasPrefix("/"))
        #expect(try Sample.parse().logDirectory == "/etc/t/data/log")
    }

    @Test func `one port may have a certificate of its own`() throws {
        let tls = try Sample.parse(Sample.text + "tls.client.certificate: public.crt\n").tls
        #expect(tls.client.certificate == "/etc/t/public.crt")
        #expect(tls.peer.certificate == "/etc/t/pki/n1.crt")
    }

    @Test func `flags win over variables, variables over the file`() throws {
        let text = Sample.text + "client.connections-max: 10\n"
        let variables = ["TRIREME_CLIENT_CONNECTIONS_MAX": "20"]
        #expect(try Sample.parse(text).clients.connectionsMax == 10)
        #expect(try Sample.parse(text, environment: variables).clients.connectionsMax == 20)
        for flags in [
            ["--set", "client.connections-max=30"], ["--client.connections-max", "30"],
            ["--client.connections-max=30"], ["--set=client.connections-max=30"],
        ] {
            #expect(try Sample.parse(text, environment: variables, flags: flags).clients.connectionsMax == 30)
        }
    }

    @Test func `other arguments are left to the program`() throws {
        var arguments = ["--config", "f", "--set", "node.id=n2", "--check-config", "--node.idd", "n3"]
        let flags = try SettingsFlag.take(from: &arguments)
        #expect(flags.map(\.key) == ["node.id"])
        #expect(arguments == ["--config", "f", "--check-config", "--node.idd", "n3"])
    }

    @Test func `a flag without its value is bad usage`() {
        #expect(throws: SettingsUsageError(flag: "--set")) { try Sample.parse(flags: ["--set", "node.id"]) }
        #expect(throws: SettingsUsageError(flag: "--set")) { try Sample.parse(flags: ["--set"]) }
        #expect(throws: SettingsUsageError(flag: "--node.id")) { try Sample.parse(flags: ["--node.id"]) }
    }

    @Test func `lists come as YAML or with commas`() throws {
        let ranges = ["10.0.0.0/8", "::1"]
        #expect(try Sample.parse(Sample.text + "admin.metrics-allow: [10.0.0.0/8, \"::1\"]\n").metricsAllow == ranges)
        #expect(try Sample.parse(flags: ["--set", "admin.metrics-allow=10.0.0.0/8, ::1"]).metricsAllow == ranges)
        let members = "[{id: n1, peer: \"[::1]:1\", client: a.example:2}]"
        let settings = try Sample.parse(environment: ["TRIREME_MEMBERS": members])
        #expect(
            settings.members == [
                Member(id: settings.node, peer: HostPort("[::1]:1")!, client: HostPort("a.example:2")!)
            ])
    }

    @Test func `an unknown key is named with its line and the nearest known one`() {
        #expect(
            Sample.problems(adding: "election_timeot: 1s") == [
                "/etc/t/n.yaml:13: election_timeot: is no setting; did you mean `election.timeout-min`?"
            ])
        #expect(
            Sample.problems(adding: "log:", "  level: debug") == [
                "/etc/t/n.yaml:14: log.level: is no setting; did you mean `logging.level`?"
            ])
        #expect(
            Sample.problems(adding: "", environment: ["TRIREME_NODE_IDD": "n1", "TRIREME_PROGRAMS": "x", "PATH": "y"])
                == ["environment variable TRIREME_NODE_IDD: is no setting; did you mean TRIREME_NODE_ID? Or unset it"])
        #expect(
            Sample.problems(adding: "", flags: ["--set", "nodeid=n1"])
                == ["flag --set: nodeid: is no setting; did you mean `node.id`?"])
    }

    @Test func `variables of tools and tests are no settings`() {
        let variables = ["TRIREME_PROGRAMS": "x", "TRIREME_TEST_HOOKS": "1", "TRIREME_MOTO": "x"]
        #expect(Sample.problems(adding: "", environment: variables) == [])
    }

    @Test func `a key given twice is refused`() {
        #expect(
            Sample.problems(adding: "cluster.id: 00112233445566778899aabbccddeeff")
                == ["/etc/t/n.yaml:13: cluster.id: is given twice; remove one"])
        #expect(
            Sample.problems(adding: "node.id: n1").first?.hasPrefix(
                "/etc/t/n.yaml:1: is no valid YAML: this section gives a key twice: node.id") == true)
    }

    @Test func `a section is no setting, and a setting needs a value`() {
        #expect(
            Sample.problems(adding: "election: 150ms") == [
                "/etc/t/n.yaml:13: election: is a section, not a setting; write `election.timeout-min` or another of "
                    + "its keys"
            ])
        #expect(
            Sample.problems(adding: "heartbeat.interval:") == [
                "/etc/t/n.yaml:13: heartbeat.interval: has no value; write duration from 1ms to 20m, or remove the line"
            ])
        #expect(
            Sample.problems(adding: "heartbeat.interval: [1ms]") == [
                "/etc/t/n.yaml:13: heartbeat.interval: takes one value, not a list or section; "
                    + "write duration from 1ms to 20m"
            ])
    }

    @Test func `a value that aliases blow up is refused before it is made`() {
        var lines = ["members:", "  - &a0 [x, x, x, x, x, x, x, x, x]"]
        for level in 1...8 {
            let below = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lines.append("  - &a\(level) [\(below)]")
        }
        let problems = Sample.problems(lines.joined(separator: "\n"))
        #expect(problems.contains { $0.hasPrefix("/etc/t/n.yaml:1: members: has no value") }, "\(problems)")
    }

    @Test func `what is no YAML is told with its line`() {
        #expect(Sample.problems("node.id: n1\nlisten: {").first?.hasPrefix("/etc/t/n.yaml:") == true)
        #expect(Sample.problems("- a").first == "/etc/t/n.yaml:1: holds no sections; write lines such as `node.id: n1`")
        #expect(Sample.problems("node.id: \u{1}").first?.contains("is no valid YAML") == true)
        #expect(Sample.problems(String(repeating: "[", count: 5000)).first?.contains("is no valid YAML") == true)
    }

    @Test func `everything that is missing is told at once`() {
        let missing = Sample.problems("cluster.name: x").filter { $0.contains("is missing") }
        #expect(missing.count == 11)
        #expect(missing.first == "/etc/t/n.yaml: node.id: is missing; write it: node name")
    }

    @Test func `a file that cannot be read is named`() {
        #expect {
            try NodeSettings.load(file: "/nowhere/at/all.yaml")
        } throws: { error in
            "\(error)".hasPrefix("/nowhere/at/all.yaml: cannot be read: No such file or directory")
        }
    }

    @Test(arguments: [
        ("heartbeat.interval: 30", "`30` has no unit; write 30ms, 30s or 30m"),
        ("heartbeat.interval: 0.5s", "`.5s` is no unit of time; use one of ns, us, ms, s, m, h, d"),
        ("heartbeat.interval: soon", "`soon` is no duration; write a whole number and a unit, such as 150ms or 2s"),
        ("heartbeat.interval: -1s", "`-1s` is no duration; write a whole number and a unit, such as 150ms or 2s"),
        ("heartbeat.interval: 1us", "1us is out of bounds; write a duration from 1ms to 20m"),
        ("heartbeat.interval: 9223372036854775807s", "9223372036854775807s is out of bounds; write a shorter duration"),
        ("log.segment-size: 64", "`64` has no unit; write 64B, 64KiB or 64MiB"),
        ("log.segment-size: 64MB", "`MB` is no unit of size here; use one of B, KiB, MiB, GiB, TiB"),
        ("log.segment-size: big", "`big` is no size; write a whole number and a unit, such as 512KiB or 64MiB"),
        ("log.segment-size: 1KiB", "1KiB is out of bounds; write a size from 64KiB to 1GiB"),
        ("log.segment-size: 9223372036854775807TiB", "9223372036854775807TiB is out of bounds; write a smaller size"),
        (
            "client.connections-max: 10k",
            "`10k` is no whole number; write a whole number from 1 to 1000000, without a unit"
        ),
        ("client.connections-max: 0", "0 is out of bounds; write a whole number from 1 to 1000000"),
        ("snapshot.keep: 0", "0 is out of bounds; write a whole number from 1 to 16"),
        ("snapshot.interval: 0", "`0` has no unit; write 0ms, 0s or 0m"),
        ("auth.required: yes", "`yes` is neither true nor false; write true or false"),
        ("tls.minimum: 1.1", "`1.1` is not known; write one of 1.3, 1.2"),
        ("logging.level: loud", "`loud` is not known; write one of trace, debug, info, warning, error"),
        ("cluster.name: \"\"", "is given twice; remove one"),
        (
            "listen.client-plaintext: 7104",
            "`7104` is no address with a port; write HOST:PORT, such as 127.0.0.1:7101 or [::1]:7101"
        ),
        (
            "listen.client-plaintext: 1.2.3:4",
            "`1.2.3:4` is no address with a port; write HOST:PORT, such as 127.0.0.1:7101 or [::1]:7101"
        ),
        (
            "admin.metrics-allow: [10.0.0.0/33]",
            "`10.0.0.0/33` is no address or range; write for example 127.0.0.1, 10.0.0.0/8, fd00::/8"
        ),
        ("admin.metrics-allow: {a: b}", "takes a list, not a section; write [10.0.0.0/8, 127.0.0.1]"),
        ("admin.metrics-allow: [[a]]", "has a list in its list; write one list"),
    ])
    func `a bad value is told with what to write`(line: String, message: String) {
        let key = line.prefix { $0 != ":" }
        let told = Sample.problems(adding: line)
        #expect(told.contains("/etc/t/n.yaml:13: \(key): \(message)"), "\(told)")
    }

    @Test(arguments: [
        (
            "node.id: n1", "node.id: N 1",
            "1: node.id: `N 1` is no node name; write 1 to 16 characters of a-z, 0-9 and -, beginning with a letter"
        ),
        (
            "cluster: {id: 00112233445566778899aabbccddeeff, name: test}", "cluster.id: 12",
            "2: cluster.id: is not 32 hex characters; draw one with `openssl rand -hex 16`, the same for all"
        ),
        (
            "data.directory: data", "data.directory: \"\"",
            "6: data.directory: is empty; write the path of a file or directory"
        ),
    ])
    func `a bad identity is told with what to write`(line: String, other: String, message: String) {
        #expect(Sample.problems(replacing: line, by: other) == ["/etc/t/n.yaml:" + message])
    }

    @Test(arguments: [
        ("x", "is no list of members; write [{id: n1, peer: 10.0.0.1:7103, client: n1.example.org:7101}, …]"),
        ("[]", "lists 0 members; list 1 to 7, an odd number of them"),
        ("[x]", "has no section as member 1; write [{id: n1, peer: 10.0.0.1:7103, client: n1.example.org:7101}, …]"),
        ("[{id: n1, peers: a:1}]", "member 1 has an unknown key `peers`; did you mean `peer`?"),
        (
            "[{id: n1, peer: a:1}]",
            "member 1 has no `client`; write [{id: n1, peer: 10.0.0.1:7103, client: n1.example.org:7101}, …]"
        ),
        (
            "[{id: n1, peer: a, client: b:1}]",
            "member 1, `peer`: `a` is no address with a port; write HOST:PORT, such as 127.0.0.1:7101 or [::1]:7101"
        ),
    ])
    func `a bad member is told with its place`(value: String, message: String) {
        let told = Sample.problems(adding: "", flags: ["--set", "members=" + value])
        #expect(told == ["flag --set: members: " + message])
    }
}
