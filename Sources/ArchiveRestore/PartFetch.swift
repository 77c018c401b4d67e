// Fetching the parts of a backup's packs, several at once, into the files that they become.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import ObjectStores
import Platform
import Synchronization
import Vocabulary

/// One object on its way into a file.
struct PartOrder: Sendable {
    var name: PieceName
    var part: BackupPart
    /// The file that it is a part of.
    var path: String
}

/// Workers take parts from a common list. A part is checked by its hash, its header and its blocks before it is
/// written, and is on stable storage before it is reported.
final class PartFetch: Sendable {
    private struct State {
        var waiting: [PartOrder]
        var failure: RestoreError?
    }

    private typealias Letter = Result<(PieceName, Int), RestoreError>

    private let store: any ObjectStore
    private let state: Mutex<State>

    private init(_ store: any ObjectStore, _ orders: [PartOrder]) {
        self.store = store
        state = Mutex(State(waiting: orders.reversed()))
    }

    /// - Parameter done: called for each part that is on stable storage, with its stored size, on this thread.
    static func run(
        _ orders: [PartOrder], from store: any ObjectStore, workers: Int,
        done: (PieceName, Int) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        guard !orders.isEmpty else { return }
        let fetch = PartFetch(store, orders)
        let letters = WorkQueue<Letter>()
        var threads: [WorkerThread] = []
        for number in 0..<min(workers, orders.count) {
            let thread = try onSystem { () throws(SystemError) in
                try WorkerThread.start(name: "fetch-\(number)") { fetch.work(letters) }
            }
            threads.append(thread)
        }
        defer {
            fetch.state.withLock { $0.waiting = [] }
            for thread in threads { thread.join() }
        }
        var missing = orders.count
        var taken: [Letter] = []
        while missing > 0, letters.takeAll(into: &taken) {
            for letter in taken {
                let (name, size) = try letter.get()
                try done(name, size)
                missing -= 1
            }
        }
    }

    private func work(_ letters: WorkQueue<Letter>) {
        var decompressor = ArchiveDecompressor()
        while let order = state.withLock({ $0.waiting.popLast() }) {
            do throws(RestoreError) {
                try fetch(order, &decompressor)
                letters.post(.success((order.name, order.part.size)))
            } catch {
                letters.post(.failure(error))
                return
            }
        }
    }

    private func fetch(_ order: PartOrder, _ decompressor: inout ArchiveDecompressor) throws(RestoreError) {
        let object = try archived { () throws(ArchiveError) in
            try ArchivedPart.fetch(order.name, order.part, from: store)
        }
        let file: File
        do throws(SystemError) { file = try File.open(order.path, mode: .openOrCreate) } catch { throw .system(error) }
        var plain: [UInt8] = []
        for block in 0..<object.blockCount {
            plain.removeAll(keepingCapacity: true)
            do throws(ArchiveFault) { try decompressor.append(block: block, of: object, to: &plain) } catch {
                throw .archive(.object(order.name.description, error))
            }
            let offset = order.part.offset + block * ArchiveObject.blockSize
            do throws(SystemError) { try file.pwriteAll(plain.rawBytes, at: offset) } catch { throw .system(error) }
        }
        do throws(SystemError) { try file.synchronizeData() } catch { throw .system(error) }
    }
}
