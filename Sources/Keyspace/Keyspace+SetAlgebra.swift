// Sets made of several: intersections, unions and differences.

import ByteCoding
import RESP

/// How sets are put together.
enum SetCombination {
    case intersection
    case union
    /// What the first has and no other.
    case difference
}

extension Keyspace {
    /// SINTER, SUNION and SDIFF.
    func combine(
        _ combination: SetCombination, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        var place = arguments.first
        let sets = try sets(arguments, &place, arguments.count)
        var found = ItemList()
        forEachMember(of: combination, sets) {
            found.append($0)
            return true
        }
        reply.setHeader(found.count)
        found.write(&reply)
    }

    /// `SINTERCARD numkeys key … [LIMIT limit]`.
    func sintercard(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let options = try IntersectionCountOptions(arguments)
        var place = arguments.first
        _ = arguments.next(&place)
        let sets = try sets(arguments, &place, options.keyCount)
        var count = 0
        forEachMember(of: .intersection, sets) { _ in
            count += 1
            return count != options.limit
        }
        reply.integer(Int64(count))
    }

    /// SINTERSTORE, SUNIONSTORE and SDIFFSTORE: the result takes the place of whatever is at the target, or nothing
    /// does when it is empty.
    mutating func storeCombination(
        _ combination: SetCombination, _ arguments: borrowing Arguments, _ event: StaticString,
        _ reply: inout ReplyWriter
    ) throws(CommandError) {
        var place = arguments.first
        let target = arguments.next(&place)
        let sets = try sets(arguments, &place, arguments.count - 1)
        // Made beside the keyspace: what it is made of stays until it is whole.
        var made = collectionBeside(.set)
        if combination == .union {
            unite(sets, into: &made)
        } else {
            forEachMember(of: combination, sets) {
                _ = made.set($0, $0.extracting(first: 0))
                return true
            }
        }
        let count = made.count
        let to = records.place(of: target)
        let wasThere = liveForWrite(target, at: to) != nil
        put(made, at: target, to, deadline: TreeNode.never)
        if count > 0 {
            if !wasThere { note(.new, "new", target) }
            note(.set, event, target)
        } else if wasThere {
            note(.generic, "del", target)
        }
        reply.integer(Int64(count))
    }

    /// The sets at the next keys, nil for each that there is not. Refused when one of them holds something else.
    private func sets(
        _ arguments: borrowing Arguments, _ place: inout Arguments.Place, _ count: Int
    ) throws(CommandError) -> [CollectionView?] {
        var views: [CollectionView?] = []
        views.reserveCapacity(count)
        for _ in 0..<count { views.append(try collection(.set, arguments.next(&place))) }
        return views
    }

    // MARK: Putting together

    /// Calls `body` with every member of the result, in an order that depends on the sets only, until it returns false.
    private func forEachMember(
        of combination: SetCombination, _ sets: [CollectionView?], _ body: (RawSpan) -> Bool
    ) {
        switch combination {
        case .intersection: intersect(sets, body)
        case .difference: subtract(sets, body)
        case .union:
            var made = collectionBeside(.set)
            unite(sets, into: &made)
            made.view.whileMembers(body)
            drop(made)
        }
    }

    private func unite(_ sets: [CollectionView?], into made: inout CollectionEditor) {
        for case let set? in sets { set.forEachField { member, value in _ = made.set(member, value) } }
    }

    /// Looks the members of the smallest set up in the others, the small ones first.
    private func intersect(_ sets: [CollectionView?], _ body: (RawSpan) -> Bool) {
        let present = sets.compactMap(\.self)
        guard present.count == sets.count else { return }
        let counts = present.map(\.count)
        let order = present.indices.sorted { counts[$0] != counts[$1] ? counts[$0] < counts[$1] : $0 < $1 }
        guard let first = order.first else { return }
        let others = order.dropFirst().map { present[$0] }
        present[first].whileMembers { member in
            others.allSatisfy { $0.contains(member) } ? body(member) : true
        }
    }

    /// As Redis does: looks the members of the first set up in the others, or takes the members of the others out of a
    /// copy of the first, whichever means less work.
    private func subtract(_ sets: [CollectionView?], _ body: (RawSpan) -> Bool) {
        guard case let first?? = sets.first else { return }
        let others = sets.dropFirst().compactMap(\.self)
        let counts = others.map(\.count)
        let (count, total) = (first.count, counts.reduce(first.count, +))
        guard count * (others.count + 1) / 2 > total else {
            return first.whileMembers { member in
                others.contains { $0.contains(member) } ? true : body(member)
            }
        }
        var made = collectionBeside(.set)
        unite([first], into: &made)
        for other in others { other.forEachField { member, _ in _ = made.remove(member) } }
        made.view.whileMembers(body)
        drop(made)
    }
}

extension CollectionView {
    private static let stride = 256

    /// Calls `body` with the members of a set until it returns false.
    fileprivate func whileMembers(_ body: (RawSpan) -> Bool) {
        var cursor: UInt64 = 0
        var goesOn = true
        repeat {
            cursor = scan(from: cursor, count: CollectionView.stride) { member, _ in
                if goesOn { goesOn = body(member) }
            }
        } while goesOn && cursor != 0
    }
}

/// What `SINTERCARD numkeys key [key …] [LIMIT limit]` asks for.
struct IntersectionCountOptions {
    let keyCount: Int
    /// 0 for none.
    private(set) var limit = 0

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        guard let count = DecimalText.integer(in: arguments[0]), count > 0 else { throw .keyCountNotPositive }
        guard count < arguments.count else { throw .keyCountTooLarge }
        keyCount = Int(count)
        var position = keyCount + 1
        while position < arguments.count {
            guard arguments[position].isWord("limit"), position + 1 < arguments.count else { throw .syntax }
            guard let limit = DecimalText.integer(in: arguments[position + 1]), limit >= 0 else { throw .limitNegative }
            self.limit = Int(limit)
            position += 2
        }
    }
}
