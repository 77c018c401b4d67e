// Who is not logged in gets nothing but the way in.

import RESP
import Sessions
import Testing

struct LoginTests {
    @Test func `before login only the way in is open`() {
        var stranger = Conversation(isLoggedIn: false)
        for command in ["GET a", "SET a b", "INFO", "CLIENT ID", "RESET", "COMMAND", "FOO", "WAIT 1 0", "SUBSCRIBE x"] {
            #expect(stranger.ask(command) == "-NOAUTH Authentication required.·", "\(command)")
        }
        #expect(stranger.ask("PING") == "+PONG·")
        #expect(stranger.ask("HELLO 3").hasPrefix("-NOAUTH HELLO must be called"))
        #expect(stranger.ask("HELLO 3").hasSuffix(" at the same time·"))
        #expect(stranger.session.version == .two)
        #expect(stranger.batch.isEmpty)
        #expect(stranger.ask("QUIT") == "+OK·<close>")
    }

    @Test func `a token opens the connection`() {
        for line in ["AUTH secret", "AUTH default secret"] {
            var client = Conversation(isLoggedIn: false)
            #expect(client.ask(line) == "+OK·")
            #expect(client.session.isLoggedIn)
            #expect(client.ask("CLIENT ID") == ":5·")
        }
    }

    @Test func `a wrong token, user or form does not`() {
        var client = Conversation(isLoggedIn: false)
        let wrong = "-WRONGPASS invalid username-password pair or user is disabled.·"
        #expect(client.ask("AUTH wrong") == wrong)
        #expect(client.ask("AUTH default wrong") == wrong)
        #expect(client.ask("AUTH root secret") == wrong)
        #expect(client.ask("HELLO 3 AUTH default wrong") == wrong)
        #expect(client.ask("AUTH a b c") == "-ERR syntax error·")
        #expect(client.ask("AUTH") == "-ERR wrong number of arguments for 'auth' command·")
        #expect(!client.session.isLoggedIn)
        #expect(client.session.version == .two)
        #expect(client.session.failedLogins == 4)
    }

    @Test func `guessing closes the connection`() {
        var client = Conversation(isLoggedIn: false)
        for _ in 1..<Session.failedLoginsMax { #expect(!client.ask("AUTH wrong").contains("<close>")) }
        #expect(client.ask("AUTH wrong").hasSuffix("<close>"))
    }

    @Test func `HELLO does all that it is asked or nothing`() {
        var client = Conversation(isLoggedIn: false)
        let hello = client.ask("HELLO 3 AUTH default secret SETNAME worker")
        #expect(
            hello
                == "%8·$6·server·$5·redis·$7·version·$6·7.0.15·$5·proto·:3·$2·id·:5·$4·mode·$10·standalone·"
                + "$4·role·$6·master·$7·modules·*0·$7·trireme·$5·0.1.0·")
        #expect(client.session.name == "worker")
        #expect(client.session.version == .three)
        #expect(client.ask("HELLO 2").hasPrefix("*16·"))
        #expect(client.ask("HELLO 4") == "-NOPROTO unsupported protocol version·")
        #expect(client.ask("HELLO x") == "-ERR Protocol version is not an integer or out of range·")
        #expect(client.ask("HELLO 3 FOO") == "-ERR Syntax error in HELLO option 'FOO'·")
        #expect(client.ask("HELLO 3 AUTH default") == "-ERR Syntax error in HELLO option 'AUTH'·")
        let (_, reply) = client.offer(["HELLO", "3", "SETNAME", "a b"])
        #expect(String(decoding: reply, as: UTF8.self).hasPrefix("-ERR Client names cannot contain spaces"))
        #expect(client.session.version == .two)
        #expect(client.session.name == "worker")
    }

    @Test func `RESET goes back to the beginning`() {
        var client = Conversation()
        _ = client.ask("HELLO 3 SETNAME worker")
        _ = client.ask("READONLY")
        #expect(client.ask("RESET") == "+RESET·")
        #expect(client.session.version == .two)
        #expect(client.session.name == "")
        #expect(!client.session.readsLocally)
        #expect(client.ask("ECHO a") == "-NOAUTH Authentication required.·")
    }

    @Test func `without tokens everybody is in`() {
        var client = Conversation(token: nil)
        #expect(client.ask("AUTH x").hasPrefix("-ERR AUTH <password> called without any password configured"))
        #expect(client.ask("AUTH default x") == "+OK·")
        #expect(client.ask("RESET") == "+RESET·")
        #expect(client.ask("ECHO a") == "$1·a·")
    }
}
