// Making an object whatever became of earlier tries.

/// What is there after `make`.
public enum MakeOutcome: Hashable, Sendable {
    case made
    /// These very bytes were there already: by an earlier try, or by another node that does the same.
    case same
    /// Other bytes have that name. Nothing was changed.
    case conflict
}

extension ObjectStore {
    /// Tries of one call to `make` when the object comes and goes.
    private static var makesMax: Int { 3 }

    /// Puts an object; when the name is taken, reads what has it and compares.
    public func make(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> MakeOutcome {
        var tries = 1
        while true {
            if try put(key, bytes) == .made { return .made }
            do throws(ObjectStoreError) { return try get(key) == bytes ? .same : .conflict } catch {
                // Somebody has deleted it between the two.
                guard error.reason == .missing, tries < Self.makesMax else { throw error }
                tries += 1
            }
        }
    }
}
