// A protocol as the load test speaks it: requests as bytes, answers recognised among the bytes that come back.

/// One answer that stands whole at the front of the received bytes.
struct Answer {
    /// How many bytes it takes, with everything that stood before it and answers no request.
    var consumed: Int
    /// Which request it answers, counted from 0 on its connection; nil for an answer to a greeting.
    var ticket: Int?
    /// The first word of an error; nil when the request was done.
    var failure: String?
}

/// Why a connection cannot go on: the other side does not speak the protocol, or said that it ends.
struct WireError: Error, CustomStringConvertible {
    let description: String
}

/// One connection's side of a protocol. Loops are generic over it, so that the choice costs nothing per request.
protocol Wire {
    /// What is said before the first request.
    func greeting() -> [UInt8]

    /// The next answer in `bytes`, which begin where the last one ended; nil while it is not whole. What the protocol
    /// itself has to say in between is appended to `control`.
    mutating func next(in bytes: RawSpan, control: inout [UInt8]) throws(WireError) -> Answer?

    /// How many answers without a ticket come before requests may be sent.
    var greetingAnswers: Int { get }

    /// Whether the other side has room for another request.
    var hasRoom: Bool { get }
}
