// Commands on lists, with the replies that redis-server 7.0.15 gave to the same lines.

import Testing

@Suite struct ListCommandTests {
    @Test func `elements go in and out at both ends`() {
        Transcript.check(
            version: .two,
            [
                ("rpush l a b c", ":3"),
                ("lpush l d e", ":5"),
                ("lrange l 0 -1", "[e d a b c]"),
                ("llen l", ":5"),
                ("lpushx l f", ":6"),
                ("rpushx l g", ":7"),
                ("lpushx none f", ":0"),
                ("rpushx none f", ":0"),
                ("exists none", ":0"),
                ("lpop l", "f"),
                ("rpop l", "g"),
                ("lpop l 2", "[e d]"),
                ("rpop l 2", "[c b]"),
                ("lrange l 0 -1", "[a]"),
                ("lpop l 0", "[]"),
                ("rpop l 10", "[a]"),
                ("exists l", ":0"),
                ("lpop l", "nil"),
                ("lpop l 3", "nil"),
                ("rpop none 0", "nil"),
                ("lpop l -1", "!ERR value is out of range, must be positive"),
                ("lpop l x", "!ERR value is out of range, must be positive"),
                ("lpop l 1 2", "!ERR wrong number of arguments for 'lpop' command"),
                ("set s v", "+OK"),
                ("lpush s a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lpop s", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lpop s 0", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("llen s", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("llen none", ":0"),
            ])
    }

    @Test func `elements are found by their place`() {
        Transcript.check(
            version: .two,
            [
                ("rpush l a b c b a", ":5"),
                ("lindex l 0", "a"),
                ("lindex l -1", "a"),
                ("lindex l 5", "nil"),
                ("lindex l -6", "nil"),
                ("lindex none x", "nil"),
                ("lindex l x", "!ERR value is not an integer or out of range"),
                ("lset l 1 B", "+OK"),
                ("lset l -1 A", "+OK"),
                ("lset l 9 x", "!ERR index out of range"),
                ("lset l x y", "!ERR value is not an integer or out of range"),
                ("lset none 0 x", "!ERR no such key"),
                ("lset none x y", "!ERR no such key"),
                ("lrange l 0 -1", "[a B c b A]"),
                ("lrange l 1 2", "[B c]"),
                ("lrange l -2 100", "[b A]"),
                ("lrange l 3 1", "[]"),
                ("lrange l 9 10", "[]"),
                ("lrange l -100 1", "[a B]"),
                ("lrange l x 1", "!ERR value is not an integer or out of range"),
                ("lrange none 0 -1", "[]"),
                ("set s v", "+OK"),
                ("lindex s 0", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lset s 0 v", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lrange s 0 -1", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `a list is trimmed to a range`() {
        Transcript.check(
            version: .two,
            [
                ("rpush l 1 2 3 4 5", ":5"),
                ("ltrim l 0 9", "+OK"),
                ("lrange l 0 -1", "[1 2 3 4 5]"),
                ("ltrim l 1 -2", "+OK"),
                ("lrange l 0 -1", "[2 3 4]"),
                ("ltrim l -1 -1", "+OK"),
                ("lrange l 0 -1", "[4]"),
                ("ltrim l 5 6", "+OK"),
                ("exists l", ":0"),
                ("rpush l 1 2 3", ":3"),
                ("ltrim l 2 1", "+OK"),
                ("exists l", ":0"),
                ("ltrim none 0 1", "+OK"),
                ("ltrim l x 1", "!ERR value is not an integer or out of range"),
                ("set s v", "+OK"),
                ("ltrim s 0 1", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `elements are removed and inserted by what they are`() {
        Transcript.check(
            version: .two,
            [
                ("rpush l a b a c a d a", ":7"),
                ("lrem l 1 a", ":1"),
                ("lrem l -2 a", ":2"),
                ("lrange l 0 -1", "[b a c d]"),
                ("lrem l 0 a", ":1"),
                ("lrem l 0 a", ":0"),
                ("lrem l x a", "!ERR value is not an integer or out of range"),
                ("lrange l 0 -1", "[b c d]"),
                ("linsert l before c x", ":4"),
                ("linsert l AFTER d y", ":5"),
                ("linsert l before none z", ":-1"),
                ("linsert none before c x", ":0"),
                ("linsert l beside c x", "!ERR syntax error"),
                ("linsert none beside c x", "!ERR syntax error"),
                ("lrange l 0 -1", "[b x c d y]"),
                ("lrem l 0 b", ":1"),
                ("lrem l 0 x", ":1"),
                ("lrem l 0 c", ":1"),
                ("lrem l 0 d", ":1"),
                ("lrem l 0 y", ":1"),
                ("exists l", ":0"),
                ("set s v", "+OK"),
                ("lrem s 0 a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("linsert s before a b", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `places of elements are found`() {
        Transcript.check(
            version: .two,
            [
                ("rpush l a b c 1 2 3 c c", ":8"),
                ("lpos l c", ":2"),
                ("lpos l c rank 2", ":6"),
                ("lpos l c rank -1", ":7"),
                ("lpos l c rank 4", "nil"),
                (
                    "lpos l c rank 0",
                    "!ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ..."
                        + " or use negative to start from the end of the list"
                ),
                ("lpos l c count 2", "[:2 :6]"),
                ("lpos l c count 0", "[:2 :6 :7]"),
                ("lpos l c count 0 rank -1", "[:7 :6 :2]"),
                ("lpos l c count 2 rank 2", "[:6 :7]"),
                ("lpos l c count 0 maxlen 7", "[:2 :6]"),
                ("lpos l c count 0 maxlen 7 rank -1", "[:7 :6 :2]"),
                ("lpos l c maxlen 2", "nil"),
                ("lpos l c count -1", "!ERR COUNT can't be negative"),
                ("lpos l c maxlen -1", "!ERR MAXLEN can't be negative"),
                ("lpos l c maxlen x", "!ERR MAXLEN can't be negative"),
                ("lpos l c rank", "!ERR syntax error"),
                ("lpos l c foo 1", "!ERR syntax error"),
                ("lpos l none", "nil"),
                ("lpos l none count 1", "[]"),
                ("lpos none c", "nil"),
                ("lpos none c count 1", "[]"),
                ("set s v", "+OK"),
                ("lpos s c", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
            ])
    }

    @Test func `elements move from list to list, and within one`() {
        Transcript.check(
            version: .two,
            [
                ("rpush a 1 2 3", ":3"),
                ("lmove a b left right", "1"),
                ("lmove a b right left", "3"),
                ("lrange a 0 -1", "[2]"),
                ("lrange b 0 -1", "[3 1]"),
                ("rpoplpush b a", "1"),
                ("lrange a 0 -1", "[1 2]"),
                ("lmove a a left right", "1"),
                ("rpush b 5 6", ":3"),
                ("lmove b b left right", "3"),
                ("lmove b b right right", "3"),
                ("rpoplpush b b", "3"),
                ("lrange b 0 -1", "[3 5 6]"),
                ("lmove none a left left", "nil"),
                ("lmove a b up left", "!ERR syntax error"),
                ("lmove a b left down", "!ERR syntax error"),
                ("set s v", "+OK"),
                ("lmove a s left left", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lmove s a left left", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("rpoplpush none s", "nil"),
                ("lrange a 0 -1", "[2 1]"),
                ("rpush one x", ":1"),
                ("lmove one one left left", "x"),
                ("lmove one two left left", "x"),
                ("exists one", ":0"),
            ])
    }

    @Test func `the first list that has any gives elements`() {
        Transcript.check(
            version: .two,
            [
                ("rpush a 1 2 3 4", ":4"),
                ("lmpop 2 none a left", "[a [1]]"),
                ("lmpop 1 a right count 2", "[a [4 3]]"),
                ("lmpop 1 a left count 100", "[a [2]]"),
                ("lmpop 2 a none left", "nil"),
                ("lmpop 0 a left", "!ERR numkeys should be greater than 0"),
                ("lmpop x a left", "!ERR numkeys should be greater than 0"),
                ("lmpop 2 a left", "!ERR syntax error"),
                ("lmpop 1 a up", "!ERR syntax error"),
                ("lmpop 1 a left count 0", "!ERR count should be greater than 0"),
                ("lmpop 1 a left count 1 count 2", "!ERR syntax error"),
                ("lmpop 1 a left foo", "!ERR syntax error"),
                ("set s v", "+OK"),
                ("rpush a 1", ":1"),
                ("lmpop 2 s a left", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
                ("lmpop 2 a s left", "[a [1]]"),
            ])
    }

    @Test func `nothing is a null of its own in version 3`() {
        Transcript.check(
            version: .three,
            [
                ("lpop none", "nil"),
                ("lpop none 1", "nil"),
                ("lindex none 0", "nil"),
                ("lpos none a", "nil"),
                ("lmpop 1 none left", "nil"),
                ("rpush l a b", ":2"),
                ("lpop l 1", "[a]"),
                ("lmpop 1 l left", "[l [b]]"),
            ])
    }
}
