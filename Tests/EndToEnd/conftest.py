"""Fixtures: a cluster of its own for tests that break things, a shared one for tests that only look."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

import pytest

import cluster as playground


def pytest_collection_modifyitems(items):
    """Tests that need root are skipped, with the reason, where there is none."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="mounts a file system: run as root"))


def show_logs(cluster):
    """The ends of the nodes' logs, for the report of a failed test."""
    for name in cluster.names():
        print(f"--- log of {name}")
        print("\n".join(cluster.log(name).splitlines()[-15:]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and outcome.get_result().failed:
        for value in item.funcargs.values():
            for cluster in getattr(value, "made", [value]):
                if isinstance(cluster, playground.Cluster):
                    show_logs(cluster)


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="trireme-test-"))
    yield path
    playground.remove(path)


@pytest.fixture
def make_cluster(directory):
    """Makes clusters that go down with the test."""
    made = []

    def make(name="cluster", **options):
        cluster = playground.Cluster(directory / name, **options)
        made.append(cluster)
        return cluster.up()

    make.made = made
    yield make
    for cluster in made:
        cluster.down()


@pytest.fixture
def cluster(make_cluster):
    """Three fresh nodes for one test, which may break them."""
    return make_cluster()


@pytest.fixture(scope="session")
def calm():
    """Three nodes shared by the tests that break nothing. Its keys may come from other tests."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="trireme-calm-"))
    shared = playground.Cluster(path / "cluster").up()
    yield shared
    shared.down()
    playground.remove(path)


@pytest.fixture
def s3():
    """A store that checks signatures; its URL and the credentials for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(playground.TOP / "Tests" / "ObjectStoresTests" / "s3-server"), str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def accepts():
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    playground.eventually(accepts, "the store accepts connections")
    credentials = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "a/secret+key="}
    yield f"s3://backups/trireme?endpoint=http://127.0.0.1:{port}&style=path", credentials, server
    server.send_signal(signal.SIGCONT)
    server.kill()
    server.wait()
