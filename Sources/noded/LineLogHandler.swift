// Log lines on standard error: logfmt or JSON, one event a line, facts under stable keys.

import Logging
import Platform
import Settings
import Vocabulary

/// Writes `time=… level=… msg="…" key=value …`, or the same as a JSON object. Each line is one write, so lines of
/// several threads do not mix.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let style: LogStyle

    init(label: String, settings: LoggingSettings, node: NodeID) {
        style = settings.style
        logLevel =
            switch settings.level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        metadata["node.id"] = "\(node)"
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
