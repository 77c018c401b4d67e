// JSON documents that say of themselves whether they are whole.

import ByteCoding
import Hashing
public import JSON

/// An object whose last member is `"checksum":"sha256:…"`, the hash of all bytes before the comma in front of it.
/// Whoever has no more than a shell can check it: `head -c -86 manifest.json | sha256sum`.
public enum SealedJSON {
    private static let name = ",\"checksum\":\"sha256:"
    /// The comma, the member, and the brace that closes the document.
    public static let sealLength = name.utf8.count + 2 * SHA256.size + 2

    /// Inclusive, of a document.
    public static let lengthMax = 64 << 20

    /// The document that `members` writes, at least one member.
    public static func seal(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(members)
        var bytes = writer.bytes
        bytes.removeLast()
        let hash = Hex.text(SHA256.hash(bytes))
        bytes += Array((name + hash + "\"}").utf8)
        return bytes
    }

    /// The members of a document that is whole.
    public static func open(_ bytes: [UInt8]) throws(ArchiveFault) -> JSONMembers {
        guard bytes.count > sealLength, bytes.count <= lengthMax else { throw .damaged(.badLength, at: bytes.count) }
        let end = bytes.count - sealLength
        let hash = Hex.text(SHA256.hash(bytes.rawBytes.extracting(0..<end)))
        guard bytes[end...].elementsEqual((name + hash + "\"}").utf8) else {
            throw .damaged(.checksumMismatch, at: end)
        }
        do throws(JSONError) {
            guard let members = JSONMembers(try JSONReader.value(of: bytes)) else {
                throw JSONError(what: "no object", offset: 0)
            }
            return members
        } catch { throw .damaged(.impossibleField, at: error.offset) }
    }
}

/// The members of a JSON object, each asked for as what it must be.
public struct JSONMembers: Sendable {
    private let members: [(name: String, value: JSONValue)]

    /// Nil when it is no object.
    public init?(_ value: JSONValue) {
        guard case .object(let members) = value else { return nil }
        self.members = members
    }

    private func value(_ name: String) throws(ArchiveFault) -> JSONValue {
        guard let member = members.first(where: { $0.name == name }) else { throw .damaged(.impossibleField, at: 0) }
        return member.value
    }

    public func text(_ name: String) throws(ArchiveFault) -> String {
        guard case .text(let text) = try value(name) else { throw .damaged(.impossibleField, at: 0) }
        return text
    }

    /// A text that is converted; nil means that it can not be.
    public func text<Value>(_ name: String, as convert: (String) -> Value?) throws(ArchiveFault) -> Value {
        guard let value = convert(try text(name)) else { throw .damaged(.impossibleField, at: 0) }
        return value
    }

    /// Nil for null.
    public func textIfAny(_ name: String) throws(ArchiveFault) -> String? {
        try value(name) == .null ? nil : try text(name)
    }

    /// A whole number from 0 to 2^53.
    public func count(_ name: String) throws(ArchiveFault) -> Int {
        guard case .number(let number) = try value(name), let count = Int(exactly: number), count >= 0, count <= 1 << 53
        else { throw .damaged(.impossibleField, at: 0) }
        return count
    }

    public func number(_ name: String) throws(ArchiveFault) -> Double {
        guard case .number(let number) = try value(name) else { throw .damaged(.impossibleField, at: 0) }
        return number
    }

    public func members(_ name: String) throws(ArchiveFault) -> JSONMembers {
        guard let members = JSONMembers(try value(name)) else { throw .damaged(.impossibleField, at: 0) }
        return members
    }

    public func list(_ name: String) throws(ArchiveFault) -> [JSONMembers] {
        guard case .list(let values) = try value(name) else { throw .damaged(.impossibleField, at: 0) }
        let found = values.compactMap { JSONMembers($0) }
        guard found.count == values.count else { throw .damaged(.impossibleField, at: 0) }
        return found
    }

    /// Nil for null; a text that can not be converted is a fault.
    public func optional<Value>(_ name: String, _ convert: (String) -> Value?) throws(ArchiveFault) -> Value? {
        guard let text = try textIfAny(name) else { return nil }
        guard let value = convert(text) else { throw .damaged(.impossibleField, at: 0) }
        return value
    }

    /// Nil for null.
    public func countIfAny(_ name: String) throws(ArchiveFault) -> Int? {
        try value(name) == .null ? nil : try count(name)
    }

    public func flag(_ name: String) throws(ArchiveFault) -> Bool {
        guard case .flag(let flag) = try value(name) else { throw .damaged(.impossibleField, at: 0) }
        return flag
    }

    /// Nil for null.
    public func membersIfAny(_ name: String) throws(ArchiveFault) -> JSONMembers? {
        try value(name) == .null ? nil : try members(name)
    }

    public func texts(_ name: String) throws(ArchiveFault) -> [String] {
        guard case .list(let values) = try value(name) else { throw .damaged(.impossibleField, at: 0) }
        var texts: [String] = []
        for value in values {
            guard case .text(let text) = value else { throw .damaged(.impossibleField, at: 0) }
            texts.append(text)
        }
        return texts
    }
}
