"""The list of Redis's tests that are left out, each with its reason, and the table made of it."""

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE / "excluded.txt"
PAGE = HERE.parents[1] / "docs" / "COMPATIBILITY.md"
TABLE_BEGIN, TABLE_END = "<!-- excluded tests -->\n", "<!-- end -->"

#: What the project's own list of things to come or never to come gives as reasons. `command` is followed by a name.
PLANNED = {
    "command": "needs a command that is not there",
    "debug": "needs `DEBUG`",
    "encoding": "asks how Redis keeps a value in memory or packs it in `DUMP`",
    "scripting": "needs scripts",
    "streams": "needs streams",
}
#: Other reasons. A test that is left out for one of these asks for something that Trireme does not mean to be.
OTHER = {
    "databases": "needs more than one database",
    "memory": "takes gigabytes of memory; the suite leaves it out by itself unless asked",
    "persistence": "needs Redis's own files: RDB, AOF",
    "replication": "listens to Redis's stream of replication, or makes the server a replica",
    "server": "starts, stops or looks into a process of redis-server, its log or its allocator",
    "settings": "needs a setting of Redis that is not there",
}
REASONS = PLANNED | OTHER


class Malformed(Exception):
    """The list cannot be read; where, and why."""


def parse(text):
    """The reason for each (unit, name), from a text of `[unit]` lines, each followed by `reason | name` lines."""
    reasons, unit = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            unit = line[1:-1]
            continue
        reason, bar, name = line.partition(" | ")
        known = reason in REASONS and reason != "command" or re.fullmatch(r"command [A-Z][A-Z. ]*", reason)
        if not bar or not name or not known or unit is None:
            raise Malformed(f"line {number}: no `reason | name` of a unit with a known reason: {line!r}")
        if (unit, name) in reasons:
            raise Malformed(f"line {number}: {name!r} of {unit} is there twice")
        reasons[unit, name] = reason
    return reasons


def load():
    return parse(LIST.read_text())


def meaning(reason):
    """A reason in words."""
    command = reason.removeprefix("command ")
    return REASONS[reason] if command == reason else f"needs `{command}`"


def table():
    """The part of the page that lists what is left out, as Markdown: how many for which reason, then each."""
    excluded = load()
    lines = []
    for reasons, heading in ((PLANNED, "Needs what comes later or never"), (OTHER, "Asks for what Trireme is not")):
        lines += [f"| {heading} | tests |", "| --- | --- |"]
        counts = collections.Counter(of for of in excluded.values() if of.split()[0] in reasons)
        lines += [f"| {meaning(of)} | {count} |" for of, count in sorted(counts.items())]
        lines += [f"| *together* | {counts.total()} |", ""]
    lines += ["| of | test | left out because it |", "| --- | --- | --- |"]
    for (unit, name), reason in sorted(excluded.items()):
        shown = " ".join(name.replace("|", "\\|").split())
        lines.append(f"| `{unit}` | {escaped(shown)} | {meaning(reason)} |")
    return "\n".join(lines) + "\n"


def escaped(name):
    """A name that Markdown shows as it is."""
    return re.sub(r"([*_<>`\[\]])", r"\\\1", name)


def table_of_page():
    """The same part as the page has it."""
    text = PAGE.read_text()
    begin = text.index(TABLE_BEGIN) + len(TABLE_BEGIN)
    return text[begin:text.index(TABLE_END, begin)]


def write_table():
    """Puts the table into the page."""
    text = PAGE.read_text()
    begin = text.index(TABLE_BEGIN) + len(TABLE_BEGIN)
    PAGE.write_text(text[:begin] + table() + text[text.index(TABLE_END, begin):])
