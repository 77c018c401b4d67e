// What the kernel refused, on what, and what an operator can do about it.

import Glibc
public import Vocabulary

/// A system call that failed: which, why, and on what.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's C name, such as `open`.
    public let call: String
    /// The number of the reason, as errno(3) lists them.
    public let errno: Int32
    /// The path or address that the call was about. Empty when it was about none.
    public let subject: String

    public init(call: String, errno: Int32, subject: String) {
        self.call = call
        self.errno = errno
        self.subject = subject
    }

    /// The error that errno holds now: to be made before anything else is called.
    init(_ call: String, _ subject: String) {
        let number = Glibc.errno
        self.init(call: call, errno: number, subject: subject)
    }

    /// For example `open /x/y: Permission denied (EACCES)`.
    /// Nobody listens at the address: evidence that the process behind it has ended.
    public var isConnectionRefused: Bool { errno == ECONNREFUSED }

    public var description: String {
        call + (subject.isEmpty ? "" : " " + subject) + ": " + reason
    }

    /// The reason alone: `Permission denied (EACCES)`.
    public var reason: String {
        var buffer = [CChar](repeating: 0, count: 128)
        let text =
            strerror_r(errno, &buffer, buffer.count) == 0
            ? String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "error"
        return text + " (" + (SystemError.names[errno] ?? String(errno)) + ")"
    }

    public var remedy: Remedy {
        let subject = self.subject.isEmpty ? "it" : self.subject
        switch errno {
        case ENOSPC, EDQUOT: return .operate("free space on the file system of \(subject), or enlarge it")
        case EACCES, EPERM:
            return .operate("give user \(ThisProcess.userName) the right to use \(subject)")
        case EROFS: return .operate("mount the file system of \(subject) for writing")
        case EADDRINUSE: return .operate("stop the process that listens on \(subject), or choose another port")
        case EADDRNOTAVAIL: return .operate("\(subject) is no address of this machine: correct the configuration")
        case EMFILE: return .operate("raise the limit of open descriptors of this process (ulimit -n)")
        case ENFILE: return .operate("raise the kernel's limit of open files (sysctl fs.file-max)")
        case ENOENT: return .operate("check that \(subject) exists and is spelled as intended")
        case ENOTDIR: return .operate("a part of \(subject) is not a directory: correct the path")
        case EISDIR: return .operate("\(subject) is a directory: name a file")
        case EEXIST: return .operate("move \(subject) away, or choose another name")
        case ELOOP: return .operate("\(subject) is a symbolic link, which is not followed here: name the file itself")
        case EIO: return .operate("the device below \(subject) fails: look at the kernel's log and replace it")
        case ENOMEM, ENOBUFS: return .operate("this machine is out of memory: give it more or stop something")
        case ENAMETOOLONG: return .operate("shorten the path \(subject)")
        case ECONNREFUSED: return .retry("nothing listens on \(subject) yet: start it, or correct the address")
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN: return .retry("there is no route to \(subject): check the network")
        case ETIMEDOUT: return .retry("\(subject) did not answer in time: check that it runs and can be reached")
        case ECONNRESET, EPIPE, ECONNABORTED: return .retry("the other end closed the connection: connect again")
        case EWOULDBLOCK: return .retry("\(subject) is in use by another process: stop that one first")
        default: return .retry("try again; if it stays, look up \(reason) of \(call)")
        }
    }

    /// The names of the reasons that this project may meet.
    private static let names: [Int32: String] = [
        EACCES: "EACCES", EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL", EAFNOSUPPORT: "EAFNOSUPPORT",
        EAGAIN: "EAGAIN", EBADF: "EBADF", EBUSY: "EBUSY", ECHILD: "ECHILD", ECONNABORTED: "ECONNABORTED",
        ECONNREFUSED: "ECONNREFUSED", ECONNRESET: "ECONNRESET", EDQUOT: "EDQUOT", EEXIST: "EEXIST", EFBIG: "EFBIG",
        EHOSTUNREACH: "EHOSTUNREACH", EINVAL: "EINVAL", EIO: "EIO", EISDIR: "EISDIR", ELOOP: "ELOOP",
        EMFILE: "EMFILE", EMSGSIZE: "EMSGSIZE", ENAMETOOLONG: "ENAMETOOLONG", ENETDOWN: "ENETDOWN",
        ENETUNREACH: "ENETUNREACH", ENFILE: "ENFILE", ENOBUFS: "ENOBUFS", ENOENT: "ENOENT", ENOEXEC: "ENOEXEC",
        ENOMEM: "ENOMEM", ENOSPC: "ENOSPC", ENOSYS: "ENOSYS", ENOTCONN: "ENOTCONN", ENOTDIR: "ENOTDIR",
        ENOTEMPTY: "ENOTEMPTY", ENOTSUP: "ENOTSUP", EPERM: "EPERM", EPIPE: "EPIPE", EROFS: "EROFS",
        ESPIPE: "ESPIPE", ESRCH: "ESRCH", ETIMEDOUT: "ETIMEDOUT", EXDEV: "EXDEV",
    ]
}

/// Whether a call that failed was only interrupted by a signal, and is to be made again.
@inline(__always) var wasInterrupted: Bool { errno == EINTR }

extension SystemError {
    /// A reason alone, with neither call nor subject.
    public init(_ number: Int32) { self.init(call: "", errno: number, subject: "") }
}
