// Scores as text, in and out.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ScoreTextTests {
    /// The texts are the C library's, under `%.17g`.
    @Test func `doubles are written with 17 digits, as printf writes them`() {
        let recorded: [(Double, String)] = [
            (0.1, "0.10000000000000001"), (1.0 / 3, "0.33333333333333331"), (1.5, "1.5"), (1e17, "1e+17"),
            (1.2345678901234568e17, "1.2345678901234568e+17"), (99_999_999_999_999_984, "99999999999999984"),
            (1e22, "1e+22"), (1e23, "9.9999999999999992e+22"), (.leastNonzeroMagnitude, "4.9406564584124654e-324"),
            (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (1e-4, "0.0001"), (1e-5, "1.0000000000000001e-05"),
            (0.00012345, "0.00012344999999999999"), (9_007_199_254_740_992, "9007199254740992"),
            (1_000_000_000_000_000.2, "1000000000000000.2"), (-2.5, "-2.5"), (3.14e-07, "3.1399999999999998e-07"),
            (1.5e300, "1.5000000000000001e+300"), (0.3, "0.29999999999999999"), (4.35, "4.3499999999999996"),
            (1_180_591_620_717_411_303_424, "1.1805916207174113e+21"), (1e-300, "1e-300"),
            (123456.789, "123456.789"), (8.5e-05, "8.5000000000000006e-05"),
            (0.9999999999999999, "0.99999999999999989"),
            (0, "0"), (-0.0, "-0"), (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
        ]
        for (value, text) in recorded { #expect(String(decoding: [UInt8](double: value), as: UTF8.self) == text) }
    }

    @Test func `what is written reads back as the same number`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(ScoreText.score([UInt8](double: value).rawBytes) == value)
            let short = Double(Int.random(in: -100_000...100_000, using: &random)) / 1000
            #expect(ScoreText.score([UInt8](double: short).rawBytes) == short)
            #expect(ScoreText.score(Array("\(value)".utf8).rawBytes) == value)
        }
    }

    private static func score(_ text: String) -> Double? { ScoreText.score(Array(text.utf8).rawBytes) }
    private static func bound(_ text: String) -> Double? { ScoreText.bound(Array(text.utf8).rawBytes) }

    @Test func `scores are read as strtod reads them`() {
        let good: [(String, Double)] = [
            ("1", 1), ("-1", -1), ("+1.5", 1.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-2", 0.01), ("0x10", 16),
            ("0X1.8p1", 3), ("-0x.8", -0.5), ("0x1p-1074", .leastNonzeroMagnitude), ("inf", .infinity),
            ("-INF", -.infinity),
            ("+Infinity", .infinity), ("9007199254740993", 9_007_199_254_740_992),
            ("9007199254740993.000000000000000000000000001", 9_007_199_254_740_994),
            ("0.1000000000000000055511151231257827", 0.1), ("1e23", 1e23), ("8.5e-5", 8.5e-5),
            ("1e-320", Double(bitPattern: 2024)),
            ("000000000000000000000000000000001", 1), ("0e999999999999999999999", 0),
            ("123456789012345678901234567890", 123_456_789_012_345_677_877_719_597_056),
        ]
        for (text, value) in good { #expect(ScoreTextTests.score(text) == value, "\(text)") }
        let bad = [
            "", "-", ".", "e5", "1e", "1e+", "0x", "0x.", "0x1p", "1x", " 1", "1 ", "nan", "-nan", "infi", "--1",
            "1e400", "-1e400", "1e-400", "0x1p-1076", "1e99999999999999999999", "1,5",
        ]
        for text in bad { #expect(ScoreTextTests.score(text) == nil, "\(text)") }
    }

    @Test func `bounds are read more leniently`() {
        let good: [(String, Double)] = [
            ("1", 1), (" 1", 1), ("\t\n -2", -2), ("", 0), ("1e400", .infinity), ("-1e400", -.infinity), ("1e-400", 0),
            ("1\0x", 1), ("\0", 0), ("inf", .infinity),
        ]
        for (text, value) in good { #expect(ScoreTextTests.bound(text) == value, "\(text.debugDescription)") }
        for text in [" ", "1 ", "x", "nan", "(1", "-", "1x\0"] {
            #expect(ScoreTextTests.bound(text) == nil, "\(text.debugDescription)")
        }
    }
}
