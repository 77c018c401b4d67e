// As many requests as the servers answer: each connection sends its pipeline's worth, waits for all of it, sends again.

import Platform
import Telemetry
import Vocabulary

/// Requests of a protocol: the one thing in which measuring etcd differs from measuring the rest.
protocol RequestWriter {
    associatedtype Dialect: Wire
    func wire(endpoint: Int) -> Dialect
    func write(
        _ request: Workload.Request, of workload: borrowing Workload, _ wire: inout Dialect, to output: inout [UInt8])
}

/// Requests in the Redis protocol.
struct RedisRequests: RequestWriter {
    let token: String?
    let waits: Bool

    func wire(endpoint: Int) -> RedisWire { RedisWire(token: token, readsLocally: false, waits: waits) }
    func write(
        _ request: Workload.Request, of workload: borrowing Workload, _ wire: inout RedisWire,
        to output: inout [UInt8]
    ) {
        workload.appendCommand(request, to: &output)
    }
}

/// Requests to etcd, by gRPC.
struct EtcdRequests: RequestWriter {
    let command: Workload.Kind
    let endpoints: [Endpoint]
    let isSecure: Bool

    func wire(endpoint: Int) -> EtcdWire {
        EtcdWire(command: command, authority: endpoints[endpoint].text, isSecure: isSecure)
    }
    func write(
        _ request: Workload.Request, of workload: borrowing Workload, _ wire: inout EtcdWire, to output: inout [UInt8]
    ) {
        wire.append(request, of: workload, to: &output)
    }
}

/// What was measured.
struct Throughput {
    var latency = Histogram()
    /// Requests that were answered with an error or not at all, by the first word.
    var failures: [String: Int] = [:]
    var began = Instant(nanoseconds: 0)
    var ended = Instant(nanoseconds: 0)

    var seconds: Double { (ended - began).inSeconds }
    var rate: Double { Double(latency.count) / max(seconds, 1e-9) }
}

/// A closed loop: after a warm-up everything is counted until the time is over.
struct ThroughputDriver<Requests: RequestWriter>: LoadDriver {
    let requests: Requests
    let workload: WorkloadBox
    let pipeline: Int
    let warmUp: Duration
    let duration: Duration
    private(set) var result = Throughput()
    private var began: Instant?

    init(requests: Requests, workload: consuming Workload, pipeline: Int, warmUp: Duration, duration: Duration) {
        self.requests = requests
        self.workload = WorkloadBox(workload)
        self.pipeline = pipeline
        self.warmUp = warmUp
        self.duration = duration
    }

    func wire(endpoint: Int) -> Requests.Dialect { requests.wire(endpoint: endpoint) }

    func refill(_ connection: ClientConnection<Requests.Dialect>, now: Instant) {
        guard connection.underWay == 0 else { return }
        // The clock of the turn may be old by the answers that were looked at before these.
        let now = MonotonicClock.now()
        for _ in 0..<pipeline where connection.hasRoom {
            let request = workload.value.next()
            connection.submit(now: now) { requests.write(request, of: workload.value, &$0, to: &$1) }
        }
    }

    mutating func answered(
        _ request: ClientConnection<Requests.Dialect>.Pending, _ answer: Answer, reply: RawSpan,
        by connection: ClientConnection<Requests.Dialect>, now: Instant
    ) {
        guard isMeasuring else { return }
        if let failure = answer.failure {
            result.failures[failure, default: 0] += 1
        } else {
            result.latency.record(now - request.sentAt)
        }
    }

    mutating func lost(
        _ requests: [ClientConnection<Requests.Dialect>.Pending], of connection: ClientConnection<Requests.Dialect>,
        reason: String, now: Instant
    ) {
        result.failures[reason, default: 0] += max(1, requests.count)
    }

    mutating func turn(_ connections: [ClientConnection<Requests.Dialect>], now: Instant) -> Instant? {
        let start = began ?? now
        began = start
        if now < start + warmUp { return start + warmUp }
        if !isMeasuring { result.began = now }
        result.ended = now
        let end = start + warmUp + duration
        return now < end ? end : nil
    }

    private var isMeasuring: Bool { result.began > Instant(nanoseconds: 0) }
}

/// Holds the workload, which is not copied, for a driver, which is.
final class WorkloadBox {
    var value: Workload
    init(_ value: consuming Workload) { self.value = value }
}
