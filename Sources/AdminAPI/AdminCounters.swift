// What the admin port counts about itself.

import Telemetry

/// The admin port's own counters, added to the node's when metrics are asked for.
struct AdminCounters: Sendable {
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    var accepted: UInt64 = 0
    var open: UInt64 = 0
    var rejected = Tally<RejectionReason>()
    var failedLogins: UInt64 = 0
    /// Answers by the first digit of their status: 0 stands for none, 2 for 200 to 299, ….
    private var answers: [UInt64] = Array(repeating: 0, count: 6)

    mutating func answered(_ status: Int) { answers[min(5, max(0, status / 100))] += 1 }

    /// The node's counters with the admin port's in their places.
    func added(to node: Metrics) -> Metrics {
        var metrics = node
        metrics.bytesReceived[.admin] += bytesReceived
        metrics.bytesSent[.admin] += bytesSent
        metrics.accepted[.admin] += accepted
        metrics.connections[.admin] += open
        for reason in RejectionReason.allCases { metrics.rejected[reason] += rejected[reason] }
        return metrics
    }

    /// Appends what only the admin port has.
    func write(to writer: inout PrometheusWriter) {
        writer.family("trireme_admin_answers_total", .counter, "Answers of the admin port, by class of status.")
        for (digit, count) in answers.enumerated() where digit >= 2 {
            writer.sample("trireme_admin_answers_total", [("class", "\(digit)xx")], count)
        }
        writer.single(
            "trireme_admin_failed_logins_total", .counter, "Requests with a token that is not valid.", failedLogins)
    }
}
