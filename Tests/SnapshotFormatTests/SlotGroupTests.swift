// Groups cover the slots, each once.

import SnapshotFormat
import Testing

@Suite struct SlotGroupTests {
    @Test func `every slot is in one group, and the head has one`() {
        #expect(SlotGroup.all.flatMap(\.slots) == Array(0..<SlotGroup.slotCount))
        for group in SlotGroup.all { #expect(group.slots.allSatisfy { SlotGroup(slot: $0) == group }) }
        #expect(SlotGroup.head.slots == 16384..<16385)
        #expect(SlotGroup.all.last == .head)
        #expect(SlotGroup(rawValue: -1) == nil && SlotGroup(rawValue: 129) == nil)
        #expect(SlotGroup(slot: 16383).description == "group 127" && SlotGroup.head.description == "head")
    }
}
