"""Every real environment, rendered once."""

import pytest
from inventory_runs import REAL, render


@pytest.fixture(scope="session", params=REAL)
def rendered(request, tmp_path_factory):
    """(environment, folder of the rendered settings)."""
    return request.param, render(request.param, tmp_path_factory.mktemp(request.param))
