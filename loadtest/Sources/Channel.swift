// A client's socket, plain or under TLS, from the first SYN to the close.

import Platform
import TLS

/// Where a server listens.
struct Endpoint {
    let text: String
    let address: SocketAddress
    /// The name that the server's certificate must have.
    var host: String { String(text.prefix(upTo: text.lastIndex(of: ":") ?? text.endIndex)) }

    /// From `HOST:PORT`; names are looked up.
    init(_ text: String) throws(SystemError) {
        self.text = text
        address = try SocketAddress.resolve(text)
    }
}

/// What connections under TLS have in common; plaintext has none.
struct ChannelSecurity {
    let context: TLSContext

    /// Trusts servers whose certificates this authority signed. `protocols` are offered by ALPN.
    init(trusting authorityFile: String, protocols: [String] = []) throws(TLSError) {
        context = try TLSContext.client(nil, authorityFile: authorityFile, protocols: protocols)
    }
}

/// One connection's descriptor and, if it has one, its TLS session.
struct Channel {
    let descriptor: Int32
    private let session: TLSSession?

    /// Starts to connect.
    init(connectingTo endpoint: Endpoint, security: ChannelSecurity?) throws {
        let descriptor = try Socket.connect(to: endpoint.address)
        self.descriptor = descriptor
        do {
            session = try security.map {
                try TLSSession(client: $0.context, descriptor: descriptor, expectedName: endpoint.host)
            }
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    /// Goes on with the handshake. To be called when the descriptor is writable for the first time, then as it says.
    func proceed() -> HandshakeOutcome { session?.handshake() ?? .done }

    /// Whether bytes wait in the session, of which the kernel does not tell.
    var hasHiddenInput: Bool { session?.hasBufferedInput == true }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOOutcome {
        session?.read(into: buffer) ?? Socket.read(descriptor, into: buffer)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> IOOutcome {
        session?.write(bytes) ?? Socket.write(descriptor, bytes)
    }

    func close() { Socket.close(descriptor) }
}
