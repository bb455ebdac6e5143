"""Every real environment, rendered once."""

import subprocess

import pytest
from fake_logstash.build import build_package
from inventory_runs import REAL, render


@pytest.fixture(scope="session", params=REAL)
def rendered(request, tmp_path_factory):
    """(environment, folder of the rendered settings)."""
    return request.param, render(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """installed(version) -> Logstash's home in an unpacked package."""

    def unpacked(version):
        folder = tmp_path_factory.mktemp(version)
        package = build_package(version, folder)
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
        return folder / "root/usr/share/logstash"

    return unpacked
