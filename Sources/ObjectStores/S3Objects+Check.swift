// What only a bucket can be asked: conditions in one step, uploads in parts, and object lock.

extension S3Objects {
    public func verdict(
        on capability: StoreCapability, below prefix: String
    ) throws(ObjectStoreError) -> StoreVerdict? {
        switch capability {
        case .conditionalPut: try conditionVerdict(prefix)
        case .listAfter: try listAfterVerdict(prefix)
        case .multipart: try partsVerdict(prefix)
        case .objectLock: try lockVerdict(prefix)
        default: nil
        }
    }

    /// A store may know the condition, refuse it, or, worst, take no notice of it. In the last two cases this store
    /// looks first from now on.
    private func conditionVerdict(_ prefix: String) throws(ObjectStoreError) -> StoreVerdict {
        guard let key = ObjectKey(prefix + "condition") else { return .unknown("no such key") }
        for turn in 1...2 {
            switch try putConditionally(key, [UInt8(turn)]) {
            case nil:
                looksFirst = true
                return .no("the store refuses If-None-Match: two writers at once may both succeed")
            case .made where turn == 2:
                looksFirst = true
                return .no("the store ignores If-None-Match: two writers at once may both succeed")
            case .exists where turn == 1: return .unknown("\(key) was there before")
            default: continue
            }
        }
        return .yes
    }

    /// `list` skips by itself what a store that ignores the parameter sends, at a price: the store is asked here.
    private func listAfterVerdict(_ prefix: String) throws(ObjectStoreError) -> StoreVerdict? {
        let after = place.path(prefix + "a")
        let query = [("list-type", "2"), ("prefix", place.path(prefix)), ("start-after", after)]
        let call = call(.list, "GET", prefix: prefix, query: query)
        guard let list = S3List(try succeed(call, nil).body) else {
            throw error(call, .serverError, "the answer is no list of objects")
        }
        let isHeeded = !list.objects.contains { $0.key == after }
        return isHeeded ? .yes : .no("the store ignores start-after: long lists take long")
    }

    private func partsVerdict(_ prefix: String) throws(ObjectStoreError) -> StoreVerdict {
        guard let key = ObjectKey(prefix + "parts") else { return .unknown("no such key") }
        let bytes = Array("0123456789".utf8)
        let isConditional = !looksFirst
        guard try upload(key, bytes, isConditional: isConditional) == .made else {
            return .unknown("\(key) was there before")
        }
        guard try get(key) == bytes else { return .no("other bytes came back") }
        // A look comes first in `putInParts`, so that a store which takes no notice here is not relied upon alone.
        guard isConditional, try upload(key, [0], isConditional: true) == .made else { return .yes }
        return .no("If-None-Match is ignored at the end of an upload: two writers at once may both succeed")
    }

    private func lockVerdict(_ prefix: String) throws(ObjectStoreError) -> StoreVerdict {
        let call = call(.get, "GET", prefix: prefix, query: [("object-lock", "")])
        let answer = try send(call, nil)
        if answer.isSuccess {
            let document = try? XMLElement.parse(answer.body)
            let isEnabled = document?.text(of: "ObjectLockEnabled") == "Enabled"
            return isEnabled ? .yes : .no("the bucket was made without object lock")
        }
        let refusal = S3Refusal(answer)
        if answer.status == 404 { return .no("the bucket was made without object lock") }
        return .unknown(refusal.text)
    }
}
