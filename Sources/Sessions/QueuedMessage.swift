// PUBLISH and SPUBLISH between MULTI and EXEC: the message goes out once the transaction is known to be carried out.

import ByteCoding
import RESP

/// A message that waits for the end of its transaction. What nobody learns the outcome of is not sent: messages are
/// at most once.
public struct QueuedMessage: Sendable {
    public let channel: [UInt8]
    public let message: [UInt8]
    public let isSharded: Bool
    /// Which of the transaction's replies tells how many it was given to, from 0 on.
    let place: Int

    var byteCount: Int { channel.count + message.count }
}

extension Session {
    /// The messages that the reply to an `EXEC` on its way decides about, taken out of the session. None if it is no
    /// array: then nothing was carried out.
    public mutating func takeQueuedMessages(_ reply: [UInt8]) -> [QueuedMessage] {
        defer { queuedMessages.removeAll() }
        return reply.starts(with: "*".utf8) && !reply.starts(with: "*-".utf8) ? queuedMessages : []
    }

    /// The reply to an `EXEC` with the number of receivers of each message in its place.
    public static func fill(_ reply: [UInt8], _ messages: [QueuedMessage], receivers: [Int]) -> [UInt8] {
        guard var offset = reply.firstIndex(of: UInt8(ascii: "\n")).map({ $0 + 1 }) else { return reply }
        var filled = Array(reply[..<offset])
        var decoder = ReplyDecoder()
        var (place, next) = (0, 0)
        while let extent = try? decoder.next(in: reply.rawBytes.extracting(offset..<reply.count)) {
            if next < messages.count, messages[next].place == place {
                filled.append(contentsOf: ":\(receivers[next])\r\n".utf8)
                next += 1
            } else {
                filled.append(contentsOf: reply[offset..<offset + extent.consumed])
            }
            offset += extent.consumed
            place += 1
        }
        precondition(next == messages.count, "\(messages.count) messages, and places for \(next) in the reply")
        return filled
    }

    /// Takes a `PUBLISH` or `SPUBLISH` between `MULTI` and `EXEC`; false when the request is another.
    mutating func queueMessage(_ request: borrowing Request) -> Bool {
        let command = LocalCommand(rawValue: request.name(0))
        guard command == .publish || command == .spublish, request.count == 3 else { return false }
        let place = transaction?.envelope.count ?? 0
        transaction?.messages.append(
            QueuedMessage(
                channel: [UInt8](request[1]), message: [UInt8](request[2]), isSharded: command == .spublish,
                place: place))
        transaction?.envelope.add(reply: Array(":0\r\n".utf8).rawBytes)
        return true
    }
}
