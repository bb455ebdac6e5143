"""Makes the checkout importable as the collection ``elk.deploy``, the way Ansible itself imports it."""

import gc
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

_AnsibleCollectionFinder(paths=[str(ROOT / ".collections")])._install()

# No example fails for being slow, since a busy machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# What a shell starts in the background ignores SIGINT, and so would all programs that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is there once the tests are collected stays to the end: no collection of garbage need go through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every user may enter; ``tmp_path`` is closed again whenever another run of pytest begins."""
    path = Path(tempfile.mkdtemp(prefix="elk-test-")).resolve()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
