// Names, identifiers, digests and days over all their small cases, beside naive twins.

import Testing
import Vocabulary

@Suite struct ExhaustiveTests {
    @Test func `of all single bytes, letters begin a name, and letters, digits and the hyphen continue it`() {
        for byte in UInt8.min...UInt8.max {
            let character = Character(UnicodeScalar(byte))
            let isLetter = ("a"..."z").contains(character)
            #expect((NodeID(String(character)) != nil) == isLetter, "\(byte) first")
            let mayFollow = isLetter || ("0"..."9").contains(character) || character == "-"
            #expect((NodeID("n" + String(character)) != nil) == mayFollow, "\(byte) second")
        }
    }

    @Test func `every change of one byte of the words is refused or another name`() throws {
        let node = try #require(NodeID("node-7"))
        for shift in stride(from: UInt64(0), through: 56, by: 8) {
            for byte in UInt64(1)...255 {
                if let other = NodeID(high: node.high ^ byte << shift, low: node.low) {
                    #expect(NodeID(other.description) == other)
                    #expect(other != node)
                }
                #expect(NodeID(high: node.high, low: byte << shift) == nil)
            }
        }
    }

    @Test(arguments: ["g", "-", "+", " ", "x", "\0", "\n"])
    func `anything but a hex digit is refused at every place`(character: String) {
        for place in 0..<32 {
            let text = String(repeating: "1", count: place) + character + String(repeating: "1", count: 31 - place)
            #expect(Digest(hex: text) == nil, "at \(place)")
        }
        #expect(Digest(hex: "é" + String(repeating: "1", count: 30)) == nil, "32 bytes, 31 characters")
    }

    @Test func `sums agree with arithmetic of 128 bits`() {
        var state = Digest.empty
        var model: UInt128 = 0
        var random = SplitMix64(seed: 5)
        for number in 0..<1000 {
            let digest = Digest(high: random.next(), low: random.next())
            let value = UInt128(digest.high) << 64 | UInt128(digest.low)
            if number % 3 == 0 {
                state.remove(digest)
                model = model &- value
            } else {
                state.add(digest)
                model = model &+ value
            }
            #expect(state == Digest(high: UInt64(model >> 64), low: UInt64(truncatingIfNeeded: model)))
        }
    }

    @Test func `every day of four centuries is the one after the day before`() {
        var day = CalendarDay(year: 1970, month: 1, day: 1)
        for number in 0..<UInt64(146_097) {
            let text = Timestamp(microseconds: number * 86_400_000_000).description
            if text != day.text { Issue.record("\(text) instead of \(day.text)") }
            day.advance()
        }
        #expect(day.text.hasPrefix("2370-01-01"))
    }

    @Test(
        arguments: [
            (.zero, 0), (.nanoseconds(1), 1), (.nanoseconds(-1), -1), (.microseconds(7), 7000),
            (.milliseconds(1500), 1_500_000_000), (.seconds(-2), -2_000_000_000),
            (.milliseconds(-1500), -1_500_000_000), (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
        ] as [(Duration, Int64)])
    func `a duration has whole nanoseconds`(duration: Duration, nanoseconds: Int64) {
        #expect(duration.inNanoseconds == nanoseconds)
    }

    @Test func `parts of a nanosecond are dropped`() {
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999).inNanoseconds == 1)
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 999_999_999).inNanoseconds == 0)
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.nanoseconds(-500_000_000).inSeconds == -0.5)
    }

    @Test func `nothing stands before index zero`() async {
        // Optimised code does not compute what nobody looks at.
        await #expect(processExitsWith: .failure) { print(LogIndex.zero.previous) }
    }
}

/// A calendar that counts day by day, by the rule of leap years as schools teach it.
private struct CalendarDay {
    var year: Int
    var month: Int
    var day: Int

    private static let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

    mutating func advance() {
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        day += 1
        guard day > CalendarDay.lengths[month - 1] + (isLeap && month == 2 ? 1 : 0) else { return }
        day = 1
        month = month % 12 + 1
        if month == 1 { year += 1 }
    }

    var text: String {
        "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T00:00:00.000000Z"
    }
}
