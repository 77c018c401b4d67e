// Freeing much memory little by little: what one command removes at once, later ones free.

/// References that nobody will follow any more.
///
/// A copy shares the list; whoever changes it first leaves it to the others, the last of whom frees it all.
struct Graveyard: Sendable {
    /// Sendable because only a sole holder changes it, and blocks count their holders atomically.
    private final class List: @unchecked Sendable {
        var blocks: [Block] = []
        deinit {
            for block in blocks { block.release() }
        }
    }

    /// Nil while there is nothing, so that an empty one costs nothing.
    private var list: List?

    var isEmpty: Bool { list == nil }
    /// References that wait. Those that the blocks hold are not counted before the blocks are freed.
    var count: Int { list?.blocks.count ?? 0 }

    /// Takes a reference over. What holds others waits; a block without any is freed at once.
    mutating func take(_ block: Block) {
        switch block.kind {
        case .segment, .countedLeaf: block.release()
        default:
            own().blocks.append(block)
        }
    }

    /// Takes over all that waits in another one.
    mutating func takeAll(of other: inout Graveyard) {
        guard !other.isEmpty else { return }
        let theirs = other.own()
        own().blocks += theirs.blocks
        theirs.blocks.removeAll()
        other.list = nil
    }

    /// Gives back a number of references, and keeps those that the freed blocks held.
    mutating func free(blocks limit: Int) {
        let list = own()
        var left = limit
        while left > 0, let block = list.blocks.popLast() {
            left -= 1
            guard block.isUnique else {
                block.release()
                continue
            }
            block.forEachReference { list.blocks.append($0) }
            block.free()
        }
        if list.blocks.isEmpty { self.list = nil }
    }

    private mutating func own() -> List {
        if isKnownUniquelyReferenced(&list), let list { return list }
        let fresh = List()
        list = fresh
        return fresh
    }
}
