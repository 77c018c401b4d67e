// Objects, runs, names and manifests of an archive, as whoever can write to the store may leave them.

import ArchiveFormat
import ByteCoding
import Hashing
import LogFormat
import Vocabulary

extension FuzzTarget {
    /// The bytes as they are, and as the contents of an object that is true: what opens gives its length, and what of
    /// that is a run follows itself.
    static let archiveObjects = FuzzTarget("archive-objects") { bytes throws(Violation) in
        for candidate in [bytes, ArchiveCheck.object(around: bytes)] {
            guard let object = try? ArchiveObject(candidate), let plain = try? object.plain() else { continue }
            try require(plain.count == object.plainLength, "\(plain.count) bytes of \(object.plainLength)")
            guard let run = try? LogRun(object, limit: .mebibytes(1)) else { continue }
            try require(run.frames.frames.first?.header.firstIndex == run.facts.first, "another first index")
            try require(run.frames.frames.last?.header.lastIndex == run.facts.last, "another last index")
        }
    }

    /// As they are, and with a true checksum: what is accepted survives being encoded.
    static let backupManifests = FuzzTarget("backup-manifests", lengthMax: 8192) { bytes throws(Violation) in
        for candidate in [bytes, ArchiveCheck.sealed(bytes)] {
            guard let manifest = try? BackupManifest.decode(candidate) else { continue }
            let again = try? BackupManifest.decode(manifest.encoded)
            try require(
                again?.id == manifest.id && again?.packs == manifest.packs, "\(manifest.id) was read back otherwise")
        }
    }

    /// As they are, and with a true checksum: what is accepted survives being encoded.
    static let archiveRecords = FuzzTarget("archive-records", lengthMax: 8192) { bytes throws(Violation) in
        for candidate in [bytes, ArchiveCheck.sealed(bytes)] {
            if let drill = try? DrillRecord.decode(candidate) {
                let again = try? DrillRecord.decode(drill.encoded)
                try require(again == drill, "\(drill.id) was read back otherwise")
            }
            guard let tried = try? VerificationRecord.decode(candidate) else { continue }
            let again = try? VerificationRecord.decode(tried.encoded)
            try require(
                again?.id == tried.id && again?.failure == tried.failure && again?.position == tried.position,
                "\(tried.id) was read back otherwise")
        }
    }

    /// A text is a name in one form only.
    static let archiveNames = FuzzTarget("archive-names", lengthMax: 512) { bytes throws(Violation) in
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        if let name = RunName(text) { try require(name.description == text, "\(text) is \(name)") }
        if let name = PieceName(text) { try require(name.description == text, "\(text) is \(name)") }
        if let name = BackupID(text) { try require(name.text == text, "\(text) is \(name)") }
        if let name = TimelineName(text) { try require(name.description == text, "\(text) is \(name)") }
        if let time = TimeText.full(text) { try require(TimeText.full(time.description) == time, "\(text) is \(time)") }
    }
}

private enum ArchiveCheck {
    /// An object of a run whose contents are these bytes.
    static func object(around bytes: [UInt8]) -> [UInt8] {
        var builder = ArchiveObjectBuilder()
        if !bytes.isEmpty { builder.append(bytes.rawBytes) }
        let header = try? FrameHeader.decode(frame: bytes.rawBytes, limit: .mebibytes(1))
        let first = header?.firstIndex ?? LogIndex(1)
        let facts = RunFacts(
            first: first, last: header?.lastIndex ?? first, firstTime: header?.timestamp ?? .zero,
            lastTime: header.map { $0.timestamp.advanced(by: Int($0.count) - 1) } ?? .zero, chain: .origin,
            previousTerm: header?.previousTerm ?? .zero, previousChecksum: header?.previousChecksum ?? 0)
        var trailer = ArchiveTrailer()
        trailer.chain = ChainValue.origin.followed(by: bytes.rawBytes)
        trailer.lastTerm = header?.term ?? .zero
        trailer.lastChecksum = header?.checksum ?? 0
        let owner = ArchiveOwner(cluster: ClusterID(high: 1, low: header?.cluster ?? 2), timeline: .first)
        return builder.finish(ArchiveHeader(owner: owner, term: Term(1), contents: .run(facts)), trailer)
    }

    /// With the last brace replaced by a true seal.
    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == UInt8(ascii: "}") else { return bytes }
        let open = Array(bytes.dropLast())
        return open + Array(",\"checksum\":\"sha256:\(Hex.text(SHA256.hash(open)))\"}".utf8)
    }
}
