// What must hold between settings: each inequality and each pair that must differ, with the setting to change.

import Vocabulary

/// Checks relations between values that are each valid by themselves.
struct SettingsRelations {
    private var reader: SettingsReader

    init(_ reader: SettingsReader) { self.reader = reader }

    var problems: [SettingsProblem] { reader.problems }

    mutating func check(_ settings: NodeSettings) {
        checkMembers(settings)
        checkPorts(settings.listeners)
        checkPlaintext(settings)
        checkTimes(settings)
        checkSizes(settings)
        checkDirectories(settings)
    }

    private mutating func checkMembers(_ settings: NodeSettings) {
        let members = settings.members
        if !members.contains(where: { $0.id == settings.node }) {
            reader.note("members", "does not list this node, \(settings.node)", "add it, or correct `node.id`")
        }
        if settings.joins, settings.others.isEmpty {
            reader.note("members", "lists nobody to join", "list the members that `node.joins` is about")
        }
        for (one, other) in pairs(of: members) {
            if one.id == other.id {
                reader.note("members", "lists \(one.id) twice", "give every node a name of its own")
                continue
            }
            for (name, address) in one.addresses where other.addresses.contains(where: { $0.address == address }) {
                reader.note(
                    "members", "gives \(one.id) and \(other.id) the same address \(address) (`\(name)`)",
                    "give every node addresses of its own")
            }
        }
    }

    private mutating func checkPorts(_ listeners: ListenerSettings) {
        for (one, other) in pairs(of: listeners.byKey) where one.address.overlaps(other.address) {
            reader.note(
                other.key, "listens on \(other.address), which `\(one.key)` takes (\(one.address))",
                "give each port its own number")
        }
    }

    private mutating func checkPlaintext(_ settings: NodeSettings) {
        let listeners = settings.listeners
        if let plaintext = listeners.clientPlaintext, !plaintext.isLoopback {
            reader.note(
                "listen.client-plaintext", "would send passwords and records over the network in the clear",
                "listen on a loopback address such as 127.0.0.1:\(plaintext.port), or use `listen.client`")
        }
        if !settings.authentication.isRequired, !listeners.client.isLoopback {
            reader.note(
                "auth.required", "is false while `listen.client` is \(listeners.client), open to the network",
                "set it to true, or listen on 127.0.0.1:\(listeners.client.port)")
        }
    }

    private mutating func checkTimes(_ settings: NodeSettings) {
        let consensus = settings.consensus
        let requests = settings.requests
        atLeast(
            "election.timeout-min", consensus.electionTimeoutMin, consensus.heartbeatInterval * 3,
            "three times `heartbeat.interval`, so that two lost heartbeats cost no election")
        atLeast(
            "election.timeout-max", consensus.electionTimeoutMax, consensus.electionTimeoutMin * 6 / 5,
            "1.2 times `election.timeout-min`, or candidates meet too often")
        if consensus.probeDelayMax >= consensus.electionTimeoutMin {
            reader.note(
                "election.probe-delay-max", "is not shorter than `election.timeout-min`",
                "write less than \(SettingForm.text(consensus.electionTimeoutMin))")
        }
        atLeast(
            "request.hold-timeout", requests.holdTimeout, consensus.electionTimeoutMax,
            "`election.timeout-max`, or every election refuses requests")
        atLeast("request.timeout", requests.timeout, requests.holdTimeout, "`request.hold-timeout`")
    }

    private mutating func checkSizes(_ settings: NodeSettings) {
        let consensus = settings.consensus
        atLeast(
            "peer.inflight-bytes-max", consensus.inflightBytesMax, consensus.appendBytesMax,
            "`peer.append-bytes-max`")
        atLeast(
            "peer.uncommitted-bytes-max", consensus.uncommittedBytesMax, consensus.inflightBytesMax,
            "`peer.inflight-bytes-max`")
        atLeast(
            "log.retain", settings.log.retain, consensus.inflightBytesMax,
            "`peer.inflight-bytes-max`, or a follower is sent a snapshot for what is under way to it")
        atLeast(
            "client.output-buffer-max", settings.clients.outputBufferMax, settings.clients.requestSizeMax,
            "`client.request-size-max`, or the largest value cannot be read back")
    }

    /// A snapshot directory is swept of what no snapshot names, so nothing of the log or of the node may be in it.
    private mutating func checkDirectories(_ settings: NodeSettings) {
        let snapshots = settings.snapshots.directory
        let others = [("data.directory", settings.dataDirectory), ("log.directory", settings.logDirectory)]
        guard
            let (key, held) = others.first(where: { _, other in
                snapshots == "/" || (other + "/").hasPrefix(snapshots + "/")
            })
        else { return }
        reader.note(
            "snapshot.directory", "is \(snapshots), which holds `\(key)` (\(held))",
            "give the snapshots a directory of their own, such as \(settings.dataDirectory)/snapshots")
    }

    /// Notes a setting that is less than `bound`; the place named is the one that was given, if only one was.
    private mutating func atLeast(_ key: String, _ value: Duration, _ bound: Duration, _ words: String) {
        guard value < bound else { return }
        reader.note(
            key, "is \(SettingForm.text(value)), less than \(words)", "write at least \(SettingForm.text(bound))")
    }

    private mutating func atLeast(_ key: String, _ value: ByteCount, _ bound: ByteCount, _ words: String) {
        guard value < bound else { return }
        reader.note(key, "is \(value), less than \(words)", "write at least \(bound)")
    }

    /// Each pair of different places, in order.
    private func pairs<Element>(of list: [Element]) -> [(Element, Element)] {
        list.indices.flatMap { i in list.indices[(i + 1)...].map { (list[i], list[$0]) } }
    }
}

extension Member {
    fileprivate var addresses: [(name: String, address: HostPort)] {
        var all = [("peer", peer), ("client", client)]
        if let clientPlaintext { all.append(("client-plaintext", clientPlaintext)) }
        if let admin { all.append(("admin", admin)) }
        return all
    }
}

extension ListenerSettings {
    fileprivate var byKey: [(key: String, address: HostPort)] {
        var all = [("listen.client", client), ("listen.peer", peer), ("listen.admin", admin)]
        if let clientPlaintext { all.append(("listen.client-plaintext", clientPlaintext)) }
        return all
    }
}

extension HostPort {
    /// Whether two listeners would want the same port of the same address.
    fileprivate func overlaps(_ other: HostPort) -> Bool {
        port == other.port && (host == other.host || isUnspecified || other.isUnspecified)
    }
}
