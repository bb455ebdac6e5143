"""What is done about each sort of problem.

Marks in the names of rows: [T] the reference's own tests assert it, [S] read in its source; rows without are choices.
"""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import Problem
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.host import Host, host_variables
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Catalog
from ansible_collections.elk.deploy.plugins.plugin_utils.problems import WAYS, Handling, handling, report_problems

KINDS = [
    # rule, kind, what `unresolved` and `syntax_errors` do about it
    ("[S] missing variables may stay in the text", "missing", "unresolved"),
    ("[S] filters without result too", "filter", "unresolved"),
    ("[S] calculations without result too", "calculation", "unresolved"),
    ("[T] text that is no token is another matter", "syntax", "syntax_errors"),
    ("[T] a cycle always fails", "circular", None),
    ("a value that grows too large always fails", "size", None),
    ("[S] a filter that raises always fails", "aborted", None),
    ("so does what is not known here", "whatever else", None),
]


@pytest.mark.parametrize(("kind", "option"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_kinds(kind: str, option: str | None) -> None:
    problem = Problem(1, 1, "#{x}", "reason", kind)
    for way in WAYS:
        unresolved, syntax_errors = (way if option == name else "fail" for name in ("unresolved", "syntax_errors"))
        assert Handling(unresolved, syntax_errors).of(problem) == (way if option else "fail")
    assert Handling("ignore", "ignore").of(problem) == ("ignore" if option else "fail")


DEFAULTS = [
    # rule, options, Ansible variables, unresolved, syntax_errors
    ("everything fails", {}, {}, "fail", "fail"),
    ("an Ansible variable is the default", {}, {"octopus_unresolved": "warn"}, "warn", "fail"),
    ("each has its own", {}, {"octopus_syntax_errors": "ignore"}, "fail", "ignore"),
    ("an option wins", {"unresolved": "fail"}, {"octopus_unresolved": "warn"}, "fail", "fail"),
    ("the other stays", {"syntax_errors": "warn"}, {"octopus_unresolved": "ignore"}, "ignore", "warn"),
]


@pytest.mark.parametrize(
    ("options", "variables", "unresolved", "syntax_errors"),
    [row[1:] for row in DEFAULTS],
    ids=[row[0] for row in DEFAULTS],
)
def test_defaults(options: dict, variables: dict, unresolved: str, syntax_errors: str) -> None:
    given = {"unresolved": None, "syntax_errors": None} | options
    assert handling(variables.get, **given) == Handling(unresolved, syntax_errors)


@pytest.mark.parametrize("value", ["FAIL", "", 1, ["warn"]])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(AnsibleError, match=r"octopus_unresolved is .*, expected one of fail, warn, ignore"):
        handling({"octopus_unresolved": value}.get, unresolved=None, syntax_errors=None)
    with pytest.raises(AnsibleError, match=r"syntax_errors is .*, expected one of fail, warn, ignore"):
        handling({}.get, unresolved=None, syntax_errors=value)


def test_warnings_and_failures_come_together() -> None:
    """So that nobody has to mend one to see the others."""
    host = host_variables(Host("web1", "staging"), Catalog([]))
    texts = [
        ("a", [Problem(1, 2, "#{x}", "missing it is"), Problem(3, 4, "#{y", "syntax it is", "syntax")]),
        ("b", [Problem(5, 6, "#{z}", "round it goes", "circular")]),
        ("c", []),
    ]
    warnings: list[str] = []
    failure = report_problems(texts, host, Handling("warn", "ignore"), warnings.append)
    assert "b:5:6: #{z}: round it goes" in failure
    assert "missing it is" not in failure
    assert len(warnings) == 1
    assert "a:1:2: #{x}: missing it is" in warnings[0]
    assert "syntax it is" not in failure + warnings[0]
    assert report_problems(texts[2:], host, Handling("fail", "fail"), warnings.append) == ""
    assert len(warnings) == 1
