// The limit on the cores' wake-up time, with a file in the device's place.

import Platform
import Testing
import Vocabulary

@Suite struct CPULatencyLimitTests {
    private func asked(_ limit: Duration) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        let device = directory.file("device")
        try File.open(device, mode: .create).close()
        var held = try CPULatencyLimit(limit, device: device)
        var states = [held.isHeld]
        try held.hold()
        try held.hold()
        states.append(held.isHeld)
        held.release()
        states.append(held.isHeld)
        #expect(states == [false, true, false])
        return try File.open(device, mode: .readOnly).read(100, at: 0)
    }

    @Test func `the device is given whole microseconds in four bytes of the machine's order`() throws {
        #expect(try asked(.zero) == [0, 0, 0, 0])
        #expect(try asked(.nanoseconds(258_999)) == withUnsafeBytes(of: Int32(258)) { Array($0) })
        #expect(try asked(.seconds(86400)) == withUnsafeBytes(of: Int32.max) { Array($0) })
    }

    @Test func `a device that is not there is named before anything is held`() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("missing")
        let error = failure { () throws(SystemError) in
            let limit = try CPULatencyLimit(.zero, device: missing)
            _ = limit.isHeld
        }
        #expect(error?.subject == missing)
    }
}
