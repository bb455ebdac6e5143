"""What a secret variable had a part in is known, whatever template, filter, condition or loop it went through."""

from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableSet, render
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.redaction import redact
from hypothesis import example, given
from hypothesis import strategies as st

FILTERS = (
    "ToUpper", "ToLower", "ToBase64", "FromBase64", "HtmlEscape", "XmlEscape", "JsonEscape", "YamlSingleQuoteEscape",
    "YamlDoubleQuoteEscape", "PropertiesKeyEscape", "PropertiesValueEscape", "UriEscape", "UriDataEscape", "Trim",
    "MarkdownToHtml", "Substring 2", "Substring 1 3", "Truncate 3", "Format N", "Replace a b", "Match e", "Append x",
    "Prepend x", "Sha1", "Sha256", "Md5",
    "UriPart Host", "Split e", "NoSuchFilter",
)  # fmt: skip
# S and what is made of it are secret, P is not. Each token reads S, in one way or another.
READING = (
    "S", "S.1", "Derived", "Json.a", "Json[b]", "Json.nope", "Config[#{S}].x", "P | Append #{S}", "P | Replace #{S} y",
    "Deep", "List[#{Key}]",
)  # fmt: skip
FREE = ("P", "Config[k].x", "P | ToUpper", "Free.a", "Nope")
BLOCKS = (
    "#{{if {0}}}a{1}#{{else}}b#{{/if}}",
    "#{{each x in {0}}}#{{x}}{1}#{{/each}}",
    "#{{unless {0}}}c{1}#{{/unless}}",
)


def variables(secret):
    return VariableSet(
        {
            "S": secret,
            "Derived": "before #{S | ToBase64} after",
            "Deep": "#{if Derived}#{Json.a}#{/if}",
            "Json": f'{{"a": "{secret}", "b": 2}}',
            "Config[k].x": "value",
            f"Config[{secret}].x": "found",
            "List[1]": "one",
            "Key": "#{S}",
            "P": "public",
            "Free": '{"a": 1}',
        },
        sensitive=["S", "Json"],
    )


def names(found):
    return f"<{','.join(found)}>"


def texts():
    filters = st.lists(st.sampled_from(FILTERS), max_size=3).map(lambda some: "".join(f" | {one}" for one in some))
    secret = st.tuples(st.sampled_from(READING), filters).map("".join)
    free = st.sampled_from(FREE)
    token = st.one_of(secret, free).map(lambda inside: f"#{{{inside}}}")
    paths = st.sampled_from((*(one for one in READING if "|" not in one), "P", "Free"))
    block = st.tuples(st.sampled_from(BLOCKS), paths, token).map(lambda parts: parts[0].format(parts[1], parts[2]))
    return st.lists(st.one_of(token, block, st.sampled_from(("text ", "##{S}"))), max_size=4).map("".join)


def outcome(text, secret):
    given_variables = variables(secret)
    evaluated = render(text, given_variables)
    return evaluated, any(given_variables.is_sensitive(name) for name in evaluated.used)


@given(texts())
@example("#{if S}yes#{/if}")
@example("#{S.1}")
@example("#{S | Substring 1 | Md5}")
@example("#{Json.nope}")
@example("#{P | Replace #{S} y}")
def test_result_that_differs_with_the_secret_is_known_to(text):
    found = [outcome(text, secret) for secret in ("alphaseven", "Beta9", "[1, 2]")]
    if len({evaluated.text for evaluated, _known in found}) > 1:
        assert all(known for _evaluated, known in found), text


@given(texts())
@example("#{Derived | ToUpper}")
@example("#{each x in Json}#{x}#{/each}")
@example("#{if Json.a}x#{/if}#{P}")
def test_text_without_secrets_is_the_same_whatever_they_are(text):
    found = {
        redact(text, variables(secret), variables(secret).is_sensitive, names)
        for secret in ("alphaseven", "Beta9", "0", "")
    }
    shown = redact(text, variables("alphaseven"), variables("").is_sensitive, names)
    assert "alpha" not in shown.lower()
    if not any(one in text for one in ("Config[#{S}]", "List[#{Key}]", "if ", "unless ")):
        # A name that is not there, or a condition, may lead to other text; that the secret was read is told then.
        assert len(found) == 1, text


def test_what_is_free_stays():
    given_variables = variables("alphaseven")
    text = "a #{P} #{if Free.a}yes#{/if} ##{S} #{S | ToUpper}#{P}"
    assert redact(text, given_variables, given_variables.is_sensitive, names) == "a public yes #{S} <S>public"


def test_what_is_left_when_the_budget_is_used_up_stays_as_it_is_written():
    costly = {"v0": "> - ", "L": "1," * 100} | {f"v{number}": f"#{{v{number - 1}}}" * 2 for number in range(1, 18)}
    loop = "#{each x in L}#{v17 | Markdown}#{/each}"
    found = redact(
        f"a #{{S}} {loop} b #{{S | ToUpper}}", VariableSet({"S": "alphaseven"} | costly), {"S"}.__contains__, names
    )
    assert found == f"a <S> {loop} b #{{S | ToUpper}}"
