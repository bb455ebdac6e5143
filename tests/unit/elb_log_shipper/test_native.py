"""The native parts and what does the same without them: used when they are there, and the same events with either.

Inflating with both is in test_lines.py.
"""

import contextlib
import gzip
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import elb_log_shipper
import pytest
from elb_log_shipper import native
from elb_log_shipper.events import NAMINGS, Context, Encoder, Options
from elb_log_shipper.events.formats.columns import integer, seconds
from elb_log_shipper.events.lines import Block
from hypothesis import example, given, settings
from hypothesis import strategies as st

SOURCE = Path(elb_log_shipper.__file__).parent.parent
DATA = Path(__file__).parent / "data"
LOG = b"\n".join(line for path in sorted(DATA.glob("*.log")) for line in path.read_bytes().split(b"\n") if line)


@contextlib.contextmanager
def without(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, name, None)
        yield


def plain_json(value: object) -> str:
    with without("orjson"):
        return native.to_json(value)


def is_same(one: object, other: object) -> bool:
    """Equal, types included: to ``==`` 1 is 1.0, True, and 0.0 is -0.0."""
    return repr(one) == repr(other)


def test_both_are_picked_up_since_requirements_txt_has_them():
    assert native.in_use() == ("isal", "orjson")
    assert type(native.gzip_member(gzip.compress(b""))).__module__.startswith("isal")
    assert native.to_json([1e-05]) == "[0.00001]" != plain_json([1e-05])


# -- JSON

texts = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Po"])) | st.text('\\"/\x7f\u2028\ud83d\ude00é')


def converted(convert, pattern: str) -> st.SearchStrategy:
    """Values as the columns of the formats give them."""
    return st.from_regex(rf"\A{pattern}\Z").map(convert).flatmap(st.sampled_from)


values = st.one_of(
    st.none(),
    texts,
    st.lists(texts),
    converted(integer, "[0-9]{1,18}"),
    converted(seconds, r"[0-9]{1,9}(\.[0-9]{1,12})?"),
)


@settings(max_examples=1500)
@given(st.dictionaries(texts, values | st.dictionaries(texts, values, max_size=3), max_size=5))
@example({"a": list(seconds("0.00001"))})
@example({"a": list(seconds("0.000000001"))})
@example({"a": list(seconds("000000000.0"))})
@example({"a": list(seconds("999999999.999999"))})
@example({"a": 10**18 - 1})
def test_events_are_read_as_they_were_with_either_encoder(event):
    assert is_same(json.loads(native.to_json(event)), event)
    assert is_same(json.loads(plain_json(event)), event)


@pytest.mark.parametrize("value", ["\ud800", ["a", "\udfff"], {"\ud83d": 1}, 2**64, {"a": {"b": -(2**80)}}])
def test_what_only_json_writes_is_left_to_it(value):
    assert native.to_json(value) == plain_json(value)
    assert is_same(json.loads(native.to_json(value)), value)


@settings(max_examples=300)
@given(texts)
def test_texts_are_the_same_to_the_letter(text):
    """The kernel looks for what it has put into an event's JSON."""
    assert native.to_json(text) == plain_json(text)
    assert native.to_json({text: [text, text]}) == plain_json({text: [text, text]})


def encoded(naming: str) -> list[dict]:
    made = Encoder(Context("bal\udc00ancer", "tést", "shop"), Options(naming=naming))
    return [json.loads(line) for line in made.encode(Block(LOG, 0)).data.splitlines()]


@pytest.mark.parametrize("naming", NAMINGS)
def test_the_events_of_all_sample_logs_are_the_same_with_either_encoder(naming):
    ours = encoded(naming)
    with without("orjson"):
        assert is_same(encoded(naming), ours)
    assert len(ours) == LOG.count(b"\n") + 1


# -- a process of its own


def run(code: str, log: Path) -> subprocess.CompletedProcess:
    main = "from elb_log_shipper.command_line.main import main"
    code = f"import sys\n{code}\n{main}\nsys.exit(main(['parse', sys.argv[1]]))"
    return subprocess.run(
        [sys.executable, "-c", code, log],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture
def packed(tmp_path) -> Path:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(LOG))
    return path


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ([], "(isal, orjson)"),
        (["isal"], "(zlib, orjson)"),
        (["orjson"], "(isal, json)"),
        (["isal", "orjson"], "(zlib, json)"),
    ],
    ids=str,
)
def test_all_works_without_and_the_summary_says_what_was_used(packed, missing, said):
    done = run("".join(f"sys.modules[{name!r}] = None\n" for name in missing), packed)
    assert done.stderr.endswith(f"{said}\n")
    with_all = run("", packed)
    events = [[json.loads(line) for line in one.stdout.splitlines()] for one in (done, with_all)]
    for event in (*events[0], *events[1]):
        event.pop("ArrivalTime", None)  # of a raw one
    assert is_same(*events)


@pytest.mark.parametrize(
    ("part", "said"),
    [("isal/isal_zlib", "(zlib, orjson)"), ("orjson/orjson", "(isal, json)")],
)
def test_a_part_for_another_machine_counts_as_missing(tmp_path, packed, part, said):
    """As a wheel that was put into the package by mistake."""
    package = tmp_path / "task" / part.partition("/")[0]
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .orjson import *\n" if "orjson" in part else "")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    package.parent.joinpath(part + suffix).write_bytes(b"\x7fELF of another machine")
    done = run(f"sys.path.insert(0, {str(package.parent)!r})", packed)
    assert done.stderr.endswith(f"{said}\n")
    assert done.stdout
