// One connection of the admin port as a state machine: bytes and time in, bytes and deadlines out.

import ByteCoding
import Vocabulary

/// What becomes of a connection from its first byte of HTTP to its end. Knows neither sockets nor clocks.
///
/// 1. Answers leave in the order of their requests: the next request is given only when the last one is answered.
/// 2. Every state but a pending answer has a deadline; a request's does not move with its bytes.
/// 3. Input is asked for only while there is room for it, so a client can not grow it beyond one request and one read.
/// 4. After a refusal nothing is parsed any more: the answer is sent, then what still comes is discarded for a moment,
///    so that the client can read the answer before its bytes meet a closed port.
struct AdminConnection: Sendable {
    struct Limits: Sendable, Equatable {
        var request = HTTPRequestParser.Limits()
        /// From a request's first byte to its last.
        var requestTime = Duration.seconds(10)
        /// Without a request.
        var idleTime = Duration.seconds(60)
        /// Without the client taking a byte of an answer.
        var writeTime = Duration.seconds(20)
        /// For discarding input behind a refusal.
        var lingerTime = Duration.seconds(2)
        /// Answers that wait to be sent; beyond it no request is taken.
        var outputMax = 256 << 10
    }

    private enum Phase {
        case idle(since: Instant)
        case reading(since: Instant)
        /// A request was given out and its answer is not there yet.
        case answering
        /// The answer is held back until then.
        case holding(HTTPResponse, until: Instant)
        /// What is in `output` is the last.
        case closing
        case lingering(until: Instant)
        case finished
    }

    private let limits: Limits
    private var parser: HTTPRequestParser
    private var phase: Phase
    /// How the request that is being answered wants its answer.
    private var isHead = false
    private var keepsAlive = true
    private var inputEnded = false
    private var lastProgress: Instant
    /// Why nothing is parsed any more.
    private(set) var refusal: HTTPRefusal?
    /// What is to be sent.
    private(set) var output = OutputQueue()

    init(limits: Limits, opened now: Instant) {
        self.limits = limits
        parser = HTTPRequestParser(limits: limits.request)
        phase = .idle(since: now)
        lastProgress = now
    }

    var isFinished: Bool { if case .finished = phase { true } else { false } }

    /// Whether bytes of the client are welcome now.
    var wantsInput: Bool {
        if inputEnded { return false }
        switch phase {
        case .idle, .reading: return output.count <= limits.outputMax
        case .lingering: return true
        // One request ahead may wait in the parser, so that the end of the client is noticed.
        case .answering, .holding: return parser.buffered == 0
        case .closing, .finished: return false
        }
    }

    /// Whether this side should say that it sends nothing more (close_notify, then the half-close of TCP).
    var wantsEndOfOutput: Bool { if case .lingering = phase { true } else { false } }

    mutating func received(_ bytes: RawSpan, at now: Instant) {
        switch phase {
        case .idle where bytes.byteCount > 0: phase = .reading(since: now)
        case .reading, .answering, .holding: break
        default: return
        }
        parser.append(bytes)
    }

    /// The client sends nothing more. A whole request is still answered; half a one is forgotten.
    mutating func inputEnds(at now: Instant) {
        inputEnded = true
        switch phase {
        case .idle, .lingering: phase = output.isEmpty ? .finished : .closing
        case .reading, .answering, .holding, .closing, .finished: break
        }
    }

    /// The next request to answer; nil when there is none, or the last one is not answered. After the client's end,
    /// and after a refusal, this also brings the connection on its way out.
    mutating func nextRequest(at now: Instant, date: String) -> HTTPRequest? {
        switch phase {
        case .idle, .reading: break
        default: return nil
        }
        guard output.count <= limits.outputMax else { return nil }
        do throws(HTTPRefusal) {
            guard let request = try parser.next() else {
                if inputEnded { phase = output.isEmpty ? .finished : .closing }
                return nil
            }
            phase = .answering
            isHead = request.method == "HEAD"
            keepsAlive = request.keepsAlive && !inputEnded
            return request
        } catch {
            refuse(error, at: now, date: date)
            return nil
        }
    }

    /// Answers the request that `nextRequest` gave.
    mutating func respond(_ response: HTTPResponse, at now: Instant, date: String) {
        guard case .answering = phase else { return }
        if output.isEmpty { lastProgress = now }
        let goesOn = keepsAlive && !response.endsConnection
        output.append { $0 += response.encoded(forHead: isHead, keepsAlive: goesOn, date: date) }
        if goesOn {
            phase = parser.isMidRequest ? .reading(since: now) : .idle(since: now)
        } else {
            phase = .closing
        }
    }

    /// Answers the request that `nextRequest` gave, but not before `time`.
    mutating func respond(_ response: HTTPResponse, notBefore time: Instant) {
        guard case .answering = phase else { return }
        phase = .holding(response, until: time)
    }

    /// `count` bytes of `output` are with the client's kernel.
    mutating func sent(_ count: Int, at now: Instant) {
        output.consume(count)
        if count > 0 { lastProgress = now }
        guard output.isEmpty else { return }
        output.trim(to: 4096)
        if case .closing = phase { phase = inputEnded ? .finished : .lingering(until: now + limits.lingerTime) }
    }

    /// When `expire` has to be called at the latest; nil while only an answer is awaited.
    var deadline: Instant? {
        let own: Instant? =
            switch phase {
            case .idle(let since): since + limits.idleTime
            case .reading(let since): since + limits.requestTime
            case .holding(_, let until), .lingering(let until): until
            case .answering, .closing, .finished: nil
            }
        guard !output.isEmpty else { return own }
        return min(own ?? lastProgress + limits.writeTime, lastProgress + limits.writeTime)
    }

    /// Acts on what is due.
    mutating func expire(at now: Instant, date: String) {
        if !output.isEmpty, now >= lastProgress + limits.writeTime {
            phase = .finished
            return
        }
        guard let deadline, now >= deadline else { return }
        switch phase {
        case .idle: phase = output.isEmpty ? .finished : .closing
        case .reading: refuse(.timeout, at: now, date: date)
        case .holding(let response, _):
            phase = .answering
            respond(response, at: now, date: date)
        case .lingering: phase = .finished
        case .answering, .closing, .finished: break
        }
    }

    private mutating func refuse(_ refusal: HTTPRefusal, at now: Instant, date: String) {
        self.refusal = refusal
        isHead = false
        keepsAlive = false
        phase = .answering
        respond(HTTPResponse(refusal), at: now, date: date)
    }
}
