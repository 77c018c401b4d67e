// What a secondary index is of: the part of it that is replicated.

import ByteCoding
import Vocabulary

/// One field of an index.
public struct IndexField: Hashable, Sendable {
    /// How the field's values are compared.
    public enum Form: UInt8, Hashable, Sendable {
        /// By their bytes, then by their length.
        case text = 0
        /// As numbers. A value that is none is not in the index.
        case number = 1

        public var name: StaticString { self == .text ? "text" : "number" }
    }

    public let name: [UInt8]
    public let form: Form
}

/// An index as `INDEX.CREATE` made it. The same on all nodes, and never changed: only made and dropped.
public struct IndexDefinition: Hashable, Sendable {
    /// Indexes of a keyspace.
    static let indexesMax = 64
    static let fieldsMax = 16
    /// Bytes of an index's name.
    static let nameMax = 128
    /// Bytes of a field's name, and of the prefix.
    static let fieldNameMax = 256
    static let prefixMax = 256

    public let name: [UInt8]
    /// Hashes whose keys begin with it are in the index. Empty for all hashes.
    public let prefix: [UInt8]
    public let fields: [IndexField]
    /// The log index of the entry that made it, by which one is told from a later one of the same name.
    public let version: UInt64

    @inline(__always)
    func covers(_ key: RawSpan) -> Bool {
        guard key.byteCount >= prefix.count else { return false }
        return prefix.isEmpty || key.extracting(first: prefix.count).hasSameBytes(as: prefix.rawBytes)
    }

    func position(of field: RawSpan) -> Int? { fields.firstIndex { $0.name.rawBytes.hasSameBytes(as: field) } }

    /// Its part of the keyspace's digest. `docs/formats/entries.md` defines it. The version is no part of it.
    var digest: Digest {
        var message: [UInt8] = Array("index".utf8)
        message.append(counted: name.rawBytes)
        message.append(counted: prefix.rawBytes)
        for field in fields {
            message.append(field.form.rawValue)
            message.append(counted: field.name.rawBytes)
        }
        return SipHash.digest(message.rawBytes, key: Record.digestKey)
    }
}

extension IndexDefinition {
    /// Of `INDEX.CREATE name ON HASH [PREFIX p] FIELD f [TYPE text|number] [FIELD …]`.
    init(_ arguments: borrowing Arguments, version: UInt64) throws(CommandError) {
        guard arguments.count >= 5, arguments[1].isWord("on"), arguments[2].isWord("hash") else { throw .syntax }
        var place = arguments.first
        let name = [UInt8](arguments.next(&place))
        for _ in 0..<2 { _ = arguments.next(&place) }
        var word = arguments.next(&place)
        var prefix: [UInt8] = []
        if word.isWord("prefix") {
            prefix = [UInt8](arguments.next(&place))
            guard place.position < arguments.count else { throw .syntax }
            word = arguments.next(&place)
        }
        guard !name.isEmpty, name.count <= IndexDefinition.nameMax else { throw .indexName }
        guard prefix.count <= IndexDefinition.prefixMax else { throw .indexPrefix }
        self.name = name
        self.prefix = prefix
        self.version = version
        fields = try IndexDefinition.fields(arguments, from: place.position - 1)
    }

    private static func fields(
        _ arguments: borrowing Arguments, from start: Int
    ) throws(CommandError) -> [IndexField] {
        var fields: [IndexField] = []
        var position = start
        while position < arguments.count {
            guard arguments[position].isWord("field"), position + 1 < arguments.count else { throw .syntax }
            let name = [UInt8](arguments[position + 1])
            position += 2
            var form = IndexField.Form.text
            if position < arguments.count, arguments[position].isWord("type") {
                guard position + 1 < arguments.count else { throw .syntax }
                form = try self.form(arguments[position + 1])
                position += 2
            }
            guard !name.isEmpty, name.count <= fieldNameMax else { throw .indexFieldName }
            guard !fields.contains(where: { $0.name == name }) else { throw .indexFieldTwice }
            guard fields.count < fieldsMax else { throw .indexFields }
            fields.append(IndexField(name: name, form: form))
        }
        guard !fields.isEmpty else { throw .syntax }
        return fields
    }

    private static func form(_ word: RawSpan) throws(CommandError) -> IndexField.Form {
        if word.isWord("text") { return .text }
        guard word.isWord("number") else { throw .indexForm }
        return .number
    }
}
