"""What a run of Redis's tests amounts to: every test that there is has passed, was left out by name, or has failed.

1. The names come from a census of the same files, not from the run: a test that did not run has failed.
2. A test counts as passed only if each of its runs did, as often as the census has its name.
3. A name on the list that the census does not have is an error, and so is one that waits for a command that has come.
"""

import base64
import collections
import dataclasses
import pathlib


def read_report(path):
    """The driver's lines as (word, text). A line that a kill cut short is no line."""
    events = []
    for line in pathlib.Path(path).read_text().splitlines(keepends=True):
        word, _, text = line.rstrip("\n").partition(" ")
        if line.endswith("\n"):
            events.append((word, base64.b64decode(text).decode(errors="replace")))
    return events


def census_of(events, unit):
    """How often the unit has a test of each name."""
    broken = [text for word, text in events if word == "exception"]
    if broken or not any(word == "done" for word, _ in events):
        raise RuntimeError(f"the census of {unit} broke off: {(broken or ['no end'])[0]}")
    return collections.Counter(text for word, text in events if word == "name")


@dataclasses.dataclass
class UnitRun:
    """One unit's tests, sorted."""
    unit: str
    passed: int = 0
    failed: list = dataclasses.field(default_factory=list)     # (name, why)
    excluded: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by reason
    notes: list = dataclasses.field(default_factory=list)      # why it broke off

    @property
    def counted(self):
        return self.passed + len(self.failed)


def judge(unit, census, events, excluded, ended=True):
    """Sorts a unit's tests. `excluded` is a reason for each name; `ended` says that the process came to its end."""
    run = UnitRun(unit)
    passes, failures, ignored = collections.Counter(), collections.defaultdict(list), {}
    current = None
    for word, text in events:
        if word == "testing":
            current = text
        elif word == "ok":
            passes[text] += 1
            current = None
        elif word == "err" and current is not None and text.startswith(current):
            failures[current].append(text[len(current):].strip())
            current = None
        elif word == "err":
            run.notes.append(f"a block broke off outside of its tests: {text}")
        elif word == "exception":
            run.notes.append(f"the file broke off: {text}")
        elif word == "ignore":
            name, _, why = text.rpartition(": ")
            ignored[name] = why
    if not ended:
        run.notes.append(f"the process was ended after a long silence, in {current!r}")

    for name, times in census.items():
        if name in excluded:
            run.excluded[excluded[name]] += times
            continue
        reasons = failures[name] + [ignored.get(name, "did not run")] * (times - passes[name] - len(failures[name]))
        run.failed += [(name, why) for why in reasons[:times]]
        run.passed += times - min(times, len(reasons))
    # A test that the census missed counts, too: against us when it failed, and never for us.
    for name in sorted(set(failures) - set(census)):
        run.failed += [(name, why) for why in failures[name]]
    run.notes += [f"not in the census: {name!r}" for name in sorted((set(passes) | set(failures)) - set(census))]
    return run


def stale(censuses, excluded, commands):
    """What of the list does not hold any more, in words: names that no test has, and commands that are there now."""
    looked_at = [(unit, name, reason) for (unit, name), reason in excluded.items() if unit in censuses]
    return [f"{unit} has no test {name!r}" for unit, name, _ in looked_at if name not in censuses[unit]] + [
        f"{reason} is there now: {unit}: {name}" for unit, name, reason in looked_at
        if reason.startswith("command ") and reason.removeprefix("command ").lower() in commands]
