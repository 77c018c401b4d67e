// Addresses as text, and the ranges that hold them.

import Testing
import Vocabulary

@testable import AdminAPI

@Suite struct AddressRangeTests {
    private func contains(_ range: String, _ address: String) -> Bool? {
        guard let range = AddressRange(range), let address = NetworkAddress(address) else { return nil }
        return range.contains(address)
    }

    @Test func `ranges hold what their prefix says`() {
        #expect(contains("127.0.0.1", "127.0.0.1") == true)
        #expect(contains("127.0.0.1", "127.0.0.2") == false)
        #expect(contains("10.0.0.0/8", "10.255.1.2") == true)
        #expect(contains("10.0.0.0/8", "11.0.0.0") == false)
        #expect(contains("10.0.0.4/30", "10.0.0.7") == true)
        #expect(contains("10.0.0.4/30", "10.0.0.8") == false)
        #expect(contains("0.0.0.0/0", "1.2.3.4") == true)
        #expect(contains("0.0.0.0/0", "fd00::1") == false)
        #expect(contains("::1", "::1") == true)
        #expect(contains("fd00::/8", "fdff:1:2:3:4:5:6:7") == true)
        #expect(contains("fd00::/8", "fe00::") == false)
        #expect(contains("2001:db8::/65", "2001:db8::7fff:0:0:1") == true)
        #expect(contains("2001:db8::/65", "2001:db8::8000:0:0:1") == false)
        #expect(contains("::/0", "2001:db8::1") == true)
        #expect(contains("127.0.0.1", "::ffff:127.0.0.1") == true)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/8",
        "1.2.3.4/+8", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "fd00::1/8",
        "::/129", "1:2:3:4:5:6:7::8", "::+1", "fe80::1%eth0",
    ])
    func `what is no range is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
