// INCRBYFLOAT's numbers.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct DecimalNumberTests {
    private func sum(_ a: String, _ b: String) -> String? {
        guard let a = DecimalNumber(Array(a.utf8).rawBytes), let b = DecimalNumber(Array(b.utf8).rawBytes) else {
            return nil
        }
        return a.adding(b).map { String(decoding: $0.text, as: UTF8.self) } ?? "not finite"
    }

    @Test(arguments: [
        ("10.5", "0.1", "10.6"), ("3.0e3", "200", "3200"), ("0.1", "0.2", "0.3"), ("5.0e3", "-2.0e2", "4800"),
        ("1", "-1", "0"), ("-1.5", "1", "-0.5"), ("0", "-0", "0"), ("17179869184", "1.5", "17179869185.5"),
        ("1e20", "1e-17", "100000000000000000000.00000000000000001"), ("0", "1e-18", "0"), ("0", "5e-18", "0"),
        ("0", "15e-18", "0.00000000000000002"), ("0", "51e-19", "0.00000000000000001"), ("99.9", ".1", "100"),
        ("0", "0.99999999999999999999", "1"), ("-0.99999999999999999999", "0", "-1"), ("5.", "+2", "7"),
        ("1e3", "1E-3", "1000.001"), ("000012", "0.50", "12.5"), ("-5", "-7", "-12"), ("5000.1", "16", "5016.1"),
        ("1", "inf", "not finite"), ("-Infinity", "1", "not finite"), ("9e4932", "9e4932", "not finite"),
        ("1.0e-4", "0", "0.0001"), ("100", "0", "100"), ("10", "-0.00000000000000001", "9.99999999999999999"),
    ])
    func `sums are exact and rounded to 17 places`(a: String, b: String, text: String) {
        #expect(sum(a, b) == text)
        #expect(sum(b, a) == text)
    }

    @Test(arguments: ["", " 1", "1 ", "abc", "1e", "1e+", ".", "-", "+-1", "nan", "0x10", "1e5000", "1e-5000", "1.2.3"])
    func `what is no number is refused`(text: String) {
        let number = DecimalNumber(Array(text.utf8).rawBytes)
        #expect(number == nil)
    }

    @Test func `random sums agree with integers`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            let a = Int.random(in: -1_000_000...1_000_000, using: &random)
            let b = Int.random(in: -1_000_000...1_000_000, using: &random)
            #expect(sum("\(a)e-3", "\(b)e-3") == sum("\(a + b)e-3", "0"))
            #expect(sum("\(a)", "\(b)") == "\(a + b)")
        }
    }

    @Test func `INCRBYFLOAT keeps the time to live and answers the text that it stores`() {
        var rig = Rig()
        rig.run("set k 10.50 px 500")
        #expect(rig.run("incrbyfloat k 0.1") == bulk("10.6"))
        #expect(rig.run("get k") == bulk("10.6"))
        #expect(rig.run("pttl k") == .integer(500))
        #expect(rig.run("incrbyfloat new 3.0e3") == bulk("3000"))
    }
}
