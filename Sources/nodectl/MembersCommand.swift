// `nodectl members …`: who belongs to the cluster, and changes of that.

import ArgumentParser
import NodeControl
import Platform
import Settings

struct MembersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members", abstract: "Shows the members, adds and removes them.",
        discussion: """
            The members are a matter of the cluster's log: a change needs a leader and a majority, takes effect on \
            every node, and survives restarts. Exit code 3 when it would be unsafe, 4 when it is not over in time.
            """,
        subcommands: [List.self, Add.self, Promote.self, Remove.self, Replace.self, Token.self],
        defaultSubcommand: List.self)

    /// Where a node is reached that becomes a member.
    struct Place: ParsableArguments {
        @Option(help: "Where the other nodes reach it: HOST:PORT.")
        var peer: String

        @Option(help: "What clients are told: HOST:PORT, with a name that is in its certificate.")
        var client: String

        @Option(help: "The same for clients without TLS.")
        var clientPlaintext: String?

        @Option(help: "Where operators reach it: HOST:PORT.")
        var admin: String?

        func entry(_ id: String) throws(ControlError) -> MemberEntry {
            try MemberEntry(id: id, peer: peer, client: client, clientPlaintext: clientPlaintext, admin: admin)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the members and what is under way.")
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            surroundings.show(try surroundings.view().members())
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a node, which is sent the log and counts for nothing until it is promoted.",
            discussion: """
                The node's own settings have `node.joins: true` and list the members. It may be started before or after.
                """)
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The new node's name.") var node: String
        @OptionGroup var place: Place
        @Flag(help: "Make it a voter as soon as it has caught up, and wait for that.") var voter = false

        func run() throws {
            try Surroundings(parent.root.common, common).change(.add(try place.entry(node), asVoter: voter))
        }
    }

    struct Promote: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a learner a voter.")
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The learner.") var node: String
        @Flag(help: "Wait until it has caught up, instead of refusing when it has not.") var whenCaughtUp = false
        @Flag(help: "Also when the cluster may stop until more nodes are there.") var force = false

        func run() throws {
            try Surroundings(parent.root.common, common)
                .change(.promote(node, whenCaughtUp: whenCaughtUp), isForced: force)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a voter or a learner; one that leads hands over.")
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The node that goes.") var node: String
        @Flag(help: "Also when fewer nodes may fail afterwards, or the cluster may stop until more are there.")
        var force = false

        func run() throws {
            try Surroundings(parent.root.common, common).change(.remove(node), isForced: force)
        }
    }

    struct Replace: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a node in a voter's place, or takes one in anew that lost its disk.",
            discussion: """
                With another name, the new node takes the old one's place in one step once it has caught up. With the \
                same name, or none, the node is removed, added and promoted: its data directory is a new one then, and \
                its addresses stay unless they are given.
                """)
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The voter that goes.") var node: String
        @Argument(help: "The node that takes its place (default: a new one of the same name).") var by: String?
        @Option(help: "Where the other nodes reach it: HOST:PORT.") var peer: String?
        @Option(help: "What clients are told: HOST:PORT.") var client: String?
        @Option(help: "The same for clients without TLS.") var clientPlaintext: String?
        @Option(help: "Where operators reach it: HOST:PORT.") var admin: String?
        @Flag(help: "Also when the cluster may stop until more nodes are there.") var force = false

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let known = try surroundings.view().members().members.first { $0.id == by ?? node }
            guard let peer = peer ?? known?.peer, let client = client ?? known?.client else {
                throw ControlError.usage("\(by ?? node) needs --peer HOST:PORT and --client HOST:PORT")
            }
            let entry = try MemberEntry(
                id: by ?? node, peer: peer, client: client, clientPlaintext: clientPlaintext ?? known?.clientPlaintext,
                admin: admin ?? known?.admin)
            try surroundings.change(.replace(node, with: entry), isForced: force)
        }
    }

    struct Token: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token by which one new node of that name may join: see `nodectl join`.",
            discussion: """
                It is good once, until it expires, and as long as the leader has the authority's key \
                (`tls.authority-key`). Whoever has it becomes a member, with all that members know: keep it as you \
                keep an admin token.
                """)
        @ParentCommand var parent: MembersCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The new node's name.") var node: String
        @Option(help: "How long it is good, up to 7d.") var ttl = "15m"
        @Flag(help: "The node stays a learner; else it becomes a voter once it has caught up.") var learner = false

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            guard let lifetime = Duration(written: ttl), lifetime >= .seconds(1) else {
                throw ControlError.usage("--ttl \(ttl) is no time of a second or more: write 15m or 2h")
            }
            let issued = try surroundings.view().token(for: node, asLearner: learner, lifetime: lifetime)
            surroundings.print(json: issued.json, table: issued.token + "\n")
        }
    }

    @ParentCommand var root: Nodectl
}

extension Surroundings {
    func change(_ request: MemberRequest, isForced: Bool = false) throws(ControlError) {
        show(try view().change(request, isForced: isForced) { StandardStreams.writeError("members: \($0)\n") })
    }

    func show(_ list: MemberList) { print(json: list.json, table: list.table(inColour: inColour)) }
}
