// Replies leave in the order of the requests, and answers to those who have gone find nobody.

import ByteCoding
import Glibc
import PeerProtocol
import Platform
import RESP
import Sessions
import Testing
import Vocabulary

@testable import Node

@Suite struct ClientConnectionTests {
    private let reactor: Reactor
    private let wire: Int32
    private let other: Int32

    init() throws {
        reactor = try Reactor()
        (wire, other) = socketPair()
    }

    private func connection(place: Int = 0, use: UInt64 = 1) throws -> ClientConnection {
        let channel = try Channel(descriptor: wire, session: nil, interest: .readable, reactor: reactor)
        return ClientConnection(
            channel: channel, place: place, use: use,
            session: Session(id: 1, address: "127.0.0.1:1", at: Instant(nanoseconds: 0), isLoggedIn: true),
            limits: RequestLimits(), now: Instant(nanoseconds: 0))
    }

    /// Submits one read, as the desk does, and returns its token.
    private func submit(_ client: ClientConnection, _ desk: SubmittingDesk) -> UInt64 {
        let token = client.nextToken
        desk.submit(&client.session, token: token)
        client.submitted()
        return token
    }

    private func output(_ client: ClientConnection) -> [UInt8] {
        var output = client.channel.output
        var bytes: [UInt8] = []
        while !output.isEmpty {
            let first = output.withFirst { [UInt8]($0) }
            bytes += first
            output.consume(first.count)
        }
        return bytes
    }

    private func finish(_ client: ClientConnection) {
        client.channel.close()
        Socket.close(other)
    }

    /// All orders of 0..<count.
    private func permutations(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return permutations(count - 1).flatMap { shorter in
            (0...shorter.count).map { shorter[..<$0] + [count - 1] + shorter[$0...] }
        }
    }

    @Test func `answers that arrive in any order leave in the order of the requests`() throws {
        let client = try connection()
        let desk = SubmittingDesk()
        for order in permutations(6) {
            let tokens = (0..<6).map { _ in submit(client, desk) }
            var arrived: Set<Int> = []
            for number in order {
                #expect(client.deliver(tokens[number], bytes: [UInt8(number)]))
                arrived.insert(number)
                let ready = (0..<6).prefix { arrived.contains($0) }
                #expect(output(client) == ready.map { UInt8($0) }, "\(order) after \(number)")
            }
            #expect(client.outstanding == 0)
            client.channel.output.consume(6)
        }
        finish(client)
    }

    @Test func `an order is kept across the wrap of the sequence numbers`() throws {
        let client = try connection(place: 3, use: 9)
        let desk = SubmittingDesk()
        // Up to three requests before the numbers begin again.
        for _ in 0..<(1 << 20) - 3 {
            let token = submit(client, desk)
            _ = client.deliver(token, bytes: [])
        }
        let tokens = (0..<6).map { _ in submit(client, desk) }
        #expect(Set(tokens).count == 6)
        #expect(tokens[3] < tokens[2], "the numbers have begun again")
        #expect(tokens.allSatisfy { ClientConnection.place(of: $0) == 3 })
        for number in [5, 3, 4, 1, 0, 2] {
            #expect(client.deliver(tokens[number], bytes: [UInt8(number)]), "\(number)")
        }
        #expect(output(client) == [0, 1, 2, 3, 4, 5])
        #expect(client.outstanding == 0)
        finish(client)
    }

    @Test func `an answer that was not asked for, or comes twice, finds nobody`() throws {
        let client = try connection()
        let desk = SubmittingDesk()
        #expect(!client.deliver(client.nextToken, bytes: [1]), "nothing is on its way")
        let token = submit(client, desk)
        #expect(!client.deliver(client.nextToken, bytes: [1]), "not yet submitted")
        #expect(client.deliver(token, bytes: [2]))
        #expect(!client.deliver(token, bytes: [3]), "a second time")
        #expect(output(client) == [2])
        finish(client)
    }

    @Test func `a token of another place or another use finds nobody`() throws {
        let old = try connection(place: 5, use: 1)
        let desk = SubmittingDesk()
        let stale = submit(old, desk)
        old.channel.close()
        let (descriptor, end) = socketPair()
        defer { Socket.close(end) }
        let channel = try Channel(descriptor: descriptor, session: nil, interest: .readable, reactor: reactor)
        let new = ClientConnection(
            channel: channel, place: 5, use: 2,
            session: Session(id: 2, address: "", at: Instant(nanoseconds: 0), isLoggedIn: true),
            limits: RequestLimits(), now: Instant(nanoseconds: 0))
        let token = submit(new, desk)
        #expect(ClientConnection.place(of: stale) == ClientConnection.place(of: token))
        #expect(!new.deliver(stale, bytes: [1]))
        #expect(new.outstanding == 1)
        #expect(new.deliver(token, bytes: [2]))
        #expect(output(new) == [2])
        channel.close()
        Socket.close(other)
    }

    @Test func `the fields of a token do not reach into each other`() throws {
        let client = try connection(place: 1 << 20 - 1, use: .max)
        #expect(ClientConnection.place(of: client.nextToken) == 1 << 20 - 1)
        #expect(client.nextToken & (1 << 20 - 1) == 0)
        #expect(client.nextToken >> 40 == 1 << 24 - 1)
        finish(client)
    }

    @Test func `a place is used again under another number`() throws {
        var table = ClientTable()
        func make(_ place: Int, _ use: UInt64) throws(SystemError) -> ClientConnection {
            let pair = socketPair()
            Socket.close(pair.other)
            return ClientConnection(
                channel: try Channel(descriptor: pair.one, session: nil, interest: .readable, reactor: reactor),
                place: place, use: use,
                session: Session(id: use, address: "", at: Instant(nanoseconds: 0)), limits: RequestLimits(),
                now: Instant(nanoseconds: 0))
        }
        let first = try table.add(make)
        let second = try table.add(make)
        #expect([first.place, second.place] == [0, 1])
        table.remove(first)
        table.remove(first)
        #expect(table.count == 1)
        #expect(table[0] == nil)
        let third = try table.add(make)
        #expect(third.place == 0)
        #expect(third.nextToken != first.nextToken)
        table.remove(first)
        #expect(table[0] === third, "who has gone takes nobody's place")
        #expect(table[2] == nil)
        #expect(throws: SystemError.self) {
            _ = try table.add { _, _ throws(SystemError) -> ClientConnection in
                throw SystemError(call: "epoll_ctl", errno: ENOMEM, subject: "")
            }
        }
        #expect(table.count == 2)
        #expect(try table.add(make).place == 2)
        var ids: [UInt64] = []
        table.forEach { ids.append($0.session.id) }
        #expect(ids == [3, 2, 5])
        table.forEach { $0.channel.close() }
        first.channel.close()
        Socket.close(wire)
        Socket.close(other)
    }
}

extension ClientConnection {
    func deliver(_ token: UInt64, bytes: [UInt8]) -> Bool { deliver(token, bytes.rawBytes) }
}

/// Puts reads into a batch that nobody carries out.
struct SubmittingDesk {
    private let environment = SessionEnvironment(
        now: Instant(nanoseconds: 0), wall: .zero, tokens: nil, facts: sampleFacts())

    func submit(_ session: inout Session, token: UInt64) {
        let request = Array("GETk".utf8)
        var reply = ReplyWriter()
        var batch = RequestBatch()
        let outcome = session.handle(
            [0..<3, 3..<4], in: request.rawBytes, token: token, environment: environment, reply: &reply, batch: &batch)
        guard case .submitted = outcome else { preconditionFailure("\(outcome)") }
    }
}
