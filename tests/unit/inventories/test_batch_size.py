"""How many hosts may be changed at once."""

import pytest
from ansible_collections.elk.deploy.plugins.test.batch_size import is_batch_size


@pytest.mark.parametrize("value", [1, 25, "1", "100", "1%", "99%", "100%"])
def test_a_number_or_a_share(value):
    assert is_batch_size(value)


@pytest.mark.parametrize("value", [0, -1, 1.5, "", "0", "0%", "101%", "1.5", "1\n", "abc", None, [1], True])
def test_nothing_else_which_would_be_all_hosts(value):
    assert not is_batch_size(value)
