"""`Tests/redis-suite`: Redis's own unit tests, run against a node of Trireme in the suite's external-server mode."""

import argparse
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import exclusions
import verdict

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "EndToEnd"))
import cluster as playground  # noqa: E402

VERSION = "7.0.15"
UNITS = """unit/type/string unit/type/incr unit/keyspace unit/scan unit/expire unit/type/hash unit/type/list
unit/type/list-2 unit/type/list-3 unit/type/set unit/type/zset unit/bitops unit/multi unit/pubsub""".split()

#: The share of the tests not left out that has to pass.
REQUIRED_SHARE = 0.95

#: A unit that reports nothing for so long is ended. The longest single test takes some tens of seconds.
SILENCE_MAX = 240.0

HOW_TO_GET = f"""Redis's tests are not part of this repository. Get them outside of it, and name the place:
  git clone --depth 1 --branch {VERSION} https://github.com/redis/redis /tmp/redis-{VERSION}
  Tests/redis-suite --redis /tmp/redis-{VERSION}        (or REDIS_CHECKOUT=/tmp/redis-{VERSION})"""


class Workshop:
    """A directory with a copy of the tests, where the driver runs."""

    def __init__(self, checkout, directory):
        self.directory = directory / "work"
        shutil.copytree(checkout / "tests", self.directory / "tests")
        (self.directory / "src").mkdir()
        for program in ("redis-cli", "redis-benchmark"):
            path = shutil.which(program)
            if path:
                (self.directory / "src" / program).symlink_to(path)

    def drive(self, unit, address, mode, seed, skipped=(), token=None):
        """Runs one unit. Returns the events it reported, and whether it came to its end by itself."""
        name = f"{mode}-{unit.replace('/', '-')}"
        report, skip_file = self.directory / f"{name}.report", self.directory / f"{name}.skip"
        report.write_text("")
        skip_file.write_text("".join(f"{name}\n" for name in skipped))
        environment = dict(os.environ)
        if token:
            environment |= {"TRIREME_TOKEN": token, "REDISCLI_AUTH": token}
        command = [
            "tclsh", str(HERE / "driver.tcl"), str(report), unit, address[0], str(address[1]), str(seed), mode,
            str(skip_file)]
        with open(self.directory / f"{name}.output", "w") as output:
            process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT)
            ended = wait_while_it_reports(process, report)
        events = verdict.read_report(report)
        if process.returncode != 0 and ended:
            events.append(("exception", (self.directory / f"{name}.output").read_text()[-2000:]))
        return events, ended


def wait_while_it_reports(process, report):
    """Waits for the process; ends it when its report does not grow for too long, and returns false then."""
    size, since = 0, time.monotonic()
    while True:
        try:
            process.wait(timeout=1)
            return True
        except subprocess.TimeoutExpired:
            now = report.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > SILENCE_MAX:
                process.kill()
                process.wait()
                return False


class Reference:
    """A redis-server for the census: code between tests talks to a server, so there has to be one."""

    def __init__(self, directory):
        self.directory = directory

    def __enter__(self):
        program = shutil.which("redis-server")
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else "nothing"
        if " v=7.0." not in said:
            sys.exit(f"the census needs redis-server 7.0 (Debian's package redis-server); there is {said.strip()}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        self.process = subprocess.Popen(
            [program, "--port", str(self.address[1]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self.directory, stdout=subprocess.DEVNULL)
        playground.eventually(self.answers, "redis-server listens")
        return self

    def answers(self):
        socket.create_connection(self.address, timeout=1).close()
        return True

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def checkout_of(arguments):
    """The directory with the tests, or the end of the program."""
    given = arguments.redis or os.environ.get("REDIS_CHECKOUT")
    if not given:
        sys.exit(HOW_TO_GET)
    checkout = pathlib.Path(given).resolve()
    try:
        version = re.search(r'REDIS_VERSION "(.*)"', (checkout / "src" / "version.h").read_text()).group(1)
    except (OSError, AttributeError):
        sys.exit(f"{checkout} is no checkout of Redis\n{HOW_TO_GET}")
    if version != VERSION:
        sys.exit(f"{checkout} is Redis {version}; the list of tests left out is that of {VERSION}\n{HOW_TO_GET}")
    return checkout


def run_units(arguments, directory):
    """Runs what was asked for; prints as it goes. Returns the units' results, and what of the list is stale."""
    excluded = exclusions.load()
    workshop = Workshop(checkout_of(arguments), directory)
    with Reference(directory) as reference:
        censuses = {
            unit: verdict.census_of(workshop.drive(unit, reference.address, "census", arguments.seed)[0], unit)
            for unit in arguments.units}
        if arguments.itself:
            runs = [run_unit(arguments, workshop, unit, censuses[unit], reference.address) for unit in arguments.units]
            return runs, verdict.stale(censuses, excluded, set())
    nodes = playground.Cluster(directory / "cluster", nodes=arguments.nodes)
    try:
        nodes.up()
        address, token = nodes.address(nodes.leader(), plaintext=True), nodes.token()
        commands = {name.decode() for name in nodes.client(nodes.leader()).command_list()}
        runs = [run_unit(arguments, workshop, unit, censuses[unit], address, token) for unit in arguments.units]
    finally:
        nodes.down()
    return runs, verdict.stale(censuses, excluded, commands)


def run_unit(arguments, workshop, unit, census, address, token=None):
    """Runs one unit and shows its result."""
    began = time.monotonic()
    named = {name: reason for (of, name), reason in exclusions.load().items() if of == unit}
    skipped = () if arguments.with_excluded else named
    events, ended = workshop.drive(unit, address, "run", arguments.seed, skipped, token)
    run = verdict.judge(unit, census, events, named, ended)
    show(run, time.monotonic() - began)
    if arguments.with_excluded:
        show_needless(unit, events, named)
    return run


def show(run, seconds):
    """One unit's result."""
    left_out = run.excluded.total()
    print(f"{run.unit}: {run.passed} passed, {len(run.failed)} failed, {left_out} left out, {seconds:.0f} s")
    for name, why in run.failed:
        print(f"  failed: {name}\n    {first_lines(why)}")
    for note in run.notes:
        print(f"  note: {first_lines(note)}")
    sys.stdout.flush()


def show_needless(unit, events, named):
    """Tests that are left out and would pass."""
    bad = {text.split(" in tests/")[0] for word, text in events if word == "err"}
    good = {text for word, text in events if word == "ok"} - bad
    for name in sorted(good & set(named)):
        print(f"  passes although left out: {unit}: {named[name]} | {name}")


def first_lines(text, count=3):
    return "\n    ".join(line[:300] for line in text.splitlines()[:count])


def conclude(runs, stale):
    """Prints the sums. Whether enough passed, of everything that was not left out by name."""
    passed, counted = sum(run.passed for run in runs), sum(run.counted for run in runs)
    excluded = sum((run.excluded for run in runs), start=verdict.collections.Counter())
    print("left out:")
    for reason, count in sorted(excluded.items()):
        print(f"  {count:4} {reason}: {exclusions.meaning(reason)}")
    for line in stale:
        print(f"the list of what is left out is stale: {line}")
    share = passed / counted if counted else 0.0
    print(f"{passed} passed, {counted - passed} failed, {excluded.total()} left out; "
          f"{100 * share:.1f} % of the rest passed")
    return share >= REQUIRED_SHARE and not stale


def main():
    parser = argparse.ArgumentParser(prog="Tests/redis-suite", epilog=HOW_TO_GET, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("units", nargs="*", default=UNITS, metavar="UNIT", help="such as unit/scan (default: fourteen)")
    parser.add_argument("--redis", metavar="DIRECTORY", help=f"a checkout of Redis {VERSION}")
    parser.add_argument("--nodes", type=int, default=1, help="how many nodes (1); the tests talk to the leader")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="of the tests' own random numbers")
    parser.add_argument("--keep", metavar="DIRECTORY", help="keeps logs and reports there")
    parser.add_argument("--with-excluded", action="store_true",
                        help="runs what is left out, too, and tells what of it passes; counts do not change")
    parser.add_argument("--itself", action="store_true",
                        help="runs them against redis-server, which shows that no failure comes from the driver")
    parser.add_argument("--table", action="store_true", help="prints the table of what is left out")
    parser.add_argument("--record", action="store_true", help="writes that table into docs/COMPATIBILITY.md")
    arguments = parser.parse_args()
    if arguments.table or arguments.record:
        print(exclusions.table(), end="") if arguments.table else exclusions.write_table()
        return 0
    directory = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="trireme-redis-suite-")).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    print(f"seed {arguments.seed}")
    try:
        return 0 if conclude(*run_units(arguments, directory)) else 1
    finally:
        if not arguments.keep:
            playground.remove(directory)


if __name__ == "__main__":
    sys.exit(main())
