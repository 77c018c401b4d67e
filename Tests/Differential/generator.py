"""Random sequences of commands: from the grammar, with accidents, and without what a clock would decide."""

import random

from grammar import BAD_FLOATS, BAD_INTEGERS, BAD_WAITS, FILLERS, GROUPS, NO_COMMAND, SHORT_WAITS, Grammar

#: Durations in this range could end within a run. Absolute times this near are not made.
NEAR = range(1, 90_000_000)
RELATIVE = {b"EXPIRE": 2, b"PEXPIRE": 2, b"SETEX": 2, b"PSETEX": 2, b"RESTORE": 2, b"!RESTORE": 3}
SECONDS = {b"EXPIRE", b"SETEX"}

#: A key that a mistake names as an offset could make a string of half a gigabyte; these bounds keep that out.
OFFSETS = {b"SETBIT": (2, 100_000_000), b"SETRANGE": (2, 1_000_000)}

#: Where a blocking command says how long it waits: its second word, or its last one.
WAITS_FIRST = {b"BLMPOP", b"BZMPOP"}
WAITS_LAST = {b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX"}

#: Random choice decides what these leave, unless they name more than there is.
RANDOM_WRITES = {b"SPOP"}


def number(text):
    """The integer that both servers would read, or nil."""
    try:
        return int(text) if text == b"%d" % int(text) else None
    except ValueError:
        return None


def depends_on_clock(command):
    """Whether a time in it could pass while it is looked at."""
    name = command[0].upper()
    if name in RELATIVE and len(command) > RELATIVE[name]:
        value = number(command[RELATIVE[name]])
        if value is not None and value * (1000 if name in SECONDS else 1) in NEAR and value < 100_000:
            return True
    for word, value in zip(command, command[1:]):
        if word.upper() in (b"EX", b"PX") and (number(value) or 0) in range(1, 100_000):
            return True
    return False


def is_harmful(command):
    """Whether it would take more memory or time than a comparison is worth."""
    name = command[0].upper()
    if name in OFFSETS:
        place, most = OFFSETS[name]
        value = number(command[place]) if len(command) > place else None
        limit = 4294967296 if name == b"SETBIT" else 536870912
        return value is not None and most < value < limit
    return False


def waits_long(command):
    """Whether it is a blocking command whose wait is not known to be short, or none."""
    name = command[0].upper()
    if name not in WAITS_FIRST | WAITS_LAST or len(command) < 2:
        return False
    return command[1 if name in WAITS_FIRST else -1] not in SHORT_WAITS + BAD_WAITS


def is_unspecified(command):
    """Whether it looks for texts where scores may differ, or brings different scores to where texts are looked for."""
    name, words = command[0].upper(), {word.upper() for word in command}
    is_even = lambda place: len(command) <= place or command[place] in (b"word", b"nowhere", b"x0", b"x1", b"x2", b"x3")
    if name in (b"ZLEXCOUNT", b"ZRANGEBYLEX", b"ZREVRANGEBYLEX", b"ZREMRANGEBYLEX"):
        return not is_even(1)
    if name == b"ZRANGE" and b"BYLEX" in words:
        return not is_even(1)
    if name == b"ZRANGESTORE":
        return not is_even(2) and (b"BYLEX" in words or is_even(1))
    return name == b"ZADD" and is_even(1) and any(score != b"0" for score in command[2::2])


def is_left_to_chance(command):
    """Whether what it leaves is drawn at random."""
    name = command[0].upper()
    if name not in RANDOM_WRITES or len(command) < 2:
        return False
    if len(command) == 2:
        return command[1] != b"t9"
    count = number(command[2])
    return count is not None and 0 < count < 10_000


def ideas(group):
    """What a group's generator makes: some hundreds of ideas, each a list of names, which are all kinds of them."""
    grammar = Grammar(random.Random(0))
    return [[command[command[0] == b"!OTHER"].removeprefix(b"!") for command in GROUPS[group](grammar)]
            for _ in range(600)]


class Generator:
    """Makes sequences of the commands of some groups that both servers know."""

    def __init__(self, seed, groups, commands):
        self.rng = random.Random(seed)
        self.grammar = Grammar(self.rng)
        self.commands = commands
        kinds = [name for name in groups if name in FILLERS]
        others = [name for name in groups if name not in FILLERS]
        # Mostly few kinds at a time: what a key holds gets more and stranger before something removes it.
        self.kinds = self.rng.sample(kinds, min(len(kinds), self.rng.choice((1, 1, 2, 3, 9))))
        self.others = [name for name in others if not self.kinds or self.rng.random() < 0.5]
        self.weights = [12] * len(self.kinds) + [1] * len(self.others)

    def is_fit(self, command):
        if command[0] == b"!OTHER":
            return self.is_fit(command[1:])
        name = command[0].upper().removeprefix(b"!")
        if name == b"RESTORE" and b"DUMP" not in self.commands:
            return False
        known = name in self.commands
        return known and not (depends_on_clock(command) or is_harmful(command) or is_left_to_chance(command)
                              or waits_long(command) or is_unspecified(command))

    def sequence(self, length):
        """About so many commands."""
        commands = [FILLERS[name](self.grammar) for name in self.kinds for _ in range(self.rng.randint(1, 5))]
        commands = [command for command in commands if self.is_fit(command)]
        names = self.kinds + self.others
        barren = 0
        while len(commands) < length and barren < 10_000:
            idea = GROUPS[self.rng.choices(names, self.weights)[0]](self.grammar)
            barren += 1
            if len(idea) == 1 and self.rng.random() < 0.06:
                idea = [self.accident(idea[0])]
            if all(self.is_fit(command) for command in idea):
                commands += idea
                barren = 0
        return commands

    def accident(self, command):
        """The command with one thing wrong, or strange."""
        if command[0].startswith(b"!"):
            return command
        rng, command = self.rng, list(command)
        place = rng.randrange(1, len(command)) if len(command) > 1 else 0
        kind = rng.randrange(7)
        if kind == 0 and place:
            del command[place]
        elif kind == 1:
            command.append(rng.choice((b"", b"x", b"1", b"WITHSCORES", b"NX", b"LIMIT")))
        elif kind == 2 and place:
            command[place] = rng.choice(BAD_INTEGERS + BAD_FLOATS)
        elif kind == 3 and place:
            command.insert(place, command[place])
        elif kind == 4:
            command = [word.lower() if rng.random() < 0.5 else word.swapcase() for word in command[:1]] + command[1:]
        elif kind == 5 and place:
            del command[place:]
        elif place:
            other = rng.randrange(1, len(command))
            command[place], command[other] = command[other], command[place]
        return command
