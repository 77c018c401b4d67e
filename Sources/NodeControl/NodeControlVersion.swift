// The version of the tools, as `nodectl version` shows it.

import Settings

public enum NodeControlVersion {
    public static let text = ProgramVersion.text
}
