// Every combination of options, beside the plain rules; and every error's words.

import RESP
import Testing

@testable import Keyspace

@Suite struct OptionTests {
    /// All lists of at most `length` of these words.
    private func lists(of words: [String], upTo length: Int) -> [[String]] {
        guard length > 0 else { return [[]] }
        return [[]] + lists(of: words, upTo: length - 1).flatMap { list in words.map { [$0] + list } }
    }

    @Test func `SET takes what Redis takes, and does it`() {
        let words = ["nx", "XX", "get", "keepttl", "ex 10", "px 10", "exat 5000", "pxat 5000000", "bad"]
        for options in lists(of: words, upTo: 3) {
            for old in ["none", "plain", "timed"] {
                var rig = Rig()
                if old == "plain" { rig.run("set k old") }
                if old == "timed" { rig.run("set k old px 77777") }
                let reply = rig.run("set k new \(options.joined(separator: " "))")
                let kinds = Set(options.map { String($0.split(separator: " ")[0]).lowercased() })
                let times = kinds.intersection(["ex", "px", "exat", "pxat"])
                let isBad =
                    kinds.contains("bad") || kinds.isSuperset(of: ["nx", "xx"]) || times.count > 1
                    || kinds.contains("keepttl") && !times.isEmpty
                if isBad {
                    #expect(reply == .error("ERR syntax error"), "\(options)")
                    continue
                }
                let exists = old != "none"
                let isSet = !(kinds.contains("nx") && exists) && !(kinds.contains("xx") && !exists)
                let plain: Reply = isSet ? .simple("OK") : .null
                #expect(reply == (kinds.contains("get") ? (exists ? bulk("old") : .null) : plain), "\(options) \(old)")
                #expect(rig.run("get k") == (isSet ? bulk("new") : exists ? bulk("old") : .null), "\(options) \(old)")
                var deadline: UInt64? = old == "timed" ? 1_077_777 : nil
                if isSet {
                    switch times.first {
                    case "ex": deadline = 1_010_000
                    case "px": deadline = 1_000_010
                    case "exat", "pxat": deadline = 5_000_000
                    default: deadline = kinds.contains("keepttl") ? deadline : nil
                    }
                }
                #expect(rig.keyspace.nextDeadline == deadline, "\(options) \(old)")
            }
        }
    }

    @Test func `EXPIRE takes what Redis takes, and does it`() {
        for options in lists(of: ["nx", "XX", "gt", "lt"], upTo: 3) {
            for old in [nil, 50, 100, 200] as [UInt64?] {
                var rig = Rig()
                rig.run("set k v")
                if let old { rig.run("pexpire k \(old)") }
                let kinds = Set(options.map { $0.lowercased() })
                let reply = rig.run("pexpire k 100 \(options.joined(separator: " "))")
                if kinds.contains("nx"), kinds.count > 1 {
                    let text = "ERR NX and XX, GT or LT options at the same time are not compatible"
                    #expect(reply == .error(text), "\(options)")
                    continue
                }
                if kinds.isSuperset(of: ["gt", "lt"]) {
                    #expect(reply == .error("ERR GT and LT options at the same time are not compatible"))
                    continue
                }
                var isSet = true
                if kinds.contains("nx") { isSet = isSet && old == nil }
                if kinds.contains("xx") { isSet = isSet && old != nil }
                if kinds.contains("gt") { isSet = isSet && old.map { $0 < 100 } ?? false }
                if kinds.contains("lt") { isSet = isSet && old.map { $0 > 100 } ?? true }
                #expect(reply == .integer(isSet ? 1 : 0), "\(options) \(String(describing: old))")
                #expect(rig.keyspace.nextDeadline == (isSet ? 100 : old).map { rig.time + $0 })
            }
        }
    }

    @Test(arguments: [
        ("get", "ERR wrong number of arguments for 'get' command"),
        ("SETEX k 0 v", "ERR invalid expire time in 'setex' command"),
        ("psetex k -1 v", "ERR invalid expire time in 'psetex' command"),
        ("set k v ex 0", "ERR invalid expire time in 'set' command"),
        ("set k v ex x", "ERR value is not an integer or out of range"),
        ("set k v ex 9223372036854775", "ERR invalid expire time in 'set' command"),
        ("set k v ex 9223372036854776", "ERR invalid expire time in 'set' command"),
        ("set k v px 9223372036854775807", "ERR invalid expire time in 'set' command"),
        ("getex t ex 0", "ERR invalid expire time in 'getex' command"),
        ("getex t keepttl", "ERR syntax error"), ("getex t persist ex 1", "ERR syntax error"),
        ("mset a", "ERR wrong number of arguments for 'mset' command"),
        ("mset a b c", "ERR wrong number of arguments for 'mset' command"),
        ("msetnx a b c", "ERR wrong number of arguments for 'msetnx' command"),
        ("incr t", "ERR value is not an integer or out of range"),
        ("incr max", "ERR increment or decrement would overflow"),
        ("incrby t x", "ERR value is not an integer or out of range"),
        ("decrby t -9223372036854775808", "ERR decrement would overflow"),
        ("incrbyfloat t 1", "ERR value is not a valid float"),
        ("incrbyfloat n x", "ERR value is not a valid float"),
        ("incrbyfloat n inf", "ERR increment would produce NaN or Infinity"),
        ("setrange t -1 x", "ERR offset is out of range"),
        ("setrange t 536870912 x", "ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
        ("setrange t x x", "ERR value is not an integer or out of range"),
        ("getrange t a 1", "ERR value is not an integer or out of range"),
        ("expire t x", "ERR value is not an integer or out of range"),
        ("expire t x foo", "ERR Unsupported option foo"),
        ("expire t 9223372036854775807", "ERR invalid expire time in 'expire' command"),
        ("pexpire t 9223372036854775807", "ERR invalid expire time in 'pexpire' command"),
        ("rename none t", "ERR no such key"), ("renamenx none t", "ERR no such key"),
        ("copy t t", "ERR source and destination objects are the same"),
        ("copy t u db 1", "ERR DB index is out of range"), ("copy t u foo", "ERR syntax error"),
        ("flushall now", "ERR syntax error"), ("flushdb async sync", "ERR syntax error"),
        ("scan 0 count 0", "ERR syntax error"), ("scan 0 match", "ERR syntax error"),
        ("scan 0 count x", "ERR value is not an integer or out of range"),
        ("object foo t", "ERR unknown subcommand 'foo'. Try OBJECT HELP."),
        ("object encoding", "ERR wrong number of arguments for 'object|encoding' command"),
    ])
    func `errors are worded as Redis words them and change nothing`(line: String, text: String) {
        var rig = Rig()
        rig.run("mset t text n 5 max 9223372036854775807")
        let before = rig.keyspace.digest
        #expect(rig.run(line) == .error(text))
        #expect(rig.keyspace.digest == before)
        // What reaches the log all the same is refused there, with the same words.
        let words = line.split(separator: " ").map(String.init)
        if let spec = CommandTable.shared.lookup(words[0]), spec.route == .write {
            #expect(rig.apply(spec.code, Array(words.dropFirst())) == .error(text))
            #expect(rig.keyspace.digest == before)
        }
    }

    @Test func `ranges are cut as Redis cuts them`() {
        var rig = Rig()
        rig.run("set k abcde")
        for (range, text) in [
            ("0 -1", "abcde"), ("1 3", "bcd"), ("-3 -1", "cde"), ("-3 -4", ""), ("3 1", ""), ("0 100", "abcde"),
            ("-100 1", "ab"), ("5 9", ""), ("0 -100", "a"), ("-100 -100", "a"), ("4 4", "e"),
            ("-9223372036854775808 9223372036854775807", "abcde"),
        ] {
            #expect(rig.run("getrange k \(range)") == bulk(text), "\(range)")
            #expect(rig.run("substr k \(range)") == bulk(text), "\(range)")
        }
        #expect(rig.run("getrange none 0 -1") == bulk(""))
    }

    @Test func `the commands are sorted, found in any case, and nothing else is`() {
        let names = CommandTable.shared.specs.map(\.name.description)
        #expect(names == names.sorted())
        // Those that only nodes say have no name: tick, envelope, literal, unblock, memoryFull, what MEMORY USAGE asks
        // of a record, and what CLUSTER asks of slots.
        #expect(names.count == CommandCode.allCases.count - 8)
        for name in names {
            #expect(CommandTable.shared.lookup(name.uppercased())?.name.description == name)
            #expect(CommandTable.shared.lookup(name + "q") == nil)
        }
        for name in ["", "g", "tick", "averyveryverylongname", "get\0"] {
            #expect(CommandTable.shared.lookup(name) == nil)
        }
    }
}
