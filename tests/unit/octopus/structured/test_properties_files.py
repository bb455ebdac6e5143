"""Java properties, as a table; marks as in test_json_files."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import replace

RULES = [
    # rule, file, variables, outcome
    ("[T] the key is the variable's name", "a.b=1\nc=2\n", {"a.b": "x"}, "a.b=x\nc=2\n"),
    ("[T] without case", "Key=1", {"kEY": "2"}, "Key=2"),
    ("[T] no hierarchy", "a.b=1", {"a:b": "2", "a": "3"}, "a.b=1"),
    ("[T] the three separators, with their blanks",
     "a = 1\nb:1\nc 1\n\td\t=\t1", {"a": "2", "b": "2", "c": "2", "d": "2"},
     "a = 2\nb:2\nc 2\n\td\t=\t2"),
    ("[T] a key without separator gets a colon", "a\nb", {"a": "1", "b": "2"}, "a:1\nb:2"),
    ("[T] a key with an empty value", "a=\nb:\nc \n", {"a": "1", "b": "2", "c": "3"}, "a=1\nb:2\nc 3\n"),
    ("[T] comments and blank lines stay",
     "# a=1\n! a=1\n\n  \n  #a=1\na=1", {"a": "2"}, "# a=1\n! a=1\n\n  \n  #a=1\na=2"),
    ("[T] a value on several lines is replaced as a whole", "a = 1\\\n   2\\\n   # 3\nb=4", {"a": "x"}, "a = x\nb=4"),
    ("[T] a key on several lines is joined", "a\\\n   b\\\n = 1", {"ab": "x"}, "a\\\n   b\\\n = x"),
    ("[T] escapes in keys", "a\\ b\\:\\=\\u00e9\\t=1", {"a b:=é\t": "x"}, "a\\ b\\:\\=\\u00e9\\t=x"),
    ("[T] a value is escaped", "a=1", {"a": " \\ \r\n\t=:é€😀"}, "a=\\ \\\\ \\r\\n\\t=:é\\u20ac\\ud83d\\ude00"),
    ("[S] a value that begins with : or = has no escape", "a 1\nb=1", {"a": ":x", "b": "=x"}, "a :x\nb==x"),
    ("[S] names that begin with Octopus are ignored", "Octopus.a=1\noctopus:b=1\nOctopus=1",
     {"Octopus.a": "2", "octopus": "2", "octopus:b": "2"}, "Octopus.a=1\noctopus:b=1\nOctopus=1"),
    ("[S] a variable without value is ignored", "a=1", {"a": None}, "a=1"),
    ("[T] line ends stay", "a=1\r\nb=1\ra=1\n", {"a": "2"}, "a=2\r\nb=1\ra=2\n"),
    ("a key that is there twice: both", "a=1\na=2", {"a": "3"}, "a=3\na=3"),
    ("a form feed is escaped too", "a=1", {"a": "\fx"}, "a=\\fx"),
    ("a backslash at the end", "a=1\\", {"a": "2"}, "a=2"),
    ("a backslash before the line's end, escaped", "a=1\\\\\nb=1", {"a": "2", "b": "3"}, "a=2\nb=3"),
    ("no proper escape in a key", "a\\u12=1", {"au12": "2"}, "a\\u12=2"),
    ("values are evaluated", "a=1", {"a": "#{b}#{b}", "b": "c"}, "a=cc"),
    ("nothing is added", "a=1\n", {"b": "2", "": "3"}, "a=1\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "variables", "outcome"), RULES, ids=[row[0] for row in RULES])
def test_rules(rule: str, text: str, variables: dict, outcome: str) -> None:
    """With the escapes of Octopus; those that are the default are the subject of test_properties_java."""
    result = replace(text, variables, name="f.properties", properties_escape="octopus")
    assert (result.text, result.format, result.problems, result.warnings) == (outcome, "properties", (), ())
