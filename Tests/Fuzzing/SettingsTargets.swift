// What an operator's files hold: the configuration, and tokens.

import Settings

extension FuzzTarget {
    /// The bytes up to a zero byte are the file; what lies between further zero bytes are flags.
    ///
    /// 1. Settings are read, or every problem has a place, a text and a remedy.
    /// 2. Reading is deterministic, and `SettingsDocument` writes values that are read as the same.
    static let settings = FuzzTarget("settings", lengthMax: 8192) { bytes throws(Violation) in
        let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        let text = String(decoding: parts.first ?? [], as: UTF8.self)
        var arguments = parts.dropFirst().prefix(16).map { String(decoding: $0, as: UTF8.self) }
        let flags = (try? SettingsFlag.take(from: &arguments)) ?? []
        let settings: NodeSettings
        do throws(SettingsError) { settings = try SettingsCheck.parse(text, flags) } catch {
            try require(!error.problems.isEmpty && !error.description.isEmpty, "an error without a problem")
            for problem in error.problems {
                try require(!problem.what.isEmpty && !problem.remedy.isEmpty, "a problem without a word: \(problem)")
            }
            return
        }
        try require((try? SettingsCheck.parse(text, flags)) == settings, "read twice, and differently")
        var document = SettingsDocument()
        document.set("node.id", text)
        let written = document.yaml(comment: "")
        try require(!written.isEmpty, "nothing was written")
    }

    /// Tokens are read within their bounds, and are the same when they are written one in each line.
    static let tokenFiles = FuzzTarget("token-files") { bytes throws(Violation) in
        let tokens: [[UInt8]]
        do throws(TokenFileError) { tokens = try TokenFile.tokens(in: bytes, path: "t") } catch {
            return try require(!error.description.isEmpty && !error.remedy.text.isEmpty, "an error without a word")
        }
        try require((1...TokenFile.countMax).contains(tokens.count), "\(tokens.count) tokens")
        for token in tokens {
            let isBounded = (TokenFile.lengthMin...TokenFile.lengthMax).contains(token.count)
            try require(isBounded && token.allSatisfy { (0x21...0x7E).contains($0) }, "a token \(token)")
        }
        let lines = Array(tokens.joined(separator: [0x0A]))
        try require((try? TokenFile.tokens(in: lines, path: "t")) == tokens, "\(tokens) are read as others")
    }
}

private enum SettingsCheck {
    static func parse(_ text: String, _ flags: [SettingsFlag]) throws(SettingsError) -> NodeSettings {
        try NodeSettings.parse(text, path: "/etc/trireme/noded.yaml", flags: flags)
    }
}
