"""The disk that forgets (powerloss.c), from outside: its faults, its journal, and what a power cut leaves of the files.

A cut chooses, for each 512 bytes, one of the contents that they had since they were last synced, or two of them torn
at a multiple of 8 bytes; for each file a size it had; of each directory's changes a prefix, or any part that makes
sense. A sync of a file brings its bytes and size to stable storage, not its name: that takes a sync of the directory.
What a failed sync was to bring there stays open, whatever a later sync says (`DOOMED`).
"""

import ctypes
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECTOR = 512
TEAR = 8

RECORD = struct.Struct("<IIQQQQQQ")
MAGIC = 0x4C575250
WRITE, TRUNCATE, SYNCED, DOOMED, CREATE, RENAME, UNLINK, MKDIR, DIRSYNCED = range(1, 10)


def compiled(source, *options, directory=None):
    """The path of what `cc` makes of a source file beside this one; made anew when the source is newer."""
    source = HERE / source
    directory = directory or pathlib.Path(tempfile.gettempdir()) / f"trireme-campaign-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    target = directory / f"{source.stem}-{source.stat().st_mtime_ns}"
    if not target.exists():
        made = target.with_suffix(f".{os.getpid()}")
        subprocess.run(
            ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", *options, str(source), "-o", str(made)],
            check=True)
        made.rename(target)
    return target


class Control(ctypes.Structure):
    """`struct control` of powerloss.c, mapped: what is set here acts on the running node at once."""

    _fields_ = [
        ("clock_offset", ctypes.c_int64), ("sync_lies", ctypes.c_int32), ("sync_fails", ctypes.c_int32),
        ("read_fails", ctypes.c_int32), ("write_fails", ctypes.c_int32), ("close_fails", ctypes.c_int32),
        ("is_full", ctypes.c_int32), ("sync_delay", ctypes.c_int32), ("reserved", ctypes.c_int32),
        ("lied", ctypes.c_uint64), ("failed", ctypes.c_uint64), ("synced", ctypes.c_uint64),
    ]


class Record:
    __slots__ = ("kind", "sequence", "file", "offset", "size_before", "old", "new")

    def __init__(self, kind, sequence, file, offset, size_before, old, new):
        self.kind, self.sequence, self.file, self.offset = kind, sequence, file, offset
        self.size_before, self.old, self.new = size_before, old, new


def read_journal(path):
    """The records of a journal, oldest first. One cut short by the end of the process is no record."""
    bytes_ = pathlib.Path(path).read_bytes() if pathlib.Path(path).exists() else b""
    records = []
    place = 0
    while place + RECORD.size <= len(bytes_):
        magic, kind, sequence, file, offset, size, old, new = RECORD.unpack_from(bytes_, place)
        assert magic == MAGIC, f"the journal {path} is damaged at {place}"
        place += RECORD.size
        if place + old + new > len(bytes_):
            break
        middle, end = place + old, place + old + new
        records.append(Record(kind, sequence, file, offset, size, bytes_[place:middle], bytes_[middle:end]))
        place = end
    return records


class FileHistory:
    """The contents that a file may have after a cut, from those of now and the journal of what changed it."""

    def __init__(self, content, records):
        self.records = records
        self.image = bytearray(content)
        for record in reversed(records):
            self._undo(record)
        # For each sector: [sequence, contents, doomed] since its last sync, the synced one first.
        self.sectors = {}
        self.sizes = [(0, len(self.image), False)]
        for record in records:
            if record.kind in (WRITE, TRUNCATE):
                self._redo(record)
            elif record.kind == SYNCED:
                self._settle(record.offset)
            elif record.kind == DOOMED:
                self._doom(record.offset)

    def _undo(self, record):
        if record.kind == WRITE:
            del self.image[record.size_before:]
            self._place(record.offset, record.old)
            del self.image[record.size_before:]
        elif record.kind == TRUNCATE:
            del self.image[record.offset:]
            self._place(record.offset, record.old)
            del self.image[record.size_before:]

    def _place(self, offset, new):
        if offset > len(self.image):
            self.image.extend(bytes(offset - len(self.image)))
        self.image[offset:offset + len(new)] = new

    def _sector(self, number):
        part = bytes(self.image[number * SECTOR:(number + 1) * SECTOR])
        return part + bytes(SECTOR - len(part))

    def _redo(self, record):
        if record.kind == WRITE:
            first, end = record.offset, record.offset + len(record.new)
        else:
            first, end = record.offset, max(record.offset, record.size_before)
        numbers = range(first // SECTOR, (end + SECTOR - 1) // SECTOR)
        for number in numbers:
            if number not in self.sectors:
                self.sectors[number] = [(0, self._sector(number), False)]
        if record.kind == WRITE:
            self._place(record.offset, record.new)
        else:
            del self.image[record.offset:]
            self._place(record.offset, b"")
        for number in numbers:
            self.sectors[number].append((record.sequence, self._sector(number), False))
        if len(self.image) != self.sizes[-1][1]:
            self.sizes.append((record.sequence, len(self.image), False))

    def _settle(self, upto):
        for number in list(self.sectors):
            rest = self._settled(self.sectors[number], upto)
            if len(rest) == 1:
                del self.sectors[number]
            else:
                self.sectors[number] = rest
        self.sizes = self._settled(self.sizes, upto)

    @staticmethod
    def _settled(versions, upto):
        """Those that are still possible once what was there at `upto` was synced."""
        newest = max((place for place, version in enumerate(versions) if version[0] <= upto and not version[2]),
                     default=0)
        return versions[newest:]

    def _doom(self, upto):
        def doomed(versions):
            return versions[:1] + [(at, what, lost or at <= upto) for at, what, lost in versions[1:]]
        for number in self.sectors:
            self.sectors[number] = doomed(self.sectors[number])
        self.sizes = doomed(self.sizes)

    def cut(self, chance, mode):
        """The contents after a power cut, and how many sectors are not what they were before it."""
        kept = {record.sequence: chance.random() < 0.5 for record in self.records}
        def choose(versions):
            if mode == "nothing":
                return versions[0][1]
            possible = [v for place, v in enumerate(versions) if place == 0 or not v[2] or chance.random() < 0.2]
            if mode == "writes":
                return [v for v in possible if v is possible[0] or kept[v[0]]][-1][1]
            return chance.choice(possible)[1]
        image = bytearray(self.image)
        changed = 0
        for number, versions in sorted(self.sectors.items()):
            content = choose(versions)
            if mode == "sectors" and chance.random() < 0.1:
                at = chance.randrange(TEAR, SECTOR, TEAR)
                content = content[:at] + choose(versions)[at:]
            changed += content != self._sector(number)
            if len(image) < (number + 1) * SECTOR:
                image.extend(bytes((number + 1) * SECTOR - len(image)))
            image[number * SECTOR:(number + 1) * SECTOR] = content
        size = choose(self.sizes)
        changed += size != len(self.image)
        del image[size:]
        image.extend(bytes(size - len(image)))
        return bytes(image), changed


class Disk:
    """The layer of one node: environment to start it with, faults, power cuts."""

    MODES = ("nothing", "sectors", "sectors", "writes")

    def __init__(self, root, side):
        """`root`: the directory whose files are journalled, with all below it. `side`: ours, on the same file system.
        """
        self.root = pathlib.Path(root).resolve()
        self.side = pathlib.Path(side).resolve()
        self.keep = self.side / "keep"
        self.keep.mkdir(parents=True, exist_ok=True)
        self.journal = self.side / "journal"
        self.file = self.side / "control"
        self.file.write_bytes(bytes(ctypes.sizeof(Control)))
        with open(self.file, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), ctypes.sizeof(Control))
        self.control = Control.from_buffer(self.memory)

    def environment(self):
        return {
            "LD_PRELOAD": str(compiled("powerloss.c", "-shared", "-fPIC", "-ldl")), "POWERLOSS_ROOT": str(self.root),
            "POWERLOSS_KEEP": str(self.keep), "POWERLOSS_JOURNAL": str(self.journal),
            "POWERLOSS_CONTROL": str(self.file),
        }

    def heal(self):
        """Ends all faults but the clock's."""
        offset = self.control.clock_offset
        lied, failed, synced = self.control.lied, self.control.failed, self.control.synced
        ctypes.memset(ctypes.addressof(self.control), 0, ctypes.sizeof(Control))
        self.control.clock_offset = offset
        self.control.lied, self.control.failed, self.control.synced = lied, failed, synced

    def cut_power(self, chance, mode=None):
        """Puts the files back to what a power cut may leave of them. The process has to be dead.

        Returns what happened, as text.
        """
        mode = mode or chance.choice(Disk.MODES)
        records = read_journal(self.journal)
        lost = self._cut_files(records, chance, mode)
        names = self._cut_names(records, chance, mode)
        self.journal.unlink(missing_ok=True)
        shutil.rmtree(self.keep)
        self.keep.mkdir()
        return f"power cut ({mode}): {lost} sectors and sizes and {names} names lost of {len(records)} records"

    def _cut_files(self, records, chance, mode):
        places = {}
        for top in (self.root, self.keep):
            for path in top.rglob("*"):
                if path.is_file():
                    places[path.stat().st_ino] = path
        by_file = {}
        for record in records:
            if record.kind in (WRITE, TRUNCATE, SYNCED, DOOMED):
                by_file.setdefault(record.file, []).append(record)
        lost = 0
        for inode, changes in sorted(by_file.items()):
            if inode not in places or not any(change.kind in (WRITE, TRUNCATE) for change in changes):
                continue
            content = places[inode].read_bytes()
            after, changed = FileHistory(content, changes).cut(chance, mode)
            lost += changed
            if after != content:
                # In place, since other names may stand for the same file.
                with open(places[inode], "r+b") as file:
                    file.write(after)
                    file.truncate(len(after))
        return lost

    def _cut_names(self, records, chance, mode):
        settled = {}
        for record in records:
            if record.kind == DIRSYNCED:
                settled[record.file] = max(settled.get(record.file, 0), record.offset)
        open_ = {}
        for record in records:
            if record.kind in (CREATE, RENAME, UNLINK, MKDIR) and record.sequence > settled.get(record.file, 0):
                open_.setdefault(record.file, []).append(record)
        dropped = []
        for changes in open_.values():
            dropped += self._dropped(changes, chance, mode)
        for record in sorted(dropped, key=lambda record: -record.sequence):
            self._undo_name(record)
        return len(dropped)

    @staticmethod
    def _dropped(changes, chance, mode):
        """Which of a directory's changes are lost: those from some point on, or any, with what builds on them."""
        if mode == "nothing":
            return changes
        if chance.random() < 0.6:
            return changes[chance.randrange(len(changes) + 1):]
        dropped, touched = [], set()
        for change in changes:
            about = {change.old, change.new, change.offset} - {b""}
            if touched & about or chance.random() < 0.5:
                dropped.append(change)
                touched |= about
        return dropped

    def _undo_name(self, record):
        path, new = pathlib.Path(os.fsdecode(record.old)), pathlib.Path(os.fsdecode(record.new))
        kept = self.keep / str(record.size_before)
        if record.kind == CREATE:
            path.unlink(missing_ok=True)
        elif record.kind == MKDIR:
            shutil.rmtree(path, ignore_errors=True)
        elif record.kind == UNLINK:
            if kept.exists() and not path.exists():
                os.link(kept, path)
        elif record.kind == RENAME:
            if new.exists() and new.stat().st_ino == record.offset:
                new.rename(path)
            if record.size_before and kept.exists():
                new.unlink(missing_ok=True)
                os.link(kept, new)
