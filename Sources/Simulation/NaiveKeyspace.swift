// TEMP
import Keyspace
import RESP
import Vocabulary
struct NaiveKeyspace {
    var k: Keyspace
    init(of c: ClusterID) { k = Keyspace(of: c) }
    mutating func apply(_ entry: RawSpan, at time: Timestamp, index: LogIndex) -> [UInt8] {
        var w = ReplyWriter(version: .two)
        k.apply(entry, at: time, index: index, reply: &w)
        return w.bytes
    }
    func difference(from other: Keyspace, clock: Timestamp) -> String? { k.digest == other.digest ? nil : "digest" }
}
