"""The parser: what it reads, where it says that an error is, and that it agrees with an independent parser."""

import ipaddress
import pathlib

import pytest
from fake_logstash.runtime import config_parser, syntax_tree
from fake_logstash.runtime.errors import ConfigurationError
from logstash_pipeline_parser import Pipeline

RELEASE = (8, 5, 3)


def only(text: str, section: str = "filter"):
    return getattr(config_parser.parse(f"{section} {{ {text} }}", RELEASE), section)[0]


def condition(text: str) -> tuple:
    return only(f"if {text} {{ drop {{}} }}").cases[0][0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a # b"', "a # b"),
        ("'a \"b\" c'", 'a "b" c'),
        (r'"a \" b"', r"a \" b"),
        ('"two\nlines"', "two\nlines"),
        ("bare_word", "bare_word"),
        ("true", "true"),
        ("-12", -12),
        ("1.5", 1.5),
        ('["a", "b" , 3]', ["a", "b", 3]),
        ("[]", []),
        ('{ "a" => 1 b2 => "c" }', {"a": 1, "b2": "c"}),
        ('{ "a" => { "b" => [1] } }', {"a": {"b": [1]}}),
        ('["10.0.0.1"]', ["10.0.0.1"]),
    ],
)
def test_values(text, value):
    assert only(f"x {{ y => {text} }}").attributes == [("y", value)]


def test_a_codec_with_settings_is_a_plugin():
    codec = only('x { codec => json_lines { target => "t" } }').attributes[0][1]
    assert (codec.name, codec.attributes) == ("json_lines", [("target", "t")])


def test_settings_given_twice_are_joined():
    parameters = only('x { a => "1" a => ["2"] h => { "k" => 1 } h => { "l" => 2 } }').parameters()
    assert parameters == {"a": ["1", "2"], "h": {"k": 1, "l": 2}}


def test_duplicate_keys_in_one_hash_are_refused():
    with pytest.raises(ConfigurationError, match=r'Duplicate keys found in your configuration: \["a"\]'):
        only('x { h => { "a" => 1 "a" => 2 } }')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]", ("truthy", ("field", "[a]"))),
        ("![a][b]", ("not", ("truthy", ("field", "[a][b]")))),
        ('[a] == "x"', ("==", ("field", "[a]"), ("string", "x"))),
        ('"x" in [tags]', ("in", ("string", "x"), ("field", "[tags]"))),
        ('[a] not in ["x", 1]', ("not in", ("field", "[a]"), ("array", [("string", "x"), ("number", 1)]))),
        (r"[a] !~ /x\/y/", ("!~", ("field", "[a]"), ("regexp", r"x\/y"))),
        ('[a] =~ "^x"', ("=~", ("field", "[a]"), ("string", "^x"))),
    ],
)
def test_conditions(text, expected):
    assert condition(text) == expected


def test_and_binds_tighter_than_or():
    a, b, c = (("truthy", ("field", f"[{name}]")) for name in "abc")
    assert condition("[a] or [b] and [c]") == ("or", a, ("and", b, c))
    assert condition("([a] or [b]) and [c]") == ("and", ("or", a, b), c)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'Expected one of [ \\t\\r\\n], "#", "input", "filter", "output" at line 1, column 1 (byte 1)'),
        ("inptu {}", 'Expected one of [ \\t\\r\\n], "#", "input", "filter", "output" at line 1, column 1 (byte 1)'),
        (
            "output {\nfile path",
            'Expected one of [ \\t\\r\\n], "#", "{" at line 2, column 6 (byte 15) after output {\nfile ',
        ),
        (
            "input { tcp { port 5000 } }",
            'Expected one of [ \\t\\r\\n], "#", "=>" at line 1, column 20 (byte 20) after input { tcp { port ',
        ),
        (
            "filter { if [a] = 1 {} }",
            'Expected one of [ \\t\\r\\n], "#", "in", "not ", "==", "!=", "<=", ">=", "<", ">", "=~", "!~", "and", '
            '"or", "xor", "nand", "{" at line 1, column 17 (byte 17) after filter { if [a] ',
        ),
    ],
)
def test_an_error_names_the_furthest_place_and_all_that_was_expected_there(text, message):
    with pytest.raises(ConfigurationError) as caught:
        config_parser.parse(text, RELEASE)
    assert str(caught.value) == message


def test_before_7_0_the_message_names_the_characters_alone():
    with pytest.raises(ConfigurationError, match=r"Expected one of #, input, filter, output at line 1, column 1"):
        config_parser.parse("x", (6, 8, 23))


@pytest.mark.parametrize("text", ["filter { " + "if [a] { " * 5000, "filter { x { a => " + "[" * 5000])
def test_endless_nesting_is_an_error_and_no_crash(text):
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        config_parser.parse(text, RELEASE)


def plain(value):
    """A value of the other parser as ours; it turns addresses and paths into objects, and true into a boolean."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, ipaddress.IPv4Address | pathlib.Path) else value


def outline(statements: list) -> list:
    """Our plugins the way the other parser writes them."""
    return [
        [item.name, [[name, [value]] for name, value in item.attributes]]
        for item in statements
        if isinstance(item, syntax_tree.Plugin)
    ]


@pytest.mark.parametrize(
    "text",
    [
        'input { http { host => "127.0.0.1" port => 8080 id => "in" ssl => true } tcp { port => 5000 } }',
        'filter { mutate { add_tag => ["a", "b"] remove_field => "c" } drop { percentage => 50 } }',
        "output { elasticsearch { hosts => ['10.0.0.1:9200'] index => \"a-%{+YYYY.MM.dd}\" } stdout {} }",
        'input { beats { port => 5044 } }\nfilter { kv { source => "m" } }\noutput { null {} }',
        'output { file { path => "/a/b" flush_interval => 0 } }',
    ],
)
def test_it_agrees_with_an_independent_parser(text):
    theirs = Pipeline(text).parse()
    ours = config_parser.parse(text, RELEASE)
    expected = [
        [kind, [[name, [[key, [plain(value) for value in values]] for key, values in attributes]]]]
        for kind, found in theirs
        for name, attributes in found
    ]
    flat = [[kind, [item]] for kind in ("input", "filter", "output") for item in outline(getattr(ours, kind))]
    assert flat == expected


@pytest.mark.parametrize(
    "text",
    [
        "output { file path }",
        "input { tcp { port => } }",
        'filter { mutate { add_field => { "a" => "b", "c" => "d" } } }',
        "filter { if not [a] { drop {} } }",
        'output { file { path => "x" }',
        "codec { json {} }",
    ],
)
def test_both_parsers_refuse_what_is_wrong(text):
    with pytest.raises(Exception, match="Expected"):
        Pipeline(text).parse()
    with pytest.raises(ConfigurationError):
        config_parser.parse(text, RELEASE)
