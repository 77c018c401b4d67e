// The reference of all settings as a page of `docs/`, made from the table so that it cannot lag behind.

/// `docs/CONFIGURATION.md`.
public enum SettingsReference {
    /// The whole page, in Markdown.
    public static var markdown: String {
        var lines = opening.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var section: Substring = ""
        for setting in SettingTable.all {
            let next = setting.key.prefix { $0 != "." }
            if next != section {
                lines += ["", "## `\(next)`", "", "| key | takes | default | meaning |", "| --- | --- | --- | --- |"]
                section = next
            }
            lines.append("| `\(setting.key)` | \(setting.words) | \(setting.standardWords) | \(setting.purpose) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let opening = """
        # Configuration

        The settings of a node. This page is made from the table in `Sources/Settings/SettingTable.swift`; a test keeps
        both equal.

        `noded --config FILE` reads three sources, of which a later one wins:

        1. the file, in YAML: sections or dotted keys, as you like (`election: {timeout-min: 150ms}` and
           `election.timeout-min: 150ms` are the same). Relative paths count from the file's directory;
        2. the environment: `TRIREME_` and the key in capitals, with `_` for `.` and `-`
           (`TRIREME_ELECTION_TIMEOUT_MIN=150ms`);
        3. flags: `--election.timeout-min 150ms`, `--election.timeout-min=150ms` or `--set election.timeout-min=150ms`.

        Lists are given in variables and flags as in YAML: `--set 'admin.metrics-allow=[10.0.0.0/8, 127.0.0.1]'`.
        Durations need a unit (`ns us ms s m h d`), and so do sizes (`B KiB MiB GiB TiB`). `noded --check-config` tells
        everything that is wrong, each with its place and what to do, and exits with code 78; a key that is not below is
        an error that names the nearest one. Secrets are never values: settings name the files that hold them, of mode
        0600. `cluster/noded.example.yaml` is a file to begin with.
        """
}

extension SettingDeclaration {
    fileprivate var standardWords: String {
        switch standard {
        case .required: "must be given"
        case .absent(let meaning): meaning
        case .value(""): "none"
        case .value(let text): "`\(text)`"
        }
    }
}
