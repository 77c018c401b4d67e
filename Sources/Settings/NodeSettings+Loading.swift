// From a file, the environment and flags to settings that hold, or to every reason why they do not.

import Vocabulary

extension NodeSettings {
    /// Reads and checks a node's settings. Later sources win: file, then environment, then flags.
    ///
    /// - Parameters:
    ///   - path: the configuration file. Relative paths in it count from its directory.
    ///   - environment: the process's variables; those named `TRIREME_*` are taken.
    ///   - flags: see `SettingsFlag.take`.
    /// - Throws: every problem at once: values, relations, and files that are missing or open to others.
    public static func load(
        file path: String, environment: [String: String] = [:], flags: [SettingsFlag] = []
    ) throws(SettingsError) -> NodeSettings {
        let (settings, reader) = try read(SettingsFile(path: path), environment: environment, flags: flags)
        var checks = SettingsFileChecks(reader)
        checks.check(settings)
        if !checks.problems.isEmpty { throw SettingsError(checks.problems) }
        return settings
    }

    /// The same from text that is no file yet, without looking at the files that it names.
    public static func parse(
        _ text: String, path: String, environment: [String: String] = [:], flags: [SettingsFlag] = []
    ) throws(SettingsError) -> NodeSettings {
        try read(SettingsFile(path: path, text: text), environment: environment, flags: flags).settings
    }

    private static func read(
        _ file: SettingsFile, environment: [String: String], flags: [SettingsFlag]
    ) throws(SettingsError) -> (settings: NodeSettings, reader: SettingsReader) {
        if file.isBroken { throw SettingsError(file.problems) }
        var reader = SettingsReader(SettingsSources(file: file, environment: environment, flags: flags))
        let settings = NodeSettings(from: &reader, file: file.path)
        guard let settings, reader.problems.isEmpty else { throw SettingsError(reader.problems) }
        var relations = SettingsRelations(reader)
        relations.check(settings)
        if !relations.problems.isEmpty { throw SettingsError(relations.problems) }
        return (settings, reader)
    }

    /// Reads every setting, whatever is wrong with others. Nil when a required one is missing or refused.
    private init?(from reader: inout SettingsReader, file: String) {
        let node = reader.required(SettingTable.node, file: file)
        let cluster = reader.required(SettingTable.cluster, file: file)
        joins = reader.value(SettingTable.joins)
        clusterName = reader.value(SettingTable.clusterName)
        let members = reader.required(SettingTable.members, file: file)
        let dataDirectory = reader.required(SettingTable.dataDirectory, file: file)
        let logDirectory = reader.optional(SettingTable.logDirectory)
        let listeners = ListenerSettings(from: &reader, file: file)
        let tls = TLSSettings(from: &reader, file: file)
        let authentication = AuthenticationSettings(from: &reader, file: file)
        consensus = ConsensusSettings(from: &reader)
        requests = RequestSettings(
            holdTimeout: reader.value(SettingTable.hold), timeout: reader.value(SettingTable.request))
        log = LogSettings(from: &reader)
        stateCompareInterval = reader.value(SnapshotTable.compareInterval)
        stateScrubInterval = reader.value(SnapshotTable.scrubInterval)
        archive = ArchiveSettings(from: &reader)
        retention = RetentionSettings(from: &reader)
        cpuLatencyMax = reader.optional(SettingTable.cpuLatency)
        memoryMax = reader.optional(SettingTable.memoryMax)
        clients = ClientSettings(from: &reader)
        metricsAllow = reader.value(SettingTable.metricsAllow)
        logging = LoggingSettings(
            level: reader.value(SettingTable.logLevel), style: reader.value(SettingTable.logFormat))
        let snapshots = SnapshotSettings(from: &reader, standardDirectory: (dataDirectory ?? "") + "/snapshots")
        guard let node, let cluster, let members, let dataDirectory, let listeners, let tls, let authentication else {
            return nil
        }
        self.node = node
        self.cluster = cluster
        self.members = members
        self.dataDirectory = dataDirectory
        self.logDirectory = logDirectory ?? dataDirectory + "/log"
        self.snapshots = snapshots
        self.listeners = listeners
        self.tls = tls
        self.authentication = authentication
    }
}

extension ListenerSettings {
    fileprivate init?(from reader: inout SettingsReader, file: String) {
        let client = reader.required(SettingTable.listenClient, file: file)
        clientPlaintext = reader.optional(SettingTable.listenClientPlaintext)
        let peer = reader.required(SettingTable.listenPeer, file: file)
        let admin = reader.required(SettingTable.listenAdmin, file: file)
        guard let client, let peer, let admin else { return nil }
        self.client = client
        self.peer = peer
        self.admin = admin
    }
}

extension TLSSettings {
    fileprivate init?(from reader: inout SettingsReader, file: String) {
        let certificate = reader.required(SettingTable.tls.certificate, file: file)
        let key = reader.required(SettingTable.tls.key, file: file)
        let authority = reader.required(SettingTable.tls.authority, file: file)
        let common = TLSFiles(certificate: certificate ?? "", key: key ?? "", authority: authority ?? "")
        client = TLSFiles(TLSTable.client, common, from: &reader)
        peer = TLSFiles(TLSTable.peer, common, from: &reader)
        admin = TLSFiles(TLSTable.admin, common, from: &reader)
        minimum = reader.value(SettingTable.tlsMinimum)
        authorityKey = reader.optional(SettingTable.authorityKey)
        guard certificate != nil, key != nil, authority != nil else { return nil }
    }
}

extension TLSFiles {
    /// What is said of one port, in place of what is said of all.
    fileprivate init(_ table: TLSTable, _ common: TLSFiles, from reader: inout SettingsReader) {
        certificate = reader.optional(table.certificate) ?? common.certificate
        key = reader.optional(table.key) ?? common.key
        authority = reader.optional(table.authority) ?? common.authority
    }
}

extension AuthenticationSettings {
    fileprivate init?(from reader: inout SettingsReader, file: String) {
        isRequired = reader.value(SettingTable.authRequired)
        clientTokenFile = reader.optional(SettingTable.clientTokens)
        metricsTokenFile = reader.optional(SettingTable.metricsTokens)
        guard let admin = reader.required(SettingTable.adminTokens, file: file) else { return nil }
        adminTokenFile = admin
    }
}

extension ConsensusSettings {
    fileprivate init(from reader: inout SettingsReader) {
        electionTimeoutMin = reader.value(SettingTable.electionMin)
        electionTimeoutMax = reader.value(SettingTable.electionMax)
        heartbeatInterval = reader.value(SettingTable.heartbeat)
        probeDelayMax = reader.value(SettingTable.probeDelay)
        inflightBytesMax = reader.value(SettingTable.peerInflight)
        appendBytesMax = reader.value(SettingTable.appendBytes)
        catchUpRate = reader.value(SettingTable.catchUpRate)
        uncommittedBytesMax = reader.value(SettingTable.uncommitted)
    }
}

extension LogSettings {
    fileprivate init(from reader: inout SettingsReader) {
        segmentSize = reader.value(SettingTable.segmentSize)
        reserve = reader.value(SettingTable.logReserve)
        retain = reader.value(SettingTable.logRetain)
        scrubRate = reader.value(SettingTable.scrubRate)
        scrubInterval = reader.value(SettingTable.scrubInterval)
        compression = reader.value(SettingTable.compression)
        batchBytesMax = reader.value(SettingTable.batchBytes)
    }
}

extension SnapshotSettings {
    fileprivate init(from reader: inout SettingsReader, standardDirectory: String) {
        directory = reader.optional(SnapshotTable.directory) ?? standardDirectory
        logMin = reader.value(SnapshotTable.logMin)
        logPercent = reader.value(SnapshotTable.logPercent)
        let interval = reader.value(SnapshotTable.interval)
        self.interval = interval > .zero ? interval : nil
        keep = reader.value(SnapshotTable.keep)
        transferRate = reader.value(SnapshotTable.transferRate)
        compactInterval = reader.value(SnapshotTable.compactInterval)
    }
}

extension ClientSettings {
    fileprivate init(from reader: inout SettingsReader) {
        requestSizeMax = reader.value(SettingTable.requestSize)
        argumentsMax = reader.value(SettingTable.arguments)
        connectionsMax = reader.value(SettingTable.connections)
        outputBufferMax = reader.value(SettingTable.outputBuffer)
        outputTimeout = reader.value(SettingTable.outputTimeout)
        loginTimeout = reader.value(SettingTable.loginTimeout)
        keyEvents = reader.value(SettingTable.keyEvents)
    }
}
