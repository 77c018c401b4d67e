"""Whether a key's history is linearizable, by search (Wing and Gong, with Lowe's memory of states already seen).

Operations of unknown outcome may take effect at any time after their call, or never. A search that takes too many steps
says so: `None` is neither yes nor no.
"""

from history import INFINITE, NIL, OK, REFUSED, UNKNOWN, by_key

STEPS_MAX = 1_000_000


def after(operation, value):
    """The value that the operation leaves of `value`, and whether its result fits. None is no value."""
    name, argument, result = operation.name, operation.argument, operation.result
    is_open = result == UNKNOWN
    if name == "get":
        return value, result == (NIL if value is None else "=" + value)
    if name == "set":
        return argument, is_open or result == OK
    if name == "setnx":
        return argument if value is None else value, is_open or result == (OK if value is None else NIL)
    if name == "incr":
        number = int(value or 0) + 1
        return str(number), is_open or result == f"#{number}"
    if name == "append":
        new = (value or "") + argument
        return new, is_open or result == f"#{len(new)}"
    return None, is_open or result == f"#{int(value is not None)}"


def is_linearizable(operations):
    operations = sorted((each for each in operations if each.result != REFUSED), key=lambda each: each.call)
    known = sum(1 << place for place, each in enumerate(operations) if not each.is_unknown)
    seen = set()
    stack = [(0, 0, None)]
    steps = 0
    while stack:
        done, lowest, value = stack.pop()
        if done & known == known:
            return True
        steps += 1
        if steps > STEPS_MAX:
            return None
        while done >> lowest & 1:
            lowest += 1
        # What may come next: everything that was called before the first end of what is still to come.
        first_end = INFINITE
        place = lowest
        choices = []
        while place < len(operations) and operations[place].call <= first_end:
            each = operations[place]
            if not done >> place & 1:
                first_end = min(first_end, each.latest)
                new, fits = after(each, value)
                if fits:
                    choices.append((each.latest, place, new))
            place += 1
        # The last one pushed is tried first: what ended first, what nobody knows last.
        for _, choice, new in sorted(choices, key=lambda choice: -choice[0]):
            following = done | 1 << choice
            if (following, new) not in seen:
                seen.add((following, new))
                stack.append((following, lowest, new))
    return False


def search(operations):
    """Sentences about keys whose histories cannot be, and how many could not be decided."""
    found, undecided = [], 0
    for key, on_key in sorted(by_key(operations).items()):
        outcome = is_linearizable(on_key)
        if outcome is None:
            undecided += 1
        elif not outcome:
            found.append(f"{key}: its history is not linearizable")
    return found, undecided
