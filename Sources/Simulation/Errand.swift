// What a client pursues over several requests: its next depends on the last answer.

import Keyspace

/// An increment that must happen once and be lost never, in one of the ways that clients have for it.
///
/// All of them are `INCR` to the judge of histories, so increments of every kind may meet at one key.
struct Errand: Sendable {
    enum Way: Sendable {
        /// `WATCH`, `GET`, and `MULTI SET EXEC`, which also pushes what others wait for.
        case transaction
        /// `VERSION`, `GET`, and `SET` behind `IFVERSION`.
        case condition
        /// `INCR` behind `ONCE`, asked again until the outcome is known.
        case once(number: UInt64)
    }

    enum Step: Sendable {
        case version
        case value(version: UInt64)
        case commit(version: UInt64, number: Int64)
    }

    let way: Way
    let key: [UInt8]
    var step = Step.version
    /// Where in the history the increment stands, once it was asked for.
    var operation: Int?

    /// What it pursues after an answer; nil when it is over.
    func next(after answer: ClientAnswer) -> Errand? {
        var next = self
        switch (way, step, answer) {
        case (.once, _, .unknown), (.once, _, .refused): return self
        case (.once, _, _): return nil
        case (_, .version, .array(let versions?)):
            guard case .other(.integer(let version))? = versions.first else { return nil }
            next.step = .value(version: UInt64(clamping: version))
        case (_, .value(let version), .other(.null)): next.step = .commit(version: version, number: 1)
        case (_, .value(let version), .other(.value(let text))):
            guard let number = Int64(String(decoding: text, as: UTF8.self)) else { return nil }
            next.step = .commit(version: version, number: number + 1)
        default: return nil
        }
        return next
    }
}
