// Log lines on standard error: logfmt or JSON, one event a line, facts under stable keys.

import Logging
import Platform
import Settings
import Synchronization
import Vocabulary

/// Writes `time=… level=… msg="…" key=value …`, or the same as a JSON object. Each line is one write, so lines of
/// several threads do not mix.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    private let style: LogStyle
    private let threshold: LogThreshold

    init(style: LogStyle, threshold: LogThreshold, node: NodeID) {
        self.style = style
        self.threshold = threshold
        metadata["node.id"] = "\(node)"
    }

    var logLevel: Logger.Level {
        get { threshold.level }
        set { threshold.level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = [("time", WallClock.now().description), ("level", "\(event.level)"), ("msg", "\(event.message)")]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { fields.append((key, "\(value)")) }
        StandardStreams.writeError(style == .json ? LineLogHandler.json(fields) : LineLogHandler.logfmt(fields))
    }

    private static func logfmt(_ fields: [(String, String)]) -> String {
        fields.map { key, value in
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 < 0x7F }
            return isPlain ? "\(key)=\(value)" : "\(key)=\(quoted(value))"
        }.joined(separator: " ") + "\n"
    }

    private static func json(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}\n"
    }

    /// A JSON string (RFC 8259, section 7), which is also what logfmt quotes by.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// The level below which nothing is logged: one for all loggers of the process, changed by a reload.
final class LogThreshold: Sendable {
    private let position: Atomic<Int>

    init(_ level: LogLevel) { position = Atomic(LogThreshold.position(of: level)) }

    func set(_ level: LogLevel) { position.store(LogThreshold.position(of: level), ordering: .relaxed) }

    var level: Logger.Level {
        get { Logger.Level.allCases[position.load(ordering: .relaxed)] }
        set { position.store(Logger.Level.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    private static func position(of level: LogLevel) -> Int {
        let wanted: Logger.Level =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        return Logger.Level.allCases.firstIndex(of: wanted) ?? 0
    }
}
