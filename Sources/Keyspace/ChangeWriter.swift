// Changes as a consumer gets them: `[index, time, [word, …]]` for each command that changed a record.

import ByteCoding
public import RESP
public import Vocabulary

/// Puts the changes of entries behind one another, as elements of an array whose head somebody else writes.
public struct ChangeWriter: Sendable {
    /// Only commands that name a key which this matches, and those that name none; nil for all.
    private let pattern: [UInt8]?
    public private(set) var reply: ReplyWriter
    /// Elements so far.
    public private(set) var count = 0

    public init(matching pattern: [UInt8]?, version: RESPVersion) {
        self.pattern = pattern
        reply = ReplyWriter(version: version)
    }

    /// Adds what an entry that changed something has changed. `items` is what its `ChangeNotes` say; empty when they
    /// say no more than the entry. The entry was applied: its bytes are known to be one.
    public mutating func add(_ entry: RawSpan, _ items: RawSpan, index: LogIndex, at time: Timestamp) {
        guard let view = try? EntryView(entry) else { preconditionFailure("an applied entry that can not be read") }
        guard items.byteCount > 0 else {
            guard view.code == .envelope else { return add(view, index, time) }
            for position in 2..<max(2, view.arguments.count) { addEntry(view.arguments[position], index, time) }
            return
        }
        var reader = ByteReader(items)
        while let item = ChangeItem.next(&reader, in: items) {
            switch item {
            case .command(let range): addEntry(items.extracting(range), index, time)
            case .nested(let position) where view.code == .envelope:
                addEntry(view.arguments[position + 2], index, time)
            case .nested: add(view, index, time)
            }
        }
    }

    private mutating func addEntry(_ entry: RawSpan, _ index: LogIndex, _ time: Timestamp) {
        guard let view = try? EntryView(entry) else { preconditionFailure("a change that can not be read") }
        add(view, index, time)
    }

    private mutating func add(_ view: borrowing EntryView, _ index: LogIndex, _ time: Timestamp) {
        guard let spec = CommandTable.shared.spec(of: view.code), spec.route == .write, matches(spec, view.arguments)
        else { return }
        count += 1
        reply.arrayHeader(3)
        reply.integer(Int64(clamping: index.rawValue))
        reply.integer(Int64(clamping: time.rawValue))
        switch ChangeWording(view, now: time.milliseconds) {
        case .asAsked:
            reply.arrayHeader(view.arguments.count + 1)
            writeName(spec.name)
            var cursor = view.arguments.first
            for _ in 0..<view.arguments.count { reply.bulk(view.arguments.next(&cursor)) }
        case .other(let code, let arguments):
            guard let spec = CommandTable.shared.spec(of: code) else { preconditionFailure("a change without a name") }
            reply.arrayHeader(arguments.count + 1)
            writeName(spec.name)
            for argument in arguments { reply.bulk(argument.rawBytes) }
        }
    }

    private func matches(_ spec: CommandSpec, _ arguments: borrowing Arguments) -> Bool {
        guard let pattern else { return true }
        return spec.anyKey(of: arguments) { GlobPattern.matches($0, pattern.rawBytes) } ?? true
    }

    /// In upper case, as commands are written.
    private mutating func writeName(_ name: StaticString) { reply.bulk(text: name.description.uppercased()) }
}
