// Manifests of backups: read as they are written, refused when anything is different.

import Testing
import Vocabulary

@testable import ArchiveFormat

@Suite struct BackupManifestTests {
    @Test func `a manifest is read as it is written`() throws {
        let manifest = Fixtures.manifest
        let found = try BackupManifest.decode(manifest.encoded)
        #expect(found == manifest)
        #expect(found.storedBytes == 160)
        #expect(found.expandedBytes == 210)
    }

    @Test func `no byte of a manifest can change without being found`() {
        let bytes = Fixtures.manifest.encoded
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 1
            #expect(throws: ArchiveFault.self, "byte \(position)") { try BackupManifest.decode(changed) }
        }
        for count in bytes.indices {
            #expect(throws: ArchiveFault.self) { try BackupManifest.decode(Array(bytes[..<count])) }
        }
    }

    @Test func `a newer version is told apart from damage`() {
        let bytes = SealedJSON.seal {
            $0.member("format", 2)
            $0.member("key_id", 0)
        }
        #expect(throws: ArchiveFault.newerVersion(found: 2, supported: 1)) { try BackupManifest.decode(bytes) }
    }

    @Test func `a checksum can be made with a shell's tools`() {
        // head -c -86 FILE | sha256sum
        #expect(SealedJSON.sealLength == 86)
    }
}
