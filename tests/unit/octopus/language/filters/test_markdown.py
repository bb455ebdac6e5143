"""Filter ``Markdown``."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters

LINK = '<a href="http://octopus.com">{}</a>'
TABLE = (
    "<table>\n<thead>\n<tr>\n<th>Header1</th>\n<th>Header2</th>\n</tr>\n</thead>\n"
    "<tbody>\n<tr>\n<td>Cell1</td>\n<td>Cell2</td>\n</tr>\n</tbody>\n</table>"
)

ROWS = [
    # rule, text, outcome within <p></p> unless it begins with <
    ("[T] emphasis", "_yeah!_", "<em>yeah!</em>"),
    ("[T] an address", "http://octopus.com", LINK.format("http://octopus.com")),
    ("[T] a link", "[Some link](http://octopus.com)", LINK.format("Some link")),
    ("[T] a table", "|Header1|Header2|\n|-|-|\n|Cell1|Cell2|", TABLE),
    ("[S] white space around is dropped", "\n\n    a\n ", "a"),
    ("[S] deleted", "~~gone~~", "<del>gone</del>"),
    ("[S] subscript", "H~2~O", "H<sub>2</sub>O"),
    ("[S] superscript", "x^2^", "x<sup>2</sup>"),
    ("[S] with blanks it is none", "a ~b c~ ^d e^", "a ~b c~ ^d e^"),
    ("[S] what is in it is text", "~<b>~", "<sub>&lt;b&gt;</sub>"),
    ("[S] an escaped sign is none", r"\~a~ \^a^", "~a~ ^a^"),
    ("[S] HTML is passed on", "<b>a</b> <script>x</script>", "<b>a</b> <script>x</script>"),
    ("[S] other signs are escaped", "a < b & c", "a &lt; b &amp; c"),
    ("[S] www", "www.x.org/a_b_c", '<a href="http://www.x.org/a_b_c">www.x.org/a_b_c</a>'),
    ("[S] mail", "mailto:a@b.org", '<a href="mailto:a@b.org">mailto:a@b.org</a>'),
    ("[S] a sign behind an address is none of it", "(http://octopus.com).", f"({LINK.format('http://octopus.com')})."),
    ("[S] two addresses", "http://octopus.com http://octopus.com", " ".join([LINK.format("http://octopus.com")] * 2)),
    ("[S] an address in a word is text", "xhttp://octopus.com", "xhttp://octopus.com"),
    ("[S] in a link it is text", "[http://a.b](http://octopus.com)", LINK.format("http://a.b")),
    ("[S] in a link of HTML too", "<a href='x'>http://a.b</a>", "<a href='x'>http://a.b</a>"),
    ("[S] in code too", "`http://a.b`", "<code>http://a.b</code>"),
    ("[S] a quote cannot end the target", 'http://a.b/"onclick="x', '<a href="http://a.b/%22onclick=%22x">'),
]


@pytest.mark.parametrize("name", ["Markdown", "MarkdownToHtml"])
@pytest.mark.parametrize(("rule", "text", "outcome"), ROWS, ids=[row[0] for row in ROWS])
def test_markdown(rule: str, text: str, outcome: str, name: str) -> None:
    result = filters.apply(name, text, ())
    assert result.endswith("\n")
    if outcome.endswith('x">'):
        assert outcome in result
    else:
        assert result.strip() == (outcome if outcome.startswith("<table>") else f"<p>{outcome}</p>")


def test_of_nothing() -> None:
    """[S]"""
    assert filters.apply("Markdown", " ", ()) == "\n"


def test_takes_no_argument() -> None:
    """[S]"""
    with pytest.raises(NoResult, match='expected no argument, seen "x"'):
        filters.apply("Markdown", "a", ("x",))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    with pytest.raises(NoResult, match="needs the Python package markdown-it-py on the control node"):
        filters.apply("Markdown", "a", ())
