// The particulars of the commands on secondary indexes, which Redis itself does not have.

extension CommandTable {
    static let indexes: [CommandSpec] = [
        CommandSpec(
            name: "index.create", code: .indexCreate, arity: -6, flags: [.write, .denyoom], firstKey: 0, lastKey: 0,
            keyStep: 0, categories: [.keyspace, .write, .slow, .dangerous], since: "7.0.0", group: "generic",
            summary: "Makes an index over fields of hashes."),
        CommandSpec(
            name: "index.drop", code: .indexDrop, arity: 2, flags: [.write], firstKey: 0, lastKey: 0,
            keyStep: 0, categories: [.keyspace, .write, .slow, .dangerous], since: "7.0.0", group: "generic",
            summary: "Drops an index; the records stay."),
        CommandSpec(
            name: "index.info", code: .indexInfo, arity: 2, flags: [.readonly, .fast], firstKey: 0, lastKey: 0,
            keyStep: 0, categories: [.keyspace, .read, .fast], since: "7.0.0", group: "generic",
            summary: "Tells what an index is of and how far it is built on this node."),
        CommandSpec(
            name: "index.list", code: .indexList, arity: 1, flags: [.readonly, .fast], firstKey: 0, lastKey: 0,
            keyStep: 0, categories: [.keyspace, .read, .fast], since: "7.0.0", group: "generic",
            summary: "Returns the names of all indexes."),
        CommandSpec(
            name: "index.query", code: .indexQuery, arity: -5, flags: [.readonly], firstKey: 0, lastKey: 0,
            keyStep: 0, categories: [.keyspace, .read, .slow], since: "7.0.0", group: "generic",
            summary: "Returns the keys of records by values of indexed fields."),
    ]
}
