// A bucket of moto's: who may use it, and that there is one.

import ObjectStores
import Testing

@Suite(.enabled(if: S3Server.isThere, S3Server.absence)) struct S3ServerTests {
    private func store(_ bucket: String, _ credentials: StoreCredentials?) throws -> S3Objects {
        let place = try S3Server.place(bucket, prefix: "of/others")
        return S3Objects(place, credentials: CredentialsSource(try #require(credentials)))
    }

    @Test func `a wrong secret is not authenticated`() throws {
        let store = try store("bucket", StoreCredentials(accessKey: "tester", secretKey: "wrong"))
        #expect(failure(try store.list("", after: nil))?.text.hasPrefix("SignatureDoesNotMatch") == true)
        #expect(failure(try store.put(.any, [1]))?.reason == .notAuthenticated)
        #expect(failure(try store.capabilities())?.reason == .notAuthenticated)
        let unknown = try self.store("bucket", StoreCredentials(accessKey: "nobody", secretKey: "wrong"))
        #expect(failure(try unknown.get(.any))?.reason == .notAuthenticated)
    }

    @Test func `a session has a token`() throws {
        let full = StoreCredentials(accessKey: "temporary", secretKey: "another", sessionToken: "a-token")
        #expect(try store("bucket", full).list("none/", after: nil).objects.isEmpty)
        let half = StoreCredentials(accessKey: "temporary", secretKey: "another")
        #expect(failure(try store("bucket", half).list("", after: nil))?.reason == .notAuthenticated)
    }

    @Test func `a bucket that is missing is told from an object that is`() throws {
        let store = try store("missing-bucket", S3Server.credentials)
        #expect(failure(try store.get(.any))?.reason == .noContainer)
        #expect(failure(try store.put(.any, [1]))?.reason == .noContainer)
        #expect(failure(try store.list("", after: nil))?.reason == .noContainer)
        #expect(failure(try store.delete(.any))?.reason == .noContainer)
    }

    @Test func `a store that takes no notice of the condition is found out, and looked at first from then on`() throws {
        let store = try S3Server.store("ignores-conditions")
        #expect(try store.put(.any, [1]) == .made)
        #expect(try store.put(.any, [2]) == .made, "the fault that the check is for")
        guard case .no(let text) = try store.capabilities()[.conditionalPut] else {
            Issue.record("the check has not found it")
            return
        }
        #expect(text.contains("ignores If-None-Match"))
        #expect(try store.put(.any, [3]) == .exists)
        #expect(try store.get(.any) == [2])
    }
}
