// Asking real admin ports: status of all at once, hand-over with each outcome, wrong tokens and files.

import Foundation
import Platform
import Telemetry
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct AskingTests {
    @Test func `all nodes are asked, and one that is gone is told`() throws {
        let scene = try Scene()
        scene.stop(2)
        let asked = try scene.view().ask()
        #expect(asked.map(\.name) == ["n1", "n2", "n3"])
        #expect(asked.map { $0.report != nil } == [true, true, false])
        let status = ClusterStatus(asked)
        #expect(status.leader == "n1")
        #expect(status.nodes[2].reasons.first?.message.contains("Connection refused") == true)
        #expect(asked[0].clockAhead.map { abs($0) < 5 } == true)
    }

    @Test func `the time that a backup took is told in thousandths of a second`() {
        for (seconds, text) in [(0.0062699999999999995, "0.006 s"), (1.5, "1.500 s"), (600, "10 min")] {
            #expect(RoughTime.exact(seconds: seconds) == text)
        }
    }

    @Test func `another authority's node is not believed`() throws {
        let scene = try Scene(nodes: 1)
        let stranger = try Scene(nodes: 1)
        try FileSystem.rename(stranger.scratch.path + "/pki/ca.crt", to: scene.scratch.path + "/pki/ca.crt")
        let status = ClusterStatus(try scene.view().ask())
        #expect(status.answered == 0)
    }

    @Test func `a wrong token is told without the token`() throws {
        let scene = try Scene(nodes: 1)
        let token = Array("0123456789abcdef0123".utf8)
        try FileSystem.writeAtomically(scene.scratch.path + "/pki/admin.token", token.span.bytes)
        let status = ClusterStatus(try scene.view().ask())
        #expect(status.nodes[0].reasons.first?.message.hasSuffix("does not accept the token") == true)
        #expect(!"\(status)".contains("0123456789abcdef"))
        #expect(throws: ControlError.unauthorized(address: try scene.view().nodes[0].admin.description)) {
            let view = try scene.view()
            _ = try view.client(view.nodes[0]).ask("GET", "/v1/status", until: MonotonicClock.now() + .seconds(5))
        }
    }

    @Test func `addresses by hand need an authority and a token`() throws {
        let scene = try Scene(nodes: 1)
        let address = try scene.view().nodes[0].admin.description
        let pki = scene.scratch.path + "/pki/"
        let view = try ClusterView(
            endpoints: address, authorityFile: pki + "ca.crt", tokenFile: pki + "admin.token", clusterFile: "/none")
        #expect(ClusterStatus(view.ask()).leader == "n1")
        let borrowed = try ClusterView(
            endpoints: address, authorityFile: nil, tokenFile: nil, clusterFile: scene.file)
        #expect(ClusterStatus(borrowed.ask()).leader == "n1")
        #expect(
            throws: ControlError.usage(
                "--endpoint needs --authority FILE and --token-file FILE where there is no /none")
        ) {
            try ClusterView(endpoints: address, authorityFile: nil, tokenFile: nil, clusterFile: "/none")
        }
        #expect(throws: ControlError.usage("--endpoint takes HOST:PORT,…: `x` is no address with a port")) {
            try ClusterView(endpoints: "x", authorityFile: nil, tokenFile: nil, clusterFile: "/none")
        }
    }

    @Test func `leadership is handed to the node that was named`() throws {
        let scene = try Scene()
        let boards = scene.boards
        let asked = scene.answer(0, .done([OperatorFact("pause_ms", .decimal(1.5))])) { Scene.elect(2, 5, boards) }
        let report = try scene.view().failover(to: "n3", isForced: false)
        #expect(asked.all == [.failover(target: NodeID("n3"), isForced: false)])
        #expect(report.from == "n1" && report.to == "n3" && report.term == 5 && report.pauseMilliseconds == 1.5)
        #expect(report.text.hasPrefix("leadership went from n1 to n3 in term 5, writes waited 1.5 ms, "))
    }

    @Test func `the node that leads already needs no hand-over`() throws {
        let scene = try Scene()
        let asked = scene.answer(0, .done([]))
        let report = try scene.view().failover(to: "n1", isForced: false)
        #expect(report.text == "n1 leads already in term 4: nothing was done\n")
        #expect(asked.all.isEmpty)
    }

    @Test func `a refusal ends with 3 and names the flag only when there is one`() throws {
        let scene = try Scene()
        _ = scene.answer(0, .refused(reason: "n2 is behind", override: "force"))
        let error = #expect(throws: ControlError.self) { try scene.view().failover(to: "n2", isForced: false) }
        #expect(error?.exitCode == 3)
        #expect(error?.description == "refused: n2 is behind")
        #expect(error?.remedy.text.hasSuffix("or insist with --force") == true)
        _ = scene.answer(0, .refused(reason: "another hand-over is under way", override: nil))
        let other = #expect(throws: ControlError.self) { try scene.view().failover(to: "n2", isForced: true) }
        #expect(other?.exitCode == 3)
        #expect(other?.remedy.text.contains("--") == false)
    }

    @Test func `a leader that has just changed is followed`() throws {
        let scene = try Scene()
        let boards = scene.boards
        _ = scene.answer(0, .notLeader(leader: NodeID("n2")))
        _ = scene.answer(1, .done([])) { Scene.elect(0, 6, boards) }
        let report = try scene.view().failover(to: nil, isForced: false)
        #expect(report.from == "n2" && report.to == "n1")
    }

    @Test func `an end that is not known is told as such`() throws {
        let scene = try Scene()
        _ = scene.answer(0, .timedOut)
        #expect(throws: ControlError.self) { try scene.view().failover(to: nil, isForced: false) }
        _ = scene.answer(0, .done([]))
        let error = #expect(throws: ControlError.self) {
            try scene.view().failover(to: nil, isForced: false, within: .milliseconds(300))
        }
        #expect(error?.exitCode == 4)
        _ = scene.answer(0, .failed(reason: "n2 did not catch up", remedy: .retry("try again")))
        let failed = #expect(throws: ControlError.self) { try scene.view().failover(to: nil, isForced: false) }
        #expect(failed?.exitCode == 1)
        #expect(failed?.remedy.text == "try again")
    }

    @Test func `without a leader nothing is asked`() throws {
        let scene = try Scene()
        scene.stop(0)
        let error = #expect(throws: ControlError.self) { try scene.view().failover(to: nil, isForced: false) }
        #expect(error == .noLeader(reason: "n1 did not answer"))
    }

    @Test func `a description that cannot be used is named`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/cluster.json"
        #expect(throws: ControlError.clusterFile(path: path, reason: "No such file or directory (ENOENT)")) {
            try ClusterView(file: path)
        }
        for (text, reason) in [
            ("{", "is no description of a cluster: no valid JSON"),
            ("{}", "is no description of a cluster: `name` is missing"),
            (#"{"name": 1}"#, "is no description of a cluster: `name` has another type"),
        ] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: ControlError.clusterFile(path: path, reason: reason)) { try ClusterView(file: path) }
        }
    }
}
