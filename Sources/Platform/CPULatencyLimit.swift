// How long this machine's cores may take to wake up: a request to the kernel that holds for as long as it is open.

import Vocabulary

/// A limit on the time that sleeping cores take to wake (Linux PM QoS, Documentation/power/pm_qos_interface.rst): the
/// kernel chooses no deeper idle state on any core while the limit is held, and at 0 lets idle cores poll.
///
/// The request ends with `release`, with this value, and with the process, however that ends.
public struct CPULatencyLimit: ~Copyable {
    public static let device = "/dev/cpu_dma_latency"

    /// In microseconds, as the device takes it.
    private let limit: Int32
    private let device: String
    private var request: File?

    /// - Parameter limit: whole microseconds count.
    /// - Throws: when the device cannot be opened: it belongs to root, unless somebody has changed that.
    public init(_ limit: Duration, device: String = CPULatencyLimit.device) throws(SystemError) {
        self.limit = Int32(clamping: limit.inNanoseconds / 1000)
        self.device = device
        request = nil
        _ = try File.open(device, mode: .readWrite)
    }

    public var isHeld: Bool { request != nil }

    public mutating func hold() throws(SystemError) {
        guard request == nil else { return }
        let file = try File.open(device, mode: .readWrite)
        let value = [limit]
        try file.pwriteAll(value.span.bytes, at: 0)
        request = consume file
    }

    public mutating func release() { request = nil }
}
