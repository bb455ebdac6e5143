"""One fleet for all scenarios; each leaves it as it was."""

import os
import secrets
import time

import fleet as fleets
import pytest


@pytest.fixture(scope="session")
def fleet():
    """The deployed fleet, with lines on their way through it.

    ELK_TEST_FLEET="NAME FOLDER" is one that is there already, which is neither deployed nor removed: for whoever works
    on the tests.
    """
    there = os.environ.get("ELK_TEST_FLEET", "")
    if there:
        made = fleets.Fleet(*there.split())
        made.begin()
        yield made
        made.end()
        return
    made = fleets.Fleet(f"{os.environ.get('ELK_TEST_ID', 'elk-test')}-{secrets.token_hex(3)}-fleet")
    begun = time.time()
    try:
        made.start()
        print(f"\nstarted after {time.time() - begun:.0f} s", flush=True)
        made.deploy()
        print(f"deployed after {time.time() - begun:.0f} s", flush=True)
        made.begin()
        yield made
        made.wait_until_well()
    finally:
        made.close()
