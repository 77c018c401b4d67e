// Host names of other nodes as addresses. Looking one up takes as long as the name service likes, so a thread does it.

import Platform
import Vocabulary

/// Used by the loop's thread only.
final class PeerNames {
    /// How long a name that has no address is left alone.
    static let patience = Duration.seconds(5)

    private var known: [String: SocketAddress]
    /// Names that are being looked up.
    private var asked: Set<String> = []
    private var failed: [String: Instant] = [:]
    private let answer: @Sendable (String, SocketAddress?) -> Void

    /// - Parameter answer: called from another thread, with what was found.
    init(known: [String: SocketAddress], answer: @escaping @Sendable (String, SocketAddress?) -> Void) {
        self.known = known
        self.answer = answer
    }

    /// The address behind `HOST:PORT`, if that is known; else it is found out.
    func address(of text: String, at now: Instant) -> SocketAddress? {
        if let address = known[text] ?? SocketAddress(parsing: text) { return address }
        guard !asked.contains(text), failed[text].map({ now - $0 >= PeerNames.patience }) ?? true else { return nil }
        let answer = answer
        do throws(SystemError) {
            let thread = try WorkerThread.start(name: "resolve") {
                answer(text, try? SocketAddress.resolve(text))
            }
            thread.leave()
            asked.insert(text)
        } catch {
            // No thread now: there may be room for one later.
            failed[text] = now
        }
        return nil
    }

    /// What a thread has found. False when that is nothing, for the first time.
    func take(_ address: SocketAddress?, of text: String, at now: Instant) -> Bool {
        asked.remove(text)
        known[text] = address
        let isNew = failed[text] == nil
        failed[text] = address == nil ? now : nil
        return address != nil || !isNew
    }
}
