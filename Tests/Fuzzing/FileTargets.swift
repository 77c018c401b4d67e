// Small files that programs read back: who a data directory belongs to, and where a cluster's nodes are.

import ByteCoding
import LogStore
import NodeControl

extension FuzzTarget {
    /// The bytes as they are, then with a true checksum. What is accepted, encoded anew, is accepted as the same.
    static let identityFiles = FuzzTarget("identity-files", lengthMax: 256) { bytes throws(Violation) in
        var sealed = bytes
        if sealed.count >= 12 {
            sealed.store(littleEndian: CRC32C.checksum(sealed.rawBytes.extracting(12..<sealed.count)), at: 8)
        }
        for candidate in [bytes, sealed] {
            guard case .success(let file) = IdentityFile.decode(candidate.rawBytes) else { continue }
            try require(candidate.count == IdentityFile.byteCount, "\(candidate.count) bytes were taken")
            let again = try? IdentityFile.decode(file.encoded.rawBytes).get()
            try require(again == file, "\(file) was read back as \(again as Any)")
        }
    }

    /// What is accepted, encoded anew, is accepted as the same.
    static let clusterFiles = FuzzTarget("cluster-files") { bytes throws(Violation) in
        let file: ClusterFile
        do throws(ControlError) { file = try ClusterFile.decode(bytes, path: "c") } catch {
            return try require(!"\(error)".isEmpty && !error.remedy.text.isEmpty, "an error without a word")
        }
        let again = try? ClusterFile.decode(file.encoded(path: "c"), path: "c")
        try require(again == file, "\(file) was read back as \(again as Any)")
    }
}
