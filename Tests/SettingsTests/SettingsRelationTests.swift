// What must hold between settings, each inequality broken once.

import Testing

@testable import Settings

@Suite struct SettingsRelationTests {
    @Test(arguments: [
        (
            "heartbeat.interval: 60ms",
            """
            default: election.timeout-min: is 150ms, less than three times `heartbeat.interval`, so that \
            two lost heartbeats cost no election; write at least 180ms
            """
        ),
        (
            "election.timeout-min: 80ms",
            """
            /etc/t/n.yaml:13: election.timeout-min: is 80ms, less than three times `heartbeat.interval`, \
            so that two lost heartbeats cost no election; write at least 120ms
            """
        ),
        (
            "election.timeout-max: 170ms",
            """
            /etc/t/n.yaml:13: election.timeout-max: is 170ms, less than 1.2 times `election.timeout-min`, \
            or candidates meet too often; write at least 180ms
            """
        ),
        (
            "election.probe-delay-max: 150ms",
            """
            /etc/t/n.yaml:13: election.probe-delay-max: is not shorter than `election.timeout-min`; write \
            less than 150ms
            """
        ),
        (
            "request.hold-timeout: 200ms",
            """
            /etc/t/n.yaml:13: request.hold-timeout: is 200ms, less than `election.timeout-max`, or every \
            election refuses requests; write at least 300ms
            """
        ),
        (
            "request.timeout: 1s",
            "/etc/t/n.yaml:13: request.timeout: is 1s, less than `request.hold-timeout`; write at least 2s"
        ),
        (
            "peer.inflight-bytes-max: 64KiB",
            """
            /etc/t/n.yaml:13: peer.inflight-bytes-max: is 64KiB, less than `peer.append-bytes-max`; write \
            at least 1MiB
            """
        ),
        (
            "peer.uncommitted-bytes-max: 1MiB",
            """
            /etc/t/n.yaml:13: peer.uncommitted-bytes-max: is 1MiB, less than `peer.inflight-bytes-max`; \
            write at least 4MiB
            """
        ),
        (
            "log.retain: 1MiB",
            """
            /etc/t/n.yaml:13: log.retain: is 1MiB, less than `peer.inflight-bytes-max`, or a follower is sent a \
            snapshot for what is under way to it; write at least 4MiB
            """
        ),
        (
            "snapshot.directory: data",
            """
            /etc/t/n.yaml:13: snapshot.directory: is /etc/t/data, which holds `data.directory` (/etc/t/data); give \
            the snapshots a directory of their own, such as /etc/t/data/snapshots
            """
        ),
        (
            "client.request-size-max: 512MiB",
            """
            default: client.output-buffer-max: is 128MiB, less than `client.request-size-max`, or the \
            largest value cannot be read back; write at least 512MiB
            """
        ),
        (
            "listen.client-plaintext: 0.0.0.0:7104",
            """
            /etc/t/n.yaml:13: listen.client-plaintext: would send passwords and records over the network \
            in the clear; listen on a loopback address such as 127.0.0.1:7104, or use `listen.client`
            """
        ),
        (
            "listen.client-plaintext: 127.0.0.1:7102",
            """
            /etc/t/n.yaml:13: listen.client-plaintext: listens on 127.0.0.1:7102, which `listen.admin` \
            takes (127.0.0.1:7102); give each port its own number
            """
        ),
        ("node: {id: n1}", "/etc/t/n.yaml:13: node.id: is given twice; remove one"),
    ])
    func `a broken relation names the setting to change`(line: String, message: String) {
        #expect(Sample.problems(adding: line) == [message])
    }

    @Test func `snapshots do not share a directory with the log or with what holds it`() {
        for (directory, key) in [("/log", "log.directory"), ("/", "data.directory"), ("/etc", "data.directory")] {
            let told = Sample.problems(
                adding: "log.directory: /log/segments", "snapshot.directory: \(directory)")
            #expect(told.count == 1 && told[0].contains("is \(directory), which holds `\(key)`"), "\(told)")
        }
        #expect(Sample.problems(adding: "snapshot.directory: /etc/t/data-snapshots") == [])
    }

    @Test func `authentication is off on loopback only`() {
        #expect(Sample.problems(adding: "auth.required: false") == [])
        var text = Sample.text.replacing("client: 127.0.0.1:7101\n", with: "client: 10.0.0.1:7101\n")
        text += "auth.required: false"
        #expect(
            Sample.problems(text) == [
                """
                /etc/t/n.yaml:13: auth.required: is false while `listen.client` is 10.0.0.1:7101, open to \
                the network; set it to true, or listen on 127.0.0.1:7101
                """
            ])
    }

    @Test func `a wildcard listener takes the port of every address`() {
        let told = Sample.problems(replacing: "  peer: 127.0.0.1:7103", by: "  peer: 0.0.0.0:7101")
        #expect(
            told == [
                "/etc/t/n.yaml:9: listen.peer: listens on 0.0.0.0:7101, which `listen.client` takes (127.0.0.1:7101); "
                    + "give each port its own number"
            ])
    }

    @Test func `a node is a member, once, with addresses of its own`() {
        #expect(
            Sample.problems(replacing: "node.id: n1", by: "node.id: n3")
                == ["/etc/t/n.yaml:3: members: does not list this node, n3; add it, or correct `node.id`"])
        let other = Sample.lines[3]
        #expect(
            Sample.problems(replacing: other, by: "  - {id: n1, peer: a:1, client: a:2}")
                == ["/etc/t/n.yaml:3: members: lists n1 twice; give every node a name of its own"])
        #expect(
            Sample.problems(replacing: other, by: "  - {id: n2, peer: a:1, client: 127.0.0.1:7101}") == [
                "/etc/t/n.yaml:3: members: gives n1 and n2 the same address 127.0.0.1:7101 (`client`); "
                    + "give every node addresses of its own"
            ])
    }
}
