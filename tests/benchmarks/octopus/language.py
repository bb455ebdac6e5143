"""Evaluating files with tokens, side by side with Jinja2 rendering the same file with ``{{ }}``."""

from __future__ import annotations

import random

import jinja2
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import VariableSet, evaluate

from ..measure import Row, seconds, show

TOKENS = 10_000
FILE_SIZE = 1_000_000
VARIABLES = 500

# A token of each language, for a variable's number; the name is that of both.
PLAIN = ("#{{{name}}}", "{{{{ {name} }}}}")
FILTER = ("#{{{name} | ToUpper}}", "{{{{ {name} | upper }}}}")
CONDITION = ('#{{if {name} == "v1"}}a#{{else}}b#{{/if}}', '{{% if {name} == "v1" %}}a{{% else %}}b{{% endif %}}')
LOOP = ("#{{each x in {name}}}#{{x}};#{{/each}}", "{{% for x in {name}.split(',') %}}{{{{ x }}}};{{% endfor %}}")

VALUES = {f"Name_{number}": f"v{number},w{number}" for number in range(VARIABLES)}


def files(forms: tuple[str, str], size: int = FILE_SIZE, tokens: int = TOKENS) -> tuple[str, str]:
    """The same file for both languages: ``tokens`` tokens in ``size`` characters, give or take."""
    choose = random.Random(1)  # noqa: S311 - the same file every time
    line = "x" * max(size // tokens - 20, 1) + "\n"
    names = [f"Name_{choose.randrange(VARIABLES)}" for _ in range(tokens)]
    ours, theirs = ("".join(form.format(name=name) + line for name in names) for form in forms)
    return ours, theirs


def compare() -> list[Row]:
    """Text in, text out: both read the file and fill it in, as one of Ansible's template tasks does."""
    rows = []
    variables = VariableSet(VALUES)
    environment = jinja2.Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - no HTML
    kinds = (("plain tokens", PLAIN), ("tokens with a filter", FILTER), ("conditions", CONDITION), ("loops", LOOP))
    for what, forms in kinds:
        ours, theirs = files(forms)
        assert evaluate(ours, variables, lenient=True).text == environment.from_string(theirs).render(VALUES)
        here, there = seconds(
            lambda text=ours: evaluate(text, variables, lenient=True),
            lambda text=theirs: environment.from_string(text).render(VALUES),
        )
        rows.append(Row(f"1 MB, 10,000 {what}", here, there, "times as fast as Jinja2 (goal: 1)"))
    ours, theirs = files(PLAIN)
    compiled = environment.from_string(theirs)
    here, there = seconds(lambda: evaluate(ours, variables, lenient=True), lambda: compiled.render(VALUES))
    rows.append(Row("the same, Jinja2's compiling left out", here, there, "for information: a host gets a file once"))
    return rows


def growth() -> list[Row]:
    """How the cost of one character and of one token changes with their number."""
    variables = VariableSet(VALUES)
    small, _ = files(PLAIN)
    texts, _ = files(PLAIN, size=FILE_SIZE * 8)
    tokens, _ = files(PLAIN, tokens=TOKENS * 8, size=FILE_SIZE * 8)
    base, longer, more = seconds(*(lambda text=text: evaluate(text, variables) for text in (small, texts, tokens)))
    return [
        Row("8 times the text, the same tokens", longer, base * 8, "8 times the base per time (1 or more: linear)"),
        Row("8 times the text and the tokens", more, base * 8, "8 times the base per time (about 1: linear)"),
    ]


def run() -> None:
    show("Template language", [*compare(), *growth()])
