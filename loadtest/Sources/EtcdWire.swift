// As much HTTP/2 and gRPC as etcd's Put and Range need, so that etcd is measured by the same client as everything else.

import ByteCoding

/// One HTTP/2 connection (RFC 9113) on which every request is one stream. Header blocks are written with a fixed set of
/// table entries (RFC 7541) and never read: a unary call that failed is known by the absence of a message.
struct EtcdWire: Wire {
    private enum Frame {
        static let headerSize = 9
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let endStream: UInt8 = 1
        static let acknowledgement: UInt8 = 1
        static let endHeaders: UInt8 = 4
    }

    /// The most streams that are open at once; a power of two.
    private static let streamsMax = 1024
    /// What we let the server send before it has to be told to go on (section 6.9).
    private static let receiveWindow: UInt32 = 1 << 30

    let path: String
    let authority: String
    let isSecure: Bool

    private var sent = 0
    private var hasMessage = [Bool](repeating: false, count: streamsMax)
    /// What the server lets us send (section 5.2); it opens the window again as it reads.
    private var window = 65_535
    private var unacknowledged: UInt32 = 0

    init(command: Workload.Kind, authority: String, isSecure: Bool) {
        path = command == .set ? "/etcdserverpb.KV/Put" : "/etcdserverpb.KV/Range"
        self.authority = authority
        self.isSecure = isSecure
    }

    var greetingAnswers: Int { 0 }
    var hasRoom: Bool { window > 16_384 }

    func greeting() -> [UInt8] {
        var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        // SETTINGS_INITIAL_WINDOW_SIZE (4), then the window of the connection as a whole.
        EtcdWire.append(frame: Frame.settings, flags: 0, stream: 0, size: 6, to: &bytes)
        bytes.append(contentsOf: [0, 4])
        EtcdWire.append(bigEndian: EtcdWire.receiveWindow, to: &bytes)
        EtcdWire.append(frame: Frame.windowUpdate, flags: 0, stream: 0, size: 4, to: &bytes)
        EtcdWire.append(bigEndian: EtcdWire.receiveWindow, to: &bytes)
        return bytes
    }

    mutating func append(_ request: Workload.Request, of workload: borrowing Workload, to output: inout [UInt8]) {
        let stream = UInt32(2 * sent + 1)
        let headers = sent == 0 ? firstHeaders() : laterHeaders
        EtcdWire.append(
            frame: Frame.headers, flags: Frame.endHeaders, stream: stream, size: headers.count, to: &output)
        output.append(contentsOf: headers)

        // The frame's and the message's sizes are filled in when the message stands.
        let frame = output.count
        EtcdWire.append(frame: Frame.data, flags: Frame.endStream, stream: stream, size: 0, to: &output)
        output.append(contentsOf: [0, 0, 0, 0, 0])
        let message = output.count
        // PutRequest and RangeRequest both have the key as field 1; the value is field 2 of the former.
        output.append(0x0A)
        output.append(varint: UInt64(Workload.keySize))
        workload.appendKey(request.key, to: &output)
        if request.kind == .set {
            output.append(0x12)
            output.append(varint: UInt64(workload.valueSize))
            workload.appendValue(request.seed, to: &output)
        }
        let size = output.count - message
        output.store(littleEndian: UInt32(size).byteSwapped, at: message - 4)
        output[frame] = UInt8(truncatingIfNeeded: (size + 5) >> 16)
        output[frame + 1] = UInt8(truncatingIfNeeded: (size + 5) >> 8)
        output[frame + 2] = UInt8(truncatingIfNeeded: size + 5)
        window -= size + 5
        hasMessage[sent % EtcdWire.streamsMax] = false
        sent += 1
    }

    mutating func next(in bytes: RawSpan, control: inout [UInt8]) throws(WireError) -> Answer? {
        var consumed = 0
        while let frame = EtcdWire.frame(in: bytes, at: consumed) {
            consumed = frame.end
            let ticket = Int(frame.stream / 2)
            switch frame.kind {
            case Frame.data:
                hasMessage[ticket % EtcdWire.streamsMax] = true
                renewWindow(UInt32(frame.end - frame.start), control: &control)
            case Frame.reset:
                return Answer(consumed: consumed, ticket: ticket, failure: "RESET")
            case Frame.settings where frame.flags & Frame.acknowledgement == 0:
                EtcdWire.append(frame: Frame.settings, flags: 1, stream: 0, size: 0, to: &control)
            case Frame.ping where frame.flags & Frame.acknowledgement == 0:
                EtcdWire.append(frame: Frame.ping, flags: 1, stream: 0, size: 8, to: &control)
                control.append(bytes: bytes.extracting(frame.start..<frame.end))
            case Frame.windowUpdate where frame.stream == 0:
                window += Int(EtcdWire.bigEndian(in: bytes, at: frame.start))
            case Frame.goAway:
                throw WireError(description: "etcd closes the connection")
            default: break
            }
            if frame.kind <= Frame.headers, frame.flags & Frame.endStream != 0 {
                let failure = hasMessage[ticket % EtcdWire.streamsMax] ? nil : "GRPC"
                return Answer(consumed: consumed, ticket: ticket, failure: failure)
            }
        }
        return consumed > 0 ? Answer(consumed: consumed, ticket: nil, failure: nil) : nil
    }

    private mutating func renewWindow(_ size: UInt32, control: inout [UInt8]) {
        unacknowledged += size
        guard unacknowledged > 1 << 20 else { return }
        EtcdWire.append(frame: Frame.windowUpdate, flags: 0, stream: 0, size: 4, to: &control)
        EtcdWire.append(bigEndian: unacknowledged, to: &control)
        unacknowledged = 0
    }

    /// The first request's header block, which puts its four own fields into the server's table (RFC 7541, 6.2.1).
    private func firstHeaders() -> [UInt8] {
        var bytes: [UInt8] = [0x83, isSecure ? 0x87 : 0x86]
        for (name, value) in [(0x44, path), (0x41, authority), (0x5F, "application/grpc")] as [(UInt8, String)] {
            bytes.append(name)
            bytes.append(UInt8(value.utf8.count))
            bytes.append(contentsOf: value.utf8)
        }
        bytes.append(contentsOf: [0x40, 2] + Array("te".utf8) + [8] + Array("trailers".utf8))
        return bytes
    }

    /// All later ones name the table's entries: 62 is the newest (RFC 7541, 2.3.3).
    private var laterHeaders: [UInt8] { [0x83, isSecure ? 0x87 : 0x86, 0xC1, 0xC0, 0xBF, 0xBE] }

    // MARK: Frames (RFC 9113, section 4.1)

    private static func append(
        frame kind: UInt8, flags: UInt8, stream: UInt32, size: Int, to output: inout [UInt8]
    ) {
        output.append(UInt8(truncatingIfNeeded: size >> 16))
        output.append(UInt8(truncatingIfNeeded: size >> 8))
        output.append(UInt8(truncatingIfNeeded: size))
        output.append(kind)
        output.append(flags)
        append(bigEndian: stream, to: &output)
    }

    private static func append(bigEndian value: UInt32, to output: inout [UInt8]) {
        output.append(littleEndian: value.byteSwapped)
    }

    private static func bigEndian(in bytes: RawSpan, at offset: Int) -> UInt32 {
        var reader = ByteReader(offset: offset, end: bytes.byteCount)
        return ((try? reader.integer(UInt32.self, from: bytes)) ?? 0).byteSwapped & 0x7FFF_FFFF
    }

    private struct FrameExtent {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        /// The payload.
        var start: Int
        var end: Int
    }

    /// The frame at `offset`; nil while it is not whole.
    private static func frame(in bytes: RawSpan, at offset: Int) -> FrameExtent? {
        guard bytes.byteCount - offset >= Frame.headerSize else { return nil }
        let size = Int(bigEndian(in: bytes, at: offset) >> 8)
        let start = offset + Frame.headerSize
        guard bytes.byteCount - start >= size else { return nil }
        var reader = ByteReader(offset: offset + 3, end: bytes.byteCount)
        guard let kind = try? reader.integer(UInt8.self, from: bytes),
            let flags = try? reader.integer(UInt8.self, from: bytes)
        else { return nil }
        return FrameExtent(
            kind: kind, flags: flags, stream: bigEndian(in: bytes, at: offset + 5), start: start, end: start + size)
    }
}
