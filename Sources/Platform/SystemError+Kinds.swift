// The reasons that callers outside of this target decide by, without knowing errno's numbers.

import Glibc

extension SystemError {
    /// The file system, or this user's quota on it, is full.
    public var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }
    /// Nothing has that name.
    public var isMissing: Bool { errno == ENOENT }
    /// This user may not do that.
    public var isDenied: Bool { errno == EACCES || errno == EPERM || errno == EROFS }
}
