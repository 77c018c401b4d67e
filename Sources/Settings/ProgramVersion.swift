// Which release this is: what `version`, the status and the peers' greeting say.

public enum ProgramVersion {
    /// Semantic version of all programs of one build.
    public static let text = "0.2.0"
}
