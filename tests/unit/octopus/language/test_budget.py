"""No text takes for ever or fills the memory, however its parts use each other: one budget counts all that is done."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import EvaluationError, evaluate, render
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import BudgetExceeded
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import budget as budget_module
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.budget import Budget
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.structured import (
    StructuredFileError,
    replace,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[4]

MANY = ",".join("a" * 100)
DOUBLED = {f"v{number}": f"#{{v{number - 1}}}" * 2 for number in range(1, 21)}
LONG = DOUBLED | {"v0": "ab c*d*\n", "L": MANY}  # v17 is a megabyte
EACH = "#{each x in L}%s#{/each}"
NESTED_JSON = {"J": json.dumps([list(range(5))] * 1000), "L": MANY}
NAMES = json.dumps({f"n{number}": number for number in range(20_000)})
PARTS = json.dumps([["y" * 100] * 100] * 100)

HOSTILE = {
    "markdown in a loop": (EACH % "#{v17 | Markdown}", LONG),
    "markdown of brackets": ("#{v20 | Markdown}", LONG | {"v0": "[*`<"}),
    "base64 in a loop": (EACH % "#{v17 | ToBase64}", LONG),
    "digests in loops": (EACH % (EACH.replace("x", "y") % "#{v17 | Sha512}"), LONG),
    "doubled twenty times": ("#{v20}" * 1000, LONG | {"v0": "\U0001f600" * 10}),
    "doubled beyond a value": ("#{v20 | ToUpper}", LONG | {"v0": "\U0001f600" * 100}),
    "120 filters": ("#{v17" + " | ToBase64 | FromBase64" * 60 + "}", LONG),
    "120 escapes": ("#{v17" + " | JsonEscape | XmlEscape" * 60 + "}", LONG),
    "escapes that grow": ("#{v10" + " | XmlEscape" * 100 + "}", LONG | {"v0": "&&&&"}),
    "cases": (EACH % "#{v18 | ToUpper | ToLower}", LONG),
    "items": (EACH % "#{each y in v20}#{/each}", LONG | {"v0": ",,,,"}),
    "json items": (EACH % "#{each y in J}#{each z in J}#{y}#{/each}#{/each}", NESTED_JSON),
    "json in json": ("#{v20}#{A[1]}" + "#{A}" * 100, LONG | {"v0": "[],", "A": "[#{v19}1]"}),
    "json of many values": (
        "".join(f"#{{A{n}[0]}}" for n in range(50)), {f"A{n}": f"[{n}," + "[]," * 100_000 + "1]" for n in range(50)}),
    "conditions": (EACH % (EACH.replace("x", "y") % "#{if v20 == v19}a#{/if}"), LONG),
    "blanks as conditions": (EACH % (EACH.replace("x", "y") % "#{if v20}a#{/if}"), LONG | {"v0": " "}),
    "sums": (EACH % (EACH.replace("x", "y") % "#{calc {v16} + {v16}}"), LONG | {"v0": "1"}),
    "regular expressions": ("".join(f'#{{v12 | Match "(a|b|c|{n})*x"}}' for n in range(300)), LONG),
    "large patterns": ("".join(f'#{{v1 | Match "((a{{100}}){{100}}){{{n}}}"}}' for n in range(2, 300)), LONG),
    "replacements": ('#{v14 | Replace "." "$_"}' * 20, LONG),
    "indents": ('#{v18 | Indent 255 | Indent 255 | Indent 255}' * 20, LONG | {"v0": "\n\n"}),
    "unresolved": (
        EACH % (EACH.replace("x", "y") % "#{U}"), {"U": "".join(f"#{{n{n}}}" for n in range(5000)), "L": MANY}),
    "long tokens": (EACH % (EACH.replace("x", "y") % ("#{%s}" % ("n" * 5000))), {"L": MANY}),
    "values with tokens": ("#{v20}", LONG | {"v0": "##{a}"}),
    "loops in loops": ("#{each a in L}" * 12 + "x" + "#{/each}" * 12, {"L": MANY}),
    "letters of dates": (EACH % (EACH.replace("x", "y") % ('#{ | NowDate "%s"}' % ("fffffff" * 70))), {"L": MANY}),
    "names of json": (EACH % (EACH.replace("x", "y") % "#{N.nope}#{N.n9999}"), {"N": NAMES, "L": MANY}),
    "parts of json": (EACH % (EACH % "#{N[#{Octopus.Template.Each.Index}]}"), {"N": PARTS, "L": MANY}),
    "properties": (EACH % "#{each p in N}#{p.key}#{/each}", {"N": NAMES, "L": MANY}),
    "indexes": (EACH % "#{each o in o}#{o}#{/each}", {f"o[{n}]": "x" for n in range(20_000)} | {"L": MANY}),
    "units": (EACH % "#{v16 | YamlDoubleQuoteEscape}#{v16 | PropertiesKeyEscape}", LONG | {"v0": "\u2603\n"}),
    "quotes": (EACH % "#{v16 | YamlSingleQuoteEscape}", LONG | {"v0": "\n'"}),
    "groups": ('#{v15 | Replace "(a)(b)?" "$1$2$1$2"}' * 50, LONG | {"v0": "ab"}),
    "backtracking": (EACH % '#{v13 | Match "a*a*a*b"}', LONG | {"v0": "aa"}),
    "many tokens": (
        "".join(f"#{{k{n}}}" for n in range(1500)), {f"k{n}": "#{a}" * 2000 for n in range(1500)} | {"a": "b"}),
    "many filters": ("#{k}", {"k": "#{v1" + " | ToUpper" * 200_000 + "}"}),
    "many missing": ("#{k}", {"k": "".join(f"#{{a{n}}}" for n in range(200_000))}),
    "conditions in conditions": ("#{k}", {"k": "#{if a}" * 100_000 + "#{/if}" * 100_000, "a": "b"}),
    "paragraphs": ("#{v13 | Markdown}" * 5, LONG | {"v0": "a\n\n"}),
    "in an open block": ("#{if a}" + EACH % "#{v17 | Markdown}", LONG),
    "arguments": (EACH % (EACH.replace("x", "y") % "#{x | Append #{v17} #{v17} | Contains #{v17}}"), LONG),
}  # fmt: skip

# What ends for another reason than the budget, with a part of what is told, if anything is.
OTHERWISE = {
    "doubled beyond a value": "the value of v18 grows beyond 16777216 characters",
    "indents": "the indented text would have more than 16777216 characters",
    "values with tokens": "",
}

# A process that evaluates each text that comes in a line, in a process of its own: with a tenth of the steps, since
# work grows with them, with limits that end what the budget does not, and with its largest memory measured.
CHILD = """
import json, os, resource, sys
sys.path.insert(0, "tests")
import conftest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus import render
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import budget

budget.STEPS //= 10

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

for line in sys.stdin:
    if os.fork():
        os.wait()
        print(flush=True)
        continue
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    before = peak()
    problems = render(*json.loads(line)).problems
    told = [[one.line, one.column, one.reason] for one in problems] or [[0, 0, ""]]
    first = next((one for one in told if "the text needs" in one[2]), told[0])
    print(json.dumps([peak() - before, *first]), end="", flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def child():
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_end_within_the_budget(child, name):
    text, variables = HOSTILE[name]
    assert len(text) < 12_000
    child.stdin.write(json.dumps([f"first line\n {text}", variables]) + "\n")
    child.stdin.flush()
    answer = child.stdout.readline()
    assert answer.strip(), "it ran into the limits of its process: 60 s of processor time, or 1 GB"
    megabytes, line, column, reason = json.loads(answer)
    assert megabytes < 250
    if name in OTHERWISE:
        assert OTHERWISE[name] in reason
        return
    assert re.search(
        r"needs too much (work|memory) (in (filter \w+ of|the value of)|where it uses variable) [vULJNAkox]", reason
    )
    assert (line, column >= 2) == (2, True)


def test_the_error_names_token_place_and_variable():
    text = f"first line\n  {EACH % '#{v17 | Markdown}'}"
    problem = render(text + "#{v1}" * 3, LONG).problems[0]
    assert (problem.line, problem.column, problem.kind) == (2, 3, "aborted")
    assert "needs too much work in filter Markdown of v17." in problem.reason
    with pytest.raises(BudgetExceeded, match=r"line 2, column 3: the text needs too much work"):
        evaluate(text, LONG)


def test_a_megabyte_with_ten_thousand_tokens_takes_a_small_part(monkeypatch):
    used = []

    class Counted(Budget):
        def __init__(self, size: int = 0) -> None:
            super().__init__(size)
            used.append(self)

    monkeypatch.setattr(
        "ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language.evaluation.Budget", Counted
    )
    text = ("x" * 80 + "#{A | ToUpper} #{B}") * 10_000
    assert render(text, {"A": "some value", "B": "#{A} and #{A}"}).problems == ()
    (budget,) = used
    assert budget.steps > 0.9 * budget_module.STEPS
    assert budget.memory > 0.9 * budget_module.MEMORY


def test_one_budget_for_all_values_of_a_structured_file(monkeypatch):
    names = [f"n{number}" for number in range(500)]
    text = json.dumps(dict.fromkeys(names, 1))
    with monkeypatch.context() as patched:
        patched.setattr(budget_module, "STEPS", budget_module.STEPS // 10)
        outcome = replace(text, LONG | dict.fromkeys(names, "#{v15 | ToBase64 | Md5}"), name="a.json")
    assert any("needs too much" in problem.reason for problem in outcome.problems)
    places = '{"a": 1' + ', "a": 1' * 1000 + "}"
    with pytest.raises(StructuredFileError, match="needs too much memory"):
        replace(places, LONG | {"a": "#{v19}"}, name="a.json")


TOKENS = st.sampled_from(
    ["#{v12}", "#{L}", "#{each x in L}", "#{each y in v8}", "#{/each}", "#{if v9}", "#{/if}", "#{x}", "#{J[0]}", "#{J}",
     "#{v10 | ToBase64 | ToUpper}", "#{v10 | Markdown}", '#{v9 | Replace "(a|b)*c" "$_"}', "#{v8 | Append #{v9}}",
     "#{nope}", "text,"]
)  # fmt: skip


@settings(max_examples=40)
@given(
    st.lists(TOKENS, max_size=40).map("".join),
    st.dictionaries(st.sampled_from(["v0", "L", "J"]), st.lists(TOKENS, max_size=6).map("".join)),
)
def test_any_text_ends_within_the_budget(text, values):
    budget = Budget()
    budget.steps //= 20
    variables = DOUBLED | {"v0": "a,b", "L": "1,2,3", "J": "[[1,2],3]"}
    variables |= {name: "".join(value) for name, value in values.items()}
    try:
        evaluate("".join(text), variables, lenient=True, budget=budget)
    except EvaluationError:
        return
    assert budget.steps >= 0
    assert budget.memory >= 0
