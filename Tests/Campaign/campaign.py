"""`Tests/campaign`: a cluster of real processes under faults, and judges of what its clients saw."""

import argparse
import os
import pathlib
import random
import re
import secrets
import shutil
import subprocess
import sys
import time

import faults
import history
import search
import world
from clients import Clients
from faults import Faults
from world import CampaignCluster, playground, wait_until


class Failed(Exception):
    """A promise was broken; why, in a sentence."""


class Run:
    """One campaign: a directory, a seed, a cluster."""

    def __init__(self, directory, seed, names, network, forgets=True, settings=world.SETTINGS, nodes=3):
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True)
        self.seed = seed
        self.names = names
        self.began = time.monotonic()
        self.diary = open(self.directory / "faults.txt", "w", buffering=1)
        self.cluster = CampaignCluster(
            self.directory / "cluster", nodes=nodes, network=network, forgets=forgets, settings=settings)

    def tell(self, text):
        self.diary.write(f"{world.monotonic()} {time.monotonic() - self.began:8.3f} {text}\n")

    def converge(self):
        """After the faults: a leader, all nodes healthy, one digest."""
        try:
            return self.cluster.converged(deadline=90)
        except AssertionError as error:
            raise Failed(f"the cluster does not come back after the faults: {error}") from error

    def converge_under_load(self):
        """All nodes healthy, while clients work."""
        try:
            self.cluster.healthy(deadline=60)
        except AssertionError as error:
            raise Failed(f"not all nodes are healthy: {error}") from error

    def judge(self, clients, differences):
        """Raises `Failed` when the history cannot be that of one copy of the data."""
        operations = clients.all
        path = self.directory / "history.txt"
        history.write(path, operations)
        impossible, undecided = search.search(operations)
        found = clients.failures + differences + history.violations(operations) + impossible
        if undecided:
            print(f"{undecided} keys have histories whose search took too long")
        if found:
            (self.directory / "violations.txt").write_text("\n".join(found) + "\n")
            raise Failed(f"{len(found)} violations, the first: {found[0]}")
        judge = playground.PROGRAMS / "simulate"
        if judge.exists():
            done = subprocess.run([str(judge), "--judge", str(path)], capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(f"not linearizable: {(done.stdout + done.stderr).strip()[-500:]}")

    def check_logs(self):
        """Lines that no run may leave in a node's log."""
        for name in self.cluster.names():
            for line in self.cluster.log(name).splitlines():
                if re.search(r"Fatal error|powerloss:|cannot trust its own state|precondition|Crash", line):
                    raise Failed(f"{name} says: {line}")


def finish(run, outcome, keep):
    """Ends the cluster; removes what a good run left unless it is to be kept."""
    run.cluster.down()
    run.diary.close()
    if outcome is None and not keep:
        shutil.rmtree(run.directory)
    elif outcome is not None:
        print(f"kept in {run.directory}: faults.txt (what was done, and when), history.txt (what clients saw), "
              "violations.txt, cluster/nK/noded.log, cluster/nK/disk/data")
        print(f"look with: {playground.NODECTL} wal verify {run.directory}/cluster/n1/disk/data")


def mixed(options):
    """A random mix of faults for some time, then judgement. The exit status."""
    seed = options.seed
    chance = random.Random(f"{seed} mix")
    names = faults.expand(options.faults)
    if not options.network:
        names = [name for name in names if name not in faults.NETWORK]
    if options.swarm:
        # Of all that is allowed a random part: rare combinations come up, and some faults do not drown others.
        names = [name for name in names if chance.random() < 0.5] or names
    run = Run(options.directory, seed, names, options.network, nodes=options.nodes)
    print(f"campaign seed {seed}: {options.time:.0f} s of {', '.join(names)}", flush=True)
    outcome, clients, broken = None, None, None
    try:
        run.cluster.up()
        if options.lying_disks:
            for disk in run.cluster.disks.values():
                disk.control.sync_lies = -1
        clients = Clients(run.cluster, seed, count=options.clients)
        with clients:
            broken = Faults(run.cluster, seed, names, run.tell)
            with broken:
                time.sleep(options.time)
            clients.stopping.wait(1)
        run.tell("faults are over")
        run.judge(clients, [])
        if broken.violations:
            raise Failed(broken.violations[0])
        run.converge()
        run.judge(clients, clients.read_everything())
        run.check_logs()
        if not clients.acknowledged:
            raise Failed("no operation was acknowledged")
    except Failed as failed:
        outcome = str(failed)
    finally:
        if clients and outcome:
            clients.stopping.set()
            history.write(run.directory / "history.txt", clients.all)
        finish(run, outcome if outcome else None if sys.exc_info()[0] is None else "error", options.keep)
    count = len(clients.all)
    refused = sum(each.result == history.REFUSED for each in clients.all)
    unknown = sum(each.is_unknown for each in clients.all)
    print(f"{refused} refused, {unknown} of unknown outcome")
    print(f"campaign seed {seed}: {count} operations, {broken.count} faults, "
          + ("ok" if outcome is None else f"FAILED {outcome}"))
    return 0 if outcome is None else 1


def duration(text):
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text}: say 60s, 10m or 1h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def common(top):
    top.add_argument("--seed", type=int, default=None, help="what to do and when (default: a new one)")
    top.add_argument("--directory", default=None, help="where to work; must not exist (default: below .build)")
    top.add_argument("--keep", action="store_true", help="keep the files of a good run too")


def parser():
    top = argparse.ArgumentParser(prog="Tests/campaign", description="Real nodes under faults; see docs/CAMPAIGN.md.")
    common(top)
    top.add_argument("--time", type=duration, default=60.0, help="how long to break things (60s)")
    top.add_argument("--faults", default="all", help="names or groups, with commas: " + ", ".join(faults.GROUPS))
    top.add_argument("--every-fault", dest="swarm", action="store_false", help="all of them, not a random part")
    top.add_argument("--no-network", dest="network", action="store_false", help="on loopback; needs no root")
    top.add_argument("--lying-disks", action="store_true",
                     help="every sync lies: a control run, which must fail once power is cut")
    top.add_argument("--nodes", type=int, choices=(3, 5, 7), default=3, help="how many (3)")
    top.add_argument("--clients", type=int, default=8, help="how many (8)")
    top.set_defaults(run=mixed)
    return top


def bitflips_parser():
    top = argparse.ArgumentParser(prog="Tests/campaign bitflips", description="Bits flipped in one node's log.")
    common(top)
    top.add_argument("--trials", type=int, default=1000, help="how many (1000)")
    top.add_argument("--while-running", action="store_true", help="below a running node, while clients write")
    top.set_defaults(run=run_bitflips, network=False)
    return top


def scenario_parser():
    top = argparse.ArgumentParser(prog="Tests/campaign scenario", description="Single faults; names, or all.")
    common(top)
    top.add_argument("names", nargs="+", help="which; `list` names them")
    top.set_defaults(run=run_scenarios, network=None)
    return top


def kills_parser():
    top = argparse.ArgumentParser(
        prog="Tests/campaign kills",
        description="SIGKILL during snapshots, transfers, releases of the log and changes of members.")
    common(top)
    top.add_argument("--kills", type=int, default=200, help="how many (200)")
    top.set_defaults(run=run_kills, network=False)
    return top


def run_kills(options):
    from kills import kills  # it builds on what is above
    return kills(options)


def run_scenarios(options):
    import scenarios  # it builds on what is above
    return scenarios.scenarios(options)


def scenario_networks(names):
    """Whether any of these needs the network; refuses unknown names."""
    import scenarios
    unknown = [name for name in names if name not in (*scenarios.ALL, "all")]
    if unknown or not names:
        sys.exit("\n".join(f"{name}: {body.__doc__.splitlines()[0]}" for name, (body, _) in scenarios.ALL.items()))
    return any(name == "all" or scenarios.ALL[name][1] for name in names)


def run_bitflips(options):
    from bitflips import bitflips  # it builds on what is above
    return bitflips(options)


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["bitflips"]:
        options = bitflips_parser().parse_args(arguments[1:])
    elif arguments[:1] == ["kills"]:
        options = kills_parser().parse_args(arguments[1:])
    elif arguments[:1] == ["scenario"]:
        options = scenario_parser().parse_args(arguments[1:])
        options.network = scenario_networks(options.names)
    else:
        options = parser().parse_args(arguments)
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 32)
        sys.argv += ["--seed", str(options.seed)]
    # Also without a network of its own, where that is possible: whatever ends the campaign, ends its nodes.
    if options.network or os.geteuid() == 0:
        world.enter_namespaces()
    if options.directory is None:
        options.directory = playground.TOP / ".build" / "campaign" / f"{options.seed}-{os.getpid()}-{int(time.time())}"
    options.directory = pathlib.Path(options.directory)
    return options.run(options)


if __name__ == "__main__":
    # The other modules import this one by its name.
    sys.modules["campaign"] = sys.modules["__main__"]
    sys.exit(main())
