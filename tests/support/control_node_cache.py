"""The control node's cache of downloads, for tests: one of their own, and not that of whoever runs them."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_control_node(tmp_path_factory):
    """What is downloaded lands there, and not in the cache of whoever runs the tests, which deployments use."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
