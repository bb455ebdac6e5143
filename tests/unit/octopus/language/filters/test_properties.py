"""What holds for each filter, any text and any arguments: no other exception, time in proportion to size."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError, NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.filters import registry
from growth import assert_linear
from hypothesis import example, given, settings
from hypothesis import strategies as st

OTHERS = {"match", "replace"}  # regular expressions have their own tests
NAMES = sorted(set(registry._FILTERS) - OTHERS)

PIECES = [
    *[
        "0",
        "#",
        ",",
        ".",
        ";",
        "%",
        "E+0",
        "e",
        "'",
        '"',
        "\\",
        "-",
        "+",
        " ",
        "\n",
        "\r\n",
        "9",
        "1e999",
        "é",
        "\ud83d",
    ],
    *["2030-05-22", "T09:05", "Z", "+02:00", "May", "yyyy", "MMM", "zzz", "F", "f", "K", "N", "F999", "X"],
    *[
        "http://",
        "[",
        "]",
        "::1",
        "a",
        "b.c",
        "/",
        "..",
        ":80",
        "?",
        "@",
        "v1.2",
        "_",
        "~",
        "^",
        "*",
        "`",
        "<a>",
        "|",
        "=",
    ],
]
TEXTS = (
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
    | st.text(st.characters(), max_size=30)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes().map(str)
)
WORDS = [
    "int",
    "double",
    "decimal",
    "date",
    "datetimeoffset",
    "utf8",
    "unicode",
    "base64",
    "4",
    "host",
    "path",
    "start",
]
ARGUMENTS = st.lists(st.sampled_from(WORDS) | TEXTS, max_size=3).map(tuple)


def run(name: str, text: str | None, arguments: tuple[str, ...]) -> str | None:
    try:
        return filters.apply(name, text, arguments)
    except (NoResult, FilterError) as reason:
        assert str(reason)  # noqa: PT017 - both are outcomes
        return None


@settings(max_examples=1500)
@example(name="format", text="1e308", arguments=("double", "‰" * 500))
@example(name="format", text="1e-323", arguments=("double", "F999"))
@example(name="format", text="-1e308", arguments=("double", "0," + "%" * 200 + "." + "0" * 290))
@example(name="adddays", text="2030-05-22", arguments=("1" * 5000,))
@example(name="substring", text="a", arguments=("9" * 5000,))
@example(name="versionmajor", text="9" * 5000, arguments=())
@given(name=st.sampled_from(NAMES), text=st.none() | TEXTS, arguments=ARGUMENTS)
def test_no_other_exception(name: str, text: str | None, arguments: tuple[str, ...]) -> None:
    result = run(name, text, arguments)
    assert result is None or isinstance(result, str)


REPEATED = [
    "a",
    " ",
    "\r",
    "\n",
    "<'é😀",
    "0",
    "1,",
    "1.",
    "..",
    "/..",
    "%",
    "a_~^a~",
    "http://a ",
    "[a](",
    "-",
    "[",
    "|a",
]
CALLS = [
    *[(name, ()) for name in NAMES if not name.startswith(("now", "add", "markdownto"))],
    *[(name, (argument,)) for name in ("append", "contains", "indent", "uripart") for argument in ("7", "path")],
    *[("format", (kind, "G")) for kind in ("int", "double", "decimal", "datetimeoffset")],
    *[("addhours", ("1",)), ("frombase64", ("unicode",)), ("sha256", ("base64",))],
]


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[" ".join([name, *arguments]) for name, arguments in CALLS])
def test_time_grows_linearly(name: str, arguments: tuple[str, ...]) -> None:
    for piece in REPEATED:
        assert_linear(lambda count, piece=piece: run(name, piece * count, arguments), 1000)
