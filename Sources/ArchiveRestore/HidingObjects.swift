// A store in which some objects are not seen: those that turned out to be damaged.

import ObjectStores

/// What is there beside them reads as an archive that never had them, of which it is known what can be restored.
struct HidingObjects: ObjectStore {
    private let base: any ObjectStore
    private let hidden: Set<String>

    var location: String { base.location }

    init(_ base: any ObjectStore, without hidden: Set<String>) {
        self.base = base
        self.hidden = hidden
    }

    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        guard !hidden.contains(key.text) else {
            throw ObjectStoreError(.get, location + "/" + key.text, .missing, "it is damaged")
        }
        return try base.get(key, range)
    }

    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        var last = key
        while true {
            let page = try base.list(prefix, after: last)
            let seen = page.objects.filter { !hidden.contains($0.key.text) }
            if page.isLast || !seen.isEmpty { return ObjectPage(objects: seen, isLast: page.isLast) }
            last = page.objects.last?.key
        }
    }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome { try base.put(key, bytes) }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) { try base.delete(key) }
}
