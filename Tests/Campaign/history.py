"""What clients did and were told, as a file for `simulate --judge` and checks of our own that need no search.

    trireme-history 1
    CALL RETURN CLIENT OP KEY ARGUMENT RESULT

CALL and RETURN are nanoseconds of CLOCK_MONOTONIC, RETURN `-` when nobody knows. OP is one of get, set, setnx, incr,
append, del; ARGUMENT `-` when there is none. RESULT: `?` unknown, `!` certainly without effect, `nil`, `ok`, `=VALUE`
for a string that was read, `#N` for a number (the new value, the new length, how many were deleted).
"""

import pathlib

UNKNOWN, REFUSED, NIL, OK = "?", "!", "nil", "ok"
INFINITE = 1 << 63


class Operation:
    __slots__ = ("call", "end", "client", "name", "key", "argument", "result")

    def __init__(self, call, end, client, name, key, argument, result):
        self.call, self.end, self.client, self.name = call, end, client, name
        self.key, self.argument, self.result = key, argument, result

    def __str__(self):
        end = "-" if self.result == UNKNOWN else self.end
        return f"{self.call} {end} {self.client} {self.name} {self.key} {self.argument or '-'} {self.result}"

    @property
    def is_unknown(self):
        return self.result == UNKNOWN

    @property
    def latest(self):
        """The last instant at which it may take effect."""
        return INFINITE if self.is_unknown else self.end


def write(path, operations):
    lines = ["trireme-history 1", *map(str, sorted(operations, key=lambda each: each.call))]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def violations(operations):
    """What in a history no single copy of the data could have done, as sentences. Finds lost and stale values; whole
    linearizability is for `simulate --judge`.
    """
    found = []
    for key, on_key in sorted(by_key(operations).items()):
        kind = key.split(":")[0]
        if kind == "register":
            found += register_violations(key, on_key)
        elif kind == "counter":
            found += counter_violations(key, on_key)
        elif kind == "list":
            found += list_violations(key, on_key)
    return found


def by_key(operations):
    keys = {}
    for operation in operations:
        if operation.result != REFUSED:
            keys.setdefault(operation.key, []).append(operation)
    return keys


def register_violations(key, operations):
    """Every value is written once. Who reads one, must not have missed a write that was over before the read began
    and that began after the value's own was over."""
    found = []
    writes = {each.argument: each for each in operations if is_written(each)}
    has_deletes = any(each.name == "del" for each in operations)
    # For "the last write that is over by T": its call, as a running maximum over writes by their end.
    over = sorted((each for each in writes.values() if not each.is_unknown), key=lambda each: each.end)
    for read in operations:
        if read.name != "get" or read.is_unknown:
            continue
        missed = [each for each in over if each.end < read.call]
        if read.result == NIL:
            if missed and not has_deletes:
                found.append(f"{key}: lost `{missed[-1]}`: `{read}` saw nothing")
            continue
        source = writes.get(read.result[1:])
        if source is None:
            found.append(f"{key}: `{read}` saw a value that nobody wrote")
        elif source.call > read.end:
            found.append(f"{key}: `{read}` saw what was written later, by `{source}`")
        else:
            newer = [each for each in missed if each.call > source.latest]
            if newer:
                found.append(
                    f"{key}: `{read}` saw `{source}` although `{newer[-1]}` was over: stale, or the newer lost")
    return found


def is_written(operation):
    """A set, or a set-if-absent that did or may have done it."""
    return operation.name == "set" or operation.name == "setnx" and operation.result in (OK, UNKNOWN)


def counter_violations(key, operations):
    """Increments give each number once, in an order that agrees with time; reads are in between."""
    found = []
    seen = {}
    for each in operations:
        if each.name == "incr" and not each.is_unknown:
            number = int(each.result[1:])
            if number in seen:
                found.append(f"{key}: `{each}` and `{seen[number]}` gave the same number: one of them was lost")
            seen[number] = each
    most = sum(each.name == "incr" for each in operations)
    points = []
    for each in operations:
        if each.is_unknown:
            continue
        # A read of N stands behind the increment to N and before the next one: half a step.
        number = int(each.result[1:]) if each.name == "incr" else read_number(each) + 0.5
        if number > most + 1:
            found.append(f"{key}: `{each}` counts more than was ever asked")
        points.append((number, each))
    found += order_violations(key, points)
    return found


def read_number(operation):
    return 0 if operation.result == NIL else int(operation.result[1:])


def order_violations(key, points):
    """Of two that did not overlap, the later one must not have the smaller number."""
    found = []
    highest = None
    ends = sorted(points, key=lambda point: point[1].end)
    place = 0
    for number, each in sorted(points, key=lambda point: point[1].call):
        while place < len(ends) and ends[place][1].end < each.call:
            if highest is None or ends[place][0] > highest[0]:
                highest = ends[place]
            place += 1
        if highest and number < highest[0]:
            found.append(f"{key}: `{each}` is older than `{highest[1]}`, which was over before: lost or stale")
    return found


def list_violations(key, operations):
    """Appends of tokens of one length: every value read is a beginning of the longest, an append's length says where
    its token stands, and both agree with time."""
    found = []
    reads = [each for each in operations if each.name == "get" and not each.is_unknown]
    values = {each: "" if each.result == NIL else each.result[1:] for each in reads}
    longest = max(values.values(), key=len, default="")
    points = []
    for read, value in values.items():
        if not longest.startswith(value):
            found.append(f"{key}: `{read}` is no beginning of what stood there at another time")
        points.append((len(value) + 0.5, read))
    for each in operations:
        if each.name != "append" or each.is_unknown:
            continue
        length = int(each.result[1:])
        points.append((length, each))
        if length <= len(longest) and longest[length - len(each.argument):length] != each.argument:
            found.append(f"{key}: `{each}` is not where it was acknowledged: lost")
    found += order_violations(key, points)
    for each in operations:
        if each.name == "append" and longest.count(each.argument) > 1:
            found.append(f"{key}: `{each}` took effect twice")
    return found
