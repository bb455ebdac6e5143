"""What Java reads from a properties file is what was meant."""

from __future__ import annotations

import base64
import random
import re
import shutil
import subprocess
from pathlib import Path

import java_properties
import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import replace
from hypothesis import example, given, settings
from hypothesis import strategies as st

# Files with the key whose value is replaced; the other keys have to stay as they are.
FILES = [
    "k=1\n",
    "k=1",
    "k = 1\nz: 2\n",
    "k : 1\r\nz=2\r\n",
    "k 1\nz=2\n",
    "k\t1\n",
    "k\f1",
    "k\nz=2",
    "k",
    "k=\nz=2",
    "k \nz=2",
    "k 1\\\n  2\\\n  3\nz=2\n",
    "k \\\n  1\nz=2",
    "k\\\n  \\\n  =1\nz=2",
    "# k=0\nk=1\n! c\n",
    "\\k=1\nz=\\u00fc\n",
]
SIGNS = " \t\r\n\f:=#!\\uk1z0é\xff\x80€\U0001f600\x85\u2028\x00\x7f"
TEXTS = (st.text(st.sampled_from(SIGNS), max_size=8) | st.text(max_size=6)).filter(lambda text: "#{" not in text)
TABLE = [
    "",
    " ",
    "  a",
    "a ",
    ":",
    "=",
    ": a",
    "=a",
    "::",
    " :a",
    "#a",
    "!a",
    "\\",
    "a\\",
    "\\u0041",
    "\\n",
    "C:\\Temp\\new",
    "ü",
    "é€",
    "\xff",
    "\x80",
    "\x85",
    "\U0001f600",
    "a\nb",
    "\n",
    "a\r\nb",
    "\t",
    "\ta",
    "\f",
    "\x00",
    "a=b:c",
]


def meant(content: str, text: str) -> dict[str, str]:
    return java_properties.load(content.encode()) | {"k": text}


@pytest.mark.parametrize("text", TABLE, ids=ascii)
def test_a_value_is_read_back(text: str) -> None:
    for content in FILES:
        written = replace(content, {"k": text}, name="f.properties").text
        # Whether it is written as UTF-8 or as Latin-1 makes no difference: there are only escapes beyond ASCII.
        assert java_properties.load(written.encode("ascii")) == meant(content, text), (content, written)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), TEXTS)
@example("k 1", ":x")
def test_any_value_is_read_back(content: str, text: str) -> None:
    written = replace(content, {"k": text}, name="f.properties").text
    assert java_properties.load(written.encode("ascii")) == meant(content, text), written


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ka1 \t\f\r\n:=#!\\u0041"), max_size=30), TEXTS)
def test_any_file_is_read_back_with_its_other_values_as_they_were(content: str, text: str) -> None:
    try:
        before = java_properties.load(content.encode())
    except ValueError:
        return  # Java refuses the file as it is
    key = next((key for key in before if key), "k")
    written = replace(content, {key: text}, name="f", format="properties").text
    after = {one: text if one.lower() == key.lower() else value for one, value in before.items()}
    assert java_properties.load(written.encode("ascii")) == after, written


def test_the_bytes_of_octopus_are_an_option() -> None:
    text = "k 1\nz=2\n"
    written = {escape: replace(text, {"k": ":ü", "z": "ÿ€"}, name="f.properties", properties_escape=escape).text
               for escape in ("java", "octopus")}  # fmt: skip
    assert written == {"java": "k \\:\\u00fc\nz=\\u00ff\\u20ac\n", "octopus": "k :ü\nz=\\u00ff\\u20ac\n"}


def test_the_reader_of_these_tests_reads_as_java_does(tmp_path: Path) -> None:
    """Files of all kinds of lines, and what the tests above write; always the same ones."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("there is no java on PATH; the reader is held against Java on machines that have one")
    chance = random.Random(4711)  # noqa: S311 - always the same files
    contents = [
        "".join(chance.choices("ka1 \t\f\r\n:=#!\\uü0041\\\\\n", k=chance.randrange(40))).encode(
            chance.choice(["utf-8", "latin-1"])
        )
        for _ in range(2000)
    ]
    # What a line is that is nothing but a backslash is documented nowhere, and differs by what is around it.
    contents = [content for content in contents if not re.search(rb"(?:^|[\r\n])[ \t\f]*\\(?:[\r\n]|$)", content)]
    contents += [
        replace(content, {"k": text}, name="f.properties", properties_escape=escape).text.encode()
        for content in FILES
        for text in TABLE
        for escape in ("java", "octopus")
    ]
    given = tmp_path / "files"
    given.write_text("".join(f"{base64.b64encode(content).decode()}\n" for content in contents))
    source = Path(java_properties.__file__).with_name("Load.java")
    ran = subprocess.run([java, str(source), str(given)], capture_output=True, text=True, check=False)
    if "compile" in ran.stderr and ran.returncode:
        pytest.skip(f"this java cannot run a source file: {ran.stderr.splitlines()[0]}")
    assert ran.returncode == 0, ran.stderr
    for content, line in zip(contents, ran.stdout.splitlines(), strict=True):
        assert line.split() == shown(content), content


def shown(content: bytes) -> list[str]:
    """What Load.java prints of a file."""
    try:
        found = java_properties.load(content)
    except ValueError:
        return ["refused"]
    return sorted(
        (f"{encoded(key)}={encoded(value)}" for key, value in found.items()),
        key=lambda pair: decoded(pair.partition("=")[0]),
    )


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-16-be", "surrogatepass")).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
