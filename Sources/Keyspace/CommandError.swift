// The refusals that commands share, in Redis's words.

import RESP

/// Why a command's arguments are refused, or its record. A refused command has changed nothing.
enum CommandError: Error, Hashable {
    case arity
    case subcommandArity(String)
    case syntax
    case notInteger
    case notFloat
    case invalidExpiry
    case incrementOverflow
    case decrementOverflow
    case incrementNotFinite
    case offsetOutOfRange
    case stringTooLong
    case noSuchKey
    case sameObject
    case databaseOutOfRange
    case invalidCursor
    case expiryOptionsNXAndOthers
    case expiryOptionsGTAndLT
    case unsupportedOption([UInt8])
    case unknownSubcommand([UInt8])
    case frequencyNotTracked
    case writes

    func write(_ code: CommandCode, to reply: inout ReplyWriter) {
        let name = CommandTable.shared.spec(of: code)?.name ?? "tick"
        switch self {
        case .arity: reply.error(text: "ERR wrong number of arguments for '\(name)' command")
        case .subcommandArity(let word):
            reply.error(text: "ERR wrong number of arguments for '\(name)|\(word)' command")
        case .invalidExpiry: reply.error(text: "ERR invalid expire time in '\(name)' command")
        case .unsupportedOption(let word): reply.error("ERR Unsupported option ", quoting: word.rawBytes, "")
        case .unknownSubcommand(let word):
            reply.error("ERR unknown subcommand '", quoting: word.rawBytes, "'. Try OBJECT HELP.")
        default: reply.error(text)
        }
    }

    private var text: StaticString {
        switch self {
        case .notInteger: "ERR value is not an integer or out of range"
        case .notFloat: "ERR value is not a valid float"
        case .incrementOverflow: "ERR increment or decrement would overflow"
        case .decrementOverflow: "ERR decrement would overflow"
        case .incrementNotFinite: "ERR increment would produce NaN or Infinity"
        case .offsetOutOfRange: "ERR offset is out of range"
        case .stringTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
        case .noSuchKey: "ERR no such key"
        case .sameObject: "ERR source and destination objects are the same"
        case .databaseOutOfRange: "ERR DB index is out of range"
        case .invalidCursor: "ERR invalid cursor"
        case .expiryOptionsNXAndOthers: "ERR NX and XX, GT or LT options at the same time are not compatible"
        case .expiryOptionsGTAndLT: "ERR GT and LT options at the same time are not compatible"
        case .frequencyNotTracked:
            """
            ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
            between policies at runtime LRU and LFU data will take some time to adjust.
            """
        case .writes: "ERR a command that writes was sent as one that reads"
        case .arity, .subcommandArity, .syntax, .invalidExpiry, .unsupportedOption, .unknownSubcommand:
            "ERR syntax error"
        }
    }
}
