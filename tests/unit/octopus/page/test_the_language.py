"""docs/octopus.md, The language and Choices: what it says of the language, with the outcome of each example."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import (
    CircularReference,
    EvaluationError,
    FilterError,
    evaluate,
    is_true,
    render,
)
from octopus_page import says

NAMES = {
    "Name": "value", "A.B": "ab", "List[key].Port": "80", "List[other].Port": "81", "Key": "key", "Two Words": "2",
    "Json": '{"list": [{"name": "first"}], "15": 15.00, "date": "2020-01-01T00:00:00", "yes": true, '
            '"o": {"a":  [1, 2]}}',
    "Json.list2": "declared", "Size": "5", "Csv": "a,b", "Zero": "0", "No": " No ", "False": "FALSE", "Empty": "",
    "Off": "off", "Url": "https://a.example", "Nested": "<#{Name}>", "Escaped": "##{Name}",
    "Bad": "x#{if Name == \"1\"}y",
}  # fmt: skip

OUTCOMES = [
    # what the page says, text, outcome
    (
        "| `#{Name}`, `#{A.B}`, `#{List[key].Port}`, `#{List[*]}` |",
        "#{Name} #{A.B} #{List[key].Port} #{List[*]}",
        "value ab 80 key",
    ),
    (
        "names are case-insensitive, spaces inside a name matter",
        "#{NAME} #{two words} #{TwoWords}",
        "value 2 #{TwoWords}",
    ),
    ("| `#{List[#{Key}]}` | an index that is looked up: exactly one plain token |", "#{List[#{Key}].Port}", "80"),
    ("exactly one plain token", "#{List[#{Key}x].Port}", "#{List[#{Key}x].Port}"),
    (
        "| `#{Json.list[0].name}` | into values that are JSON; declared names come first |",
        "#{Json.list[0].name} #{Json.list2}",
        "first declared",
    ),
    (
        "| `##{Name}` | the text `#{Name}`; `###{Name}` is a hash and the value |",
        "##{Name} ###{Name}",
        "#{Name} #value",
    ),
    ('#{if X}…#{elseif Y == "a"}…#{else}…#{/if}', '#{if Nope}1#{elseif Name == "value"}2#{else}3#{/if}', "2"),
    ("#{unless X}…#{else}…#{/unless}", "#{unless Name}1#{else}2#{/unless}", "2"),
    (
        "false: missing, empty, `0`, `no`, `false`",
        "".join(
            f"#{{if {name}}}T#{{else}}F#{{/if}}" for name in ("Nope", "Empty", "Zero", "No", "False", "Off", "Name")
        ),
        "FFFFFTT",
    ),
    (
        "over indexes, JSON, or the value split at commas",
        "#{each x in List}#{x}:#{x.Port} #{/each}",
        "key:80 other:81 ",
    ),
    (
        "over indexes, JSON, or the value split at commas",
        "#{each x in Json.list}#{x.name}#{/each} #{each x in Csv}#{x};#{/each}",
        "first a;b;",
    ),
    (
        "`Octopus.Template.Each.Index`, `.First`, `.Last`",
        (
            "#{each x in "
            "Csv}#{Octopus.Template.Each.Index}#{Octopus.Template.Each.First}#{Octopus.Template.Each.Last} #{/each}"
        ),
        "0TrueFalse 1FalseTrue ",
    ),
    ("`#{x.Key}`, `#{x.Value}` for objects", "#{each x in Json.o}#{x.Key}=#{x.Value}#{/each}", "a=[1,2]"),
    ("| `#{calc {Size} * 2 - 1}` | arithmetic;", "#{calc {Size} * 2 - 1}", "9"),
    (
        "unless a name is in braces, `-`, `/`, brackets and spaces belong to it",
        "#{calc {Size} - 2} #{calc Size - 2}",
        "3 #{Size - 2}",
    ),
    ("a chain of filters; `#{ \\| NowDate}` needs no name", '#{Name | ToUpper | Append "!" #{Size}}', "VALUE!5"),
    ("a chain of filters; `#{ \\| NowDate}` needs no name", "#{ | NowDate yyyy | Substring 1}", "2"),
    ("Values may contain tokens to any depth.", "#{Nested}", "<value>"),
    (
        'A missing variable is echoed in its canonical form (`#{Foo|Bar 6}` as `#{Foo | Bar "6"}`) and reported.',
        "#{Foo|Bar 6}",
        '#{Foo | Bar "6"}',
    ),
    ("in a value, the whole value is used as it is", "#{Bad}", 'x#{if Name == "1"}y'),
    (
        "A blank after a token that is a filter's argument is accepted (`| Append #{X} | ToUpper`)",
        "#{Name | Append #{Size} | ToUpper}",
        "VALUE5",
    ),
    ("nothing is taken for a date", "#{Json.date}", "2020-01-01T00:00:00"),
    (
        (
            "Only numbers get their shortest form (`15.00` gives `15`), booleans are `True` and `False`, "
            "objects and arrays lose their blanks."
        ),
        "#{Json.15} #{Json.yes} #{Json.o}",
        '15 True {"a":[1,2]}',
    ),
    ("A negative index of an array is missing.", "#{Json.list[-1]}", "#{Json.list[-1]}"),
    ("A calculation with a missing variable is echoed without the word `calc`", "#{calc Nope+2}", "#{Nope+2}"),
    (
        "`JsonEscape` escapes quotes, backslashes, tabs and line breaks; other control characters stay",
        "#{Signs | JsonEscape}",
        'C:\\\\x\\"\\n\x07é',
    ),
    (
        "leave U+0080 to U+00FE as they are",
        "#{Latin | PropertiesValueEscape}#{Latin | PropertiesKeyEscape}",
        "éþ\\u00fféþ\\u00ff",
    ),
    ("| `JsonEscape", "", ""),
]
OUTCOMES.pop()


@pytest.mark.parametrize(("quote", "text", "outcome"), OUTCOMES, ids=[row[1][:40] for row in OUTCOMES])
def test_outcomes(quote: str, text: str, outcome: str) -> None:
    says(quote)
    assert evaluate(text, NAMES | {"Signs": 'C:\\x"\n\x07é', "Latin": "éþÿ"}).text == outcome


@says("`#{Name \\| null}` | no value at all: the file is written empty")
def test_null_is_no_value() -> None:
    assert evaluate("#{Name | null}", NAMES).text is None


@says(
    "A value that refers back to itself is an error that names the chain (`(Foo -> Fox -> Foo)`)",
    'A value that is JSON may use its own properties: with `V` as `{Name: "#{V.Value}", Value: 12}`,',
    "a property that refers back to itself is an error too",
)
def test_circles() -> None:
    with pytest.raises(CircularReference, match=r"\(Foo -> Fox -> Foo\)"):
        evaluate("#{Foo}", {"Foo": "#{Fox}", "Fox": "#{Foo}"})
    assert evaluate("#{V.Name}", {"V": '{Name: "#{V.Value}", Value: 12}'}).text == "12"
    with pytest.raises(CircularReference):
        evaluate("#{V.Name}", {"V": '{Name: "#{V.Name}"}'})


@says(
    "A missing variable is echoed and reported, also inside of a value (the documents say: empty).",
    "An unclosed `#{if X == \"1\"}`, `#{each …}` or `[` leaves everything after it unsubstituted, as in Octopus.",
    "The tokens in it are still checked, so that one mistake does not hide the others.",
    "A name that is not a path (an XPath, `Foo!x`) can only be reached by its whole name, not by a token.",
    "A missing name within the value of a condition is reported; the condition's own missing name is not.",
    "is no error of `evaluate`, as in Octopus; the actions treat it as unresolved",
    "So do they with `null` inside of a value.",
)  # fmt: skip
def test_choices_of_the_language() -> None:
    inside = evaluate("#{F}", {"F": "a#{B}"})
    assert (inside.text, inside.missing) == ("a#{B}", ("#{B}",))
    for unclosed in ('#{if X == "1"}', "#{each x in L}"):
        rendered = render(f"#{{A}} {unclosed} #{{A}} #{{Nope}}", {"A": "1", "X": "1"})
        assert rendered.text == f"1 {unclosed} #{{A}} #{{Nope}}"
        assert "#{Nope}" in [problem.token for problem in rendered.problems]
    names = {"Foo!x": "1", "Foo": "2", "/a/@b": "3"}
    assert evaluate("#{Foo}", names).text == "2"
    assert evaluate("#{Foo!x}", names).error
    assert evaluate("#{if A}1#{/if}", {"A": "#{Nope}"}).missing == ("#{Nope}",)
    assert evaluate("#{if Nope}1#{/if}", {}).missing == ()
    calculation = evaluate("#{calc Nope+2}", {})
    assert calculation.error is None
    assert [problem.kind for problem in calculation.problems] == ["calculation"]
    assert [problem.kind for problem in evaluate("#{A}", {"A": "#{B | null}", "B": "1"}).problems] == ["filter"]


@says(
    "`evaluate` raises `CircularReference` for a value that refers back to itself and `FilterError` for a filter "
    "with input that it cannot process at all (both are `EvaluationError`); `render` lists them among the `problems` "
    "instead.",
    "`is_true` evaluates a run condition as Octopus does: one that does not parse is false.",
    "result.text # 'host => 192.0.2.1'; None for no value",
    "result.missing # () - distinct unresolved tokens in canonical form",
    "result.error # None, or a message",
    "result.problems # () - each with line, column, token, reason",
)
def test_from_python() -> None:
    result = evaluate("host => #{LogHost}", {"LogHost": "192.0.2.1"}, lenient=True)
    assert (result.text, result.missing, result.error, result.problems) == ("host => 192.0.2.1", (), None, ())
    with pytest.raises(FilterError):
        evaluate("#{A | FromBase64}", {"A": "?"})
    assert issubclass(CircularReference, EvaluationError)
    assert issubclass(FilterError, EvaluationError)
    assert [p.kind for p in render("#{A | FromBase64} #{B}", {"A": "?", "B": "#{B}"}).problems] == [
        "aborted",
        "circular",
    ]
    assert not is_true('#{if A == "1"}true', {"A": "1"})


NOT_SUPPORTED = [
    "#{Name | AddMinutes 1}",
    "#{calc {Size} % 2}",
    '#{Name | Replace "(?(a)b)"}',
    '#{Name | Match "(?<a-b>x)"}',
    '#{Name | Match "\\p{IsGreek}"}',
    '#{Clock | Format DateTime "yyyy"}',
    '#{Short | Format DateTime "yyyy"}',
    '#{Basic | Format DateTime "yyyy"}',
]


@says(
    (
        "filters that are newer than the ones above (`AddMinutes` and the like), the remainder (`%`) in "
        "calculations, cultures"
    ),
    "Reading dates: time alone, two-digit years, basic ISO (`20300522T…`)",
    "Regular expressions: conditionals `(?(…)…)`, balancing groups `(?<a-b>…)`, Unicode blocks `\\p{IsGreek}`.",
)
@pytest.mark.parametrize("text", NOT_SUPPORTED)
def test_what_is_not_supported_is_told(text: str) -> None:
    names = NAMES | {"Clock": "10:30", "Short": "1/2/30", "Basic": "20300522T101500"}
    assert render(text, names).problems
