"""Values in pipelines: what one variable holds is never read as a part of the pipeline."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.pipeline_values import faults
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.evaluation import (
    render,
    render_with_places,
)
from hypothesis import given
from hypothesis import strategies as st

ATTACK = 'x" } exec { command => "id" } redis { host => "r'


def reasons(template: str, **variables: str) -> list[tuple[int, str, str]]:
    evaluation, inserted = render_with_places(template, variables)
    assert evaluation == render(template, variables)
    return [(fault.inserted.line, fault.inserted.variable, fault.reason) for fault in faults(evaluation.text, inserted)]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('redis { password => "#{V}" }', ATTACK),
        ("redis { password => '#{V}' }", ATTACK.replace('"', "'")),
        ('redis { password => "a #{V} b" }', 'p"q'),
        ('redis { password => "#{V}" }', "ends with \\"),
        ('redis { password => "\\#{V}" }', ""),
        ('hosts => [#{each v in V}"#{v}"#{/each}]', f"a,{ATTACK}"),
        ('#{if V}user => "#{V | Trim}"#{/if}', ATTACK),
        ("port => #{V}", '1 host => "x"'),
        ("port => #{V}", "1 } exec { command => id"),
        ("port => #{V}", "1 # and the rest"),
        ("port => #{V}", '{ exec { command => "id" } }'),
        ("port => #{V}", '"a" } exec { command => "b"'),
        ("port => #{V}", "[1] }"),
        ("port => #{V}", '"a\\"'),
        ("# made for #{V}\n", "x\nexec { }"),
        ("# made for #{V}\n", "x\rexec { }"),
        ("if [m] =~ /^#{V}$/ {", "x/ or true { exec {"),
        ("if [m] =~ /^#{V}/ {", "x\\"),
        ('if [m] !~ "#{V}" {', '"'),
        # To Logstash the second backslash keeps the / from ending the pattern, whatever stands before it.
        ("if [m] =~ #{V} {", "/a\\\\/"),
    ],
)
def test_a_value_that_is_more_is_refused_with_its_place(template, value):
    ((line, variable, reason),) = reasons(f"input {{\n  {template}", V=value)
    assert (line, variable) == (2, "V")
    assert value not in reason or len(value) < 2


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('password => "#{V}"', "it's {a} => # [b] / , plain"),
        ("password => '#{V}'", 'with " in it'),
        ('password => "#{V}"', 'with \\" in it'),
        ('ca => "#{V}"', "a\nb"),
        ('path => "#{V}log"', "C:\\logs\\"),
        ('password => "#{V}"', "${ES_PWD}"),
        ('id => "%{[a]}-#{V}"', "%{[b]}"),
        ("port => #{V}", "9200"),
        ("port => 9#{V}", "200"),
        ("codec => #{V}", "json_lines"),
        ("#{V} => 1", "ssl_certificate_authorities"),
        ("hosts => [#{V}]", "\"a:1\", 'b'"),
        ("hosts => #{V}", '["a:1", "b\\"c"]'),
        ("convert => #{V}", '{ "a" => "float" "b" => ["x"], c => { d => 1 } }'),
        ("if #{V} == 1 {", "[a][b]"),
        ("if [#{V}] == 1 {", "cs(User-Agent)"),
        ("if [m] =~ /^#{V}$/ {", "\\d+\\/\\S+ \\"),
        ("if [m] =~ #{V} {", "/^a b$/"),
        ("if [m] =~ #{V} {", "/a\\/b\\d\\\\ /"),
        ("# made for #{V}\n", 'anything " { here'),
        ('"#"\npassword => "#{V}" # it\'s', "a # b"),
        ("port => #{V}", ""),
    ],
)
def test_a_value_that_is_one_passes(template, value):
    assert reasons(f"input {{\n  {template}", V=value) == []


def test_quotes_of_the_author_pass_in_blocks_and_arguments():
    template = '#{if V}a => "b"#{/if} #{each v in V}"#{v}", \'#{v}\'#{/each} c => "#{V | Replace "x" "y"}"'
    assert reasons(template, V="1,2") == []


def test_variables_of_a_loop_and_of_values_in_values_are_named():
    assert reasons('[#{each v in List}"#{v}"#{/each}]', List='a,b"')[0][1] == "List"
    assert reasons('"#{A}"', A="#{B}", B='"')[0][1] == "A"


# A value with a token, or with one that is escaped, is another text once it is evaluated.
STRINGS = st.text(st.sampled_from("ab\\\"'#/[]{},= \n$"), max_size=12).filter(lambda text: "#{" not in text)


def end_of_string(text: str) -> int:
    """Where Logstash's grammar ends the string that a text begins with; -1 where it does not."""
    quote, at = text[0], 1
    while at < len(text):
        if text.startswith("\\" + quote, at):
            at += 2
        elif text[at] == quote:
            return at + 1
        else:
            at += 1
    return -1


@given(st.sampled_from("\"'"), STRINGS, STRINGS)
def test_a_string_ends_where_its_author_ended_it(quote, first, second):
    author = f"{quote}#{{A}} b #{{B}}{quote}"
    evaluation, inserted = render_with_places(author, {"A": first, "B": second})
    refused = list(faults(evaluation.text, inserted))
    assert bool(refused) == (end_of_string(evaluation.text) != len(evaluation.text))


@given(STRINGS)
def test_the_filter_writes_one_string_or_says_why_not(value):
    evaluation, inserted = render_with_places("#{A | LogstashString}", {"A": value})
    if evaluation.problems:
        assert value.endswith("\\") or ('"' in value and "'" in value)
        assert "logstash_keystore" in evaluation.problems[0].reason
        return
    text = evaluation.text
    assert end_of_string(text) == len(text)
    assert text[1:-1] == value
    assert not list(faults(text, inserted))


@given(STRINGS)
def test_the_filter_with_escapes(value):
    evaluation = render("#{A | LogstashString escapes}", {"A": value})
    if value.endswith("\\"):
        assert evaluation.problems
        return
    text = evaluation.text
    assert end_of_string(text) == len(text)
    assert text[1:-1].replace("\\\\", "\0").replace('\\"', '"').replace("\\n", "\n").replace("\0", "\\") == value


@given(
    st.lists(
        st.sampled_from(["a", '"', "\\", "\ue000", "0:1", "#{A}", "#{B | Append #{A}}", "#{each x in B}#{x}'#{/each}"])
    ),
    STRINGS,
)
def test_places_are_those_of_the_values(parts, value):
    variables = {"A": value, "B": "b\ue000,c"}
    evaluation, inserted = render_with_places("".join(parts), variables)
    assert evaluation == render("".join(parts), variables)
    for one in inserted:
        if str(one.token) == "#{A}":
            assert evaluation.text[one.start : one.end] == value
