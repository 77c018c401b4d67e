// The Date header.

import Vocabulary

enum HTTPDate {
    /// IMF-fixdate (RFC 9110, section 5.6.7): `Sat, 21 Nov 2026 02:13:34 GMT`.
    static func text(_ time: Timestamp) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday. The calendar is the timestamp's own: `2026-11-21T02:13:34.000001Z`.
        let weekday = days[Int(time.rawValue / 86_400_000_000 % 7)]
        let parts = time.description.split(whereSeparator: { "-T.".contains($0) })
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }
}
