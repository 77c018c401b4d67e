// The reactor tells of the right descriptors, and of nobody else.

import Glibc
import Platform
import Synchronization
import Testing
import Vocabulary

@Suite struct ReactorTests {
    /// A moment that has passed: a wait until then only looks.
    let past = Instant(nanoseconds: 0)

    @Test func `a readable descriptor is told of until it is read`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        let registration = try reactor.add(pair.server, .readable)
        reactor.wait(until: past, into: &events)
        #expect(events == [])
        _ = write("ping", to: pair.client)
        for _ in 0..<2 {
            reactor.wait(until: nil, into: &events)
            #expect(events.map(\.registration) == [registration])
            #expect(events.first?.isReadable == true)
            #expect(events.first?.isWritable == false)
        }
        #expect(read(from: pair.server).text == "ping")
        reactor.wait(until: past, into: &events)
        #expect(events == [])
    }

    @Test func `interest is changed and taken away`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        let registration = try reactor.add(pair.server, .readable)
        reactor.change(registration, [.readable, .writable])
        reactor.wait(until: nil, into: &events)
        #expect(events.first?.isWritable == true)
        reactor.change(registration, [])
        _ = write("ping", to: pair.client)
        reactor.wait(until: past, into: &events)
        #expect(events == [])
    }

    @Test func `a close at the other end is readable, and a hang-up once both halves are closed`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        _ = try reactor.add(pair.server, .readable)
        Socket.finishWriting(pair.client)
        reactor.wait(until: nil, into: &events)
        #expect(events.first?.isReadable == true)
        #expect(events.first?.isHangup == false)
        Socket.finishWriting(pair.server)
        reactor.wait(until: nil, into: &events)
        #expect(events.first?.isHangup == true)
    }

    @Test func `a registration is never used twice, though its slot is`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var seen: Set<Registration> = []
        for _ in 0..<100 {
            let registration = try reactor.add(pair.server, .readable)
            #expect(registration.slot == 0)
            #expect(seen.insert(registration).inserted)
            reactor.remove(registration)
        }
        #expect(reactor.count == 0)
    }

    @Test func `a removed registration neither changes nor removes its slot's next one`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        let old = try reactor.add(pair.client, .writable)
        reactor.remove(old)
        let new = try reactor.add(pair.server, .writable)
        #expect(new.slot == old.slot)
        reactor.change(old, [])
        reactor.remove(old)
        #expect(!reactor.isCurrent(old))
        #expect(reactor.isCurrent(new))
        reactor.wait(until: nil, into: &events)
        #expect(events.map(\.registration) == [new])
    }

    /// The kernel goes on telling of an open file as long as a duplicate of the closed descriptor exists.
    @Test func `an event for a removed registration finds nobody`() throws {
        let stale = try SocketPair()
        let fresh = try SocketPair()
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        let doomed = dup(stale.server)
        let old = try reactor.add(doomed, .readable)
        let keeper = dup(doomed)
        defer { Socket.close(keeper) }
        Socket.close(doomed)
        reactor.remove(old)
        let new = try reactor.add(fresh.server, .readable)
        #expect(new.slot == old.slot)
        _ = write("ping", to: stale.client)
        reactor.wait(until: past, into: &events)
        #expect(events == [])
        _ = write("ping", to: fresh.client)
        reactor.wait(until: nil, into: &events)
        #expect(events.map(\.registration) == [new])
    }

    @Test func `more descriptors than one wait tells of all get their turn`() throws {
        let pair = try SocketPair()
        let reactor = try Reactor()
        var descriptors: [Int32] = []
        for _ in 0..<Reactor.eventsMax + 10 { descriptors.append(dup(pair.server)) }
        defer { for descriptor in descriptors { Socket.close(descriptor) } }
        var waiting = Set(try descriptors.map { try reactor.add($0, .writable) })
        var events: [ReadyEvent] = []
        while !waiting.isEmpty {
            reactor.wait(until: nil, into: &events)
            try #require(!events.isEmpty)
            for event in events {
                waiting.remove(event.registration)
                reactor.remove(event.registration)
            }
        }
        #expect(reactor.count == 0)
    }

    @Test func `a descriptor that epoll cannot watch is refused`() throws {
        let reactor = try Reactor()
        #expect(failure { () throws(SystemError) in try reactor.add(-1, .readable) }?.errno == EBADF)
        #expect(reactor.count == 0)
    }

    @Test func `a wait ends at its deadline and not before`() throws {
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        let deadline = MonotonicClock.now() + .microseconds(300)
        while MonotonicClock.now() < deadline { reactor.wait(until: deadline, into: &events) }
        #expect(events == [])
    }

    @Test func `a wake before the wait ends it at once, once`() throws {
        let reactor = try Reactor()
        var events: [ReadyEvent] = []
        for _ in 0..<1000 { reactor.waker.wake() }
        reactor.wait(until: nil, into: &events)
        #expect(events == [])
        let deadline = MonotonicClock.now() + .microseconds(100)
        reactor.wait(until: deadline, into: &events)
        #expect(MonotonicClock.now() >= deadline)
    }

    @Test func `a wake may come after the reactor is gone`() throws {
        var reactor: Reactor? = try Reactor()
        let waker = try #require(reactor?.waker)
        reactor = nil
        waker.wake()
    }

    @Test func `no message is slept through, and each thread's come in order`() throws {
        struct Message: Sendable {
            let sender: Int
            let number: Int
        }
        let reactor = try Reactor()
        let mailbox = Mailbox<Message>(waking: reactor.waker)
        let perThread = 20_000
        let threads = try (0..<3).map { sender in
            try WorkerThread.start(name: "sender") {
                for number in 0..<perThread { mailbox.post(Message(sender: sender, number: number)) }
            }
        }
        var events: [ReadyEvent] = []
        var messages: [Message] = []
        var counts = [0, 0, 0]
        var isInOrder = true
        while counts.reduce(0, +) < 3 * perThread {
            reactor.wait(until: nil, into: &events)
            mailbox.drain(into: &messages)
            for message in messages {
                isInOrder = isInOrder && message.number == counts[message.sender]
                counts[message.sender] += 1
            }
        }
        for thread in threads { thread.join() }
        #expect(isInOrder)
        mailbox.drain(into: &messages)
        #expect(messages.isEmpty)
    }
}
