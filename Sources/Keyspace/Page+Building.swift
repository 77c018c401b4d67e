// How pages change: records put in and taken out, and pages made anew, with more room, less garbage, or half of it all.

import ByteCoding

extension Page {
    /// Above this many bytes of records a page is split, unless the hash's bits are used up.
    static let splitThreshold = 16 << 10
    /// Beyond this depth a tag would reach past the hash.
    static let depthMax = 48
    /// What a reference weighs beside its bytes, so that copying a page touches a bounded number of ropes.
    static let referenceWeight = 96

    /// Whether a record of `size` bytes can be added as the page is.
    @inline(__always)
    func hasRoom(for size: Int) -> Bool {
        hasArena(for: size) && node.count * 8 < homes * 7 + 16
    }

    /// Whether adding `size` bytes calls for two pages.
    func wantsSplit(for size: Int) -> Bool {
        depth < Page.depthMax && node.count > 1
            && Page.isTooHeavy(bytes: live + size, references: references)
    }

    /// Whether so much is garbage that making the page anew pays.
    var wantsTidying: Bool { dead > 256 && dead * 8 > used }

    /// Whether the arena has `size` bytes left.
    @inline(__always)
    func hasArena(for size: Int) -> Bool { arenaCapacity - used >= size }

    /// Appends a record's bytes to the arena, for which there is room. The entry is the caller's to make. A large key's
    /// rope goes over to the record.
    @inline(__always)
    func append(_ draft: borrowing RecordDraft, keyRope: Rope?) -> Record {
        let offset = used
        let size = draft.size
        precondition(hasArena(for: size), "a page without room for \(size) bytes")
        draft.write(to: block, at: arenaStart + offset, keyRope: keyRope)
        used = offset + size
        return Record(block, at: arenaStart + offset)
    }

    /// Writes a draft over the record of the same key at `position`, or behind all others when it is longer.
    @inline(__always)
    func overwrite(_ position: Int, _ old: Record, with draft: borrowing RecordDraft) -> Record {
        let (oldSize, keyRope) = (old.size, old.keyRope)
        let size = draft.size
        if size <= oldSize {
            draft.write(to: block, at: old.offset, keyRope: keyRope)
            dead += oldSize - size
            return Record(block, at: old.offset)
        }
        redirectEntry(position, arenaOffset: used)
        dead += oldSize
        return append(draft, keyRope: keyRope)
    }

    /// A record's deadline changed, or the record came or went; `TreeNode.never` stands for none.
    @inline(__always)
    func replaceDeadline(_ old: UInt64, by new: UInt64) {
        guard old != new else { return }
        timed += (new == TreeNode.never ? 0 : 1) - (old == TreeNode.never ? 0 : 1)
        if new <= node.deadline {
            node.deadline = new
        } else if old == node.deadline {
            node.deadline = earliestDeadline()
        }
    }

    /// The entries of records whose deadline is not after `time`; at most `limit`, the first by hash and key.
    func due(at time: UInt64, limit: Int, hashKey: SipHash.Key) -> [UInt32] {
        var found: [UInt32] = []
        forEachEntry { if record(ofEntry: $0).isOver(at: time) { found.append($0) } }
        guard found.count > limit else { return found }
        let keyed = found.map { entry in
            let record = record(ofEntry: entry)
            return (entry: entry, hash: record.keyHash(hashKey), key: record.withKey { [UInt8]($0) })
        }
        let sorted = keyed.sorted { a, b in
            a.hash != b.hash ? a.hash < b.hash : a.key.lexicographicallyPrecedes(b.key)
        }
        return sorted.prefix(limit).map(\.entry)
    }

    /// The same records with room for one of `size` bytes more, without garbage. Takes over the references; the old
    /// block, of which the caller has the only reference, is freed.
    func remade(for size: Int, slack firstSlack: Int) -> Page {
        precondition(live + size < Page.arenaMax - 256, "more than 64 KiB of keys share \(depth) bits of a keyed hash")
        var slack = firstSlack
        while true {
            let page = Page.sized(depth: depth, count: node.count + 1, bytes: live + size, slack: slack)
            if dead == 0 ? page.takeAll(of: self) : page.takeRecords(of: self) {
                page.inherit(from: self)
                block.free()
                return page
            }
            page.block.free()
            slack += 8
        }
    }

    /// A page with room to grow by an eighth.
    static func sized(depth: Int, count: Int, bytes: Int, slack: Int) -> Page {
        Page(
            depth: depth, records: count + count / 8 + slack,
            arena: min(bytes + max(bytes / 8, 32), Page.arenaMax - 256))
    }

    private func inherit(from old: Page) {
        node.count = old.node.count
        node.digest = old.node.digest
        node.lastChange = old.node.lastChange
        node.deadline = old.node.deadline
        node.bytes += old.node.bytes - old.block.size
        references = old.references
        timed = old.timed
    }

    /// Copies the whole arena and enters every record anew. False when the table is too tight.
    private func takeAll(of old: Page) -> Bool {
        block.copy(old.used, to: arenaStart, from: old.block, at: old.arenaStart)
        used = old.used
        var fits = true
        var next = 0
        old.forEachEntry {
            fits = fits && appendEntry(tag: Page.tag(ofEntry: $0), arenaOffset: Int($0 & 0xFFFF), next: &next)
        }
        return fits
    }

    /// Copies the records in the order of their tags. False when the table is too tight.
    private func takeRecords(of old: Page) -> Bool {
        var fits = true
        var next = 0
        old.forEachEntry { entry in
            let arenaOffset = used
            fits = fits && appendEntry(tag: Page.tag(ofEntry: entry), arenaOffset: arenaOffset, next: &next)
            if fits { take(old.record(ofEntry: entry)) }
        }
        return fits
    }

    /// Appends the bytes of another page's record.
    private func take(_ record: Record) {
        let offset = used
        let size = record.size
        block.copy(size, to: arenaStart + offset, from: record.block, at: record.offset)
        used = offset + size
    }

    // MARK: Splitting

    /// Two pages one level deeper, by the next bit of the hash. Takes over the references; the old block, of which the
    /// caller has the only reference, is freed. The halves carry no digest: it is kept for whole slots only.
    func split(hashKey: SipHash.Key) -> (zero: Page, one: Page) {
        let zero = half(bit: 0, hashKey)
        let one = half(bit: 1, hashKey)
        block.free()
        return (zero, one)
    }

    private func half(bit: UInt32, _ hashKey: SipHash.Key) -> Page {
        var count = 0
        var bytes = 0
        forEachEntry { entry in
            guard entry >> 31 == bit else { return }
            count += 1
            bytes += record(ofEntry: entry).size
        }
        var slack = 0
        while true {
            let page = Page.sized(depth: depth + 1, count: count, bytes: bytes, slack: slack)
            if page.takeHalf(of: self, bit: bit, hashKey) { return page }
            page.block.free()
            slack += 8
        }
    }

    private func takeHalf(of old: Page, bit: UInt32, _ hashKey: SipHash.Key) -> Bool {
        var fits = true
        var (count, timed, references) = (0, 0, 0)
        var earliest = TreeNode.never
        old.forEachEntry { entry in
            guard entry >> 31 == bit, fits else { return }
            let record = old.record(ofEntry: entry)
            // Tags have a new last bit, which may change the order of those that were equal.
            fits = insertEntry(tag: tag(of: record.keyHash(hashKey)), arenaOffset: used)
            guard fits else { return }
            take(record)
            count += 1
            timed += record.isTimed ? 1 : 0
            references += record.referenceCount
            node.bytes += record.sideBytes
            earliest = min(earliest, record.deadline)
        }
        node.count = count
        node.deadline = earliest
        self.timed = timed
        self.references = references
        return fits
    }
}
