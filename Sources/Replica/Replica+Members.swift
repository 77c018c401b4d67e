// Members in the log: who is one, where it is found, and which data directory is its own.

import ByteCoding
public import Consensus
public import LogFormat
import PeerProtocol
public import Vocabulary

extension Replica {
    // MARK: Reading

    /// The configurations among the entries of an append's frames. An entry that cannot be read is told when it is
    /// applied; until then what is in force stays.
    func configurations(
        in frames: [Frame], from sender: NodeID, into effects: inout ReplicaEffects
    ) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        for frame in frames where frame.header.kind == .membership {
            guard let change = Replica.configuration(in: frame) else { continue }
            changes.append(change)
        }
        return changes
    }

    /// The configuration that a membership frame brings, if it brings one.
    public static func configuration(in frame: Frame) -> ConfigurationChange? {
        var change: ConfigurationChange?
        try? frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            var index = frame.header.firstIndex
            while let range = try cursor.next(in: payload) {
                let entry = payload.extracting(range)
                if ConfigurationCoding.isConfiguration(entry), let found = try? ConfigurationCoding.decode(entry) {
                    change = ConfigurationChange(index: index, configuration: found)
                }
                index = index.next
            }
        }
        return change
    }

    /// Carries out an entry of a membership frame.
    mutating func takeMembers(
        _ entry: RawSpan, at index: LogIndex, _ term: Term, into effects: inout ReplicaEffects
    ) {
        guard failure == nil else { return }
        if MemberBook.isBook(entry) {
            guard let book = try? MemberBook.decode(entry) else {
                failure = .unreadableEntry(index, term, what: "it is no list of addresses")
                return
            }
            for member in book.members { addresses.enter(member) }
        } else if ConfigurationCoding.isConfiguration(entry) {
            guard let configuration = try? ConfigurationCoding.decode(entry) else {
                failure = .unreadableEntry(index, term, what: "it is no configuration")
                return
            }
            for peer in connected where appliedConfiguration.isMember(peer.node) && !configuration.isMember(peer.node) {
                formerConversations.insert(peer.conversation)
            }
            appliedConfiguration = configuration
            registry.keep { configuration.isMember($0) }
            addresses.keep { configuration.isMember($0) }
        } else {
            register(entry, at: index, term, into: &effects)
        }
    }

    private mutating func register(
        _ entry: RawSpan, at index: LogIndex, _ term: Term, into effects: inout ReplicaEffects
    ) {
        guard let members = try? MemberRegistry.decode(entry) else {
            failure = .unreadableEntry(index, term, what: "it is no list of members")
            return
        }
        // One that was removed in the meantime is none.
        for (node, storage) in members where appliedConfiguration.isMember(node) {
            if registry.register(node, storage) { effects.news.append(.memberRegistered(node, storage)) }
        }
    }

    // MARK: Addresses

    /// Where `node` is found, as the log says, applied or not: who takes part in the decision whether an entry is
    /// committed has to be found before it is. Nil for a node that only the settings know.
    public func addresses(of node: NodeID) -> MemberAddresses? {
        announcedAddresses.last { $0.addresses.node == node }?.addresses ?? addresses[node]
    }

    /// Takes note of the addresses that a frame brings which was added to the log.
    mutating func noteAddresses(in frame: Frame) {
        guard frame.header.kind == .membership else { return }
        var found: [(LogIndex, MemberAddresses)] = []
        try? frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            var index = frame.header.firstIndex
            while let range = try cursor.next(in: payload) {
                let entry = payload.extracting(range)
                if MemberBook.isBook(entry), let book = try? MemberBook.decode(entry) {
                    for member in book.members { found.append((index, member)) }
                }
                index = index.next
            }
        }
        announcedAddresses += found
    }

    // MARK: Changing

    mutating func changeMembers(
        _ request: MembershipRequest, _ addresses: MemberAddresses?, isForced: Bool, at now: Moment,
        into effects: inout ReplicaEffects
    ) {
        do throws(MembershipRefusal) {
            try raft.changeMembership(request, isForced: isForced, now: now.instant, into: &directives)
            awaitedAddresses = addresses
        } catch { effects.news.append(.membershipRefused(error)) }
    }

    /// Puts a configuration into the log, behind the addresses of whoever it adds.
    mutating func propose(
        _ configuration: Configuration, at now: Moment, into effects: inout ReplicaEffects
    ) {
        // The office may have ended since consensus asked: what was committed with that, and applied before, may have
        // shown that this state is not the others'.
        guard raft.awaits(configuration) else { return awaitedAddresses = nil }
        precondition(builder.count == 0, "a configuration among other entries")
        if let addresses = awaitedAddresses, configuration.isMember(addresses.node) {
            builder.appendEntry(MemberBook.encode([addresses]).rawBytes)
        }
        awaitedAddresses = nil
        builder.appendEntry(ConfigurationCoding.encode(configuration).rawBytes)
        seal(.membership, configuration: configuration, at: now, into: &effects)
    }
}
