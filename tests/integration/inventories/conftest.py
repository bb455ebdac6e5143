"""Every real environment, rendered once."""

import os
import subprocess

import pytest
from fake_logstash.build import build_package
from inventory_runs import REAL, render_once


@pytest.fixture(scope="session")
def rendering(tmp_path_factory):
    """rendering(environment, option...) -> the folder that it was rendered to with these options, once for each set."""
    root = tmp_path_factory.getbasetemp()
    # Each worker has a folder of its own, in that of the test run.
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "rendered"
    root.mkdir(exist_ok=True)
    return lambda environment, *options: render_once(root, environment, *options)


# Not of the session: in random order, such a fixture with parameters is made anew whenever they change.
@pytest.fixture(params=REAL)
def rendered(request, rendering):
    """(environment, folder of the rendered settings)."""
    return request.param, rendering(request.param)


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """installed(version) -> Logstash's home in an unpacked package."""

    def unpacked(version):
        folder = tmp_path_factory.mktemp(version)
        package = build_package(version, folder)
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
        return folder / "root/usr/share/logstash"

    return unpacked
