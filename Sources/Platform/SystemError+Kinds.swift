// The reasons that callers outside of this target decide by, without knowing errno's numbers.

import Glibc

extension SystemError {
    /// The file system, or this user's quota on it, is full.
    public var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }
    /// Nothing has that name.
    public var isMissing: Bool { errno == ENOENT }
    /// Something has that name.
    public var isExisting: Bool { errno == EEXIST }
    /// This user may not do that.
    public var isDenied: Bool { errno == EACCES || errno == EPERM || errno == EROFS }

    /// What the kernel would say of a path that is not there.
    public init(missing path: String) { self.init(call: "open", errno: ENOENT, subject: path) }
}
