// What settings name on disk: it must be there, and secrets must be closed to others.

import Platform

/// Checks the files that settings name. Contents are left to those who use them, but for tokens.
struct SettingsFileChecks {
    private var reader: SettingsReader

    init(_ reader: SettingsReader) { self.reader = reader }

    var problems: [SettingsProblem] { reader.problems }

    mutating func check(_ settings: NodeSettings) {
        check(TLSTable.common, settings.tls.client)
        check(TLSTable.client, settings.tls.client)
        check(TLSTable.peer, settings.tls.peer)
        check(TLSTable.admin, settings.tls.admin)
        if let key = settings.tls.authorityKey { checkSecret(SettingTable.authorityKey.key, key) }
        checkTokens(SettingTable.clientTokens.key, settings.authentication.clientTokenFile)
        checkTokens(SettingTable.adminTokens.key, settings.authentication.adminTokenFile)
        checkTokens(SettingTable.metricsTokens.key, settings.authentication.metricsTokenFile)
        if let file = settings.archive.credentialsFile { checkSecret(ArchiveTable.credentials.key, file) }
        if let file = settings.archive.authorityFile { checkReadable(ArchiveTable.authority.key, file) }
        checkDirectory(SettingTable.dataDirectory.key, settings.dataDirectory)
        checkDirectory(SettingTable.logDirectory.key, settings.logDirectory)
        checkDirectory(SnapshotTable.directory.key, settings.snapshots.directory)
    }

    /// The parts that this table's own keys gave; what they did not give was checked where it was given.
    private mutating func check(_ table: TLSTable, _ files: TLSFiles) {
        if isGiven(table.certificate.key) { checkReadable(table.certificate.key, files.certificate) }
        if isGiven(table.authority.key) { checkReadable(table.authority.key, files.authority) }
        if isGiven(table.key.key) { checkSecret(table.key.key, files.key) }
    }

    private mutating func checkSecret(_ key: String, _ path: String) {
        guard checkReadable(key, path) else { return }
        do throws(TokenFileError) {
            try TokenFile.checkClosed(path)
        } catch {
            reader.note(key, "\(error)", error.remedy.text)
        }
    }

    private func isGiven(_ key: String) -> Bool { reader.origin(of: key) != .standard }

    @discardableResult private mutating func checkReadable(_ key: String, _ path: String) -> Bool {
        do throws(SystemError) {
            _ = try FileSystem.readAll(path, limit: SettingsFile.sizeMax)
            return true
        } catch {
            reader.note(key, "cannot be read: \(error)", error.remedy.text)
            return false
        }
    }

    private mutating func checkTokens(_ key: String, _ path: String?) {
        guard let path else { return }
        do throws(TokenFileError) {
            _ = try TokenFile.read(path)
        } catch {
            reader.note(key, "\(error)", error.remedy.text)
        }
    }

    /// A directory may be missing: the node makes it. What is there must be a directory.
    private mutating func checkDirectory(_ key: String, _ path: String) {
        if FileSystem.exists(path), !FileSystem.isDirectory(path) {
            reader.note(key, "\(path) is no directory", "name a directory, or a place where one can be made")
        }
    }
}
