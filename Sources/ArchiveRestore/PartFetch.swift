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

/// How long threads were at one kind of work and at the other.
struct FetchTimes: Sendable {
    var download = Duration.zero
    var decompress = Duration.zero

    static func += (all: inout FetchTimes, more: FetchTimes) {
        all.download += more.download
        all.decompress += more.decompress
    }

    /// The share of the download in a time that was spent on both.
    func share(of time: Duration) -> Duration {
        let all = download + decompress
        return all > .zero ? time * ((download / all)) : .zero
    }
}

/// Workers take parts from a common list. A part is checked by its hash, its header and its blocks before it is
/// written.
final class PartFetch: Sendable {
    private struct State {
        var waiting: [PartOrder]
        var times = FetchTimes()
    }

    private typealias Letter = Result<Int, RestoreError>

    private let store: any ObjectStore
    private let keeper: PartKeeper?
    /// Whether a worker goes on behind a part that is damaged or gone.
    private let skipsDamage: Bool
    private let state: Mutex<State>
    private let letters = WorkQueue<Letter>()
    private let threads = Mutex<[WorkerThread]>([])
    private let count: Int

    private init(_ store: any ObjectStore, _ orders: [PartOrder], _ keeper: PartKeeper?, skipsDamage: Bool) {
        self.store = store
        self.keeper = keeper
        self.skipsDamage = skipsDamage
        state = Mutex(State(waiting: orders.reversed()))
        count = orders.count
    }

    /// - Parameters:
    ///   - keeper: brings each part to stable storage; nil for files that are gone soon.
    ///   - lost: called for each part that is damaged or gone; nil ends the fetch with the first of them. Its place in
    ///     the file may hold anything.
    ///   - done: called for each part that is in its file, with its stored size, on this thread.
    @discardableResult
    static func run(
        _ orders: [PartOrder], from store: any ObjectStore, workers: Int, keeper: PartKeeper? = nil,
        lost: ((RestoreError) -> Void)? = nil, done: (Int) -> Void
    ) throws(RestoreError) -> FetchTimes {
        let fetch = try start(orders, from: store, workers: workers, keeper: keeper, skipsDamage: lost != nil)
        defer { fetch.end() }
        return try fetch.finish(lost: lost, done: done)
    }

    /// Begins; `end` has to be called, after `finish` or without it.
    static func start(
        _ orders: [PartOrder], from store: any ObjectStore, workers: Int, keeper: PartKeeper? = nil,
        skipsDamage: Bool = false
    ) throws(RestoreError) -> PartFetch {
        let fetch = PartFetch(store, orders, keeper, skipsDamage: skipsDamage)
        do throws(RestoreError) {
            for number in 0..<min(workers, orders.count) {
                let thread = try onSystem { () throws(SystemError) in
                    try WorkerThread.start(name: "fetch-\(number)") { fetch.work() }
                }
                fetch.threads.withLock { $0.append(thread) }
            }
        } catch {
            fetch.end()
            throw error
        }
        return fetch
    }

    /// Waits until all parts are in their files.
    func finish(
        lost: ((RestoreError) -> Void)? = nil, done: (Int) -> Void
    ) throws(RestoreError) -> FetchTimes {
        var missing = count
        var taken: [Letter] = []
        while missing > 0, letters.takeAll(into: &taken) {
            for letter in taken {
                missing -= 1
                do throws(RestoreError) { done(try letter.get()) } catch {
                    guard let lost, error.blame == .backupDamaged else { throw error }
                    lost(error)
                }
            }
        }
        return state.withLock { $0.times }
    }

    /// No thread works any more, and no part is begun.
    func end() {
        state.withLock { $0.waiting = [] }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func work() {
        var decompressor = ArchiveDecompressor()
        var plain: [UInt8] = []
        while let order = state.withLock({ $0.waiting.popLast() }) {
            do throws(RestoreError) {
                try fetch(order, &decompressor, &plain)
                letters.post(.success(order.part.size))
            } catch {
                letters.post(.failure(error))
                guard skipsDamage, error.blame == .backupDamaged else { return }
            }
        }
    }

    private func fetch(
        _ order: PartOrder, _ decompressor: inout ArchiveDecompressor, _ plain: inout [UInt8]
    ) throws(RestoreError) {
        let began = MonotonicClock.now()
        let name = order.name.description
        let bytes = try archived { () throws(ArchiveError) in try ArchivedPart.bytes(of: order.name, from: store) }
        let fetched = MonotonicClock.now()
        let object = try archived { () throws(ArchiveError) in
            try ArchivedPart.object(order.name, order.part, bytes)
        }
        let file = try onSystem { () throws(SystemError) in PartFile(try File.open(order.path, mode: .openOrCreate)) }
        for block in 0..<object.blockCount {
            plain.removeAll(keepingCapacity: true)
            do throws(ArchiveFault) { try decompressor.append(block: block, of: object, to: &plain) } catch {
                throw .archive(.object(name, error))
            }
            let offset = order.part.offset + block * ArchiveObject.blockSize
            do throws(SystemError) { try file.file.pwriteAll(plain.rawBytes, at: offset) } catch {
                throw .system(error)
            }
        }
        keeper?.keep(file, name)
        let done = MonotonicClock.now()
        state.withLock { state in
            state.times.download += fetched - began
            state.times.decompress += done - fetched
        }
    }
}

/// Brings parts to stable storage behind the back of those who write them, and notes each that is there.
struct PartKeeper: Sendable {
    let syncs: SyncThread
    let staging: RestoreStaging

    func keep(_ file: PartFile, _ name: String) {
        let staging = staging
        syncs.post { () throws(SystemError) in
            try file.file.synchronizeData()
            try staging.note(name)
        }
    }
}

/// An open file that goes from one thread to another.
final class PartFile: Sendable {
    let file: File

    init(_ file: consuming File) { self.file = file }
}
