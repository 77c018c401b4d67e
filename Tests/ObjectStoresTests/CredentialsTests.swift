// Credentials in files and in the environment, and files that change.

import ObjectStores
import Platform
import Testing

@Suite struct CredentialsTests {
    private static let both = "aws_access_key_id = A\naws_secret_access_key = S\n"

    /// What a file says to a profile: access key, secret key and token, or nil and a part of the reason.
    @Test(arguments: [
        ("[default]\n\(both)", "default", "A S -"),
        (
            "# comment\n; another\n\n[default]\r\n\taws_access_key_id=A\r\naws_secret_access_key = S \r\n", "default",
            "A S -"
        ),
        ("[other]\naws_access_key_id = B\naws_secret_access_key = T\n[default]\n\(both)", "other", "B T -"),
        ("[default]\n\(both)aws_session_token = a/b+c==\n", "default", "A S a/b+c=="),
        ("[default]\n\(both)aws_session_token =\nregion = x\n", "default", "A S -"),
        ("AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=\"S=\"\n", "default", "A S= -"),
        ("export AWS_ACCESS_KEY_ID='A'\nexport AWS_SECRET_ACCESS_KEY='S'\n", "whatever", "A S -"),
        (both, "default", "A S -"),
        ("", "default", "it has no profile default"),
        ("[default]\n\(both)", "other", "it has no profile other"),
        ("\(both)[default]\n", "default", "not both there"),
        ("[default]\naws_access_key_id = A\n", "default", "not both there"),
        ("[default]\nsecret-without-a-name\n", "default", "line 2 is no"),
        ("[default]\naws_access_key_id =\naws_secret_access_key = S\n", "default", "a key is empty"),
        ("[default]\naws_access_key_id = A\naws_secret_access_key = S T\n", "default", "a key is empty"),
    ])
    func `a file has one of two forms`(text: String, profile: String, expected: String) throws {
        let file = try TemporaryDirectory()
        let path = try file.write(text, to: "credentials")
        do throws(ObjectStoreError) {
            let found = try CredentialsSource(file: path, environment: ["AWS_PROFILE": profile]).current()
            #expect("\(found.accessKey) \(found.secretKey) \(found.sessionToken ?? "-")" == expected)
        } catch {
            #expect(error.reason == .notAuthenticated && error.subject == path)
            #expect(error.text.contains(expected), "\(error)")
            #expect(!error.text.contains("secret-without"))
        }
    }

    @Test func `the file that is given goes first, then the environment, then the file it names`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(Self.both, to: "file")
        let environment = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "F", "AWS_SESSION_TOKEN": "G"]
        #expect(try CredentialsSource(file: file, environment: environment).current().accessKey == "A")
        let named = environment.merging(["AWS_SHARED_CREDENTIALS_FILE": file]) { a, _ in a }
        #expect(try CredentialsSource(file: nil, environment: named).current().sessionToken == "G")
        let only = ["AWS_SHARED_CREDENTIALS_FILE": file]
        #expect(try CredentialsSource(file: nil, environment: only).current().accessKey == "A")
        #expect(failure(try CredentialsSource(file: nil, environment: [:]))?.reason == .notAuthenticated)
        let half = ["AWS_ACCESS_KEY_ID": "E"]
        #expect(failure(try CredentialsSource(file: nil, environment: half))?.reason == .notAuthenticated)
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660] as [UInt32])
    func `a file that others may read is refused`(permissions: UInt32) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Self.both, to: "file", permissions: permissions)
        #expect(failure(try CredentialsSource(file: path, environment: [:]))?.text.contains("chmod 600") == true)
    }

    @Test func `a file that is missing, too large or no text is refused`() throws {
        let directory = try TemporaryDirectory()
        let none = directory.path + "/none"
        #expect(failure(try CredentialsSource(file: none, environment: [:]))?.reason == .notAuthenticated)
        let large = try directory.write(
            String(repeating: "#\n", count: CredentialsSource.fileMax / 2 + 1), to: "large")
        #expect(failure(try CredentialsSource(file: large, environment: [:]))?.reason == .notAuthenticated)
    }

    @Test func `a file that changes is read again, and one that breaks changes nothing`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Self.both, to: "file")
        let source = try CredentialsSource(file: path, environment: [:])
        #expect(source.current().accessKey == "A")
        _ = try directory.write("aws_access_key_id = LONGER\naws_secret_access_key = S\n", to: "file")
        #expect(source.current().accessKey == "LONGER")
        _ = try directory.write("half of a fi", to: "file")
        #expect(source.current().accessKey == "LONGER")
        try FileSystem.remove(path)
        #expect(source.current().accessKey == "LONGER")
        _ = try directory.write(Self.both, to: "file")
        #expect(source.current().accessKey == "A")
    }
}
