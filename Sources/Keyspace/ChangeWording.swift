// A change in words that mean the same whenever they are read: without conditions that held, and with times that stand.

import ByteCoding
import RESP

/// How a command that changed something is told. A consumer that carries out what it is told, one command after the
/// other, has the records that the keyspace has.
enum ChangeWording {
    /// As the client sent it.
    case asAsked
    /// As this command, which does the same.
    case other(CommandCode, [[UInt8]])

    /// - Parameter now: the entry's time, in milliseconds since 1970.
    init(_ view: borrowing EntryView, now: UInt64) {
        // What was applied had no error in it, so what cannot be read here is told as it is.
        self = (try? ChangeWording.resolved(view.code, view.arguments, now: now)) ?? .asAsked
    }

    private static func resolved(
        _ code: CommandCode, _ arguments: borrowing Arguments, now: UInt64
    ) throws(CommandError) -> ChangeWording {
        func copy(_ position: Int) -> [UInt8] { [UInt8](arguments[position]) }
        switch code {
        case .set where arguments.count > 2:
            let options = try SetOptions(arguments)
            guard !options.keepsDeadline else { return .other(.set, [copy(0), copy(1), Array("KEEPTTL".utf8)]) }
            return set(copy(0), copy(1), try options.deadline(in: arguments, now: now), now: now)
        case .setex, .psetex:
            let form = ExpiryForm(unit: code == .setex ? .seconds : .milliseconds, isAbsolute: false)
            return set(copy(0), copy(2), try form.deadline(arguments[1], now: now), now: now)
        case .setnx, .getset: return .other(.set, [copy(0), copy(1)])
        case .msetnx: return .other(.mset, (0..<arguments.count).map { copy($0) })
        case .getdel: return .other(.del, [copy(0)])
        case .getex:
            guard let deadline = try SetOptions(getex: arguments).deadline(in: arguments, now: now) else {
                return .other(.persist, [copy(0)])
            }
            return end(copy(0), deadline, now: now)
        case .expire, .pexpire, .expireat, .pexpireat:
            let deadline = try ExpireOptions(code, arguments).deadline(now: now)
            return end(copy(0), UInt64(max(0, deadline)), now: now)
        case .restore:
            let deadline = try RestoreOptions(arguments).deadline(in: arguments, now: now)
            guard deadline > now else { return .other(.del, [copy(0)]) }
            let end = deadline == TreeNode.never ? 0 : deadline
            let options = ["REPLACE", "ABSTTL"].map { Array($0.utf8) }
            return .other(.restore, [copy(0), Array("\(end)".utf8), copy(2)] + options)
        default: return .asAsked
        }
    }

    private static func set(_ key: [UInt8], _ value: [UInt8], _ deadline: UInt64?, now: UInt64) -> ChangeWording {
        guard let deadline else { return .other(.set, [key, value]) }
        guard deadline > now else { return .other(.del, [key]) }
        return .other(.set, [key, value, Array("PXAT".utf8), Array("\(deadline)".utf8)])
    }

    private static func end(_ key: [UInt8], _ deadline: UInt64, now: UInt64) -> ChangeWording {
        guard deadline > now else { return .other(.del, [key]) }
        return .other(.pexpireat, [key, Array("\(deadline)".utf8)])
    }
}
