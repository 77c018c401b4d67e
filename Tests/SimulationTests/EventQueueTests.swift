// What happens next: by time, and in the order of asking where times are equal.

import Testing

@testable import Simulation

@Suite struct EventQueueTests {
    @Test func `an empty queue has nothing`() {
        var queue = EventQueue<Int>()
        #expect(queue.isEmpty)
        #expect(queue.nextTime == nil)
        let nothing = queue.pop()
        #expect(nothing == nil)
        queue.push(1, at: 5)
        let one = queue.pop()
        #expect(one?.event == 1)
        #expect(one?.time == 5)
        #expect(queue.isEmpty)
    }

    @Test func `events of equal time come in the order in which they went in`() {
        var queue = EventQueue<Int>()
        for number in 0..<100 { queue.push(number, at: Int64(number % 3)) }
        var events: [Int] = []
        while let (_, event) = queue.pop() { events.append(event) }
        let expected = (0..<3).flatMap { time in (0..<100).filter { $0 % 3 == time } }
        #expect(events == expected)
    }

    /// The naive twin: a list that is sorted each time.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `events come out as from a sorted list, also when more go in between`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = EventQueue<Int>()
        var list: [(time: Int64, number: Int)] = []
        for number in 0..<500 {
            if random.chance(3, in: 5) {
                let time = Int64(random.below(30))
                queue.push(number, at: time)
                let place = list.firstIndex { $0.time > time } ?? list.count
                list.insert((time, number), at: place)
            } else {
                #expect(queue.nextTime == list.first?.time)
                let next = queue.pop()
                #expect(next?.event == list.first?.number)
                #expect(next?.time == list.first?.time)
                if !list.isEmpty { list.removeFirst() }
            }
            #expect(queue.isEmpty == list.isEmpty)
        }
    }
}
