// The settings of snapshots, of the log behind them, and of the comparison of states.

import Vocabulary

/// When a state is kept on disk, for how long, how a node that lacks one gets it, and how often states are compared.
enum SnapshotTable {
    static let directory = Setting(
        "snapshot.directory", .path, .absent("`snapshots` in `data.directory`"),
        "Holds the node's snapshots, for a device of their own. Keep nothing else in it."
    ).isPath()
    static let logMin = Setting(
        "snapshot.log-min", .size(.kibibytes(64) ... .mebibytes(1 << 20)), .value("256MiB"),
        """
        Bytes of log since the last snapshot that call for the next, and so about what a start replays. The leader \
        decides, by its own setting.
        """)
    static let logPercent = Setting(
        "snapshot.log-percent", .count(0...1000), .value("50"),
        """
        The same as a share of the bytes that the records take, in percent; of both the larger counts. A low one makes \
        starts faster and writes more; 0 leaves it to `snapshot.log-min`.
        """)
    static let interval = Setting(
        "snapshot.interval", .duration(.zero ... .seconds(2_592_000)), .value("3600s"),
        "A snapshot that is older calls for the next, if anything was written since. `0s`: age alone calls for none.")
    static let keep = Setting(
        "snapshot.keep", .count(1...16), .value("2"),
        """
        Snapshots that stay on disk. What they have in common is stored once. When the newest is damaged, the one \
        before takes its place while the log from there on is still kept; else the node fetches one.
        """)
    static let transferRate = Setting(
        "snapshot.transfer-rate", .size(.kibibytes(64) ... .mebibytes(4096)), .value("64MiB"),
        "Bytes per second that a leader sends to the nodes that fetch a snapshot from it, to all of them together.")
    static let compactInterval = Setting(
        "compact.interval", .duration(.zero ... .seconds(31_536_000)), .value("604800s"),
        """
        How often a node, of itself, makes its next snapshot a compact one that replaces all others, releases the log \
        behind it and gives memory back, as `nodectl compact` does. The nodes take turns within it, counted from \
        their starts. `0s`: never.
        """)
    static let compareInterval = Setting(
        "state.compare-interval", .duration(.milliseconds(10) ... .seconds(3600)), .value("1s"),
        """
        How often the leader has every replica compare its digest with the others', while there is something new. A \
        node whose state differs goes out of service and rebuilds it.
        """)
    static let scrubInterval = Setting(
        "state.scrub-interval", .duration(.zero ... .seconds(2_592_000)), .value("3600s"),
        """
        The pause between two passes over the records in memory, in which their digests are taken anew and compared \
        with those that were kept. A node whose memory differs goes out of service and rebuilds its state. `0s`: none.
        """)

    static let all: [SettingDeclaration] = [
        directory.declaration, logMin.declaration, logPercent.declaration, interval.declaration, keep.declaration,
        transferRate.declaration, compactInterval.declaration, compareInterval.declaration,
        scrubInterval.declaration,
    ]
}
