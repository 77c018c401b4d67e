// The refusals that commands share, in Redis's words.

import RESP

/// Why a command's arguments are refused, or its record. A refused command has changed nothing.
enum CommandError: Error, Hashable {
    case arity
    /// The key holds another type of value.
    case wrongType
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
    case fieldNotInteger
    case fieldNotFloat
    case notFinite
    case keyCountTooLarge
    case bitOffset
    case bitValue
    case bitArgument
    case bitopNotOfSeveral
    case busyKey
    case dumpChecksum
    case dumpFormat
    case restoreTime
    case idleTime
    case frequency
    case writes
    case memoryFull
    case memoryFullForSome
    case noSuchState
    case envelope
    case timeoutNotFloat
    case timeoutNegative
    case timeoutOutOfRange
    case nested
    case outcomeTooLong
    case outcomePast(asked: UInt64, newest: UInt64)
    case notPositive
    case outOfRange
    case sampleOutOfRange
    case indexOutOfRange
    case keyCountNotPositive
    case countNotPositive
    case noInputKeys
    case rankIsZero
    case countNegative
    case lengthNegative
    case limitNegative
    case scoreNotNumber
    case scoreOptionsNXAndXX
    case scoreOptionsGTLTAndNX
    case scoreOptionsINCRAndPairs
    case boundsNotFloat
    case boundsNotText
    case limitWithoutOrder
    case scoresWithText
    case weightNotFloat
    case subsequenceOfOthers
    case subsequenceOfBothKinds
    case subsequenceTooLong
    case indexName
    case indexPrefix
    case indexFieldName
    case indexFieldTwice
    case indexFields
    case indexForm
    case indexes
    case indexExists
    case noSuchIndex
    case noSuchIndexField([UInt8])
    case indexedValueNotNumber
    case indexedValueTooLong
    case indexLimit
    case indexPredicates
    case indexUnfinished(walked: Int, of: Int)

    func write(_ code: CommandCode, to reply: inout ReplyWriter) {
        let name = CommandTable.shared.spec(of: code)?.name ?? "tick"
        switch self {
        case .arity: reply.error(text: "ERR wrong number of arguments for '\(name)' command")
        case .subcommandArity(let word):
            reply.error(text: "ERR wrong number of arguments for '\(name)|\(word)' command")
        case .invalidExpiry: reply.error(text: "ERR invalid expire time in '\(name)' command")
        case .noInputKeys: reply.error(text: "ERR at least 1 input key is needed for '\(name)' command")
        case .unsupportedOption(let word): reply.error("ERR Unsupported option ", quoting: word.rawBytes, "")
        case .outcomePast(let asked, let newest):
            reply.error(text: "ERR request \(asked) is older than request \(newest), whose outcome is kept")
        case .unknownSubcommand(let word):
            reply.error("ERR unknown subcommand '", quoting: word.rawBytes, "'. Try OBJECT HELP.")
        case .noSuchIndexField(let field):
            reply.error("ERR no such field in the index: '", quoting: field.rawBytes, "'")
        case .indexUnfinished(let walked, let count):
            reply.error(text: "TRYAGAIN the index is being built on this node: \(walked) of \(count) records")
        case .indexName:
            reply.error(text: "ERR the name of an index has 1 to \(IndexDefinition.nameMax) bytes")
        case .indexPrefix:
            reply.error(text: "ERR the prefix of an index has at most \(IndexDefinition.prefixMax) bytes")
        case .indexFieldName:
            reply.error(text: "ERR the name of an index's field has 1 to \(IndexDefinition.fieldNameMax) bytes")
        case .indexFields: reply.error(text: "ERR an index has at most \(IndexDefinition.fieldsMax) fields")
        case .indexes: reply.error(text: "ERR there are at most \(IndexDefinition.indexesMax) indexes")
        case .indexedValueTooLong:
            reply.error(text: "ERR an index holds texts of at most \(IndexElement.textMax) bytes")
        case .indexLimit: reply.error(text: "ERR LIMIT is a number from 1 to \(IndexQuery.limitMax)")
        case .indexPredicates:
            reply.error(text: "ERR a query has at most \(IndexQuery.predicatesMax) predicates")
        default: reply.error(text)
        }
    }

    private var text: StaticString {
        switch self {
        case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
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
        case .fieldNotInteger: "ERR hash value is not an integer"
        case .fieldNotFloat: "ERR hash value is not a float"
        case .notFinite: "ERR value is NaN or Infinity"
        case .keyCountTooLarge: "ERR Number of keys can't be greater than number of args"
        case .bitOffset: "ERR bit offset is not an integer or out of range"
        case .bitValue: "ERR bit is not an integer or out of range"
        case .bitArgument: "ERR The bit argument must be 1 or 0."
        case .bitopNotOfSeveral: "ERR BITOP NOT must be called with a single source key."
        case .busyKey: "BUSYKEY Target key name already exists."
        case .dumpChecksum: "ERR DUMP payload version or checksum are wrong"
        case .dumpFormat: "ERR Bad data format"
        case .restoreTime: "ERR Invalid TTL value, must be >= 0"
        case .idleTime: "ERR Invalid IDLETIME value, must be >= 0"
        case .frequency: "ERR Invalid FREQ value, must be >= 0 and <= 255"
        case .writes: "ERR a command that writes was sent as one that reads"
        case .memoryFull: "OOM command not allowed when used memory > 'maxmemory'."
        case .memoryFullForSome:
            "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'."
        case .noSuchState: "ERR memory is full or it is not"
        case .envelope: "ERR an envelope can not be read"
        case .timeoutNotFloat: "ERR timeout is not a float or out of range"
        case .timeoutNegative: "ERR timeout is negative"
        case .timeoutOutOfRange: "ERR timeout is out of range"
        case .nested: "ERR a command that can not stand within another one"
        case .outcomeTooLong: "ERR the request was carried out, and its reply was too long to be kept"
        case .notPositive: "ERR value is out of range, must be positive"
        case .outOfRange: "ERR value is out of range"
        case .sampleOutOfRange:
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
        case .indexOutOfRange: "ERR index out of range"
        case .keyCountNotPositive: "ERR numkeys should be greater than 0"
        case .countNotPositive: "ERR count should be greater than 0"
        case .rankIsZero:
            """
            ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
            start from the end of the list
            """
        case .countNegative: "ERR COUNT can't be negative"
        case .lengthNegative: "ERR MAXLEN can't be negative"
        case .limitNegative: "ERR LIMIT can't be negative"
        case .scoreNotNumber: "ERR resulting score is not a number (NaN)"
        case .scoreOptionsNXAndXX: "ERR XX and NX options at the same time are not compatible"
        case .scoreOptionsGTLTAndNX: "ERR GT, LT, and/or NX options at the same time are not compatible"
        case .scoreOptionsINCRAndPairs: "ERR INCR option supports a single increment-element pair"
        case .boundsNotFloat: "ERR min or max is not a float"
        case .boundsNotText: "ERR min or max not valid string range item"
        case .limitWithoutOrder:
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
        case .scoresWithText: "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
        case .weightNotFloat: "ERR weight value is not a float"
        case .subsequenceOfOthers: "ERR The specified keys must contain string values"
        case .subsequenceOfBothKinds: "ERR If you want both the length and indexes, please just use IDX."
        case .subsequenceTooLong: "ERR the product of the lengths of the strings is too large for LCS"
        case .indexFieldTwice: "ERR a field stands twice in the index"
        case .indexForm: "ERR the TYPE of a field is text or number"
        case .indexExists: "ERR there is an index of this name already"
        case .noSuchIndex: "ERR no such index"
        case .indexedValueNotNumber: "ERR the field is one of numbers, and the value is none"
        case .indexName, .indexPrefix, .indexFieldName, .indexFields, .indexes, .noSuchIndexField,
            .indexedValueTooLong, .indexLimit, .indexPredicates, .indexUnfinished:
            "ERR an index can not be used so"
        case .arity, .outcomePast, .subcommandArity, .syntax, .invalidExpiry, .unsupportedOption, .unknownSubcommand,
            .noInputKeys:
            "ERR syntax error"
        }
    }
}
