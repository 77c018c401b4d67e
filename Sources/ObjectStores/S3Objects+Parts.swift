// Large objects, sent in parts: an upload is begun, filled, and made an object by its last request.

import Vocabulary

extension S3Objects {
    /// What exists is not sent first to be refused then; the last request asks again.
    func putInParts(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        if try isThere(key) { return .exists }
        return try upload(key, bytes, isConditional: !looksFirst)
    }

    /// - Parameter isConditional: whether the last request has the condition; without it, a look comes before it.
    func upload(_ key: ObjectKey, _ bytes: [UInt8], isConditional: Bool) throws(ObjectStoreError) -> PutOutcome {
        let begin = call(.put, "POST", key, query: [("uploads", "")], headers: lock)
        guard let upload = S3Upload.identity(try succeed(begin, Payload([])).body) else {
            throw error(begin, .serverError, "the answer names no upload")
        }
        do throws(ObjectStoreError) {
            let etags = try sendParts(key, upload, bytes)
            let outcome = try complete(key, upload, etags, isConditional: isConditional)
            if outcome == .exists { abort(key, upload) }
            return outcome
        } catch {
            abort(key, upload)
            throw error
        }
    }

    private func sendParts(
        _ key: ObjectKey, _ upload: String, _ bytes: [UInt8]
    ) throws(ObjectStoreError) -> [String] {
        var etags: [String] = []
        let size = options.partSize(for: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let range = start..<min(start + size, bytes.count)
            let query = [("partNumber", String(etags.count + 1)), ("uploadId", upload)]
            let call = call(.put, "PUT", key, query: query, headers: writing(bytes, range))
            guard let etag = try succeed(call, Payload(bytes, range)).etag else {
                throw error(call, .serverError, "the answer to a part has no ETag")
            }
            etags.append(etag)
        }
        return etags
    }

    private func complete(
        _ key: ObjectKey, _ upload: String, _ etags: [String], isConditional: Bool
    ) throws(ObjectStoreError) -> PutOutcome {
        let condition = isConditional ? [S3Call.condition] : []
        if !isConditional, try isThere(key) { return .exists }
        let call = call(.put, "POST", key, query: [("uploadId", upload)], headers: condition)
        let answer = try send(call, Payload(S3Upload.completion(etags)))
        if answer.isSuccess, S3Upload.isComplete(answer.body) { return .made }
        let refusal = S3Refusal(answer)
        if refusal.isUnmetCondition || refusal.code == "PreconditionFailed" { return .exists }
        if isConditional, refusal.mayRefuseCondition {
            let outcome = try complete(key, upload, etags, isConditional: false)
            looksFirst = true
            return outcome
        }
        // An answer that began with 200 says in its body what became of it.
        let reason: ObjectStoreError.Reason =
            answer.isSuccess && refusal.code == nil ? .serverError : refusal.reason(isAboutObject: true)
        throw error(call, answer.isSuccess && reason == .failed ? .serverError : reason, refusal.text)
    }

    /// What is left of an upload costs room until it is aborted. When even that fails, a rule of the bucket has to see
    /// to it (`AbortIncompleteMultipartUpload`).
    private func abort(_ key: ObjectKey, _ upload: String) {
        _ = try? send(call(.put, "DELETE", key, query: [("uploadId", upload)]), nil)
    }
}
