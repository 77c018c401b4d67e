// SUBSCRIBE and its kin, PUBLISH, PUBSUB: what a session wants done with its node's registry of subscriptions.

import RESP

/// An order that its session has checked. The words that it is about are those of the request.
public struct PubSubOrder: Sendable {
    public enum Verb: Sendable {
        case subscribe(SubscriptionKind)
        case unsubscribe(SubscriptionKind)
        /// Give the message, the request's third word, to all who listen to the channel, its second: here, then on all
        /// other nodes. The reply is how many clients of this node it was given to.
        case publish(isSharded: Bool)
        /// `PUBSUB CHANNELS [pattern]` and `PUBSUB SHARDCHANNELS [pattern]`.
        case listChannels(isSharded: Bool)
        /// `PUBSUB NUMSUB [channel …]` and `PUBSUB SHARDNUMSUB [channel …]`.
        case countReceivers(isSharded: Bool)
        case countPatterns
        /// End all subscriptions without a word: the session has answered.
        case leave
    }

    public let verb: Verb
    /// Whether the client wants no reply. What tells of subscriptions and messages is sent all the same, as in Redis.
    public internal(set) var isMuted = false

    init(_ verb: Verb) { self.verb = verb }

    /// Nil when the request is not well-formed, or only about help; `reply` then says so.
    static func order(
        _ command: LocalCommand, _ request: borrowing Request, _ reply: inout ReplyWriter
    ) -> PubSubOrder? {
        switch command {
        case .subscribe: PubSubOrder(.subscribe(.channel))
        case .psubscribe: PubSubOrder(.subscribe(.pattern))
        case .ssubscribe: PubSubOrder(.subscribe(.shardChannel))
        case .unsubscribe: PubSubOrder(.unsubscribe(.channel))
        case .punsubscribe: PubSubOrder(.unsubscribe(.pattern))
        case .sunsubscribe: PubSubOrder(.unsubscribe(.shardChannel))
        case .publish: PubSubOrder(.publish(isSharded: false))
        case .spublish: PubSubOrder(.publish(isSharded: true))
        default: question(request, &reply)
        }
    }

    private static func question(_ request: borrowing Request, _ reply: inout ReplyWriter) -> PubSubOrder? {
        let subcommand = request.name(1)
        switch subcommand {
        case "channels" where request.count <= 3: return PubSubOrder(.listChannels(isSharded: false))
        case "shardchannels" where request.count <= 3: return PubSubOrder(.listChannels(isSharded: true))
        case "numsub": return PubSubOrder(.countReceivers(isSharded: false))
        case "shardnumsub": return PubSubOrder(.countReceivers(isSharded: true))
        case "numpat" where request.count == 2: return PubSubOrder(.countPatterns)
        case "help" where request.count == 2: Session.writeHelp("PUBSUB", help, &reply)
        case "numpat", "help": Session.refuseArity("pubsub|" + subcommand, &reply)
        case "channels", "shardchannels":
            reply.error(
                "ERR unknown subcommand or wrong number of arguments for '", quoting: request[1],
                "'. Try PUBSUB HELP.")
        default: Session.refuseSubcommand("PUBSUB", request, &reply)
        }
        return nil
    }

    private static let help = [
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
    ]
}
