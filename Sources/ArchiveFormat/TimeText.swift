// Times in names: RFC 3339's basic form, which sorts and holds no colon.

public import Vocabulary

public enum TimeText {
    /// `20261121T021334.000001Z`.
    public static func compact(_ time: Timestamp) -> String {
        String(time.description.filter { $0 != "-" && $0 != ":" })
    }

    /// `20261121T021334Z`, rounded down.
    public static func seconds(_ time: Timestamp) -> String { compact(time).prefix(15) + "Z" }

    /// Nil when the text is not exactly what `compact` gives.
    public static func compact(_ text: some StringProtocol) -> Timestamp? {
        guard text.utf8.count == 23, let whole = seconds(text.prefix(15) + "Z"),
            let micros = UInt64(text.dropFirst(16).prefix(6))
        else { return nil }
        let time = Timestamp(rawValue: whole.rawValue + micros)
        return compact(time) == text ? time : nil
    }

    /// Nil when the text is not exactly what `seconds` gives.
    public static func seconds(_ text: some StringProtocol) -> Timestamp? {
        guard text.utf8.count == 16 else { return nil }
        let digits = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for digit in digits[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                value = value * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15), year >= 1970, (1...12).contains(month)
        else { return nil }
        let seconds = (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
        guard seconds >= 0 else { return nil }
        let time = Timestamp(rawValue: UInt64(seconds) * 1_000_000)
        return self.seconds(time) == text ? time : nil
    }

    /// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension TimeText {
    /// RFC 3339 in UTC, as `Timestamp` prints it, with any number of digits behind the point up to six, or without:
    /// `2026-11-21T02:13:34.000001Z`, `2026-11-21T02:13:34Z`. Nil for anything else.
    public static func full(_ text: some StringProtocol) -> Timestamp? {
        guard text.utf8.count >= 20, text.hasSuffix("Z") else { return nil }
        let head = Array(text.utf8.prefix(19))
        guard [4, 7].allSatisfy({ head[$0] == UInt8(ascii: "-") }), head[10] == UInt8(ascii: "T"),
            [13, 16].allSatisfy({ head[$0] == UInt8(ascii: ":") })
        else { return nil }
        let basic = head.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ":") }
        guard let whole = seconds(String(decoding: basic, as: UTF8.self) + "Z") else { return nil }
        let rest = text.utf8.dropFirst(19).dropLast()
        guard !rest.isEmpty else { return whole }
        guard rest.first == UInt8(ascii: "."), (2...7).contains(rest.count) else { return nil }
        var micros: UInt64 = 0
        for digit in rest.dropFirst() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            micros = micros * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        for _ in rest.count..<7 { micros *= 10 }
        return Timestamp(rawValue: whole.rawValue + micros)
    }
}
