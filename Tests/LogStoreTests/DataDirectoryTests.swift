// Data directories: each way in which one is the wrong one has its own error.

import ByteCoding
import LogFormat
import Platform
import Testing
import Vocabulary

@testable import LogStore

@Suite struct DataDirectoryTests {
    let node = NodeID("n1")!

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = try FileSystem.makeTemporaryDirectory()
        defer { try? FileSystem.removeTree(path) }
        try body(path + "/data")
    }

    /// Makes a directory as a node would, and lets go of it.
    private func make(_ path: String) throws {
        let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
        _ = try directory.openLog(options: LogWorld.small)
    }

    @Test func `a directory is made with an identity that stays`() throws {
        try withDirectory { path in
            try make(path)
            let first = try DataDirectory.identity(at: path)
            let again = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            #expect(again.identity == first)
            #expect(again.identity.cluster == LogWorld.cluster)
            #expect(try FileSystem.status(path)?.permissions == 0o700)
        }
    }

    @Test func `a second process is told so`() throws {
        try withDirectory { path in
            let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            #expect(throws: DataDirectoryError.inUse(path: path)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
            #expect(directory.path == path)
        }
    }

    @Test func `another cluster's and another node's directory are refused`() throws {
        try withDirectory { path in
            try make(path)
            let cluster = ClusterID(high: 8, low: 8)
            #expect(
                throws: DataDirectoryError.otherCluster(path: path, found: LogWorld.cluster, expected: cluster)
            ) { try DataDirectory.open(path, cluster: cluster, node: node) }
            let other = NodeID("n2")!
            #expect(throws: DataDirectoryError.otherNode(path: path, found: node, expected: other)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: other)
            }
        }
    }

    @Test func `a damaged and a newer identity are told apart, and a lost one from an empty directory`() throws {
        try withDirectory { path in
            try make(path)
            let name = path + "/identity"
            let whole = try FileSystem.readAll(name, limit: 4096)
            for offset in whole.indices {
                var bytes = whole
                bytes[offset] ^= 4
                try FileSystem.writeAtomically(name, bytes.rawBytes)
                #expect(throws: DataDirectoryError.damagedIdentity(file: name)) {
                    try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
                }
            }
            var newer = whole
            newer.store(littleEndian: UInt32(3), at: 12)
            newer.store(littleEndian: CRC32C.checksum(newer.rawBytes.extracting(12..<newer.count)), at: 8)
            try FileSystem.writeAtomically(name, newer.rawBytes)
            #expect(throws: DataDirectoryError.newerVersion(file: name, found: 3, supported: 2)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
            newer.store(littleEndian: UInt32(0), at: 12)
            newer.store(littleEndian: CRC32C.checksum(newer.rawBytes.extracting(12..<newer.count)), at: 8)
            try FileSystem.writeAtomically(name, newer.rawBytes)
            #expect(throws: DataDirectoryError.damagedIdentity(file: name)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
            try FileSystem.remove(name)
            #expect(throws: DataDirectoryError.identityMissing(path: path)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
        }
    }

    @Test func `a directory that others may use and a file in its place are refused`() throws {
        try withDirectory { path in
            try FileSystem.makeDirectory(path)
            try FileSystem.setPermissions(path, 0o777)
            #expect(throws: DataDirectoryError.tooOpen(path: path, permissions: 0o777)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
            try FileSystem.remove(path)
            try FileSystem.writeAtomically(path, [1].rawBytes)
            #expect(throws: DataDirectoryError.notADirectory(path: path)) {
                try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            }
        }
    }

    @Test func `a log that is gone from a directory in use is damage, and its node is fenced`() throws {
        try withDirectory { path in
            try make(path)
            for name in try FileSystem.listDirectory(path) where SegmentName.sequence(of: name) != nil {
                try FileSystem.remove(path + "/" + name)
            }
            let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            let (_, recovered) = try directory.openLog(options: LogWorld.small)
            #expect(recovered.state.fence != nil)
            #expect(recovered.state.isBallotUncertain)
            guard case .damaged(let damage, _) = recovered.verdict else {
                Issue.record("\(recovered.verdict)")
                return
            }
            #expect(damage.kind == .missingSegment)
        }
    }

    @Test func `an interrupted beginning is begun again`() throws {
        try withDirectory { path in
            do {
                let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
                // The log is made, and the process ends before the identity says so.
                _ = try LogEngine.open(
                    directory.storage, identity: directory.identity, isNew: true, options: LogWorld.small, now: .zero)
            }
            let directory = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
            #expect(directory.isNew)
            #expect(try directory.openLog(options: LogWorld.small).1.verdict == .new)
        }
    }

    @Test func `a damaged or lost identity is made again from the log, and the damaged one is kept`() throws {
        for isLost in [false, true] {
            try withDirectory { path in
                try make(path)
                let identity = try DataDirectory.identity(at: path)
                var bytes = try FileSystem.readAll(path + "/identity", limit: 4096)
                bytes[50] ^= 1
                try FileSystem.writeAtomically(path + "/identity", bytes.rawBytes)
                if isLost { try FileSystem.remove(path + "/identity") }
                let (made, kept) = try IdentityRepair.run(path, logDirectory: path)
                #expect(made == identity)
                #expect(try kept.map { try FileSystem.readAll($0, limit: 4096) } == (isLost ? nil : bytes))
                let again = try DataDirectory.open(path, cluster: LogWorld.cluster, node: node)
                #expect(again.identity == identity && !again.isNew)
                #expect(throws: DataDirectoryError.inUse(path: path)) {
                    try IdentityRepair.run(path, logDirectory: path)
                }
            }
        }
        try withDirectory { path in
            try FileSystem.makeDirectory(path, intermediate: true)
            #expect(throws: DataDirectoryError.identityLost(path: path)) {
                try IdentityRepair.run(path, logDirectory: path)
            }
        }
    }

    @Test func `every error has a text and a remedy`() {
        let errors: [DataDirectoryError] = [
            .notADirectory(path: "/d"), .cannotMake(path: "/d", user: "u", text: "t"),
            .unwritable(path: "/d", user: "u"), .wrongOwner(path: "/d", owner: 1, user: "u"),
            .tooOpen(path: "/d", permissions: 0o777), .noSpace(path: "/d", free: .zero, needed: .mebibytes(1)),
            .noFiles(path: "/d", free: 0, needed: 1), .inUse(path: "/d"), .damagedIdentity(file: "/d"),
            .identityMissing(path: "/d"), .newerVersion(file: "/d", found: 2, supported: 1), .log(.stopped),
        ]
        for error in errors {
            #expect(!error.description.isEmpty)
            #expect(!error.remedy.text.isEmpty)
        }
    }
}
