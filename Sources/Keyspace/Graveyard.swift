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

    private var list = List()

    /// Longer strings than this wait; shorter ones are freed at once.
    private static let ropeMin = 256 << 10

    var isEmpty: Bool { list.blocks.isEmpty }

    /// Takes the reference to a rope over.
    mutating func bury(_ rope: Rope) {
        guard rope.count > Graveyard.ropeMin else { return rope.root.release() }
        own()
        list.blocks.append(rope.root)
    }

    /// Takes a reference of its own to a node.
    mutating func bury(_ block: Block) {
        own()
        block.retain()
        list.blocks.append(block)
    }

    /// Gives back a number of references, and keeps those that the freed blocks held.
    mutating func free(blocks limit: Int) {
        own()
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
    }

    private mutating func own() {
        if !isKnownUniquelyReferenced(&list) { list = List() }
    }
}
