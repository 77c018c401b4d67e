// Histories as text, for files: one operation a line, so that a failing one can be read, cut and kept.

/// Why text is no history.
public enum HistoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first line is not the one that every history of this version has.
    case header(found: String)
    /// A line, counted from 1 with the header, that is no operation.
    case line(Int, String)
    /// An operation, counted from 0, that the text form cannot hold.
    case unwritable(operation: Int, String)

    public var description: String {
        switch self {
        case .header(let found): "line 1: a history begins with \"\(History.header)\", not with \"\(found)\""
        case .line(let number, let what): "line \(number): \(what)"
        case .unwritable(let position, let what): "operation \(position) has no text form: \(what)"
        }
    }
}

/// Version 1, one operation a line, fields separated by one space:
///
///     trireme-history 1
///     CALL RETURN CLIENT OP KEY ARGUMENT RESULT
///
/// Times are nanoseconds; RETURN is `-` when no answer came; ARGUMENT is `-` for the kinds that take none. RESULT is
/// `?` unknown, `!` refused for certain without effect, `!integer` an `incr` refused since the value is no integer,
/// `nil`, `ok`, `=VALUE`, `#NUMBER`. KEY, ARGUMENT and VALUE are of letters, digits and `._:-`; only VALUE may be
/// empty, and an ARGUMENT is not `-` alone.
extension History {
    static let header = "trireme-history 1"

    public init(parsing text: String) throws(HistoryError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let first = lines.first, first == History.header else {
            throw .header(found: String((lines.first ?? "").prefix(80)))
        }
        operations = []
        operations.reserveCapacity(lines.count)
        for (position, line) in lines.enumerated().dropFirst() {
            let parser = OperationParser(line: position + 1)
            operations.append(try parser.operation(line))
        }
    }

    /// The history's text, which ends with a line end.
    public func text() throws(HistoryError) -> String {
        var text = History.header + "\n"
        for (position, operation) in operations.enumerated() {
            if let fault = operation.textFault { throw .unwritable(operation: position, fault) }
            text += operation.line + "\n"
        }
        return text
    }

    fileprivate static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._:-".utf8.contains(byte)
        }
    }
}

extension History.Operation {
    fileprivate static let absent = [UInt8(ascii: "-")]

    fileprivate var line: String {
        let end = `return`.map(String.init) ?? "-"
        let word = kind.takesArgument ? String(decoding: argument, as: UTF8.self) : "-"
        let name = String(decoding: key, as: UTF8.self)
        return "\(call) \(end) \(client) \(kind.rawValue) \(name) \(word) \(result.field)"
    }

    /// What keeps the operation from being written so that it reads back the same.
    fileprivate var textFault: String? {
        if !History.isToken(key) { return "its key is not of letters, digits and ._:-" }
        if kind.takesArgument, !History.isToken(argument) || argument == History.Operation.absent {
            return "its argument is empty, a lone dash, or not of letters, digits and ._:-"
        }
        if !kind.takesArgument, !argument.isEmpty { return "\(kind.rawValue) takes no argument" }
        if case .value(let bytes) = result, !bytes.isEmpty, !History.isToken(bytes) {
            return "its value is not of letters, digits and ._:-"
        }
        return timeFault
    }

    /// What is wrong with its times.
    fileprivate var timeFault: String? {
        if let end = `return` { return end < call ? "it returns at \(end), before its call at \(call)" : nil }
        return result == .unknown || result == .refused ? nil : "it has a result but no time of return"
    }
}

extension History.Result {
    /// `SET NX` says OK or nil where `SETNX` says 1 or 0: one command to the judge.
    fileprivate func ofCommand(_ kind: History.Kind) -> History.Result {
        switch (kind, self) {
        case (.setnx, .ok): .integer(1)
        case (.setnx, .null): .integer(0)
        default: self
        }
    }

    fileprivate var field: String {
        switch self {
        case .unknown: "?"
        case .refused: "!"
        case .notInteger: "!integer"
        case .null: "nil"
        case .ok: "ok"
        case .value(let bytes): "=" + String(decoding: bytes, as: UTF8.self)
        case .integer(let number): "#\(number)"
        }
    }
}

/// Reads one line; knows its number for what it has to say.
private struct OperationParser {
    /// Counted from 1.
    let line: Int

    func operation(_ text: Substring) throws(HistoryError) -> History.Operation {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 7 else {
            throw .line(line, "\(fields.count) fields, not 7: CALL RETURN CLIENT OP KEY ARGUMENT RESULT")
        }
        guard let kind = History.Kind(rawValue: String(fields[3])) else {
            let known = History.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .line(line, "OP is \"\(fields[3])\", not one of \(known)")
        }
        let operation = History.Operation(
            call: try number(fields[0], "CALL"), return: fields[1] == "-" ? nil : try number(fields[1], "RETURN"),
            client: try number(fields[2], "CLIENT"), kind: kind, key: try token(fields[4], "KEY"),
            argument: try argument(fields[5], of: kind), result: try result(fields[6]).ofCommand(kind))
        if let fault = operation.timeFault { throw .line(line, fault) }
        return operation
    }

    private func number<Number: FixedWidthInteger>(
        _ text: Substring, _ field: String
    ) throws(HistoryError) -> Number {
        // One spelling for each number: no sign that says nothing, no leading zeros.
        guard let number = Number(text), String(number) == text else {
            throw .line(line, "\(field) is \"\(text)\", not a whole number of its range in plain digits")
        }
        return number
    }

    private func token(_ text: Substring, _ field: String) throws(HistoryError) -> [UInt8] {
        guard History.isToken(text.utf8) else {
            throw .line(line, "\(field) is \"\(text)\", not of letters, digits and ._:-")
        }
        return Array(text.utf8)
    }

    private func argument(_ text: Substring, of kind: History.Kind) throws(HistoryError) -> [UInt8] {
        guard kind.takesArgument else {
            guard text == "-" else { throw .line(line, "\(kind.rawValue) takes no ARGUMENT, but has \"\(text)\"") }
            return []
        }
        guard text != "-" else { throw .line(line, "\(kind.rawValue) takes an ARGUMENT, but has none") }
        return try token(text, "ARGUMENT")
    }

    private func result(_ text: Substring) throws(HistoryError) -> History.Result {
        switch text {
        case "?": return .unknown
        case "!": return .refused
        case "!integer": return .notInteger
        case "nil": return .null
        case "ok": return .ok
        case "=": return .value([])
        default: break
        }
        switch text.first {
        case "=": return .value(try token(text.dropFirst(), "RESULT's value"))
        case "#": return .integer(try number(text.dropFirst(), "RESULT's number"))
        default: throw .line(line, "RESULT is \"\(text)\", none of ? ! !integer nil ok =VALUE #NUMBER")
        }
    }
}
