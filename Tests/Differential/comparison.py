"""When two replies are the same, and the list of what may differ.

A reply is compared byte for byte, with its type, unless its command is named here. What differs on purpose is a row of
`EXPECTED` with its reason, which docs/COMPATIBILITY.md tells users as well; anything else is a finding.
"""

import dataclasses
import typing

from wire import NULL_ARRAY, Reply

#: Members in no order that anybody may rely on.
UNORDERED = {b"KEYS", b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF", b"HKEYS", b"HVALS", b"SPOP"}
#: The same, in pairs.
UNORDERED_PAIRS = {b"HGETALL"}
#: Drawn at random: only how much it is can be compared, and with the listing that follows, whether it is of the set.
RANDOM = {b"RANDOMKEY", b"SRANDMEMBER", b"HRANDFIELD", b"ZRANDMEMBER"}
LISTINGS = {b"SRANDMEMBER": b"SMEMBERS", b"HRANDFIELD": b"HGETALL", b"ZRANDMEMBER": b"ZRANGE"}
#: Whose contents are each server's own affair: cursors, packed values, how a value is kept.
OPAQUE = {b"SCAN", b"HSCAN", b"SSCAN", b"ZSCAN", b"DUMP", b"OBJECT"}
#: Times to go, and ends reckoned from now: the two servers read their clocks at different moments.
TIMES = {b"TTL": 2, b"PTTL": 2000, b"EXPIRETIME": 2, b"PEXPIRETIME": 2000}


def plain(text):
    """A number's value, or nil."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


@dataclasses.dataclass
class Expected:
    """A difference that is meant."""
    reason: str
    explains: typing.Callable      # (command, Redis's reply, the node's reply) -> bool
    #: What is stored differs from here on, so that the rest of the sequence cannot be compared.
    parts_ways: bool = False


def is_rounding(command, theirs, ours):
    """Both gave a number, and they are the same but for 80-bit noise."""
    if command[0].upper() not in (b"INCRBYFLOAT", b"HINCRBYFLOAT"):
        return False
    a, b = plain(theirs), plain(ours)
    return a is not None and b is not None and abs(a - b) <= 1e-15 * max(abs(a), abs(b))


def is_foreign_cursor(command, theirs, ours):
    """An iteration begun where none can stand."""
    name = command[0].upper()
    place = 1 if name == b"SCAN" else 2
    return (name in (b"SCAN", b"HSCAN", b"SSCAN", b"ZSCAN") and ours == Reply("-", b"ERR invalid cursor")
            and (command[place][:1] in b"+-" or b"\0" in command[place]))


def is_text(word):
    """Whether it is UTF-8 without zero bytes."""
    try:
        return "\0" not in word.decode()
    except UnicodeDecodeError:
        return False


def quotes_bytes(command, theirs, ours):
    """Both errors quote arguments that are no text, in the same words before them."""
    both_refuse = isinstance(theirs, Reply) and isinstance(ours, Reply) and theirs.is_error and ours.is_error
    return both_refuse and not all(is_text(word) for word in command) and (
        theirs.value.split()[:3] == ours.value.split()[:3])


def without_minus_zero(reply):
    """The reply, with 0 where it has -0 alone."""
    if isinstance(reply, tuple):
        return tuple(map(without_minus_zero, reply))
    if isinstance(reply, Reply) and isinstance(reply.value, list):
        return Reply(reply.mark, [without_minus_zero(item) for item in reply.value])
    if reply == Reply(",", b"-0"):
        return Reply(",", b"0")
    return b"0" if reply == b"-0" else reply


def is_minus_zero(command, theirs, ours):
    """The replies are the same but for the sign of a score that is 0."""
    name = command[0].upper().lstrip(b"!")
    return name.startswith((b"Z", b"BZ")) and without_minus_zero(theirs) == without_minus_zero(ours)


def is_too_long_to_compare(command, theirs, ours):
    """LCS of strings for which it would take too long."""
    return command[0].upper() == b"LCS" and ours == Reply(
        "-", b"ERR the product of the lengths of the strings is too large for LCS")


def is_overflowing_wait(command, theirs, ours):
    """A blocking command with a time that Redis reckons with until it is negative."""
    refusals = (Reply("-", b"ERR timeout is out of range"), Reply("-", b"ERR timeout is not a float or out of range"))
    return command[0].upper()[:1] == b"B" and theirs == Reply("-", b"ERR timeout is negative") and ours in refusals


EXPECTED = [
    Expected("a wait that is too long is out of range; Redis calls some negative", is_overflowing_wait),
    Expected("a score of -0 is 0", is_minus_zero),
    Expected("`LCS` compares strings whose lengths' product is at most 16777216", is_too_long_to_compare),
    Expected("a cursor is what a scan gave: digits; Redis takes nothing or a sign, too, and ends it at a zero byte",
             is_foreign_cursor),
    Expected("what is no text is replaced where an error quotes it; Redis gives its bytes, up to a zero byte",
             quotes_bytes),
    Expected("`INCRBYFLOAT` adds exactly; Redis shows the noise of 80-bit arithmetic", is_rounding, parts_ways=True),
]


#: Not found by looking at the replies alone: what was watched may have been written as it was (`is_quiet_write`).
QUIET_WRITE = Expected("a write that leaves a watched key as it was does not stop `EXEC`", None, parts_ways=True)


def is_quiet_write(command):
    """Whether the command may write a key without changing it, and Redis takes that for a change."""
    name = command[0].upper()
    return name == b"APPEND" and command[-1] == b"" or name in (
        b"LTRIM", b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT")


#: Nor this one: a watched key may have been made and removed again (`may_remove`).
ABSENT_AGAIN = Expected("a watched key that was not there, and is not there again, does not stop `EXEC`", None,
                        parts_ways=True)

REMOVING = {name.encode() for name in (
    "DEL UNLINK GETDEL FLUSHALL FLUSHDB RENAME RENAMENX HDEL LPOP RPOP LMPOP LREM LTRIM LMOVE RPOPLPUSH BLPOP BRPOP "
    "BLMPOP BLMOVE BRPOPLPUSH SPOP SREM SMOVE ZREM ZPOPMIN ZPOPMAX ZMPOP BZPOPMIN BZPOPMAX BZMPOP ZREMRANGEBYRANK "
    "ZREMRANGEBYSCORE ZREMRANGEBYLEX SINTERSTORE SUNIONSTORE SDIFFSTORE ZINTERSTORE ZUNIONSTORE ZDIFFSTORE "
    "ZRANGESTORE BITOP EXPIRE PEXPIRE EXPIREAT PEXPIREAT GETEX SET SETEX PSETEX").split()}


def may_remove(command, keys):
    """Whether the command may have removed one of the keys."""
    name = command[0].upper()
    return name in REMOVING and (name.startswith(b"FLUSH") or any(key in command[1:] for key in keys))


def shape(reply):
    """How much a reply is, without its contents."""
    if isinstance(reply, Reply) and isinstance(reply.value, list):
        return (reply.mark, len(reply.value), sorted({repr(shape(item)) for item in reply.value}))
    if isinstance(reply, bytes):
        return "bytes"
    if isinstance(reply, tuple):
        return "items of a scan"
    return reply if reply is None or reply is NULL_ARRAY or reply.is_error else reply.mark


def in_pairs(items):
    return sorted(zip(items[::2], items[1::2]), key=repr)


def canonical(command, reply):
    """The reply, without what is left to the server."""
    if not isinstance(reply, Reply) and not isinstance(reply, bytes) or isinstance(reply, Reply) and reply.is_error:
        return reply
    name = command[0].upper()
    if name in RANDOM:
        return shape(reply)
    if name in OPAQUE:
        return "something"
    if isinstance(reply, Reply) and isinstance(reply.value, list):
        if name in UNORDERED:
            return (reply.mark, sorted(reply.value, key=repr))
        if name in UNORDERED_PAIRS:
            return (reply.mark, in_pairs(reply.value))
    return reply


def is_near(command, theirs, ours, elapsed):
    """Whether both are times that differ by no more than the clocks may.

    When a time was set and when it was looked at, the servers were each no further apart than the sequence is old.
    """
    tolerance = TIMES.get(command[0].upper(), 0) * (1 + elapsed)
    if not tolerance or not (isinstance(theirs, Reply) and isinstance(ours, Reply)):
        return False
    return theirs.mark == ours.mark == ":" and min(theirs.value, ours.value) > 0 and (
        abs(theirs.value - ours.value) <= tolerance)


class Verdict:
    """What two replies to a command amount to: `same`, or `expected` with its row, or neither."""

    __slots__ = ("same", "expected")

    def __init__(self, same, expected=None):
        self.same = same
        self.expected = expected


SAME, DIFFERENT = Verdict(True), Verdict(False)


def judge(command, theirs, ours, queued=None, elapsed=0.0):
    """Compares Redis's reply with the node's, in a sequence that began so many seconds ago.

    `queued` are the commands of the transaction that `EXEC` ended.
    """
    if queued and isinstance(theirs, Reply) and isinstance(ours, Reply) and theirs.mark == ours.mark == "*":
        if len(theirs.value) == len(ours.value) == len(queued):
            verdicts = [judge(*each, elapsed=elapsed) for each in zip(queued, theirs.value, ours.value)]
            return next((verdict for verdict in verdicts if verdict is DIFFERENT),
                        next((verdict for verdict in verdicts if verdict.expected), SAME))
    if theirs == ours or canonical(command, theirs) == canonical(command, ours):
        return SAME
    if is_near(command, theirs, ours, elapsed):
        return SAME
    for row in EXPECTED:
        if row.explains(command, theirs, ours):
            return Verdict(False, row)
    return DIFFERENT


def flattened(reply):
    """All bulk strings in a reply, and the numbers of version 3."""
    if isinstance(reply, Reply) and isinstance(reply.value, list):
        return [item for part in reply.value for item in flattened(part)]
    return [reply.value if isinstance(reply, Reply) else reply]


def is_drawn_from(command, reply, listing_command, listing):
    """Whether what a random command gave is of what the listing behind it shows. True when nothing can be said."""
    name = command[0].upper()
    if LISTINGS.get(name) != listing_command[0].upper() or command[1:2] != listing_command[1:2]:
        return True
    if reply is None or isinstance(reply, Reply) and reply.is_error or isinstance(listing, Reply) and listing.is_error:
        return True
    return set(flattened(reply)) <= set(flattened(listing))
